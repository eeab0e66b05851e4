"""Counts that nobody can be sure of: a movement happened about then, and neither side knew the other (fold.md §2)."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from domain.lowering import RESIDUAL_LOT
from sync_engine.fold.entries import CLOSE, MOVE, Entry
from sync_engine.fold.origin import are_concurrent
from sync_engine.fold.stock import StockGroup


class Contest(NamedTuple):
    """The movements (indexes) that put a count in doubt, and the later count that settled it, if any did."""

    by: tuple[int, ...]
    settled_by: int | None


def contests(group: StockGroup) -> dict[tuple[int, str], Contest]:
    """Return (count index, lot) → what contests it. A later uncontested count of the same lot settles it."""
    if not group.counts:
        return {}
    doubts: dict[int, dict[str, set[int]]] = {}
    for count in group.counts:
        for lot, move in _doubtful(group, count):
            doubts.setdefault(count.leaf, {}).setdefault(lot, set()).add(move)
    found: dict[tuple[int, str], Contest] = {}
    settled: dict[str, int] = {}
    for count in reversed(group.counts):
        own = doubts.get(count.leaf, {})
        for lot, moves in own.items():
            key = (count.leaf, lot)
            if key not in found:
                found[key] = Contest(tuple(sorted(moves)), settled.get(lot))
        for lot in _lots_of(group, count):
            if lot not in own:
                settled[lot] = count.leaf
    return found


def _lots_of(group: StockGroup, count: Entry) -> Iterator[str]:
    if count.what == CLOSE:
        yield from (lot for lot in group.balances if lot not in count.listed)
    else:
        yield RESIDUAL_LOT if count.lot is None else count.lot


def _doubtful(group: StockGroup, count: Entry) -> Iterator[tuple[str, int]]:
    """Yield (lot, movement) for every movement that puts the count in doubt."""
    start = count.first_o if count.what == CLOSE else count.o
    lo, hi = start - count.origin.err, count.o + count.origin.err
    for move in _moves_between(group, lo - group.longest_err, hi + group.longest_err):
        overlaps = move.o + move.origin.err >= lo and move.o - move.origin.err <= hi
        if overlaps and _matters(count, move) and are_concurrent(count.origin, move.origin):
            yield _lot(count, move), move.leaf
    for move in group.late_claims:
        # A claim that spans the count puts it in doubt whatever its author had seen: the work was done before.
        claimed = move.origin.claimed_from
        if claimed is not None and claimed <= count.o <= move.origin.t and _matters(count, move):
            yield _lot(count, move), move.leaf


def _moves_between(group: StockGroup, o_min: int, o_max: int) -> Iterator[Entry]:
    entries = group.entries
    for at in range(bisect_left(entries, (o_min,)), len(entries)):
        entry = entries[at]
        if entry.o > o_max:
            return
        if entry.what == MOVE:
            yield entry


def _matters(count: Entry, move: Entry) -> bool:
    if count.what == CLOSE:
        # A listed lot has a line of its own, which says when it was looked at: only what counts zero has the span.
        same = (move.lot or "") not in count.listed
    else:
        same = count.lot is None or count.lot == (move.lot or "")
    return same and bool(move.q or move.w)


def _lot(count: Entry, move: Entry) -> str:
    if count.what == CLOSE:
        return move.lot or ""
    return RESIDUAL_LOT if count.lot is None else count.lot
