"""Balances by the plainest means: a slow second opinion on the fold, for the keys that plain rules settle (DESIGN §5).

It knows movements, voids and counts by lot. A group that a complete count, a count without lot, a finish or a residue
has touched is left to the fold's own laws.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from api.simulation.found import Entry
from domain import kinds
from domain.lowering import is_physical, lower
from domain.ops import named_hashes, occurred
from sync_engine.logged import ACCEPTED

Key = tuple[str, str, str]
"""Item, lot, place."""
Order = tuple[int, int, int]
_COUNTED: Final = 1
_MOVED: Final = 0


def balances(entries: Sequence[Entry]) -> tuple[dict[Key, int], set[tuple[str, str]]]:
    """Return pieces by key at physical places, and the groups (item, place) of which this knows nothing."""
    voided = {
        digest
        for entry in entries
        if entry.op.kind == "void" and entry.stored.verdict == ACCEPTED
        for digest in named_hashes(entry.op)[:1]
    }
    effects: dict[Key, list[tuple[Order, int, int]]] = {}
    beyond: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.body is None or entry.stored.verdict != ACCEPTED or entry.stored.hash in voided:
            continue
        for key, order, what, qty in _effects(entry, beyond):
            effects.setdefault(key, []).append((order, what, qty))
    found: dict[Key, int] = {}
    for key, happened in effects.items():
        q = 0
        for _, what, qty in sorted(happened):
            q = qty if what == _COUNTED else q + qty
        found[key] = q
    return found, beyond


def _effects(entry: Entry, beyond: set[tuple[str, str]]) -> Iterator[tuple[Key, Order, int, int]]:
    assert entry.body is not None
    o = order_time(entry)
    lowered = lower(entry.body)
    for movement in lowered.movements:
        for place, sign in ((movement.from_place, -1), (movement.to_place, 1)):
            if is_physical(place):
                yield (
                    (movement.item, movement.lot, place),
                    (o, entry.leaf, movement.line),
                    _MOVED,
                    sign * movement.qty,
                )
    if lowered.residue is not None:
        beyond.add((lowered.residue.item, lowered.residue.place))
    seen = lowered.observation
    if seen is None:
        return
    if seen.complete:
        beyond.update((item, seen.place) for item in seen.items or ())
    for number, line in enumerate(seen.lines):
        if line.lot is None or line.qty is None or seen.complete:
            beyond.add((line.item, seen.place))
        else:
            yield (
                (line.item, line.lot, seen.place),
                (o - line.before_ms, entry.leaf, number),
                _COUNTED,
                line.qty,
            )


def order_time(entry: Entry) -> int:
    """Return where an op stands in time (fold.md §1): its t, or the middle of what it claims, never after t."""
    claim = occurred(entry.op)
    t = entry.stored.t
    return t if claim is None or claim[0] > claim[1] else min(t, (claim[0] + claim[1]) // 2)


def is_count(entry: Entry) -> bool:
    """Whether it observes stock."""
    return isinstance(entry.body, kinds.Count)
