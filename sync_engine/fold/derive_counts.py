"""What counts found: rows of variances, what they post to accounts, and the findings about them (fold.md §2, §6)."""

from typing import NamedTuple

from domain import kinds
from domain.lowering import SUSPENSE, VARIANCE
from sync_engine.fold.contests import Contest, contests
from sync_engine.fold.entries import EMPTY, Variance
from sync_engine.fold.findings import SEPARATOR, Finding
from sync_engine.fold.reporting import report
from sync_engine.fold.rows import Rows
from sync_engine.fold.state import State
from sync_engine.fold.stock import Posts, StockGroup


class Approval(NamedTuple):
    """The figure that somebody accepted: of base units, and of grams."""

    op: int
    q: int
    w: int


def derive_counts(state: State, rows: Rows, group: StockGroup) -> None:
    """Derive all that the counts of a group say."""
    doubts = contests(group)
    _put_variances(state, rows, group, doubts)
    _repost(state, rows, group, posts_of(state, group, None))
    report(state, ("counts", group.item, group.place), _findings(state, group, doubts))


def posts_of(state: State, group: StockGroup, o_max: int | None) -> Posts:
    """Return what a group posts to accounts: an approved figure stays at variance, the rest goes to suspense.

    Approvals after `o_max` are not known yet.
    """
    if not group.variances:
        return group.posts
    posts = dict(group.posts)
    for variance in variances_of(group):
        approval = approval_of(state, group, variance, o_max)
        if approval is not None:
            more_q, more_w = variance.dq - approval.q, variance.dw - approval.w
            _post(posts, variance.lot, VARIANCE, more_q, more_w)
            _post(posts, variance.lot, SUSPENSE, -more_q, -more_w)
    return posts


def approval_of(
    state: State, group: StockGroup, variance: Variance, o_max: int | None = None
) -> Approval | None:
    """Return the last approval of a count at a key, by order of the log. No weight: it accepts what was derived."""
    found = None
    for index in state.names_of(variance.counted_by.hash, kinds.Approve):
        noted = state.noted[index]
        body = noted.body
        assert isinstance(body, kinds.Approve)
        is_late = o_max is not None and noted.origin.o > o_max
        if not is_late and (body.item, body.lot, body.place) == (group.item, variance.lot, group.place):
            found = Approval(index, body.qty, variance.dw if body.weight is None else body.weight)
    return found


def variances_of(group: StockGroup) -> list[Variance]:
    """Return one variance per count and lot: lines of one count about one lot tell one story together."""
    found: dict[tuple[int, str], Variance] = {}
    for v in group.variances:
        key = (v.counted_by.index, v.lot)
        first = found.get(key)
        if first is None:
            found[key] = v
            continue
        late = tuple(sorted({*first.late, *v.late}))
        found[key] = v._replace(expected=first.expected, dq=first.dq + v.dq, dw=first.dw + v.dw, late=late)
    return list(found.values())


def _post(posts: Posts, lot: str, place: str, q: int, w: int) -> None:
    held_q, held_w = posts.get((lot, place), (0, 0))
    posts[lot, place] = (held_q + q, held_w + w)


# --- rows ----------------------------------------------------------------------------------------------------------


def _put_variances(
    state: State, rows: Rows, group: StockGroup, doubts: dict[tuple[int, str], Contest]
) -> None:
    before = state.variance_rows.get((group.item, group.place), {})
    shown: dict[str, object] = {}
    for variance in variances_of(group):
        index = variance.counted_by.index
        key = SEPARATOR.join((str(index), group.item, variance.lot, group.place))
        contest = doubts.get((index, variance.lot))
        told = (variance, contest, approval_of(state, group, variance))
        shown[key] = told
        if before.get(key) != told:
            rows.put("desk", "variance", key, _row(group, *told))
    for key in before.keys() - shown.keys():
        rows.put("desk", "variance", key, None)
    state.variance_rows[group.item, group.place] = shown


