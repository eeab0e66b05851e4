"""What an op had seen of the log: a checkpoint of it, or one of an end that a restored server lost. Pure.

A log that was restored from a backup goes on under a new origin, and its second `genesis` declares what was lost:
heads above `kept`, up to the last one that was signed. Who had seen one of these had seen all that was kept.
"""

from typing import NamedTuple

from domain import kinds
from domain.kinds import parse_body
from domain.ops import NOTHING_SEEN, Op
from sync_engine.logged import ACCEPTED, Logged


class LostTail(NamedTuple):
    """Leaves `kept` … `size` − 1 of an earlier origin: signed once, and declared lost."""

    kept: int
    size: int


class Sight:
    """The checkpoints of a log, as its own server ops name them, and the tails that it declares lost."""

    def __init__(self, server_device: bytes = b"") -> None:
        self.server_device = server_device
        self._roots: dict[int, bytes] = dict([NOTHING_SEEN])
        self._lost: list[LostTail] = []

    @property
    def lost(self) -> tuple[LostTail, ...]:
        """What was declared lost, in order of the log."""
        return tuple(self._lost)

    def checkpoint(self, seen: tuple[int, bytes]) -> None:
        """Note a checkpoint of this log: what ops may truly claim to have seen."""
        self._roots[seen[0]] = seen[1]

    def note(self, entry: Logged) -> None:
        """Take in an op of the log: the server's own name the checkpoints, and a later genesis what was lost."""
        op = entry.op
        if op.device != self.server_device:
            return
        self.checkpoint(op.seen)
        if op.kind == kinds.Genesis.kind and entry.index and entry.verdict == ACCEPTED:
            body = parse_body(op.kind, op.body)
            if isinstance(body, kinds.Genesis) and body.follows is not None:
                _origin, size, _root, kept = body.follows
                self._lost.append(LostTail(kept, size))

    def counted(self, seen: tuple[int, bytes]) -> int | None:
        """Return how much of this log an op had seen, by its claim; None when no log ever had that checkpoint.

        What lies in a lost tail cannot be checked any more: such a claim counts as that of what was kept, which is
        less than it says, so a false one gains nothing.
        """
        size, root = seen
        if self._roots.get(size) == root:
            return size
        return next((tail.kept for tail in self._lost if tail.kept < size <= tail.size), None)

    def seen_of(self, op: Op) -> int:
        """Return `counted` of an op whose claim stands, or was made to stand by a manager."""
        if not self._lost:
            return op.seen[0]
        counted = self.counted(op.seen)
        return op.seen[0] if counted is None else counted
