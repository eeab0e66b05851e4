"""Rows of balances, variances and holds, and the findings about stock (fold.md §2, §3, §5, §6)."""

from collections.abc import Mapping

from domain import kinds
from domain.lowering import SUSPENSE, VARIANCE, is_physical
from sync_engine.fold.findings import SEPARATOR, Finding
from sync_engine.fold.holds import Held, HoldCause, exposed_lots, follow, strictest
from sync_engine.fold.lots import expires_ms
from sync_engine.fold.reporting import report
from sync_engine.fold.rows import Rows
from sync_engine.fold.state import State, lot_key
from sync_engine.fold.stock import EMPTY, Balance, StockGroup, Variance

Approved = dict[tuple[int, str], tuple[int, int, int]]
"""(count index, lot) → approving op, approved figure in base units and grams."""


def derive(state: State, rows: Rows) -> None:
    """Derive all that stock entries, holds and attributes changed."""
    _spread_registers(state)
    while state.dirty_groups:
        dirty, state.dirty_groups = list(state.dirty_groups), {}
        for item, place in dirty:
            _derive_group(state, rows, state.groups[item][place])
    for index in list(state.dirty_excursions):
        _expose(state, index)
    state.dirty_excursions = {}
    dirty_lots, state.dirty_lots = list(state.dirty_lots), {}
    for item, lot in dirty_lots:
        _derive_holds(state, rows, item, lot)


def balances(
    state: State, o_max: int | None, index_max: int | None
) -> Mapping[tuple[str, str, str], tuple[int, int, bool]]:
    """Return (item, lot, place) → (q, w, estimated), accounts included; zero balances are left out."""
    found: dict[tuple[str, str, str], tuple[int, int, bool]] = {}
    for item, places in state.groups.items():
        for place, group in places.items():
            past = group if o_max is None and index_max is None else group.as_of(o_max, index_max)
            for lot, balance in past.balances.items():
                _add(found, (item, lot, place), balance.q, balance.w, estimated=balance.estimated)
            for (lot, account), (q, w) in past.posts.items():
                _add(found, (item, lot, account), q, w, estimated=False)
    return {key: value for key, value in found.items() if value[0] or value[1]}


def _add(
    found: dict[tuple[str, str, str], tuple[int, int, bool]],
    key: tuple[str, str, str],
    q: int,
    w: int,
    *,
    estimated: bool,
) -> None:
    held_q, held_w, held_estimated = found.get(key, (0, 0, False))
    found[key] = (held_q + q, held_w + w, held_estimated or estimated)


def _spread_registers(state: State) -> None:
    """A changed item, lot, place or rule touches the stock that depends on it."""
    for table, entity in state.dirty_registers:
        if table == "item":
            for place in state.groups.get(entity, {}):
                state.dirty_groups[entity, place] = None
        elif table == "lot":
            item, _, lot = entity.partition(SEPARATOR)
            for place, group in state.groups.get(item, {}).items():
                if lot in group.balances:
                    state.dirty_groups[item, place] = None
        elif table in {"place", "lpn"}:
            for item, places in state.groups.items():
                for place, group in places.items():
                    if is_physical(place):
                        group.dirty_lots.update(group.balances)
                        state.dirty_groups[item, place] = None


def _derive_group(state: State, rows: Rows, group: StockGroup) -> None:
    item, place = group.item, group.place
    for lot in sorted(group.dirty_lots):
        _put_balance(state, rows, item, lot, place, group.balances.get(lot, EMPTY))
        if state.causes.get((item, lot)) or state.held.get((item, lot)):
            state.dirty_lots[item, lot] = None
    group.dirty_lots = set()
    for index in state.excursions.get(place, ()):
        state.dirty_excursions[index] = None
    if group.counts or group.posts or (item, place) in state.posted_by:
        _derive_variances(state, rows, group)
    report(state, rows, ("stock", item, place), _stock_findings(state, group))


def _put_balance(state: State, rows: Rows, item: str, lot: str, place: str, balance: Balance) -> None:
    value = None
    if balance.q or balance.w or balance.base is not None:
        base = None if balance.base is None else list(balance.base)
        held = state.held_at(item, lot, place)
        value = [item, lot, place, balance.q, balance.w, balance.estimated, base, held]
    rows.put(state.site_of(place), "balance", SEPARATOR.join((item, lot, place)), value)


# --- variances -----------------------------------------------------------------------------------------------------


