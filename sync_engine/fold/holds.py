"""Holds: which quantities nobody may use, and how a hold follows the goods (fold.md §3)."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from domain.lowering import is_physical
from sync_engine.fold.entries import EMPTY, MOVE, Balance, Entry
from sync_engine.fold.origin import Origin
from sync_engine.fold.stock import StockGroup

STATES: Final[Mapping[str, int]] = {"inspect": 1, "hold": 2, "reject": 3, "recall": 4}
"""The lattice: the most restrictive stands."""


class HoldCause(NamedTuple):
    """Why goods are held: a `hold` or `recall`, a harvest inside the interval, or an excursion at a place.

    `place` None covers the lot everywhere; `start` is the instant from which it counts, `until` the end of an
    excursion (None: a hold).
    """

    origin: Origin
    item: str
    lot: str
    place: str | None
    state: str
    reason: str
    start: int
    until: int | None = None
    of_item: bool = False
    """Stated of the item as a whole: it holds every lot of it."""


class Held(NamedTuple):
    """One place where the lot is held, or every place (None)."""

    place: str | None
    state: str
    reason: str
    source: int
    start: int


def strictest(held: Iterable[Held]) -> str | None:
    """Return the most restrictive state, None when nothing is held."""
    return max((h.state for h in held), key=STATES.__getitem__, default=None)


def exposed_lots(group: StockGroup, start: int, until: int) -> list[str]:
    """Return the lots of which the place held more than nothing at some instant of [start, until]."""
    return sorted(lot for lot in group.balances if _stood(group, lot, start, until))


def _stood(group: StockGroup, lot: str, start: int, until: int) -> bool:
    standing = EMPTY
    for entry, _before, after in group.history(lot):
        if entry.o > until:
            break
        if entry.o > start and (_is_some(standing) or _is_some(after)):
            return True
        standing = after
    return _is_some(standing)


Step = tuple[Entry, Balance, str]
"""An effect, the lot's balance after it, and where."""


class Followed(NamedTuple):
    """Where a hold bound to one place stands now, and every place that it ever reached."""

    held: tuple[Held, ...]
    reached: frozenset[str]


def follow(cause: HoldCause, lot: str, groups: Mapping[str, StockGroup], steps: Sequence[Step]) -> Followed:
    """Return where the lot is held because of a cause bound to one place.

    `groups` are the stock groups of the item by place, `steps` what `steps_of` tells of the lot. Goods that leave a
    held place after the hold began are held where they arrive; a place that runs empty is free again.
    """
    assert cause.place is not None
    started = {cause.place: cause.start}
    reached = {cause.place}
    for at in range(bisect_left(steps, cause.start, key=lambda step: step[0].o), len(steps)):
        entry, after, place = steps[at]
        if place not in started or entry.o < started[place]:
            continue
        if entry.what == MOVE and ((entry.q or 0) < 0 or (entry.w or 0) < 0) and is_physical(entry.other):
            started.setdefault(entry.other, entry.o)
            reached.add(entry.other)
        still_exposing = place == cause.place and cause.until is not None and entry.o <= cause.until
        if not _is_some(after) and not still_exposing:
            del started[place]
    held = tuple(
        Held(place, cause.state, cause.reason, cause.origin.index, start)
        for place, start in sorted(started.items())
        if place in groups and (groups[place].balances.get(lot, EMPTY))[:2] != (0, 0)
    )
    return Followed(held, frozenset(reached))


def steps_of(lot: str, groups: Mapping[str, StockGroup]) -> list[Step]:
    """Return what changed the lot's balance at physical places, in effective order."""
    steps = [
        (entry, after, place)
        for place, group in groups.items()
        if is_physical(place) and lot in group.balances
        for entry, _before, after in group.history(lot)
    ]
    return sorted(steps, key=lambda step: step[0][:3])


def _is_some(balance: Balance) -> bool:
    return balance.q > 0 or balance.w > 0
