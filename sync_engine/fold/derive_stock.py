"""Rows of balances, and the findings about stock at a place (fold.md §2, §5, §6)."""

from collections.abc import Mapping

from domain.lowering import RESIDUAL_LOT, is_physical
from sync_engine.fold.derive_counts import derive_counts, posts_of
from sync_engine.fold.derive_holds import derive_excursions, derive_lot, was_free
from sync_engine.fold.entries import EMPTY, MOVE, Balance, Pick
from sync_engine.fold.findings import OPS_SHOWN_MAX, SEPARATOR, Finding
from sync_engine.fold.lots import expires_ms
from sync_engine.fold.reporting import report
from sync_engine.fold.rows import Rows
from sync_engine.fold.state import State
from sync_engine.fold.stock import StockGroup

BalanceByKey = dict[tuple[str, str, str], tuple[int, int, bool]]
"""(item, lot, place) → (q, w, estimated)."""


def derive(state: State, rows: Rows) -> None:
    """Derive all that stock entries, holds and attributes changed."""
    _spread_registers(state)
    while state.dirty_groups:
        dirty, state.dirty_groups = list(state.dirty_groups), {}
        for item, place in dirty:
            _derive_group(state, rows, state.groups[item][place])
    derive_excursions(state)
    dirty_lots, state.dirty_lots = list(state.dirty_lots), {}
    for item, lot in dirty_lots:
        derive_lot(state, rows, item, lot)
        for place, group in state.groups.get(item, {}).items():
            if lot in group.balances:
                _put_balance(state, rows, item, lot, place, group.balances[lot])
                state.promises.touch((item, lot, place))
            group.judged = 0
            _judge_picks(state, group)


def balances(state: State, o_max: int | None) -> Mapping[tuple[str, str, str], tuple[int, int, bool]]:
    """Return (item, lot, place) → (q, w, estimated), accounts included; zero balances are left out."""
    found: BalanceByKey = {}
    for item, places in state.groups.items():
        for place, group in places.items():
            if o_max is None:
                group.settle()
            past = group if o_max is None else group.as_of(o_max)
            for lot, balance in past.balances.items():
                _add(found, (item, lot, place), balance.q, balance.w, estimated=balance.estimated)
            for (lot, account), (q, w) in posts_of(state, past, o_max).items():
                _add(found, (item, lot, account), q, w, estimated=False)
    return {key: value for key, value in found.items() if value[0] or value[1]}


def _add(found: BalanceByKey, key: tuple[str, str, str], q: int, w: int, *, estimated: bool) -> None:
    held_q, held_w, held_estimated = found.get(key, (0, 0, False))
    found[key] = (held_q + q, held_w + w, held_estimated or estimated)


# --- what changed attributes touch ---------------------------------------------------------------------------------


def _spread_registers(state: State) -> None:
    """A changed item, lot, place or rule touches the stock that depends on it."""
    moved = False
    for table, entity in state.dirty_registers:
        if table == "item":
            _touch_item(state, entity)
        elif table == "lot":
            item, _, lot = entity.partition(SEPARATOR)
            for group in state.groups.get(item, {}).values():
                group.judged = 0
                group.dirty_lots.add(lot)
                state.dirty_groups[item, group.place] = None
        elif table in {"place", "lpn"}:
            moved = True
        elif table == "rule":
            for item, place in state.posted_by:
                state.dirty_groups[item, place] = None
    if moved:
        _move_sites(state)


def _touch_item(state: State, item: str) -> None:
    for place, group in state.groups.get(item, {}).items():
        group.judged = 0
        state.dirty_groups[item, place] = None
    for index in state.transforms.get(item, ()):
        state.dirty_ops[index] = None
    for index in state.exposed:
        state.dirty_excursions[index] = None


def _move_sites(state: State) -> None:
    """A place that got another parent takes its rows, and those of the places in it, to another bucket."""
    before, state.site_by_place = state.site_by_place, {}
    for place, site in before.items():
        if state.site_of(place) != site:
            state.promises.moved(place)
            for item in state.items_at.get(place, ()):
                group = state.groups[item][place]
                group.dirty_lots.update(group.balances)
                state.dirty_groups[item, place] = None


# --- one group -----------------------------------------------------------------------------------------------------


def _derive_group(state: State, rows: Rows, group: StockGroup) -> None:
    group.settle()
    item, place = group.item, group.place
    is_held = (item, "") in state.causes
    if group.dirty_lots and RESIDUAL_LOT in group.balances:
        group.dirty_lots.add(RESIDUAL_LOT)
    for lot in sorted(group.dirty_lots):
        balance = group.balances.get(lot, EMPTY)
        _put_balance(state, rows, item, lot, place, balance)
        state.promises.touch((item, lot, place))
        found = _key_findings(state, group, lot, balance)
        if found or lot in group.told_lots:
            report(state, ("key", item, lot, place), found)
            group.told_lots.add(lot)
        if is_held or (item, lot) in state.causes:
            state.dirty_lots[item, lot] = None
    group.dirty_lots = set()
    for index in state.excursions.get(place, ()):
        state.dirty_excursions[index] = None
    if group.counts or group.posts or (item, place) in state.posted_by:
        derive_counts(state, rows, group)
    if group.judged < len(group.picks) or group.pick_findings:
        _judge_picks(state, group)
    _report_unknown_item(state, group)


