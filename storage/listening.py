"""Telling other processes of one PostgreSQL database that something changed: LISTEN and NOTIFY.

Only a hint, and it carries nothing: a process that misses it looks by itself after a while. It is sent after the
commit that it is about and not within it, since a transaction that notifies holds one lock of the whole server until
its commit is on the disk, and organisations would wait for each other.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

CHANNEL: Final = "gobi"
"""One for all organisations of a database: what is said is which of them."""
TELL: Final = "SELECT pg_notify($1, $2)"
"""What tells: the channel, and the topic."""
RECONNECT_S: Final = 1.0

_FAILURES: Final = (
    SQLAlchemyError,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # an operation that the end of its connection surprised
)


class Listener:
    """Hears of one topic, over a connection of its own, which it opens anew when it breaks."""

    def __init__(self, engine: AsyncEngine, topic: str) -> None:
        self._engine = engine
        self._topic = topic
        self._connection: AsyncConnection | None = None
        self._heard = asyncio.Event()
        self._lost = asyncio.Event()

    async def wait(self, at_most_s: float) -> None:
        """Return when somebody told of the topic since the last call, or after a while."""
        if self._connection is None or self._lost.is_set():
            await self.close()
            try:
                await self._connect()
            except _FAILURES:
                await self.close()
                await asyncio.sleep(min(RECONNECT_S, at_most_s))
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._heard.wait(), at_most_s)
        self._heard.clear()

    async def close(self) -> None:
        """Hear nothing more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*_FAILURES):
                await connection.invalidate()
            with suppress(*_FAILURES):
                await connection.close()

    async def _connect(self) -> None:
        self._connection = await self._engine.connect()
        self._lost.clear()
        driver: Any = (await self._connection.get_raw_connection()).driver_connection
        driver.add_termination_listener(lambda *_: self._break())
        await driver.add_listener(CHANNEL, self._hear)
        self._heard.set()  # who knows what was said before

    def _hear(self, *said: object) -> None:
        if said[-1] == self._topic:
            self._heard.set()

    def _break(self) -> None:
        self._lost.set()
        self._heard.set()
