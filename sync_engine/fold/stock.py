"""The stock of one item at one place: movements, counts and what follows from them (fold.md §2).

A group keeps its entries in effective order and one running balance per lot. An entry that comes last only steps the
balance; one that comes earlier, or a removed one, is walked again from a mark before it: every order of arrival ends
alike. `settle` must be called before the balances are read.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.lowering import RESIDUAL_LOT, SHRINKAGE, VARIANCE
from sync_engine.fold.entries import (
    CLOSE,
    COUNT,
    EMPTY,
    MOVE,
    Balance,
    Entry,
    OrderKey,
    Pick,
    Variance,
    after_count,
)
from sync_engine.fold.findings import Finding

MARK_ENTRIES: Final = 64
"""A walk can begin at every so many entries: a late arrival costs that many steps, not the whole history."""

Posts = dict[tuple[str, str], tuple[int, int]]
"""(lot, virtual place) → what a group put there by counting and finishing."""

Change = tuple[Entry, Balance, Balance]
"""An effect, with the balance of a lot before and after it."""


class _Mark(NamedTuple):
    """The state of the walk before the entry at a position."""

    position: int
    balances: dict[str, Balance]
    posts: Posts
    items_counted: OrderKey | None
    counts: int
    variances: int
    picks: int


class StockGroup:
    """All that happened to one item at one place."""

    __slots__ = (
        "_beside", "_changes", "_flagged", "_items_counted", "_marks", "_next_mark", "_position", "_stale", "_turn",
        "balances", "counts", "dirty_lots", "entries", "item", "judged", "late_claims", "longest_err",
        "pick_findings", "picks", "place", "posts", "told_lots", "variances",
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
        self.judged = 0
        """How many of the picks were judged since anything that they depend on changed."""
        self.pick_findings: list[tuple[int, Finding]] = []
        """Number of the pick, and what was found about it."""
        self.told_lots: set[str] = set()
        """Lots about which something was found here once."""
        self.posts: Posts = {}
        self.dirty_lots: set[str] = set()
        self.longest_err = 0
        self._marks: list[_Mark] = []
        self._next_mark = MARK_ENTRIES
        self._position = 0
        self._stale = False
        self._flagged = False
        self._turn: OrderKey = (-(2**62), 0, 0)
        """The last effect that is not a movement: movements after it commute."""
        self._items_counted: OrderKey | None = None
        self._beside: dict[str, tuple[str, ...]] = {}
        """lot → the other lots of which something stands here; forgotten when a lot comes or goes."""
        self._changes: dict[str, list[Change]] | None = None
        """What `history` answers from, while the entries are what they were."""

    # --- in ----------------------------------------------------------------------------------------------------

    def put_move(self, entry: Entry) -> None:
        """Add a movement; any order of calls ends in the same state."""
        origin = entry.origin
        self._changes = None
        self.longest_err = max(self.longest_err, origin.err)
        if origin.claimed_from is not None:
            insort(self.late_claims, entry)
        if entry.estimated:
            self._flagged = True
        entries = self.entries
        if self._stale or (entries and entry < entries[-1]):
            self._insert(entry)
            return
        # By far the most frequent: it comes last and all before it was stepped.
        entries.append(entry)
        if self._position >= self._next_mark:
            self._mark()
        self._position += 1
        self._move(entry)

    def put(self, entry: Entry) -> None:
        """Add a count, its close or a finish; any order of calls ends in the same state."""
        self._changes = None
        self.longest_err = max(self.longest_err, entry.origin.err)
        self._turn = max(self._turn, entry[:3])
        self._insert(entry)

    def _insert(self, entry: Entry) -> None:
        entries = self.entries
        if not entries or entry > entries[-1]:
            entries.append(entry)
            if not self._stale:
                self._step(entry)
            return
        insort(entries, entry)
        if self._marks:
            self._forget_marks_after(entry)
        if not self._stale and self._commutes(entry):
            self._position += 1
            self._move(entry)
        else:
            self._stale = True

    def remove(self, index: int) -> None:
        """Take out every effect of op `index`."""
        first = next((entry for entry in self.entries if entry.leaf == index), None)
        if first is None:
            return
        self._changes = None
        self._forget_marks_after(first)
        self.entries = [entry for entry in self.entries if entry.leaf != index]
        self.late_claims = [entry for entry in self.late_claims if entry.leaf != index]
        self._stale = True

    def _commutes(self, entry: Entry) -> bool:
        """Whether stepping the entry last ends as if it had been stepped in its place."""
        if entry.what != MOVE or self._flagged or entry[:3] < self._turn:
            return False
        # Which lots stood beside a pick depends on the order, once there is more than one lot.
        return not (self.picks or entry.picked) or not self.balances.keys() - {entry.lot}

    def _forget_marks_after(self, entry: Entry) -> None:
        marks = self._marks
        if marks:
            position = bisect_left(self.entries, entry)
            while marks and marks[-1].position > position:
                marks.pop()
            self._next_mark = (marks[-1].position if marks else 0) + MARK_ENTRIES

    # --- the walk ----------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Bring balances, variances and picks up to date with the entries."""
        if not self._stale:
            return
        before, marked = self.balances, self.dirty_lots
        self._begin(self._marks[-1] if self._marks else None)
        for position in range(self._position, len(self.entries)):
            self._step(self.entries[position])
        after = self.balances
        self.dirty_lots = marked | {lot for lot in {*before, *after} if before.get(lot) != after.get(lot)}
        self._stale = False

    def _begin(self, mark: _Mark | None) -> None:
        mark = _Mark(0, {}, {}, None, 0, 0, 0) if mark is None else mark
        self._position = mark.position
        self.balances, self.posts = dict(mark.balances), dict(mark.posts)
        self._beside.clear()
        self._items_counted = mark.items_counted
        del self.counts[mark.counts :]
        del self.variances[mark.variances :]
        del self.picks[mark.picks :]
        self.judged = min(self.judged, mark.picks)

    def as_of(self, o_max: int | None) -> "StockGroup":
        """Return the group after everything up to instant `o_max`."""
        past = StockGroup(self.item, self.place)
        for entry in self.entries:
            if o_max is None or entry.o <= o_max:
                past.entries.append(entry)
                past._step(entry)
        return past

    def history(self, lot: str) -> Sequence[Change]:
        """Return each effect that changed the lot's balance: many holds ask for many lots, the walk is one."""
        if self._changes is None:
            self._changes = self._walk_changes()
        return self._changes.get(lot, ())

    def _walk_changes(self) -> dict[str, list[Change]]:
        found: dict[str, list[Change]] = {}
        past = StockGroup(self.item, self.place)
        for entry in self.entries:
            # A count or finish of one lot may draw on the residual lot; only a close may change every lot.
            lots = past.balances.keys() if entry.what == CLOSE else {entry.lot or "", RESIDUAL_LOT}
            before = {lot: past.balances.get(lot, EMPTY) for lot in lots}
            past.entries.append(entry)
            past._step(entry)
            for lot, was in before.items():
                if (now := past.balances.get(lot, EMPTY)) != was:
                    found.setdefault(lot, []).append((entry, was, now))
        return found

    def _step(self, entry: Entry) -> None:
        if self._position >= self._next_mark:
            self._mark()
        self._position += 1
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
            self._close(entry)
        else:
            self._finish(entry, entry.lot or "")

    def _mark(self) -> None:
        self._next_mark = self._position + MARK_ENTRIES
        self._marks.append(
            _Mark(
                self._position,
                dict(self.balances),
                dict(self.posts),
                self._items_counted,
                len(self.counts),
                len(self.variances),
                len(self.picks),
            )
        )

    def _move(self, entry: Entry) -> None:
        o, leaf, line, _what, lot, dq, dw, guessed, _origin, _other, picked, _listed, _first = entry
        assert lot is not None, "a movement is of one lot"
        assert dq is not None, "and moves so much"
        balances = self.balances
        q, w, estimated, base = balances.get(lot, EMPTY)
        if picked:
            self.picks.append(Pick(leaf, line, lot, o, self._others(lot)))
        stood = q > 0 or w > 0
        q += dq
        w += dw or 0
        if stood != (q > 0 or w > 0):
            self._beside.clear()
        balances[lot] = Balance(q, w, (estimated or guessed) and (q != 0 or w != 0), base)
        self.dirty_lots.add(lot)

    def _set(self, lot: str, balance: Balance) -> None:
        self.balances[lot] = balance
        self._beside.clear()

    def _others(self, lot: str) -> tuple[str, ...]:
        beside = self._beside.get(lot)
        if beside is None:
            beside = self._beside[lot] = _beside(self.balances, lot)
        return beside

    # --- counts ------------------------------------------------------------------------------------------------

    def _count_lot(self, entry: Entry, lot: str, q: int | None, w: int | None) -> None:
        expected = self.balances.get(lot, EMPTY)
        counted_q, counted_w, estimated = after_count(expected, q, w)
        dq, dw = counted_q - expected.q, counted_w - expected.w
        self._set(lot, Balance(counted_q, counted_w, estimated, entry[:3]))
        self._post(lot, VARIANCE, -dq, -dw)
        absorbed_q, absorbed_w = self._absorb(lot, dq, dw)
        late = self._late(entry, lot, expected.base)
        self._found(entry, lot, expected, (counted_q, counted_w), (dq - absorbed_q, dw - absorbed_w), late)

    def _count_item(self, entry: Entry) -> None:
        """A line without lot: the difference over all lots stands at the residual lot."""
        total = Balance(sum(b.q for b in self.balances.values()), sum(b.w for b in self.balances.values()))
        counted_q, counted_w, estimated = after_count(total, entry.q, entry.w)
        dq, dw = counted_q - total.q, counted_w - total.w
        residual = self.balances.get(RESIDUAL_LOT, EMPTY)
        self._set(RESIDUAL_LOT, Balance(residual.q + dq, residual.w + dw, estimated, entry[:3]))
        self._post(RESIDUAL_LOT, VARIANCE, -dq, -dw)
        late = self._late(entry, None, self._items_counted)
        self._items_counted = entry[:3]
        self._found(entry, RESIDUAL_LOT, total, (counted_q, counted_w), (dq, dw), late)

    def _close(self, entry: Entry) -> None:
        """What a complete count did not list is not there; the residual lot last, when the lots had their share."""
        for lot in sorted(self.balances, key=lambda lot: (lot == RESIDUAL_LOT, lot)):
            balance = self.balances[lot]
            if lot not in entry.listed and (balance.q or balance.w):
                self._count_lot(entry, lot, 0, 0)

    def _absorb(self, lot: str, dq: int, dw: int) -> tuple[int, int]:
        """A count by lot first takes what an earlier count without lots left at the residual lot."""
        residual = self.balances.get(RESIDUAL_LOT)
        if residual is None or lot == RESIDUAL_LOT:
            return 0, 0
        q, w = _same_sign(residual.q, dq), _same_sign(residual.w, dw)
        if q or w:
            self._set(RESIDUAL_LOT, residual._replace(q=residual.q - q, w=residual.w - w))
            self.dirty_lots.add(RESIDUAL_LOT)
            self._post(RESIDUAL_LOT, VARIANCE, q, w)
        return q, w

    def _late(self, count: Entry, lot: str | None, base: OrderKey | None) -> tuple[tuple[int, int, int], ...]:
        """Movements between the last count and this one that were uploaded after this one; lot None: of any lot."""
        first = 0 if base is None else bisect_left(self.entries, base)
        last = bisect_left(self.entries, count)
        return tuple(
            sorted(
                (entry.leaf, entry.q or 0, entry.w or 0)
                for entry in self.entries[first:last]
                if entry.what == MOVE and entry.leaf > count.leaf and lot in {None, entry.lot or ""}
            )
        )

    def _found(
        self,
        entry: Entry,
        lot: str,
        expected: Balance,
        counted: tuple[int, int],
        difference: tuple[int, int],
        late: tuple[tuple[int, int, int], ...],
    ) -> None:
        self.variances.append(
            Variance(entry.origin, entry.line, lot, entry.o, expected, *counted, *difference, late)
        )
        self.dirty_lots.add(lot)

    def _finish(self, entry: Entry, lot: str) -> None:
        residue = self.balances.get(lot, EMPTY)
        self._set(lot, Balance(base=entry[:3]))
        self._post(lot, SHRINKAGE, residue.q, residue.w)
        self.dirty_lots.add(lot)

    def _post(self, lot: str, place: str, q: int, w: int) -> None:
        if q or w:
            held_q, held_w = self.posts.get((lot, place), (0, 0))
            self.posts[lot, place] = (held_q + q, held_w + w)


def _beside(balances: dict[str, Balance], lot: str) -> tuple[str, ...]:
    """The other lots of which something stands there."""
    if not balances or (len(balances) == 1 and lot in balances):
        return ()
    return tuple(
        sorted(other for other, held in balances.items() if other != lot and (held.q > 0 or held.w > 0))
    )


def _same_sign(residual: int, difference: int) -> int:
    """The part of a difference that the residual already told of."""
    if residual < 0 and difference < 0:
        return max(residual, difference)
    return min(residual, difference) if residual > 0 and difference > 0 else 0
