"""Where an effect comes from: the op's order in time, its interval, and what it had seen (fold.md §1)."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct

from domain.kinds import Body
from sync_engine.logged import Logged

NONE_SEEN: Final[frozenset[bytes]] = frozenset()


class Origin(Struct, frozen=True, gc=False):
    """What the effects of one op share. `o` ± `err` is its order time; `claimed_from` the start of a late claim."""

    index: int
    o: int
    t: int
    err: int
    device: bytes
    epoch: int
    seq: int
    seen: int
    names: Collection[bytes]
    hash: bytes
    claimed_from: int | None = None

    @property
    def order(self) -> tuple[int, int]:
        """Where the op stands among all: by time, then by its place in the log."""
        return self.o, self.index


def origin_of(logged: Logged, body: Body, seen: int | None = None) -> Origin:
    """Return the origin of an op at its effective time; a late record orders at the middle of its claim.

    A claim that ends before it begins claims nothing. `seen` is how much of this log it had seen, where that is not
    what it says: a checkpoint of an end that was lost.
    """
    op, t, claim = logged.op, logged.t, body.occurred
    names: Collection[bytes] = NONE_SEEN
    if body.names:
        names = tuple([name for name in body.names if isinstance(name, bytes)])
    o, err, start = t, logged.err, None
    if claim is not None and claim[0] <= claim[1]:
        start, end, _source = claim
        o = min(t, (start + end) // 2)
        err = -((start - end) // 2)
    had_seen = op.seen[0] if seen is None else seen
    return Origin(logged.index, o, t, err, op.device, op.epoch, op.seq, had_seen, names, logged.hash, start)


def has_seen(later: Origin, earlier: Origin) -> bool:
    """Whether `later` was recorded knowing `earlier`: by its checkpoint, by its own chain, or by naming it."""
    return (
        earlier.index < later.seen
        or (earlier.device == later.device and earlier.index < later.index)
        or earlier.hash in later.names
    )


def are_concurrent(one: Origin, other: Origin) -> bool:
    """Whether neither op was recorded knowing the other."""
    return not has_seen(one, other) and not has_seen(other, one)
