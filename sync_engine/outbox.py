"""What a device keeps of one of its epochs: every op that it may still be asked for, in order of seq."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from domain.canonical import INT_MAX
from domain.ops import LeafHash, Op
from sync_engine.frame import FRAME_BYTES_MAX

FRAME_OPS: Final = 500
_HEADER_BYTES: Final = 1024
_OP_SHARE_BYTES: Final = 8
"""What an op costs in a frame beyond its own bytes, at worst: its share of a seal and of run lengths."""
_VALUE_BYTES: Final = 32


@dataclass
class Recorded:
    """An op of this device with its bytes and its hash."""

    op: Op
    data: bytes
    hash: LeafHash
    values: tuple[tuple[bytes, bytes], ...] = ()
    """(salt, value) of its erasable digests, in order."""
    settled: bool = False
    """Its verdict is in the rows: it has left the overlay."""


@dataclass
class EpochOutbox:
    """The ops of one epoch from `first_seq` on, and how far the server has them."""

    first_seq: int = 1
    entries: list[Recorded] = field(default_factory=list)
    acked_to: int = 0
    forked: bool = False
    """The log holds another branch of this epoch: what is left goes up all the same, and no head will match it."""

    @property
    def last_seq(self) -> int:
        """The seq of the last op recorded."""
        return self.first_seq + len(self.entries) - 1

    @property
    def unsent(self) -> Sequence[Recorded]:
        """Ops that the server is not known to have."""
        return self.entries[max(0, self.acked_to + 1 - self.first_seq) :]

    def at(self, seq: int) -> Recorded | None:
        """The op with this seq, if it is still kept."""
        return self.entries[seq - self.first_seq] if self.first_seq <= seq <= self.last_seq else None

    def settle(self, first_seq: int, last_seq: int) -> None:
        """Take the ops of a range out of the overlay."""
        first = max(first_seq, self.first_seq)
        for entry in self.entries[first - self.first_seq : max(0, last_seq - self.first_seq + 1)]:
            entry.settled = True

    def unsettle(self) -> None:
        """Take all into the overlay again: a cut says anew what has a verdict."""
        for entry in self.entries:
            entry.settled = False

    def forget_settled(self, covered_to: int) -> None:
        """Let go of the settled ops at the beginning that a confirmed backup holds, up to a seq.

        The last op of all is kept, to which the log's head is compared; and all of a forked epoch.
        """
        gone = 0
        while (
            not self.forked
            and gone < len(self.entries) - 1
            and self.entries[gone].settled
            and self.first_seq + gone <= min(covered_to, self.acked_to)
        ):
            gone += 1
        del self.entries[:gone]
        self.first_seq += gone

    def copy(self) -> "EpochOutbox":
        """An independent copy."""
        return replace(self, entries=[replace(entry) for entry in self.entries])


def stretches(entries: Sequence[Recorded], most: int = FRAME_OPS) -> Iterator[Sequence[Recorded]]:
    """Cut consecutive ops into stretches of at most `most` that each fit into one frame."""
    first, size = 0, _HEADER_BYTES
    for number, entry in enumerate(entries):
        cost = len(entry.data) + _OP_SHARE_BYTES + sum(len(value) + _VALUE_BYTES for _, value in entry.values)
        is_far = number > first and abs(entry.op.at - entries[number - 1].op.at) > INT_MAX
        if number > first and (number - first == most or size + cost > FRAME_BYTES_MAX or is_far):
            yield entries[first:number]
            first, size = number, _HEADER_BYTES
        size += cost
    if entries:
        yield entries[first:]
