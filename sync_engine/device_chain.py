"""What the log holds of one device, and the frames of it that wait beside the log: the `Known` of `chain`."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from domain.kinds import Attach
from domain.ops import LeafHash, Op, named_hashes
from sync_engine.chain import Head
from sync_engine.commit import DeviceState, WaitingFrame
from sync_engine.frame import Frame

WAITING_FRAMES_MAX: Final = 256
"""Per device: a phone's whole outbox after weeks, cut small, carried by others out of order."""
WAITING_BYTES_MAX: Final = 8 * 1024 * 1024
"""Per device: what waits is held in memory, decoded."""

ATTACHED: Final = 2
"""Where the body of an `attach` names its document: it is told of even where the rest cannot be read."""


class Beside(NamedTuple):
    """A frame beside the log; of its ops, the first `standing` are sealed."""

    stored: WaitingFrame
    frame: Frame
    standing: int

    @property
    def before(self) -> Iterator[bytes]:
        """The ops that these follow or name."""
        yield self.frame.header.first_prev
        for op in self.frame.ops[: self.standing]:
            yield from named_hashes(op)

    def continues(self, seq: int, tip: bytes) -> bool:
        """Whether these ops go on from the op with this seq and hash, or contain it."""
        position = seq - self.stored.first_seq
        if position == -1:
            return self.frame.header.first_prev == tip
        return 0 <= position < self.standing and self.frame.hashes[position] == tip


