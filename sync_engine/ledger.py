"""The ledger in memory: it takes what requests bring, gives every op its place, time and verdict, and folds it.

Pure and for one sequencer alone: time comes as an argument, nothing is kept on disk here. What it says of an op is in
the `sequenced` ops of the same commit and nowhere else, so the log tells all (DESIGN §5). The rules themselves are in
`chain`, `verdicts`, `intents` and `effective_time`; here is their order: docs/protocol/sync.md §3.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from msgspec import structs

from domain.ops import GENESIS_PREV, NOTHING_SEEN, LeafHash
from sync_engine.acknowledgement import End
from sync_engine.commit import (
    Appended,
    Commit,
    Contact,
    Delivery,
    DeviceState,
    DurableState,
    Intention,
    KeptValue,
    WaitingFrame,
)
from sync_engine.directory import Directory
from sync_engine.effective_time import NO_CORRECTION
from sync_engine.fold.fold import Fold
from sync_engine.fold.rows import Changes
from sync_engine.frame import ErasableValue
from sync_engine.intake import Arrival, Batch, Intake
from sync_engine.judgement import Judgement, Known
from sync_engine.leasing import Met, World, owed
from sync_engine.logged import Logged, VerdictChange
from sync_engine.merging import NO_CHANGES, merged
from sync_engine.refold import commits
from sync_engine.seal import PrivateKey
from sync_engine.sequenced import Saying, pack
from sync_engine.server_chain import Recorded, ServerChain
from sync_engine.sight import Sight
from sync_engine.wire import Problem

LEASE_ROUNDS_MAX: Final = 4
"""Ended, given out of what ended, and given out of what others left of it: then a commit is long enough."""


class Ledger:
    """One organisation's log with its fold, its identities, its chains and what waits beside it.

    A failed commit leaves it in advance of what is durable: throw it away and `load` a new one.
    """

    def __init__(self, org: str, organisation_secret: bytes, server_key: PrivateKey) -> None:
        self._server = ServerChain(org, organisation_secret, server_key)
        self.sight = Sight(self._server.device)
        self.fold = Fold(self.sight)
        self.directory = Directory()
        self._intake = Intake(org, organisation_secret, self.directory, self.sight)
        self._known = Known(self.fold, self.directory, self._intake, self.sight)
        self._size = 0
        self._owes_release = False

    # --- questions ---------------------------------------------------------------------------------------------

    @property
    def org(self) -> str:
        """The organisation's id."""
        return self._server.org

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    @property
    def server_ms(self) -> int:
        """The time of the last commit; 0 before the first."""
        return self._known.last_ms

    @property
    def server_device(self) -> bytes:
        """The device that seals what the organisation itself says."""
        return self._server.device

    def seen_ms(self, size: int) -> int:
        """Return the server time of the checkpoint of that size: of the last `sequenced` op below it (0: none)."""
        return self._known.seen_ms(size)

    def device_state(self, device: bytes) -> DeviceState:
        """Return how far the ops of a device have come, for its sync reply."""
        return self._intake.chain(device).state()

    def covered(self, device: bytes, size: int) -> Sequence[tuple[int, int]]:
        """Return (epoch, last seq) of the ops of a device that lie in the first `size` leaves of the log."""

        def is_covered(digest: bytes) -> bool:
            index = self.fold.index_of(digest)
            return index is not None and index < size

        return list(self._intake.chain(device).covered(is_covered)) if size else ()

    def durable(self, device: bytes, named: Collection[bytes] = ()) -> DurableState:
        """Return what an acknowledgement says of a device: the ends of its chain, and the ops of it that are named."""
        chain = self._intake.chain(device)
        ends: dict[bytes, End] = {}
        for digest in (*chain.ends(), *named):
            index = self.fold.index_of(digest)
            entry = None if index is None else self.fold.logged(index)
            if entry is not None and entry.op.device == device:
                ends[digest] = End(entry.op.epoch, entry.op.seq, entry.hash, entry.index)
        return DurableState(tuple(ends.values()), chain.values, frozenset(chain.attached))

    def waiting(self, device: bytes) -> Sequence[WaitingFrame]:
        """Return the frames of a device that wait beside the log."""
        return [beside.stored for beside in self._intake.chain(device).waiting.values()]

    def refuse_unrecordable(self, intention: Intention) -> None:
        """Check what the server is to record, before it joins a group commit and could fail for others.

        Raises MalformedError, MalformedBodyError.
        """
        self._server.refuse_unrecordable(intention)

    @property
    def is_recovering(self) -> bool:
        """Whether nothing may be logged now: what comes waits beside the log, and the server says nothing itself."""
        return self._intake.keeps_beside

    @is_recovering.setter
    def is_recovering(self, value: bool) -> None:
        self._intake.keeps_beside = value

    @property
    def owes_release(self) -> bool:
        """Whether the next commit adds to a loaded log, whatever it takes.

        Frames that wait beside it are logged; ops get another word where another version of this software had the last.
        """
        return self._owes_release and not self.is_recovering

    # --- from a stored log -------------------------------------------------------------------------------------

    def load(
        self, logged: Iterable[Logged], branches: Collection[int] = (), waiting: Iterable[WaitingFrame] = ()
    ) -> Changes:
        """Rebuild everything from a log, in order of index; return all rows and entries that follow from it.

        `branches` are the indexes of ops on later branches of a fork.
        """
        assert self._size == 0, "a ledger is loaded once, before it takes anything"
        self.follow(list(logged), branches, waiting)
        self._owes_release = self._intake.may_release or bool(self._known.unread)
        return self.fold.drain()

    def follow(
        self, logged: Sequence[Logged], branches: Collection[int] = (), waiting: Iterable[WaitingFrame] = ()
    ) -> None:
        """Take in what was committed elsewhere, from leaf `size` on, in order of index, with the last word on each op.

        `branches` as for `load`; `waiting` is every frame that waits beside the log now. Afterwards the ledger is what
        it would be had it made these commits itself; their rows are stored already.
        """
        for said in commits(logged, self.server_device):
            for entry in said.entries:
                self._note(entry, is_branch=entry.index in branches)
            self.fold.apply(said.entries)
            self._known.amend(said.changes)
            self.fold.derive(said.end)
        assert not logged or self._size == logged[-1].index + 1, (
            "a commit ends with what the server says of it"
        )
        if self._intake.wait_as_stored({stored.hash: stored for stored in waiting}):
            # Whoever kept it beside the log may be recovering, or gone.
            self._owes_release |= self._intake.may_release

    def _note(self, entry: Logged, *, is_branch: bool) -> None:
        assert entry.index == self._size, "a log has no gaps"
        self._size += 1
        self.directory.apply((entry,))
        self._intake.chain(entry.op.device).extend(entry.op, LeafHash(entry.hash), is_branch=is_branch)
        self._known.note(entry)
        if entry.op.device == self.server_device:
            self._server.resume(entry.op, LeafHash(entry.hash))

    # --- a new log ---------------------------------------------------------------------------------------------

    def found(self, genesis: Sequence[object], *, epoch: int, now_ms: int) -> Commit:
        """Begin the log with its genesis op: `genesis` are the fields of that kind (operations.md §4).

        Who founds has checked the root keys' signatures (`genesis.genesis_fault`).
        """
        assert self._size == 0, "a log has one genesis"
        self._server.begin(epoch)
        self._intake.begin(self.server_device, GENESIS_PREV)
        founding = Intention("genesis", (None, (), *genesis))
        return self.take((), (founding,), now_ms=now_ms, seen=NOTHING_SEEN)

    def reopen(
        self, genesis: Sequence[object], *, epoch: int, now_ms: int, seen: tuple[int, bytes]
    ) -> Commit:
        """Go on with a log that lost its end, under the new origin that its second genesis names (log.md §6).

        `genesis` are the fields of that kind, their root signatures checked; `epoch` is fresh: of the last one, ops
        that the server recorded in the lost tail may still turn up. What waits beside the log follows in later commits.
        """
        assert self._size, "a log begins with `found`"
        self._server.begin(epoch, anew=True)
        owed, self._owes_release = self._owes_release, False
        commit = self.take((), (Intention("genesis", (None, (), *genesis)),), now_ms=now_ms, seen=seen)
        self._owes_release = owed
        return commit

    # --- a group commit ----------------------------------------------------------------------------------------

    def take(
        self,
        deliveries: Sequence[Delivery] = (),
        intentions: Sequence[Intention] = (),
        *,
        now_ms: int,
        seen: tuple[int, bytes],
    ) -> Commit:
        """Take what requests bring and what the server is to say, as one group commit.

        `seen` is the checkpoint of the log as it stands: size and first 16 bytes of the root. With nothing to take the
        commit is a tick: it tells the time. Redelivery changes nothing; a bad frame is its own problem alone.
        """
        self.sight.checkpoint(seen)
        server_ms = max(now_ms, self._known.last_ms + 1)
        batch = Batch()
        owes = self.owes_release
        if owes:
            self._owes_release = False
            self._intake.release_all(batch)
        problems = [self._intake.take(each, _arrival(each, server_ms), batch) for each in deliveries]
        arrivals = batch.arrivals
        assert not (self.is_recovering and (arrivals or intentions)), "nothing is logged while it recovers"
        first = self._size
        recorded = [self._record(intention, server_ms, seen) for intention in intentions]
        arrivals.extend(
            Arrival(*made, server_ms, NO_CORRECTION, is_branch=False, values=_values(intention))
            for made, intention in zip(recorded, intentions, strict=True)
        )
        is_said = bool(arrivals) or owes or not (deliveries or intentions or self.is_recovering)
        # What another version of this software made of these ops, this one cannot take back row by row.
        is_whole = is_said and bool(self._known.unread)
        judgement = Judgement(self._known, first, arrivals, reads_anew=is_said)
        appended = judgement.entries
        self._size += len(arrivals)
        sequenced: list[Appended] = []
        changes: list[VerdictChange] = []
        if is_said:
            sequenced = self._settle(first, judgement, changes, server_ms, seen)
        met = [self._met(*each) for each in zip(deliveries, problems, strict=True) if _speaks(each[0])]
        drained, leased = self._lease(met, changes, server_ms, seen)
        drained = [*judgement.drained, *drained]
        return Commit(
            server_ms=self._known.last_ms,
            appended=[
                *(
                    Appended(entry, arrival.data, arrival.is_branch)
                    for entry, arrival in zip(appended, arrivals, strict=True)
                ),
                *sequenced,
                *leased,
            ],
            seals=[*batch.seals, *self._server.seal()],
            values=self._kept(first, batch),
            verdict_changes=changes,
            waiting_added=list(batch.waiting_added.values()),
            waiting_removed=batch.waiting_removed,
            contacts=[_contact(delivery, server_ms) for delivery in deliveries if delivery.device],
            changes=self._drained(drained, is_whole=is_whole) if sequenced or leased else NO_CHANGES,
            problems=problems,
            recorded=[
                (first + len(arrivals) - len(recorded) + number, made.hash)
                for number, made in enumerate(recorded)
            ],
            log_size=self._size,
        )

    def _drained(self, drained: Sequence[Changes], *, is_whole: bool) -> Changes:
        """What the commit changes in the rows, of which `drained` went out of the fold before."""
        changes = merged((*drained, self.fold.drain(self._size - 1)))
        return Changes(dict(self.fold.rows()), is_whole=True) if is_whole else changes

    def _settle(
        self,
        first: int,
        judgement: Judgement,
        changes: list[VerdictChange],
        server_ms: int,
        seen: tuple[int, bytes],
    ) -> list[Appended]:
        """Say what was judged, in the log; `changes` get the later words on earlier ops."""
        sayings = pack(first, judgement.entries, judgement.changes, judgement.facts)
        later = [
            structs.replace(change, stated_at=self._size + number)
            for number, saying in enumerate(sayings)
            for change in saying.changes
        ]
        self._known.amend(later)
        changes.extend(later)
        return self._say(sayings, server_ms, seen)

    def _lease(
        self, met: Sequence[Met], changes: list[VerdictChange], server_ms: int, seen: tuple[int, bytes]
    ) -> tuple[list[Changes], list[Appended]]:
        """Give and take back what is promised to phones, by the ledger as it stands after the commit's own ops.

        What is given in one round may free or want something in the next; nothing is lost where the rounds end, the
        next commit goes on.
        """
        said: list[Appended] = []
        drained: list[Changes] = []
        for number in range(0 if self.is_recovering else LEASE_ROUNDS_MAX):
            self.fold.derive()
            at_ms = max(server_ms, self._known.last_ms + 1)
            world = World(self.fold.state, self.directory, self._is_forked, at_ms)
            intentions = owed(world, met if number == 0 else ())
            if not intentions:
                break
            first = self._size
            arrivals = [
                Arrival(*self._record(it, at_ms, seen), at_ms, NO_CORRECTION, is_branch=False, values=())
                for it in intentions
            ]
            judgement = Judgement(self._known, first, arrivals)
            drained.extend(judgement.drained)
            self._size += len(arrivals)
            entries = judgement.entries
            said.extend(Appended(entry, made.data) for entry, made in zip(entries, arrivals, strict=True))
            said.extend(self._settle(first, judgement, changes, at_ms, seen))
        return drained, said

    def owes(self, deliveries: Sequence[Delivery], *, now_ms: int) -> bool:
        """Whether taking deliveries that bring nothing adds to the log: what waits goes in, leases begin or end."""
        if self.is_recovering:
            return False
        self.fold.derive()
        world = World(self.fold.state, self.directory, self._is_forked, max(now_ms, self._known.last_ms + 1))
        met = [self._met(each, ()) for each in deliveries if _speaks(each)]
        if self._owes_release:
            return True
        # Asking takes what there is to look at off the book; the commit that says it has to find it there again.
        book = self.fold.state.promises
        marks = book.marks()
        is_owed = bool(owed(world, met))
        if is_owed:
            book.put_back(marks)
        return is_owed

    def _met(self, delivery: Delivery, problems: Sequence[Problem]) -> Met:
        assert delivery.device is not None, "it speaks for itself"
        assert delivery.cursor is not None, "it speaks for itself"
        waits = bool(self._intake.chain(delivery.device).waiting)
        is_whole = not (delivery.pending or waits or any(not problem.relayed for problem in problems))
        return Met(delivery.device, delivery.cursor, is_whole, delivery.now_ms)

    def _is_forked(self, device: bytes) -> bool:
        return self._intake.chain(device).is_forked

    def _kept(self, first: int, batch: Batch) -> list[KeptValue]:
        """Values that came with their ops, and values whose ops came without them before."""
        with_ops = [
            KeptValue(first + number, value)
            for number, arrival in enumerate(batch.arrivals)
            for value in arrival.values
        ]
        late = [(self.fold.index_of(digest), value) for digest, value in batch.late_values]
        return with_ops + [KeptValue(index, value) for index, value in late if index is not None]

    def _record(self, intention: Intention, at_ms: int, seen: tuple[int, bytes]) -> Recorded:
        made = self._server.record(intention, at_ms=at_ms, seen=seen)
        self._intake.chain(made.op.device).extend(made.op, made.hash, is_branch=False)
        return made

    def _say(self, sayings: Sequence[Saying], server_ms: int, seen: tuple[int, bytes]) -> list[Appended]:
        """Append the `sequenced` ops: each has a server time of its own, which is its t."""
        said: list[Appended] = []
        for number, saying in enumerate(sayings):
            at_ms = server_ms + number
            op, data, digest = self._record(saying.intention(at_ms), at_ms, seen)
            entry = Logged(self._size, digest, op, at_ms, 0, arrived=at_ms)
            self._size += 1
            self.fold.apply((entry,))
            self._known.note(entry)
            said.append(Appended(entry, data))
        return said


def _speaks(delivery: Delivery) -> bool:
    return delivery.device is not None and delivery.cursor is not None


def _arrival(delivery: Delivery, server_ms: int) -> int:
    return min(delivery.arrived_ms or server_ms, server_ms)


def _contact(delivery: Delivery, server_ms: int) -> Contact:
    assert delivery.device is not None, "only a device is met"
    at_ms = _arrival(delivery, server_ms)
    off_ms = None if delivery.now_ms is None else at_ms - delivery.now_ms
    return Contact(delivery.device, at_ms, delivery.pending, off_ms)


def _values(intention: Intention) -> Sequence[ErasableValue]:
    return [ErasableValue(0, number, *pair) for number, pair in enumerate(intention.erasable)]
