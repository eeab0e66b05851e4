"""Where an effect comes from: the op's order in time, its interval, and what it had seen (fold.md §1)."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct

from domain.ops import named_hashes, occurred
from sync_engine.logged import Logged

NONE_SEEN: Final[frozenset[bytes]] = frozenset()


class Origin(Struct, frozen=True):
    """What the effects of one op share. `o` ± `err` is its order time; `claimed_from` the start of a late claim."""

    index: int
    o: int
    t: int
    err: int
    device: bytes
    seen: int
    names: Collection[bytes]
    hash: bytes
    claimed_from: int | None = None


def origin_of(logged: Logged) -> Origin:
    """Return the origin of an op at its effective time; a late record orders at the middle of its claim."""
    op = logged.op
    claim = occurred(op)
    names = named_hashes(op) or NONE_SEEN
    if claim is None:
        return Origin(logged.index, logged.t, logged.t, logged.err, op.device, op.seen[0], names, logged.hash)
    start, end, _source = claim
    middle = min(logged.t, (start + end) // 2)
    err = -((start - end) // 2)
    return Origin(logged.index, middle, logged.t, err, op.device, op.seen[0], names, logged.hash, start)


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
