"""The stock of one item at one place: movements, counts and what follows from them (fold.md §2).

A group keeps its entries in effective order and one running balance per lot. An entry that comes last only steps the
balance; one that comes earlier, or a removed one, walks the group anew: so every order of arrival ends alike.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from domain.lowering import RESIDUAL_LOT, SHRINKAGE, VARIANCE
from sync_engine.fold.origin import Origin, are_concurrent

MOVE: Final = 0
COUNT: Final = 1
CLOSE: Final = 2
FINISH: Final = 3
CLOSE_LINE: Final = 2**40
"""A complete count closes after all of its lines."""

OrderKey = tuple[int, int, int]


class Entry(NamedTuple):
    """One effect on the group. For a count `q` and `w` are what was seen, None if not measured.

    `other` is the counter place of a movement; `listed` the lots that a complete count had lines for, and `first_o`
    the instant of its first line.
    """

    o: int
    leaf: int
    line: int
    what: int
    lot: str | None
    q: int | None
    w: int | None
    estimated: bool
    origin: Origin
    other: str = ""
    picked: bool = False
    listed: frozenset[str] = frozenset()
    first_o: int = 0


class Balance(NamedTuple):
    """What stands at one key: base unit, grams, whether any of it is estimated, and the order of its last count."""

    q: int = 0
    w: int = 0
    estimated: bool = False
    base: OrderKey | None = None


class Variance(NamedTuple):
    """What one count found at one key, and why: `late` are movements before it that were uploaded after it."""

    counted_by: Origin
    line: int
    lot: str
    o: int
    expected_q: int
    expected_w: int
    counted_q: int
    counted_w: int
    dq: int
    dw: int
    late: tuple[tuple[int, int, int], ...]


class Pick(NamedTuple):
    """A lot that somebody chose here, and the lots that stood beside it."""

    leaf: int
    line: int
    lot: str
    o: int
    beside: tuple[str, ...]


EMPTY: Final = Balance()


def round_half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded half up (towards +∞), exactly."""
    return (2 * numerator + denominator) // (2 * denominator)


def in_proportion(other: int, counted: int, expected: int) -> int:
    """Return the measure that was not counted, moved with the one that was; zero is zero in both."""
    if counted == 0:
        return 0
    if expected <= 0:
        return other
    return round_half_up(other * counted, expected)