def _row(group: StockGroup, v: Variance, contest: Contest | None, approval: Approval | None) -> list[object]:
    count = v.counted_by
    doubtful = () if contest is None or contest.settled_by is not None else contest.by
    return [
        v.counted_by.index,
        group.item,
        v.lot,
        group.place,
        v.expected.q,
        v.expected.w,
        v.counted_q,
        v.counted_w,
        v.dq,
        v.dw,
        v.o,
        list(doubtful),
        [list(cause) for cause in v.late],
        None if approval is None else list(approval),
        [count.device, count.epoch, count.seq, count.hash],
    ]


def _repost(state: State, rows: Rows, group: StockGroup, posts: Posts) -> None:
    """Bring the accounts that counting posts to up to date with this group's part."""
    before = state.posted_by.get((group.item, group.place), {})
    for lot, account in sorted({*before, *posts}):
        was, now = before.get((lot, account), (0, 0)), posts.get((lot, account), (0, 0))
        if was != now:
            key = (group.item, lot, account)
            held = state.posted.get(key, (0, 0))
            state.posted[key] = (held[0] + now[0] - was[0], held[1] + now[1] - was[1])
            put_account(state, rows, *key)
    state.posted_by[group.item, group.place] = dict(posts)


def put_account(state: State, rows: Rows, item: str, lot: str, account: str) -> None:
    """Write the row of an account: what counting posted to it, and what ops moved there themselves."""
    group = state.groups.get(item, {}).get(account)
    moved = EMPTY if group is None else group.balances.get(lot, EMPTY)
    posted = state.posted.get((item, lot, account), (0, 0))
    q, w = moved.q + posted[0], moved.w + posted[1]
    told = q or w or moved.base is not None
    rows.put_balance("desk", item, lot, account, (q, w, moved.estimated, moved.base, None) if told else None)


# --- findings ------------------------------------------------------------------------------------------------------


def _findings(state: State, group: StockGroup, doubts: dict[tuple[int, str], Contest]) -> list[Finding]:
    tolerance = state.attribute("rule", "count_tolerance", "value")
    limit = tolerance if isinstance(tolerance, int) else 0
    found: list[Finding] = []
    by_key: dict[tuple[int, str], tuple[Variance, Approval | None]] = {}
    for v in variances_of(group):
        approval = approval_of(state, group, v)
        by_key[v.counted_by.index, v.lot] = (v, approval)
        found.extend(_variance(group, v, approval, limit))
    for (index, lot), contest in doubts.items():
        known = by_key.get((index, lot))
        counted = (0, 0) if known is None else (known[0].counted_q, known[0].counted_w)
        approval = None if known is None else known[1]
        closers = [
            i for i in (contest.settled_by, None if approval is None else approval.op) if i is not None
        ]
        found.append(
            Finding(
                "contested-count",
                (str(index), group.item, lot, group.place),
                (group.item, lot, group.place, *counted, list(contest.by)),
                (index, *contest.by),
                _instant(group, index),
                min(closers, default=None),
            )
        )
    return found


def _instant(group: StockGroup, index: int) -> int:
    return next(count.o for count in reversed(group.counts) if count.leaf == index)


def _variance(group: StockGroup, v: Variance, approval: Approval | None, limit: int) -> list[Finding]:
    found: list[Finding] = []
    index, place = v.counted_by.index, (group.item, v.lot, group.place)
    about = (str(index), *place)
    if approval is not None and (v.dq - approval.q or v.dw - approval.w):
        changed = (*place, v.dq, v.dw, approval.q, approval.w)
        found.append(Finding("change-after-approval", about, changed, (index, approval.op), v.o))
    late = [list(cause) for cause in v.late]
    is_open = _beyond(v.dq, v.dw, limit)
    if is_open or _beyond(v.first_dq, v.first_dw, limit):
        differing = (*place, v.expected.q, v.expected.w, v.counted_q, v.counted_w, v.dq, v.dw, late)
        ops = (index, *(cause[0] for cause in v.late))
        explained = None if is_open or not v.late else max(ops)
        closer = explained if approval is None else approval.op
        found.append(Finding("variance", about, differing, ops, v.o, closer))
    return found


def _beyond(q: int, w: int, limit: int) -> bool:
    return abs(q) > limit or (q == 0 and abs(w) > limit)