def _derive_variances(state: State, rows: Rows, group: StockGroup) -> None:
    approved = _approvals(state, group)
    posts = dict(group.posts)
    shown: dict[str, list[object]] = {}
    doubts = group.contests()
    for variance in group.variances:
        figure = approved.get((variance.counted_by.index, variance.lot))
        if figure is not None:
            _post(posts, variance.lot, VARIANCE, variance.dq - figure[1], variance.dw - figure[2])
            _post(posts, variance.lot, SUSPENSE, figure[1] - variance.dq, figure[2] - variance.dw)
        key = SEPARATOR.join((str(variance.counted_by.index), group.item, variance.lot, group.place))
        shown[key] = _variance_row(
            group, variance, doubts.get((variance.counted_by.index, variance.lot), ()), figure
        )
    for key in state.variance_keys.get((group.item, group.place), set()) - set(shown):
        rows.put("desk", "variance", key, None)
    for key, row in shown.items():
        rows.put("desk", "variance", key, row)
    state.variance_keys[group.item, group.place] = set(shown)
    _repost(state, rows, group, posts)


def _variance_row(
    group: StockGroup, variance: Variance, doubts: tuple[int, ...], figure: tuple[int, int, int] | None
) -> list[object]:
    v = variance
    late = [list(cause) for cause in v.late]
    return [
        v.counted_by.index, group.item, v.lot, group.place, v.expected_q, v.expected_w, v.counted_q, v.counted_w, v.dq, v.dw, v.o,
        list(doubts), late, None if figure is None else list(figure),
    ]  # fmt: skip


def _post(posts: dict[tuple[str, str], tuple[int, int]], lot: str, place: str, q: int, w: int) -> None:
    held_q, held_w = posts.get((lot, place), (0, 0))
    posts[lot, place] = (held_q + q, held_w + w)


def _approvals(state: State, group: StockGroup) -> Approved:
    """The last approval of each count at this key, by order of the log."""
    found: Approved = {}
    for variance in group.variances:
        for index in state.names_of(variance.counted_by.hash, kinds.Approve):
            body = state.noted[index].body
            assert isinstance(body, kinds.Approve)
            if (body.item, body.lot, body.place) == (group.item, variance.lot, group.place):
                found[variance.counted_by.index, variance.lot] = (index, body.qty, body.weight or 0)
    return found


def _repost(
    state: State, rows: Rows, group: StockGroup, posts: dict[tuple[str, str], tuple[int, int]]
) -> None:
    """Bring the accounts that counting posts to up to date with this group's part."""
    before = state.posted_by.get((group.item, group.place), {})
    for lot, account in sorted({*before, *posts}):
        was, now = before.get((lot, account), (0, 0)), posts.get((lot, account), (0, 0))
        if was != now:
            key = (group.item, lot, account)
            held = state.posted.get(key, (0, 0))
            total = (held[0] + now[0] - was[0], held[1] + now[1] - was[1])
            state.posted[key] = total
            value = [group.item, lot, account, *total, False, None, None] if any(total) else None
            rows.put("desk", "balance", SEPARATOR.join(key), value)
    state.posted_by[group.item, group.place] = posts


# --- holds ---------------------------------------------------------------------------------------------------------


def _expose(state: State, index: int) -> None:
    """An excursion holds the lots that the place held meanwhile."""
    noted = state.noted.get(index)
    exposed: set[tuple[str, str]] = set()
    if noted is not None and isinstance(noted.body, kinds.Hold) and noted.body.interval and noted.body.place:
        start, until = noted.body.interval
        for item in state.items_at.get(noted.body.place, ()):
            if state.attribute("item", item, "returnable") is True:
                continue
            for lot in exposed_lots(state.groups[item][noted.body.place], start, until):
                exposed.add((item, lot))
    for key in state.exposed.get(index, set()) | exposed:
        state.dirty_lots[key] = None
    state.exposed[index] = exposed
    state.dirty_ops[index] = None


def _causes_of(state: State, item: str, lot: str) -> list[HoldCause]:
    causes = list(state.causes.get((item, lot), {}).values())
    if lot:
        causes.extend(state.causes.get((item, ""), {}).values())
    causes.extend(
        c for found in state.derived_causes.values() for c in found if (c.item, c.lot) == (item, lot)
    )
    for index, exposed in state.exposed.items():
        noted = state.noted.get(index)
        if (item, lot) in exposed and noted is not None:
            body = noted.body
            assert isinstance(body, kinds.Hold)
            assert body.interval is not None
            start, until = body.interval
            causes.append(
                HoldCause(noted.origin, item, lot, body.place, body.state, body.reason, start, until)
            )
    return [cause for cause in causes if not state.names_of(cause.origin.hash, kinds.Release)]


def _derive_holds(state: State, rows: Rows, item: str, lot: str) -> None:
    groups = state.groups.get(item, {})
    held: list[Held] = []
    for cause in _causes_of(state, item, lot):
        if cause.place is None:
            held.append(Held(None, cause.state, cause.reason, cause.origin.index, cause.start))
        else:
            held.extend(follow(cause, lot, groups))
    held.sort(key=lambda h: (h.place or "", h.source))
    before = state.held.get((item, lot), [])
    state.held[item, lot] = held
    for index in state.refusals.get(lot_key(item, lot), ()):
        state.dirty_ops[index] = None
    for source in {h.source for h in (*before, *held)}:
        state.dirty_ops[source] = None
    rows.put("org", "hold", lot_key(item, lot), _hold_row(item, lot, held, groups))
    for place, group in groups.items():
        if lot in group.balances:
            _put_balance(state, rows, item, lot, place, group.balances[lot])
    if before != held:
        for place in groups:
            report(state, rows, ("stock", item, place), _stock_findings(state, groups[place]))