class StockGroup:
    """All that happened to one item at one place."""

    __slots__ = (
        "_longest_err", "_since_base", "balances", "counts", "dirty_lots", "entries", "item", "late_claims", "picks", "place",
        "posts", "variances",
    )  # fmt: skip

    def __init__(self, item: str, place: str) -> None:
        self.item = item
        self.place = place
        self.entries: list[Entry] = []
        self.balances: dict[str, Balance] = {}
        self.counts: list[Entry] = []
        self.late_claims: list[Entry] = []
        self.variances: list[Variance] = []
        self.picks: list[Pick] = []
        self.posts: dict[tuple[str, str], tuple[int, int]] = {}
        """(lot, virtual place) → what this group put there by counting and finishing."""
        self.dirty_lots: set[str] = set()
        self._since_base: dict[str, list[Entry]] = {}
        self._longest_err = 0

    def put(self, entry: Entry) -> None:
        """Add one effect; any order of calls ends in the same state."""
        entries = self.entries
        self._longest_err = max(self._longest_err, entry.origin.err)
        if entry.what == MOVE and entry.origin.claimed_from is not None:
            self.late_claims.append(entry)
        if not entries or entry > entries[-1]:
            entries.append(entry)
            self._step(entry)
        else:
            insort(entries, entry)
            self._walk()

    def put_many(self, added: Sequence[Entry]) -> None:
        """Add several effects at the cost of one walk."""
        for entry in added[:-1]:
            insort(self.entries, entry)
            self._longest_err = max(self._longest_err, entry.origin.err)
            if entry.what == MOVE and entry.origin.claimed_from is not None:
                self.late_claims.append(entry)
        if len(added) > 1:
            self._walk()
        if added:
            self.put(added[-1])

    def remove(self, index: int) -> None:
        """Take out every effect of op `index`."""
        kept = [entry for entry in self.entries if entry.leaf != index]
        if len(kept) != len(self.entries):
            self.entries = kept
            self.late_claims = [entry for entry in self.late_claims if entry.leaf != index]
            self._walk()

    def as_of(self, o_max: int | None, index_max: int | None = None) -> "StockGroup":
        """Return the group after everything up to instant `o_max`, as far as ops below `index_max` tell."""
        past = StockGroup(self.item, self.place)
        for entry in self.entries:
            if (o_max is None or entry.o <= o_max) and (index_max is None or entry.leaf < index_max):
                past.entries.append(entry)
                past._step(entry)
        return past

    # --- the walk ----------------------------------------------------------------------------------------------

    def _walk(self) -> None:
        before = self.balances
        self.balances, self.counts, self.variances, self.picks = {}, [], [], []
        self.posts, self._since_base = {}, {}
        marked = self.dirty_lots
        self.dirty_lots = set()
        for entry in self.entries:
            self._step(entry)
        self.dirty_lots = marked
        after = self.balances
        self.dirty_lots.update(lot for lot in {*before, *after} if before.get(lot) != after.get(lot))

    def _step(self, entry: Entry) -> None:
        what = entry.what
        if what == MOVE:
            self._move(entry)
        elif what == COUNT:
            self.counts.append(entry)
            if entry.lot is None:
                self._count_item(entry)
            else:
                self._count_lot(entry, entry.lot, entry.q, entry.w)
        elif what == CLOSE:
            self.counts.append(entry)
            for lot in sorted(self.balances):
                balance = self.balances[lot]
                if lot not in entry.listed and (balance.q or balance.w):
                    self._count_lot(entry, lot, 0, 0)
        else:
            self._finish(entry, entry.lot or "")

    def _move(self, entry: Entry) -> None:
        lot = entry.lot or ""
        q, w, estimated, base = self.balances.get(lot, EMPTY)
        if entry.picked:
            beside = tuple(
                other for other, held in self.balances.items() if other != lot and (held.q > 0 or held.w > 0)
            )
            self.picks.append(Pick(entry.leaf, entry.line, lot, entry.o, beside))
        q += entry.q or 0
        w += entry.w or 0
        self.balances[lot] = Balance(q, w, (estimated or entry.estimated) and (q != 0 or w != 0), base)
        self._since_base.setdefault(lot, []).append(entry)
        self.dirty_lots.add(lot)

    def _count_lot(self, entry: Entry, lot: str, q: int | None, w: int | None) -> None:
        expected = self.balances.get(lot, EMPTY)
        counted_q, counted_w, estimated = _counted(expected, q, w)
        dq, dw = counted_q - expected.q, counted_w - expected.w
        base = (entry.o, entry.leaf, entry.line)
        self.balances[lot] = Balance(counted_q, counted_w, estimated, base)
        self._post(lot, VARIANCE, -dq, -dw)
        absorbed_q, absorbed_w = self._absorb(lot, dq, dw)
        self._found(entry, lot, expected, counted_q, counted_w, dq - absorbed_q, dw - absorbed_w)

    def _count_item(self, entry: Entry) -> None:
        """A line without lot: the difference over all lots stands at the residual lot."""
        total = Balance(sum(b.q for b in self.balances.values()), sum(b.w for b in self.balances.values()))
        counted_q, counted_w, estimated = _counted(total, entry.q, entry.w)
        dq, dw = counted_q - total.q, counted_w - total.w
        residual = self.balances.get(RESIDUAL_LOT, EMPTY)
        base = (entry.o, entry.leaf, entry.line)
        self.balances[RESIDUAL_LOT] = Balance(residual.q + dq, residual.w + dw, estimated, base)
        self._post(RESIDUAL_LOT, VARIANCE, -dq, -dw)
        self._found(entry, RESIDUAL_LOT, total, counted_q, counted_w, dq, dw)

    def _absorb(self, lot: str, dq: int, dw: int) -> tuple[int, int]:
        """A count by lot first takes what an earlier count without lots left at the residual lot."""
        residual = self.balances.get(RESIDUAL_LOT)
        if residual is None or lot == RESIDUAL_LOT:
            return 0, 0
        q, w = _same_sign(residual.q, dq), _same_sign(residual.w, dw)
        if q or w:
            self.balances[RESIDUAL_LOT] = residual._replace(q=residual.q - q, w=residual.w - w)
            self.dirty_lots.add(RESIDUAL_LOT)
            self._post(RESIDUAL_LOT, VARIANCE, q, w)
        return q, w

    def _found(
        self, entry: Entry, lot: str, expected: Balance, counted_q: int, counted_w: int, dq: int, dw: int
    ) -> None:
        since = (
            [moved for moves in self._since_base.values() for moved in moves]
            if lot == RESIDUAL_LOT
            else self._since_base.get(lot, ())
        )
        late = tuple((m.leaf, m.q or 0, m.w or 0) for m in since if m.leaf > entry.leaf) if dq or dw else ()
        self.variances.append(
            Variance(
                entry.origin,
                entry.line,
                lot,
                entry.o,
                expected.q,
                expected.w,
                counted_q,
                counted_w,
                dq,
                dw,
                tuple(sorted(late)),
            )  # fmt: skip
        )
        self._since_base[lot] = []
        self.dirty_lots.add(lot)

    def _finish(self, entry: Entry, lot: str) -> None:
        residue = self.balances.get(lot, EMPTY)
        self.balances[lot] = Balance(base=(entry.o, entry.leaf, entry.line))
        self._post(lot, SHRINKAGE, residue.q, residue.w)
        self._since_base[lot] = []
        self.dirty_lots.add(lot)

    def _post(self, lot: str, place: str, q: int, w: int) -> None:
        if q or w:
            held_q, held_w = self.posts.get((lot, place), (0, 0))
            self.posts[lot, place] = (held_q + q, held_w + w)

    # --- contested counts --------------------------------------------------------------------------------------

    def contests(self) -> dict[tuple[int, str], tuple[int, ...]]:
        """Return (count index, lot) → indexes of the movements that contest it, for counts still in doubt.

        A count is no longer in doubt once a later count of the same lot is uncontested.
        """
        doubts: dict[tuple[int, str], tuple[int, ...]] = {}
        settled: set[str] = set()
        for count in reversed(self.counts):
            doubtful = self._contested(count)
            for lot, indexes in doubtful.items():
                if lot not in settled:
                    doubts[count.leaf, lot] = tuple(sorted(indexes))
            if count.lot is not None and count.lot not in doubtful:
                settled.add(count.lot)
        return doubts

    def _contested(self, count: Entry) -> dict[str, set[int]]:
        start = count.first_o if count.what == CLOSE else count.o
        lo, hi = start - count.origin.err, count.o + count.origin.err
        doubtful: dict[str, set[int]] = {}
        for move in self._moves_between(lo - self._longest_err, hi + self._longest_err):
            if move.o + move.origin.err >= lo and move.o - move.origin.err <= hi:
                self._doubt(count, move, doubtful)
        for move in self.late_claims:
            claimed = move.origin.claimed_from
            assert claimed is not None
            if claimed <= count.o <= move.origin.t:
                self._doubt(count, move, doubtful, knowing=True)
        return doubtful

    def _moves_between(self, o_min: int, o_max: int) -> Iterable[Entry]:
        at = bisect_left(self.entries, o_min, key=_instant)
        while at < len(self.entries) and self.entries[at].o <= o_max:
            if self.entries[at].what == MOVE:
                yield self.entries[at]
            at += 1

    def _doubt(
        self, count: Entry, move: Entry, doubtful: dict[str, set[int]], *, knowing: bool = False
    ) -> None:
        """`knowing`: a late claim crosses the count, which is in doubt whatever its author had seen."""
        matters = count.what == CLOSE or count.lot is None or count.lot == (move.lot or "")
        if matters and (move.q or move.w) and (knowing or are_concurrent(count.origin, move.origin)):
            lot = (
                (move.lot or "") if count.what == CLOSE else RESIDUAL_LOT if count.lot is None else count.lot
            )
            doubtful.setdefault(lot, set()).add(move.leaf)


def _instant(entry: Entry) -> int:
    return entry.o


def _same_sign(residual: int, difference: int) -> int:
    """The part of a difference that the residual already told of."""
    if residual < 0 and difference < 0:
        return max(residual, difference)
    return min(residual, difference) if residual > 0 and difference > 0 else 0


def _counted(expected: Balance, q: int | None, w: int | None) -> tuple[int, int, bool]:
    """What stands after a count: a measure that was not counted moves in proportion, and is an estimate then."""
    if q is not None and w is not None:
        return q, w, False
    if q is not None:
        moved = in_proportion(expected.w, q, expected.q)
        return q, moved, moved != 0 and (expected.estimated or moved != expected.w)
    if w is not None:
        moved = in_proportion(expected.q, w, expected.w)
        return moved, w, moved != 0
    return expected.q, expected.w, expected.estimated
