"""The one writer of an organisation's log: it gathers what waits, and commits it as a group.

The rules are the ledger's, the bytes the store's; what stands here is their order. Nothing is answered before it is
durable. When a commit fails, nobody can know whether it was persisted, so the ledger in memory is thrown away and
loaded anew; phones and callers simply send again, and what did arrive the first time is a redelivery.
"""

import asyncio
import gc
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

import structlog
from msgspec import Struct

from domain.errors import FaultError
from domain.merkle import EMPTY_ROOT
from sync_engine.commit import Commit, Contact, Delivery, Intention
from sync_engine.ledger import Ledger
from sync_engine.ports import Cut, LedgerStore, LogSealer, SealedHead
from sync_engine.wire import Problem

log: Final = structlog.get_logger(__name__)

GROUP_BYTES_MAX: Final = 8 * 1024 * 1024
"""Frames of one group commit: what waits longer than this goes into the next, so that nobody waits for everybody."""
GROUP_JOBS_MAX: Final = 512
CONTACTS_EVERY_S: Final = 5.0
"""A poll with nothing new costs no write: contacts wait for the next commit, or this long."""
TICK_EVERY_S: Final = 3600.0
"""An idle log states the time once an hour: expiries and deadlines read it."""
RETRY_S: Final = 1


class LedgerUnavailableError(FaultError):
    """The ledger cannot commit now; nothing of the request was acknowledged."""

    code = "ledger-unavailable"

    def __init__(self, *, reason: str, retryable: bool = True, retry_after_s: int | None = RETRY_S) -> None:
        super().__init__(
            f"the ledger cannot commit: {reason}", retryable=retryable, retry_after_s=retry_after_s
        )
        self.reason = reason


class Receipt(Struct, frozen=True):
    """What became of a delivery: frames that were refused as bytes; all others are durable."""

    problems: Sequence[Problem]
    log_size: int


