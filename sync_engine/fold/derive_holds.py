"""Rows of holds, and what excursions expose (fold.md §3)."""

from collections.abc import Iterator, Mapping

from domain import kinds
from domain.lowering import is_physical
from sync_engine.fold.entries import EMPTY
from sync_engine.fold.holds import Held, HoldCause, exposed_lots, follow, steps_of
from sync_engine.fold.rows import Rows
from sync_engine.fold.state import State, lot_key
from sync_engine.fold.stock import StockGroup


def derive_excursions(state: State) -> None:
    """Derive which lots each touched excursion exposes."""
    dirty, state.dirty_excursions = list(state.dirty_excursions), {}
    for index in dirty:
        _expose(state, index)


def _expose(state: State, index: int) -> None:
    causes = {(cause.item, cause.lot): cause for cause in _exposures(state, index)}
    for key in state.exposed.get(index, set()) | causes.keys():
        state.causes.setdefault(key, {}).pop(index, None)
        state.dirty_lots[key] = None
    for key, cause in causes.items():
        state.causes[key][index] = cause
    state.exposed[index] = set(causes)
    state.dirty_ops[index] = None


def _exposures(state: State, index: int) -> Iterator[HoldCause]:
    """An excursion holds the lots that the place held meanwhile; a later version of it stands instead of it."""
    noted = state.noted.get(index)
    if noted is None or state.names_of(noted.origin.hash, kinds.Hold):
        return
    body = noted.body
    if not isinstance(body, kinds.Hold) or body.interval is None or body.place is None:
        return
    start, until = body.interval
    for item in state.items_at.get(body.place, ()):
        if state.attribute("item", item, "returnable") is True:
            continue
        for lot in exposed_lots(state.groups[item][body.place], start, until):
            yield HoldCause(noted.origin, item, lot, body.place, body.state, body.reason, start, until)


def causes_of(state: State, item: str, lot: str) -> list[HoldCause]:
    """Return all that holds a lot or held it until it was released; what holds the item holds the lots in stock."""
    causes = list(state.causes.get((item, lot), {}).values())
    if lot and any(lot in group.balances for group in state.groups.get(item, {}).values()):
        causes.extend(cause for cause in state.causes.get((item, ""), {}).values() if cause.of_item)
    return causes


def was_free(state: State, item: str, lot: str, place: str, o: int) -> bool:
    """Whether nothing held the lot at the place at an instant, as we know today."""
    reached = state.reached.get((item, lot), frozenset())
    for cause in causes_of(state, item, lot):
        covers = cause.place is None or (cause.origin.index, place) in reached
        releases = state.names_of(cause.origin.hash, kinds.Release)
        if covers and cause.start <= o and all(state.noted[index].origin.o > o for index in releases):
            return False
    return True


def derive_lot(state: State, rows: Rows, item: str, lot: str) -> None:
    """Derive where a lot is held, and its row."""
    groups = state.groups.get(item, {})
    held: list[Held] = []
    reached: set[tuple[int, str]] = set()
    causes = causes_of(state, item, lot)
    steps = steps_of(lot, groups) if any(cause.place is not None for cause in causes) else []
    for cause in causes:
        source = cause.origin.index
        is_released = bool(state.names_of(cause.origin.hash, kinds.Release))
        if cause.place is None:
            found: tuple[Held, ...] = (Held(None, cause.state, cause.reason, source, cause.start),)
        else:
            followed = follow(cause, lot, groups, steps)
            found = followed.held
            reached.update((source, place) for place in followed.reached)
        if not is_released:
            held.extend(found)
    held.sort(key=lambda h: (h.place or "", h.source))
    before = state.held.get((item, lot), [])
    known = state.reached.get((item, lot), frozenset())
    state.held[item, lot] = held
    state.reached[item, lot] = frozenset(reached)
    _mark_findings(state, item, lot, {h.source for h in (*before, *held)} | {s for s, _ in known | reached})
    rows.put("org", "hold", lot_key(item, lot), _row(item, lot, held, groups))


def _mark_findings(state: State, item: str, lot: str, sources: set[int]) -> None:
    for index in (*state.refusals.get(lot_key(item, lot), ()), *sources):
        state.dirty_ops[index] = None


def _row(item: str, lot: str, held: list[Held], groups: Mapping[str, StockGroup]) -> list[object] | None:
    if not held:
        return None
    shown: list[object] = []
    for h in held:
        places = [h.place] if h.place is not None else [place for place in groups if is_physical(place)]
        standing = [groups[place].balances.get(lot, EMPTY) for place in places if place in groups]
        q, w = sum(b.q for b in standing), sum(b.w for b in standing)
        shown.append([h.place, h.state, h.reason, h.source, q, w])
    return [item, lot, shown]