def _hold_row(item: str, lot: str, held: list[Held], groups: Mapping[str, StockGroup]) -> list[object] | None:
    if not held:
        return None
    shown: list[object] = []
    for h in held:
        places = [h.place] if h.place is not None else [place for place in groups if is_physical(place)]
        standing = [groups[place].balances.get(lot, EMPTY) for place in places if place in groups]
        q, w = sum(b.q for b in standing), sum(b.w for b in standing)
        shown.append([h.place, h.state, h.reason, h.source, q, w])
    return [item, lot, shown]


# --- findings ------------------------------------------------------------------------------------------------------


def _stock_findings(state: State, group: StockGroup) -> list[Finding]:
    found: list[Finding] = []
    item, place = group.item, group.place
    if is_physical(place):
        found.extend(_negatives(group))
        found.extend(_variance_findings(state, group))
        found.extend(_pick_findings(state, group))
    movers = sorted({entry.leaf for entry in group.entries})
    if movers and ("item", item) not in state.registers:
        found.append(Finding("unknown-item", (item,), (item,), tuple(movers[:8]), group.entries[0].o))
    for lot in group.balances:
        if not state.is_known_lot(item, lot):
            indexes = tuple(sorted({e.leaf for e in group.entries if e.lot == lot})[:8])
            found.append(Finding("unknown-lot", (item, lot), (item, lot), indexes, group.entries[0].o))
    return found


def _negatives(group: StockGroup) -> list[Finding]:
    found = []
    for lot, balance in group.balances.items():
        if balance.q < 0 or balance.w < 0:
            takers = [e for e in group.entries if e.lot == lot and ((e.q or 0) < 0 or (e.w or 0) < 0)]
            about = (group.item, lot, group.place)
            ops = tuple(e.leaf for e in takers[-8:])
            found.append(
                Finding(
                    "negative-stock",
                    about,
                    (*about, balance.q, balance.w),
                    ops,
                    takers[-1].o if takers else 0,
                )
            )
    return found


def _variance_findings(state: State, group: StockGroup) -> list[Finding]:
    found: list[Finding] = []
    approved = _approvals(state, group)
    doubts = group.contests()
    tolerance = state.attribute("rule", "count_tolerance", "value")
    limit = tolerance if isinstance(tolerance, int) else 0
    for v in group.variances:
        key = (v.counted_by.index, v.lot)
        about = (str(v.counted_by.index), group.item, v.lot, group.place)
        place = (group.item, v.lot, group.place)
        figure = approved.get(key)
        if figure is not None and (v.dq - figure[1] or v.dw - figure[2]):
            changed = (*place, v.dq, v.dw, figure[1], figure[2])
            found.append(
                Finding("change-after-approval", about, changed, (v.counted_by.index, figure[0]), v.o)
            )
        if figure is None and (abs(v.dq) > limit or (v.dq == 0 and abs(v.dw) > limit)):
            late = tuple(list(cause) for cause in v.late)
            differing = (*place, v.expected_q, v.expected_w, v.counted_q, v.counted_w, v.dq, v.dw, list(late))
            found.append(
                Finding("variance", about, differing, (v.counted_by.index, *(c[0] for c in v.late)), v.o)
            )
        if figure is None and key in doubts:
            doubtful = (*place, v.counted_q, v.counted_w, list(doubts[key]))
            found.append(Finding("contested-count", about, doubtful, (v.counted_by.index, *doubts[key]), v.o))
    return found


def _pick_findings(state: State, group: StockGroup) -> list[Finding]:
    found: list[Finding] = []
    for pick in group.picks:
        ends = expires_ms(state, group.item, pick.lot)
        about = (str(pick.leaf), str(pick.line))
        where = (group.item, pick.lot, group.place)
        if ends is not None and pick.o > ends:
            found.append(Finding("expired-picked", about, (*where, ends), (pick.leaf,), pick.o))
        sooner = _sooner(state, group, pick.beside, ends, pick.o)
        if sooner is not None:
            found.append(Finding("fefo-overridden", about, (*where, sooner), (pick.leaf,), pick.o))
    return found


def _sooner(state: State, group: StockGroup, beside: tuple[str, ...], ends: int | None, o: int) -> str | None:
    """The lot that first expired first out would have chosen, when it is another one."""
    better: list[tuple[int, str]] = []
    for lot in beside:
        other = expires_ms(state, group.item, lot)
        if other is not None and other >= o and (ends is None or other < ends):
            if (
                strictest(h for h in state.held.get((group.item, lot), ()) if h.place in {None, group.place})
                is None
            ):
                better.append((other, lot))
    return min(better)[1] if better else None