class DeviceChain:
    """Epoch by epoch the main branch, the later branches, and what is still without a final verdict."""

    __slots__ = ("_branches", "_deferred", "_enrol", "_main", "_tips", "attached", "values", "waiting")

    def __init__(self, enrol: bytes) -> None:
        self._enrol = enrol
        self._main: dict[int, list[LeafHash]] = {}
        self._branches: dict[bytes, tuple[int, int]] = {}
        self._tips: set[bytes] = set()
        """The last op of each later branch."""
        self._deferred: dict[int, set[int]] = {}
        self.values = 0
        """Erasable values that its ops hold the digests of."""
        self.attached: set[bytes] = set()
        """SHA-256 of the documents that its ops attach."""
        self.waiting: dict[bytes, Beside] = {}
        """By the name of the frame."""

    # --- `chain.Known` -----------------------------------------------------------------------------------------

    def head(self, epoch: int) -> Head | None:
        """The last op of the main branch of an epoch; None before its first."""
        main = self._main.get(epoch)
        return Head(len(main), main[-1]) if main else None

    def hash_at(self, epoch: int, seq: int) -> bytes | None:
        """The op of the main branch at a dot; asked up to the head, not beyond."""
        return self._main[epoch][seq - 1]

    def is_branch(self, digest: bytes) -> bool:
        """Whether the log holds this op on a later branch: quarantined as a fork."""
        return digest in self._branches

    @property
    def is_forked(self) -> bool:
        """Whether the log holds two branches of it: the device was copied, and nobody knows which one is meant."""
        return bool(self._branches)

    def may_begin_after(self, digest: bytes) -> bool:
        """Whether an epoch may begin here: the device's enrol op, or any op of the device that the log holds."""
        if digest == self._enrol or digest in self._branches:
            return True
        mains = self._main.values()
        return any(main[-1] == digest for main in mains) or any(digest in main for main in mains)

    # --- in ----------------------------------------------------------------------------------------------------

    def extend(self, op: Op, digest: LeafHash, *, is_branch: bool) -> None:
        """Note an op that the log took."""
        self.values += len(op.erasable)
        if op.kind == Attach.kind and len(op.body) > ATTACHED and isinstance(op.body[ATTACHED], bytes):
            self.attached.add(op.body[ATTACHED])
        if is_branch:
            self._branches[digest] = (op.epoch, op.seq)
            self._tips.add(digest)
            self._tips.discard(op.prev)
            return
        main = self._main.setdefault(op.epoch, [])
        main.append(digest)
        assert len(main) == op.seq, "an op is logged after its predecessor"

    def defer(self, op: Op, *, is_deferred: bool) -> None:
        """Note whether an op still waits for its final verdict."""
        if is_deferred:
            self._deferred.setdefault(op.epoch, set()).add(op.seq)
        elif op.epoch in self._deferred:
            self._deferred[op.epoch].discard(op.seq)

    def follower(self, op: Op, digest: bytes) -> LeafHash | None:
        """The next op of the main branch, None where this one is its last or on another branch."""
        main = self._main.get(op.epoch, [])
        is_main = op.seq < len(main) and main[op.seq - 1] == digest
        return main[op.seq] if is_main else None

    def may_wait(self, size: int) -> bool:
        """Whether a frame of so many bytes may wait too."""
        held = [len(beside.stored.data) for beside in self.waiting.values()]
        return len(held) < WAITING_FRAMES_MAX and sum(held) + size <= WAITING_BYTES_MAX

    # --- out ---------------------------------------------------------------------------------------------------

    def state(self) -> DeviceState:
        """What a sync reply says of the device."""
        return DeviceState(
            held=tuple([(epoch, len(main) + 1, main[-1]) for epoch, main in self._main.items()]),
            acked=tuple(self._acked()),
            settled=tuple(self._settled()),
            branches=tuple(self._branch_ends()),
        )

    def ends(self) -> list[LeafHash]:
        """The last op of each epoch's main branch and of each later branch."""
        return [*(main[-1] for main in self._main.values()), *(LeafHash(tip) for tip in sorted(self._tips))]

    def _acked(self) -> Iterator[tuple[int, int]]:
        reach = {epoch: (len(main), main[-1]) for epoch, main in self._main.items()}
        for beside in sorted(self.waiting.values(), key=lambda beside: beside.stored.first_seq):
            epoch, (last, tip) = beside.stored.epoch, reach.get(beside.stored.epoch, (0, b""))
            # Behind a gap, or of a copy's branch: then it is no continuation of what the epoch has.
            continues = (
                beside.continues(last, tip) if epoch in self._main else beside.stored.first_seq <= last + 1
            )
            if continues and beside.stored.last_seq > last:
                reach[epoch] = (beside.stored.last_seq, beside.frame.hashes[beside.standing - 1])
        yield from ((epoch, last) for epoch, (last, _tip) in reach.items() if last)

    def covered(self, is_covered: Callable[[bytes], bool]) -> Iterator[tuple[int, int]]:
        """Yield (epoch, last seq) of the ops of the main branch that are covered: of each epoch a beginning is."""
        for epoch, main in self._main.items():
            last = bisect_left(main, 1, key=lambda digest: 0 if is_covered(digest) else 1)
            if last:
                yield epoch, last

    def _branch_ends(self) -> Iterator[tuple[int, int, bytes]]:
        for tip in sorted(self._tips):
            yield *self._branches[tip], tip
        known: set[bytes] = set()
        for beside in sorted(self.waiting.values(), key=lambda beside: beside.stored.first_seq):
            # Only what waits without a gap is an end; what goes on from the main branch is in `acked`, too.
            before, last = beside.frame.header.first_prev, beside.frame.hashes[beside.standing - 1]
            if before in known or self.may_begin_after(before):
                known.add(last)
                yield beside.stored.epoch, beside.stored.last_seq, last

    def _settled(self) -> Iterator[tuple[int, int, int]]:
        """Ranges without the deferred ops; those of a later branch have their verdict, and may reach further."""
        ends = {epoch: len(main) for epoch, main in self._main.items()}
        for epoch, seq in self._branches.values():
            ends[epoch] = max(seq, ends.get(epoch, 0))
        for epoch, end in ends.items():
            first = 1
            for seq in sorted(self._deferred.get(epoch, ())):
                if first < seq:
                    yield epoch, first, seq - 1
                first = seq + 1
            if first <= end:
                yield epoch, first, end
