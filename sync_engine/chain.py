"""Where the ops of a frame stand in the chain of their device: next, already known, ahead of a gap, or forked.

Pure: what the log holds is asked of `Known`. The rules are sync.md §3, steps 3 to 5. A chain is linked by hashes, so
one equal hash proves that everything before it is equal, and one that differs that everything after it differs.
"""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct

from domain.ops import Dot, LeafHash
from sync_engine.frame import FrameHeader


class Head(Struct, frozen=True):
    """The last op of an epoch's main branch that the log holds."""

    seq: int
    hash: LeafHash


class Known(Protocol):
    """What the log holds of one device."""

    def head(self, epoch: int) -> Head | None:
        """The last op of the main branch of an epoch; None before its first."""
        ...

    def hash_at(self, epoch: int, seq: int) -> bytes | None:
        """The op of the main branch at a dot; asked up to the head, not beyond."""
        ...

    def is_branch(self, digest: bytes) -> bool:
        """Whether the log holds this op on a later branch: quarantined as a fork."""
        ...

    def may_begin_after(self, digest: bytes) -> bool:
        """Whether an epoch may begin here: the device's enrol op, or any op of the device that the log holds."""
        ...


class Ready(Struct, frozen=True):
    """From op number `first` on, the frame continues the main branch; what comes before is known already."""

    first: int


class Redelivered(Struct, frozen=True):
    """Every op of the frame is in the log: nothing to do, the verdicts stand."""


class Waiting(Struct, frozen=True):
    """The op before the first of the frame is not in the log: the frame waits beside it for that op."""

    seq: int
    """What it waits for: a seq of its epoch, or 0 for the op that its epoch begins after."""
    prev: LeafHash


class Fork(Struct, frozen=True):
    """From op number `first` on, the frame is a second branch; `at` is the first dot that it claims anew."""

    at: Dot
    first: int


Standing: TypeAlias = Ready | Redelivered | Waiting | Fork


def place(header: FrameHeader, hashes: Sequence[LeafHash], known: Known) -> Standing:
    """Return where ops with these leaf hashes stand, the first of them being the header's first seq.

    Any overlap with what is known is harmless: the same frame, sent again after every answer, ends as Redelivered.
    """
    head = known.head(header.epoch)
    if head is None:
        return _begin(header, known)
    position = head.seq - header.first_seq
    """Where the head would stand in the frame: −1 when the frame begins just after it."""
    if position >= len(hashes):
        if known.hash_at(header.epoch, header.first_seq + len(hashes) - 1) == hashes[-1]:
            return Redelivered()
    elif position >= 0:
        if hashes[position] == head.hash:
            return _after(position + 1, hashes)
    elif position == -1 and header.first_prev == head.hash:
        return Ready(0)
    return _branch(header, hashes, head, known)


def _begin(header: FrameHeader, known: Known) -> Standing:
    """The log holds no main branch of this epoch."""
    if header.first_seq == 1 and known.may_begin_after(header.first_prev):
        return Ready(0)
    return Waiting(header.first_seq - 1, header.first_prev)


def _branch(header: FrameHeader, hashes: Sequence[LeafHash], head: Head, known: Known) -> Standing:
    """The frame does not simply continue the head: it parts from the main branch, or its predecessor is missing."""
    first = _first_off_main(header, hashes, head, known)
    if first == 0 and not _is_rooted(header, head, known):
        return Waiting(header.first_seq - 1, header.first_prev)
    while first < len(hashes) and known.is_branch(hashes[first]):
        first += 1
    if first == len(hashes):
        return Redelivered()
    return Fork(Dot(header.device, header.epoch, header.first_seq + first), first)


def _first_off_main(header: FrameHeader, hashes: Sequence[LeafHash], head: Head, known: Known) -> int:
    """Return how many ops of the frame, from its first, are on the main branch."""
    for number, digest in enumerate(hashes):
        seq = header.first_seq + number
        if seq > head.seq or known.hash_at(header.epoch, seq) != digest:
            return number
    return len(hashes)


def _is_rooted(header: FrameHeader, head: Head, known: Known) -> bool:
    """Whether the log holds the op before the frame's first, on either branch."""
    if known.is_branch(header.first_prev):
        return True
    if header.first_seq == 1:
        return known.may_begin_after(header.first_prev)
    return (
        header.first_seq <= head.seq
        and known.hash_at(header.epoch, header.first_seq - 1) == header.first_prev
    )


def _after(first: int, hashes: Sequence[LeafHash]) -> Standing:
    return Redelivered() if first == len(hashes) else Ready(first)