class Head(Struct, frozen=True):
    """The last durable checkpoint: what new ops have seen."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    note: str = ""

    @property
    def seen(self) -> tuple[int, bytes]:
        """How ops name it."""
        return self.size, self.root[:16]


class AtRest(Struct, frozen=True):
    """The ledger between two commits, and the store in the same state. Read the ledger before the next `await`."""

    ledger: Ledger
    head: Head
    cut: Cut


class Founder(Protocol):
    """Makes the first commit of an empty ledger: the genesis and what comes with it."""

    def __call__(self, ledger: Ledger, now_ms: int) -> Commit:
        """Return what to make durable."""
        ...


class _Job:
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

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Sequencer:
    """Owns one organisation's ledger. Safe for concurrent tasks of one event loop.

    `new_ledger` makes an empty one; `now_ms` is the server's clock.
    """

    def __init__(
        self,
        *,
        store: LedgerStore,
        sealer: LogSealer,
        new_ledger: Callable[[], Ledger],
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._new_ledger = new_ledger
        self._now_ms = now_ms
        self._ledger: Ledger | None = None
        self._head = Head()
        self._jobs: deque[_Job] = deque()
        self._wake = asyncio.Event()
        self._stops = False
        self._turn = asyncio.Lock()
        self._contacts: dict[bytes, Contact] = {}
        self._listeners: set[asyncio.Queue[int]] = set()
        self._task: asyncio.Task[None] | None = None

    # --- life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Load the ledger, compare it to what was last signed, and begin to commit.

        Raises FaultError: another process writes it, the log was rolled back or damaged, the database is away.
        """
        try:
            await self._load()
        except BaseException:
            await self._store.close()
            raise
        _spare_the_collector()
        self._task = asyncio.create_task(self._run(), name="sequencer")

    async def stop(self) -> None:
        """Finish the commit in hand, answer what still waits with a fault, and let another be the writer."""
        task, self._task = self._task, None
        if task is not None:
            # By a word, not by cancelling: a commit in hand ends, and no race can swallow the word.
            self._stops = True
            self._wake.set()
            await task
            self._stops = False
        _fail_all(self._jobs, LedgerUnavailableError(reason="the server stops"))
        self._jobs.clear()
        await self._store.close()

    # --- what callers do -------------------------------------------------------------------------------------------

    @property
    def head(self) -> Head:
        """The last durable checkpoint."""
        return self._head

    @property
    def ledger(self) -> Ledger:
        """The ledger, for questions that need no cut: it may be ahead of what is durable.

        Raises LedgerUnavailableError after a fault, until it is loaded again.
        """
        if self._ledger is None:
            raise LedgerUnavailableError(reason="it is loaded anew after a fault")
        return self._ledger

    async def submit(self, delivery: Delivery) -> Receipt:
        """Commit what a request brought. Frames refused as bytes are in `problems`; all others are durable.

        Raises FaultError; then nothing is acknowledged, and sending again is harmless.
        """
        problems, commit, _ = await self._enqueue(_Job(delivery=delivery))
        return Receipt(problems, commit.log_size)

    async def record(self, intentions: Sequence[Intention]) -> list[tuple[int, bytes]]:
        """Record ops of the server's own device, in this order, in one commit; return (index, hash) of each.

        Raises MalformedError, MalformedBodyError for what cannot be recorded; FaultError: it is unknown whether they
        were recorded.
        """
        if not intentions:
            return []
        for intention in intentions:
            self.ledger.refuse_unrecordable(intention)
        _, commit, first = await self._enqueue(_Job(intentions=intentions))
        return list(commit.recorded[first : first + len(intentions)])

    async def found(self, founder: Founder) -> Commit:
        """Commit what the founder makes of the empty ledger.

        Raises FaultError.
        """
        async with self._turn:
            await self._loaded()
            try:
                return await self._store_commit(founder(self.ledger, self._now_ms()))
            except asyncio.CancelledError:
                self._ledger = None
                raise
            except Exception:
                await self._recover()
                raise

    @asynccontextmanager
    async def at_rest(self) -> AsyncGenerator[AtRest, None]:
        """The ledger and a cut of the store in one state, between two commits; the next waits until the block ends.

        The cut may be read after the block; whoever asked for it closes it.
        """
        async with self._turn:
            await self._loaded()
            yield AtRest(self.ledger, self._head, await self._store.cut())

    @asynccontextmanager
    async def subscribe(self) -> AsyncGenerator[asyncio.Queue[int], None]:
        """A queue that gets the log size after each commit. It holds one: who is slow learns only the latest."""
        queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    # --- the loop --------------------------------------------------------------------------------------------------

    async def _enqueue(self, job: _Job) -> tuple[Sequence[Problem], Commit, int]:
        if self._task is None or self._task.done():
            raise LedgerUnavailableError(reason="the sequencer does not run")
        self._jobs.append(job)
        self._wake.set()
        return await job.done

    async def _run(self) -> None:
        idle_s = 0.0
        while True:
            self._wake.clear()
            if not self._jobs and not self._stops:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), CONTACTS_EVERY_S)
            if self._stops:
                return
            if self._jobs:
                idle_s = 0.0
                await self._serve(self._group())
                continue
            idle_s += CONTACTS_EVERY_S
            if idle_s >= TICK_EVERY_S:
                idle_s = 0.0
                await self._serve(())
            elif self._contacts:
                await self._store_contacts()

    def _group(self) -> list[_Job]:
        """Take what waits, as far as it fits into one commit."""
        jobs: list[_Job] = []
        size = 0
        while self._jobs and len(jobs) < GROUP_JOBS_MAX and size < GROUP_BYTES_MAX:
            job = self._jobs.popleft()
            if not job.done.done():
                jobs.append(job)
                size += job.size
        return jobs

    async def _serve(self, jobs: Sequence[_Job]) -> None:
        """Commit jobs as one group, and answer each of them, whatever happens."""
        try:
            async with self._turn:
                unanswered = await self._attempt(jobs)
            for job in unanswered:
                await self._serve([job])
        except asyncio.CancelledError:
            _fail_all(jobs, LedgerUnavailableError(reason="the server stops"))
            raise

    async def _attempt(self, jobs: Sequence[_Job]) -> Sequence[_Job]:
        """Commit jobs, or fail them; return those that have to be tried one by one.

        One of them may meet a bug of ours: the others must not share its fate.
        """
        try:
            await self._commit(jobs)
        except FaultError as fault:
            await self._recover()
            _fail_all(jobs, fault)
        except Exception as error:
            await self._recover()
            if len(jobs) > 1:
                return jobs
            log.exception("commit_failed")
            _fail_all(jobs, error)
        except asyncio.CancelledError:
            self._ledger = None
            raise
        return ()

    async def _commit(self, jobs: Sequence[_Job]) -> None:
        await self._loaded()
        deliveries = [job.delivery for job in jobs if job.delivery is not None]
        intentions = [intention for job in jobs for intention in job.intentions]
        commit = self.ledger.take(deliveries, intentions, now_ms=self._now_ms(), seen=self._head.seen)
        self._contacts.update({contact.device: contact for contact in commit.contacts})
        if _adds_something(commit):
            await self._store_commit(commit)
        self._answer(jobs, commit)

    async def _store_commit(self, commit: Commit) -> Commit:
        """Seal the log over a commit and make it durable; only then is it shown to anybody."""
        head: SealedHead | None = None
        if commit.appended:
            head = self._sealer.append([entry.logged.hash for entry in commit.appended])
            assert head.size == commit.log_size, "the tree has a leaf for each op"
        await self._store.commit(commit, head, tuple(self._contacts.values()))
        self._contacts.clear()
        if head is not None:
            await asyncio.to_thread(self._sealer.confirm, head)
            self._head = Head(head.size, head.root, head.note)
            self._poke()
        return commit

    async def _store_contacts(self) -> None:
        contacts, self._contacts = self._contacts, {}
        async with self._turn:
            # Who was met last is no part of the log: if it is lost, the next poll says it again.
            with suppress(FaultError):
                await self._loaded()
                await self._store.put_contacts(tuple(contacts.values()))

    def _answer(self, jobs: Sequence[_Job], commit: Commit) -> None:
        problems, first = iter(commit.problems), 0
        for job in jobs:
            found = next(problems, ()) if job.delivery is not None else ()
            if not job.done.done():
                job.done.set_result((found, commit, first))
            first += len(job.intentions)

    def _poke(self) -> None:
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(self._head.size)

    # --- loading ---------------------------------------------------------------------------------------------------

    async def _loaded(self) -> None:
        if self._ledger is None:
            await self._load()

    async def _recover(self) -> None:
        """After a fault: what is in memory may be ahead of the disk, or behind it. Load, or try again later."""
        self._ledger = None
        with suppress(FaultError):
            await self._load()

    async def _load(self) -> None:
        self._ledger = None
        await self._store.open()
        stored = await self._store.load()
        size = len(stored.logged)
        if any(entry.index != number for number, entry in enumerate(stored.logged)):
            raise LedgerUnavailableError(reason="the stored log has a gap", retryable=False)
        tiles = await self._store.tiles(self._sealer.tiles_to_resume(size))
        head = self._sealer.resume(size=size, note=stored.note, tiles=tiles)
        ledger = self._new_ledger()
        if stored.logged:
            ledger.load(stored.logged, stored.branches, stored.waiting)  # its rows are stored already
        self._ledger = ledger
        self._head = Head(head.size, head.root, head.note)


def _spare_the_collector() -> None:
    """Tell the garbage collector that a ledger in memory is no garbage.

    It lives as long as the process and grows by some objects an op: looked through again and again, as by default,
    it would cost a third of the time of a commit.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _adds_something(commit: Commit) -> bool:
    """Whether there is more to write than that a device was met."""
    return bool(
        commit.appended
        or commit.waiting_added
        or commit.waiting_removed
        or commit.seals
        or commit.values
        or commit.verdict_changes
        or commit.changes.rows
    )


def _fail_all(jobs: Iterable[_Job], fault: Exception) -> None:
    for job in jobs:
        job.fail(fault)