def _put_balance(state: State, rows: Rows, item: str, lot: str, place: str, balance: Balance) -> None:
    q, w, estimated, base = balance
    posted = state.posted.get((item, lot, place))
    if posted is not None:
        q, w = q + posted[0], w + posted[1]
    rest = None
    if q or w or base is not None:
        held = state.held_at(item, lot, place) if state.held and is_physical(place) else None
        rest = (q, w, estimated, base, held)
    rows.put_balance(state.site_of(place), item, lot, place, rest)


def _key_findings(state: State, group: StockGroup, lot: str, balance: Balance) -> list[Finding]:
    found: list[Finding] = []
    is_short = balance.q < 0 or balance.w < 0
    if is_short and is_physical(group.place) and not _is_covered(group, lot):
        about = (group.item, lot, group.place)
        ops, o = takers(group, lot, balance)
        found.append(Finding("negative-stock", about, (*about, balance.q, balance.w), ops, o))
    if lot in group.balances and not state.is_known_lot(group.item, lot):
        known = (group.item, lot)
        entries = [e for e in group.entries if e.lot == lot][:OPS_SHOWN_MAX]
        ops = tuple(sorted({e.leaf for e in entries}))
        found.append(Finding("unknown-lot", known, known, ops, entries[0].o if entries else 0))
    return found


def takers(group: StockGroup, lot: str, balance: Balance) -> tuple[tuple[int, ...], int]:
    """The last ops that took of a lot, and when the last one did; of the residual lot, the count that made it."""
    takers = [
        e for e in group.entries if e.lot == lot and e.what == MOVE and ((e.q or 0) < 0 or (e.w or 0) < 0)
    ]
    if takers:
        return tuple(e.leaf for e in takers[-OPS_SHOWN_MAX:]), takers[-1].o
    return ((balance.base[1],), balance.base[0]) if balance.base else ((), 0)


def _is_covered(group: StockGroup, lot: str) -> bool:
    """The residual lot is a difference, not goods: it lacks nothing while the lots together have as much."""
    if lot != RESIDUAL_LOT:
        return False
    standing = group.balances.values()
    return sum(b.q for b in standing) >= 0 and sum(b.w for b in standing) >= 0


def _report_unknown_item(state: State, group: StockGroup) -> None:
    source = ("item", group.item, group.place)
    if ("item", group.item) in state.registers:
        if source in state.findings:
            report(state, source, ())
        return
    movers = [entry for entry in group.entries[: 8 * OPS_SHOWN_MAX] if entry.what == MOVE][:OPS_SHOWN_MAX]
    ops = tuple(sorted({entry.leaf for entry in movers}))
    report(
        state,
        source,
        [Finding("unknown-item", (group.item,), (group.item,), ops, movers[0].o)] if movers else (),
    )


# --- picks ---------------------------------------------------------------------------------------------------------


def _judge_picks(state: State, group: StockGroup) -> None:
    """Judge the picks that were not judged yet, or all of them after something that they depend on changed."""
    kept = [(number, finding) for number, finding in group.pick_findings if number < group.judged]
    if is_physical(group.place):
        ends: dict[str, int | None] = {}
        for number in range(group.judged, len(group.picks)):
            pick = group.picks[number]
            for lot in (pick.lot, *pick.beside):
                if lot not in ends:
                    ends[lot] = expires_ms(state, group.item, lot)
            if ends[pick.lot] is not None or pick.beside:
                kept.extend([(number, found) for found in _pick_findings(state, group, pick, ends)])
    group.judged = len(group.picks)
    if kept != group.pick_findings:
        group.pick_findings = kept
        report(state, ("picks", group.item, group.place), [finding for _number, finding in kept])


def _pick_findings(
    state: State, group: StockGroup, pick: Pick, ends: Mapping[str, int | None]
) -> list[Finding]:
    """`ends`: when the lot and those beside it expire."""
    end, sooner = ends[pick.lot], _sooner(state, group, pick, ends)
    is_expired = end is not None and pick.o > end
    if not is_expired and sooner is None:
        return []
    found: list[Finding] = []
    about = (str(pick.leaf), str(pick.line))
    where = (group.item, pick.lot, group.place)
    if is_expired:
        found.append(Finding("expired-picked", about, (*where, end), (pick.leaf,), pick.o))
    if sooner is not None:
        found.append(Finding("fefo-overridden", about, (*where, sooner), (pick.leaf,), pick.o))
    return found


def _sooner(state: State, group: StockGroup, pick: Pick, ends: Mapping[str, int | None]) -> str | None:
    """The lot that first expired first out would have chosen, when it is another one."""
    better: list[tuple[int, str]] = []
    end = ends[pick.lot]
    for lot in pick.beside:
        other = ends[lot]
        if other is None or other < pick.o or (end is not None and other >= end):
            continue
        if was_free(state, group.item, lot, group.place, pick.o):
            better.append((other, lot))
    return min(better)[1] if better else None
