"""Holds: which quantities nobody may use, and how a hold follows the goods (fold.md §3)."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from domain.lowering import is_physical
from sync_engine.fold.origin import Origin
from sync_engine.fold.stock import EMPTY, MOVE, StockGroup

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
    lots = {lot for lot, balance in group.as_of(start).balances.items() if balance.q > 0 or balance.w > 0}
    for entry in group.entries:
        if start < entry.o <= until and entry.what == MOVE and ((entry.q or 0) > 0 or (entry.w or 0) > 0):
            lots.add(entry.lot or "")
    return sorted(lots)


def follow(cause: HoldCause, lot: str, groups: Mapping[str, StockGroup]) -> list[Held]:
    """Return where the lot is held because of a cause bound to one place.

    `groups` are the stock groups of the item by place. Goods that leave a held place after the hold began are held
    where they arrive; a place that runs empty is free again.
    """
    assert cause.place is not None
    started = {cause.place: cause.start}
    moves = sorted(
        (entry, place)
        for place, group in groups.items()
        for entry in group.entries
        if entry.what == MOVE and (entry.lot or "") == lot and is_physical(place) and entry.o >= cause.start
    )
    running = _balances_before(cause.start, lot, groups)
    for entry, place in moves:
        q, w = running.get(place, (0, 0))
        q, w = q + (entry.q or 0), w + (entry.w or 0)
        running[place] = (q, w)
        outward = (entry.q or 0) < 0 or (entry.w or 0) < 0
        if outward and place in started and entry.o >= started[place]:
            if is_physical(entry.other):
                started.setdefault(entry.other, entry.o)
            if q <= 0 and w <= 0:
                del started[place]
    return [
        Held(place, cause.state, cause.reason, cause.origin.index, start)
        for place, start in sorted(started.items())
        if _stands(groups.get(place), lot)
    ]


def _stands(group: StockGroup | None, lot: str) -> bool:
    balance = EMPTY if group is None else group.balances.get(lot, EMPTY)
    return balance.q != 0 or balance.w != 0


def _balances_before(start: int, lot: str, groups: Mapping[str, StockGroup]) -> dict[str, tuple[int, int]]:
    before: dict[str, tuple[int, int]] = {}
    for place, group in groups.items():
        if is_physical(place):
            balance = group.as_of(start - 1).balances.get(lot, EMPTY)
            before[place] = (balance.q, balance.w)
    return before
