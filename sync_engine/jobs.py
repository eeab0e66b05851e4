"""What callers ask of the sequencer, and how much of what waits makes one group commit."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from sync_engine.commit import Commit, Delivery, Intention
from sync_engine.wire import Problem

GROUP_BYTES_MAX: Final = 8 * 1024 * 1024
"""Frames of one group commit: what waits longer than this goes into the next, so that nobody waits for everybody."""
GROUP_JOBS_MAX: Final = 512


class Job:
    """A delivery, or what the server is to record, and the answer that somebody waits for."""

    __slots__ = ("delivery", "done", "intentions")

    def __init__(self, delivery: Delivery | None = None, intentions: Sequence[Intention] = ()) -> None:
        self.delivery = delivery
        self.intentions = intentions
        self.done: asyncio.Future[tuple[Sequence[Problem], Commit, int]] = (
            asyncio.get_running_loop().create_future()
        )
        """Problems of the delivery, the commit, and the number of the first of these intentions in it."""

    @property
    def size(self) -> int:
        """Bytes of frames."""
        if self.delivery is None:
            return 0
        return sum(map(len, self.delivery.frames)) + sum(map(len, self.delivery.relayed))

    @property
    def adds(self) -> bool:
        """Whether it may add anything to the ledger; a poll says only that a device was met."""
        return bool(self.intentions) or self.size > 0

    def fail(self, error: Exception) -> None:
        """Answer with an error, whoever waits still."""
        if not self.done.done():
            self.done.set_exception(error)


def take_group(waiting: deque[Job]) -> list[Job]:
    """Take what waits, as far as it fits into one commit."""
    jobs: list[Job] = []
    size = 0
    while waiting and len(jobs) < GROUP_JOBS_MAX and size < GROUP_BYTES_MAX:
        job = waiting.popleft()
        if not job.done.done():
            jobs.append(job)
            size += job.size
    return jobs


def fail_all(jobs: Iterable[Job], fault: Exception) -> None:
    """Answer jobs with a fault, those that wait still."""
    for job in jobs:
        job.fail(fault)
