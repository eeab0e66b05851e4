"""Whoever waits for the next commit of a log: told its size, and nothing else."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Pokes:
    """The queues of those who listen."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[int]] = set()

    @asynccontextmanager
    async def subscribe(self) -> AsyncGenerator[asyncio.Queue[int], None]:
        """A queue that gets each size. It holds one: who is slow learns only the latest."""
        queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    def poke(self, size: int) -> None:
        """Tell everybody a size."""
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(size)
