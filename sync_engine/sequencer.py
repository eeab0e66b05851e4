"""Who writes an organisation's log: it gathers what waits, and commits it as a group.

The rules are the ledger's, the bytes the store's; what stands here is their order. Nothing is answered before it is
durable. When a commit fails, nobody can know whether it was persisted, so the ledger in memory is thrown away and
loaded anew; phones and callers simply send again, and what did arrive the first time is a redelivery.

Several processes may write one log in turns (`LedgerStore.begin`). Each holds the whole ledger, so whoever has the turn
first takes in what the others committed; and whoever is asked something first looks whether there is more.
"""

import asyncio
import gc
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final, Protocol

import structlog
from msgspec import Struct

from domain.errors import FaultError
from domain.merkle import EMPTY_ROOT
from sync_engine.commit import Commit, Contact, Delivery, Intention
from sync_engine.jobs import Job, fail_all, take_group
from sync_engine.ledger import Ledger
from sync_engine.pokes import Pokes
from sync_engine.ports import Cut, LedgerStore, LedgerUnavailableError, LogSealer, Position, SealedHead
from sync_engine.recovering import LedgerRecoveringError, NothingPresented, PresentedHeads, Recovery
from sync_engine.wire import Problem

log: Final = structlog.get_logger(__name__)

CONTACTS_EVERY_S: Final = 5.0
"""A poll with nothing new costs no write: contacts wait for the next commit, or this long."""
TICK_EVERY_S: Final = 3600.0
"""An idle log states the time once an hour: expiries and deadlines read it."""
TROUBLED_S: Final = 60.0
"""What trying again does not heal is tried again this seldom: to load a ledger takes a while."""
TICKS_SKIP_MS: Final = int(TICK_EVERY_S * 900)
"""Of several processes that are idle, one tells the time: the others see that it was told not long ago."""


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
        presented: PresentedHeads | None = None,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._new_ledger = new_ledger
        self._now_ms = now_ms
        self._recovery = Recovery(sealer, presented or NothingPresented())
        self._ledger: Ledger | None = None
        self._is_ahead = False
        """Whether the ledger in memory may hold what is not durable."""
        self._position = Position()
        self._head = Head()
        self._jobs: deque[Job] = deque()
        self._wake = asyncio.Event()
        self._stops = False
        self._turn = asyncio.Lock()
        self._contacts: dict[bytes, Contact] = {}
        self._pokes = Pokes()
        self._task: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None

    # --- life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Load the ledger, compare it to what was last signed, and begin to commit.

        Raises FaultError: another process has it, the log was rolled back or damaged, the database is away.
        """
        try:
            await self._store.open()
            await self._load()
        except BaseException:
            await self._store.close()
            raise
        _spare_the_collector()
        self._task = asyncio.create_task(self._run(), name="sequencer")
        self._following = asyncio.create_task(self._follow(), name="follower")

    async def stop(self) -> None:
        """Finish the commit in hand, answer what still waits with a fault, and let another have the store."""
        # By a word, not by cancelling alone: a commit in hand ends, and no race can swallow the word.
        self._stops = True
        self._wake.set()
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            await asyncio.wait([following])
        task, self._task = self._task, None
        if task is not None:
            await task
        self._stops = False
        fail_all(self._jobs, LedgerUnavailableError(reason="the server stops"))
        self._jobs.clear()
        await self._store.close()

    @property
    def refusal(self) -> FaultError | None:
        """Why the log takes nothing: it may be older than what was signed of it. None where it does."""
        return self._sealer.refusal

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
        if delivery.known:
            await self.refresh()  # what it shows may be what another process answered
            async with self._turn:
                await self._loaded()
                await self._recovery.compare(delivery, self.ledger, now_ms=self._now_ms())
        problems, commit, _ = await self._enqueue(Job(delivery=delivery))
        return Receipt(problems, commit.log_size)

    async def record(self, intentions: Sequence[Intention]) -> list[tuple[int, bytes]]:
        """Record ops of the server's own device, in this order, in one commit; return (index, hash) of each.

        Raises MalformedError, MalformedBodyError for what cannot be recorded; FaultError: it is unknown whether they
        were recorded.
        """
        if not intentions:
            return []
        if self.ledger.is_recovering:
            raise LedgerRecoveringError(size=self.ledger.size)
        for intention in intentions:
            self.ledger.refuse_unrecordable(intention)
        _, commit, first = await self._enqueue(Job(intentions=intentions))
        return list(commit.recorded[first : first + len(intentions)])

    async def found(self, founder: Founder, *, anew: bool = False) -> Commit:
        """Commit what the founder makes of the empty ledger; `anew`: of one that lost its end. It need not be started.

        Raises FaultError: also when another process founded it at the same time.
        """
        async with self._writing():
            if self._position.size and not anew:
                raise LedgerUnavailableError(reason="it is founded already", retryable=False)
            return await self._store_commit(founder(self.ledger, self._now_ms()))

    async def ready(self) -> None:
        """Have a ledger to ask, also after a fault that threw it away.

        Raises FaultError.
        """
        if self._ledger is None:
            async with self._turn:
                await self._loaded()

    async def refresh(self) -> None:
        """See at least what was durable when this was called, whoever committed it.

        Raises FaultError.
        """
        if self._ledger is None or (await self._store.position()).revision > self._position.revision:
            async with self._turn:
                await self._take_in_all()

    @asynccontextmanager
    async def at_rest(self) -> AsyncGenerator[AtRest, None]:
        """The ledger and a cut of the store in one state, between two commits; the next waits until the block ends.

        The cut may be read after the block; whoever asked for it closes it.
        """
        async with self._turn:
            await self._loaded()
            cut = await self._store.cut()
            try:
                await self._take_in(cut)
            except BaseException:
                await cut.close()
                raise
            yield AtRest(self.ledger, self._head, cut)

    def subscribe(self) -> AbstractAsyncContextManager[asyncio.Queue[int]]:
        """A queue that gets the log size after each commit. It holds one: who is slow learns only the latest."""
        return self._pokes.subscribe()

    # --- the loop --------------------------------------------------------------------------------------------------

    async def _enqueue(self, job: Job) -> tuple[Sequence[Problem], Commit, int]:
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
            if not self._jobs and self._ledger is not None and self._ledger.owes_release:
                await self._serve(())
            if self._jobs:
                idle_s = 0.0
                await self._serve(take_group(self._jobs))
                continue
            idle_s += CONTACTS_EVERY_S
            if idle_s >= TICK_EVERY_S:
                idle_s = 0.0
                await self._serve(())
            elif self._contacts:
                await self._store_contacts()

    async def _serve(self, jobs: Sequence[Job]) -> None:
        """Commit jobs as one group, and answer each of them, whatever happens."""
        try:
            for job in await self._attempt(jobs):
                await self._serve([job])
        except asyncio.CancelledError:
            fail_all(jobs, LedgerUnavailableError(reason="the server stops"))
            raise

    async def _attempt(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Commit jobs, or fail them; return those that have to be tried one by one.

        One of them may meet a bug of ours: the others must not share its fate.
        """
        try:
            await self._commit(jobs)
        except FaultError as fault:
            fail_all(jobs, fault)
        except Exception as error:
            if len(jobs) > 1:
                return jobs
            log.exception("commit_failed")
            fail_all(jobs, error)
        return ()

    async def _commit(self, jobs: Sequence[Job]) -> None:
        if jobs and not any(job.adds for job in jobs) and await self._meet(jobs):
            return
        async with self._writing():
            if not jobs and not self._is_tick_due():
                return
            commit = self._taken(jobs, self._now_ms())
            if commit.adds:
                await self._store_commit(commit)
        self._answer(jobs, commit)

    def _is_tick_due(self) -> bool:
        ledger = self.ledger
        is_late = self._now_ms() - ledger.server_ms >= TICKS_SKIP_MS
        return ledger.owes_release or (is_late and not ledger.is_recovering)

    async def _meet(self, jobs: Sequence[Job]) -> bool:
        """Answer jobs that add nothing: they need no turn, and no look at what others committed.

        False: something is to be added, though they bring nothing.
        """
        now_ms = self._now_ms()
        async with self._changing():
            if self.ledger.owes(_deliveries(jobs), now_ms=now_ms):
                return False
            commit = self._taken(jobs, now_ms)
        self._answer(jobs, commit)
        return True

    def _taken(self, jobs: Sequence[Job], now_ms: int) -> Commit:
        intentions = [intention for job in jobs for intention in job.intentions]
        self._is_ahead = True
        commit = self.ledger.take(_deliveries(jobs), intentions, now_ms=now_ms, seen=self._head.seen)
        self._is_ahead = commit.adds
        self._contacts.update({contact.device: contact for contact in commit.contacts})
        return commit

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[None, None]:
        """A turn to commit: nobody else commits, and the ledger in memory is what is stored."""
        await self.ready()  # to load takes a while, and nobody else can commit in a turn
        # Others may have their turn for seconds: whoever only reads must not wait for that.
        position = await self._store.begin()
        try:
            async with self._changing():
                if position != self._position:
                    await self._take_in_all()
                yield
        finally:
            with suppress(FaultError):  # then its connection is gone, and the turn with it
                await self._store.release()

    @asynccontextmanager
    async def _changing(self) -> AsyncGenerator[None, None]:
        """The ledger in memory, to change it: what it holds afterwards is durable, or it is loaded anew."""
        async with self._turn:
            try:
                await self._loaded()
                yield
            except asyncio.CancelledError:
                self._ledger = None
                raise
            except Exception:
                await self._recover()
                raise

    async def _store_commit(self, commit: Commit) -> Commit:
        """Seal the log over a commit and make it durable; only then is it shown to anybody."""
        self._is_ahead = True
        head: SealedHead | None = None
        if commit.appended:
            head = self._sealer.append([entry.logged.hash for entry in commit.appended])
            assert head.size == commit.log_size, "the tree has a leaf for each op"
        self._position = await self._store.commit(commit, head, tuple(self._contacts.values()))
        self._contacts.clear()
        await self._show(head)
        self._is_ahead = False
        return commit

    async def _show(self, head: SealedHead | None) -> None:
        """Let a durable head be seen: first by the pin, then by everybody."""
        if head is not None:
            await asyncio.to_thread(self._sealer.confirm, head)
            self._head = Head(head.size, head.root, head.note)
            self.ledger.sight.checkpoint(self._head.seen)
            self._pokes.poke(self._head.size)

    async def _store_contacts(self) -> None:
        contacts, self._contacts = self._contacts, {}
        async with self._turn:
            # Who was met last is no part of the log: if it is lost, the next poll says it again.
            with suppress(FaultError):
                await self._loaded()
                await self._store.put_contacts(tuple(contacts.values()))

    def _answer(self, jobs: Sequence[Job], commit: Commit) -> None:
        problems, first = iter(commit.problems), 0
        for job in jobs:
            found = next(problems, ()) if job.delivery is not None else ()
            if not job.done.done():
                job.done.set_result((found, commit, first))
            first += len(job.intentions)

    # --- loading, and following others -------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Take in what others commit, soon after they do: for who listens, and so that a turn finds little new."""
        while not self._stops:
            await self._store.changed()
            try:
                await self.refresh()
                await self._recovery.look(self.ledger)
            except FaultError as fault:
                log.warning("not_followed", code=fault.code, detail=str(fault))
                await asyncio.sleep(fault.retry_after_s or TROUBLED_S)
            except Exception:
                log.exception("follow_failed")
                await asyncio.sleep(TROUBLED_S)

    async def _loaded(self) -> None:
        if self._ledger is None:
            await self._store.open()
            await self._load()

    async def _recover(self) -> None:
        """After a fault: what is in memory may be ahead of the disk, or behind it. Load, or try again later."""
        if self._is_ahead:
            self._ledger = None
        with suppress(FaultError):
            await self._loaded()

    async def _load(self) -> None:
        # Others that share the pin may commit as long as this reads: it must be no newer than the cut.
        self._sealer.read_pin()
        cut = await self._store.cut()
        try:
            stored = await cut.stored()
            size = len(stored.logged)
            if any(entry.index != number for number, entry in enumerate(stored.logged)):
                raise LedgerUnavailableError(reason="the stored log has a gap", retryable=False)
            tiles = await cut.tiles(self._sealer.tiles_to_resume(size))
        finally:
            await cut.close()
        head = self._sealer.resume(size=size, note=stored.note, tiles=tiles)
        ledger = self._new_ledger()
        if stored.logged:
            ledger.load(stored.logged, stored.branches, stored.waiting)  # its rows are stored already
        shown = Head(head.size, head.root, head.note)
        ledger.sight.checkpoint(shown.seen)
        await self._recovery.look(ledger)
        if self._sealer.refusal is None:
            # Whoever made it durable may have ended before it was pinned; nobody may see it before it is.
            await asyncio.to_thread(self._sealer.confirm, head)
        self._head = shown
        self._ledger, self._is_ahead = ledger, False
        self._position = stored.position

    async def _take_in_all(self) -> None:
        """Take in whatever is stored by now."""
        await self._loaded()
        cut = await self._store.cut()
        try:
            await self._take_in(cut)
        finally:
            await cut.close()

    async def _take_in(self, cut: Cut) -> None:
        """Bring the ledger in memory to the state of a cut."""
        if cut.position == self._position:
            return
        ledger = self.ledger
        if cut.position.size < ledger.size or cut.position.revision <= self._position.revision:
            # The database is an older one: only all of it, and the pin, can say whether it may go on.
            self._ledger = None
            raise LedgerUnavailableError(reason="the database was set back; it is loaded anew")
        stored = await cut.stored(ledger.size)
        self._is_ahead = True
        try:
            head = self._sealer.follow([entry.hash for entry in stored.logged], stored.note)
            ledger.follow(stored.logged, stored.branches, stored.waiting)
            self._position = stored.position
            await self._show(head if stored.logged else None)
        except BaseException:
            self._ledger = None
            raise
        self._is_ahead = False


def _spare_the_collector() -> None:
    """Tell the garbage collector that a ledger in memory is no garbage.

    It lives as long as the process and grows by some objects an op: looked through again and again, as by default,
    it would cost a third of the time of a commit.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _deliveries(jobs: Sequence[Job]) -> list[Delivery]:
    return [job.delivery for job in jobs if job.delivery is not None]
