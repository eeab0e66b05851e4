"""Exceptions and variances as sentences, in Chinese and English: what happened, and the likely cause.

Facts come from the fold (fold.md §6), names from the ledger. A code that has no sentence yet is said plainly: nobody
must be left without knowing that there is something to look at.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from api.naming import Naming, Said
from api.promise_words import lease_at_risk, lease_exceeded, promise_short

Facts = Sequence[Any]


class Told(Struct, frozen=True):
    """A sentence in both languages."""

    zh: str
    en: str


def tell_exception(code: str, facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    """Say an exception."""
    teller = _TELLERS.get(code)
    try:
        if teller is not None:
            return teller(facts, ops, naming)
    except (IndexError, ValueError, TypeError):
        pass  # facts of a later version: the plain words below still hold
    zh, en = _PLAIN.get(code, (code, code.replace("-", " ")))
    return Told(zh, en)


def tell_variance(row: Facts, naming: Naming) -> Told:
    """Say a row of table `variance`, with what explains it."""
    index, item, lot, place, expected, _expected_w, counted, _counted_w, dq, dw, *_ = row
    late = row[12] if len(row) > 12 else []  # noqa: PLR2004  # its place in the row
    return _variance((item, lot, place, expected, 0, counted, 0, dq, dw, late), (index,), naming)


# --- counts --------------------------------------------------------------------------------------------------------


def _variance(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    item, lot, place, expected, _, counted, _, dq, dw, late = facts
    what, where = naming.goods(item, lot), naming.place(place)
    book, seen = naming.quantity(item, expected), naming.quantity(item, counted)
    gap = naming.quantity(item, abs(dq), abs(dw) if not dq else None)
    if dq == 0 and dw == 0:
        zh, en = "，账实相符", ", as the book says"
    elif dq < 0 or (dq == 0 and dw < 0):
        zh, en = f"，少 {gap.zh}", f", {gap.en} missing"
    else:
        zh, en = f"，多 {gap.zh}", f", {gap.en} too many"
    who = naming.author(ops[0]) if ops else None
    by_zh = f"{who.person.zh} {who.at} 盘点" if who else "盘点"
    by_en = f"{who.person.en} counted at {who.at}" if who else "counted"
    causes = [*_at_first(item, dq, late, naming), *(_late(item, cause, naming) for cause in late)]
    return Told(
        f"{where.zh}的{what.zh}：{by_zh} {seen.zh}，账上 {book.zh}{zh}。{''.join(c.zh for c in causes)}",
        f"{what.en} in {where.en}: {by_en}: {seen.en}, the book says {book.en}{en}."
        + "".join(f" {cause.en}" for cause in causes),
    )


def _at_first(item: str, dq: int, late: Sequence[Sequence[int]], naming: Naming) -> list[Told]:
    """What the count seemed to say before late movements came up."""
    first = dq + sum(cause[1] for cause in late)
    if not late or first == dq:
        return []
    amount = naming.quantity(item, abs(first))
    zh, en = ("少", "missing") if first < 0 else ("多", "too many")
    return [Told(f"起初看似{zh} {amount.zh}：", f"At first {amount.en} seemed {en}.")]


def _late(item: str, cause: Sequence[int], naming: Naming) -> Told:
    """A movement before the count that was uploaded after it."""
    index, dq, *rest = cause
    amount = naming.quantity(item, abs(dq), abs(rest[0]) if rest and not dq else None)
    who = naming.author(index)
    if dq < 0 or (not dq and rest and rest[0] < 0):
        deed_zh, deed_en = naming.deed(who.kind, away=True)
        return Told(
            f"缺少的 {amount.zh}是{who.person.zh} {who.at} {deed_zh}的，{who.arrived} 才上传。",
            f"The missing {amount.en} were {deed_en} by {who.person.en} at {who.at}, uploaded at {who.arrived}.",
        )
    deed_zh, deed_en = naming.deed(who.kind, away=False)
    return Told(
        f"多出的 {amount.zh}是{who.person.zh} {who.at} {deed_zh}的，{who.arrived} 才上传。",
        f"The extra {amount.en} were {deed_en} by {who.person.en} at {who.at}, uploaded at {who.arrived}.",
    )


def _contested(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    item, lot, place, counted, _, by = facts
    what, where, seen = naming.goods(item, lot), naming.place(place), naming.quantity(item, counted)
    others = [naming.author(index) for index in by]
    zh = "、".join(f"{other.person.zh} {other.at}" for other in others)
    en = ", ".join(f"{other.person.en} at {other.at}" for other in others)
    return Told(
        f"{where.zh}的{what.zh}：盘点 {seen.zh} 时有人同时在动货（{zh}），先后分不清，请换一个人重新盘点。",
        f"{what.en} in {where.en}: goods moved while {seen.en} were counted ({en}); nobody can tell "
        "which came first: let somebody else count again.",
    )


def _changed(facts: Facts, _ops: Sequence[int], naming: Naming) -> Told:
    item, lot, place, dq, _, approved, _ = facts
    what, where = naming.goods(item, lot), naming.place(place)
    now, then = naming.quantity(item, dq), naming.quantity(item, approved)
    return Told(
        f"{where.zh}的{what.zh}：批准的差异是 {then.zh}，后来上传的单据使它变成 {now.zh}，请重新看一下。",
        f"{what.en} in {where.en}: {then.en} was approved, late records made it {now.en}: look again.",
    )


# --- stock ---------------------------------------------------------------------------------------------------------


def _negative(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    item, lot, place, q, w = facts
    what, where, amount = naming.goods(item, lot), naming.place(place), naming.quantity(item, q, w)
    last = naming.author(ops[-1]) if ops else None
    zh = f"最后是{last.person.zh} {last.at} {naming.deed(last.kind, away=True)[0]}的。" if last else ""
    en = (
        f" The last was {naming.deed(last.kind, away=True)[1]} by {last.person.en} at {last.at}."
        if last
        else ""
    )
    return Told(
        f"{where.zh}的{what.zh}账上是 {amount.zh}：有人拿走了还没入账的货。{zh}多半是收货还没录入。",
        f"{what.en} in {where.en} stands at {amount.en}: more was taken than the book has.{en} "
        "Most likely a receipt is not entered yet.",
    )


def _fefo(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    item, lot, place, sooner = facts
    who = naming.author(ops[0])
    what, other, where = naming.goods(item, lot), naming.goods(item, sooner), naming.place(place)
    return Told(
        f"{who.person.zh} {who.at} 在{where.zh}拣了{what.zh}，旁边的{other.zh}更早到期。",
        f"{who.person.en} picked {what.en} in {where.en} at {who.at}, although {other.en} beside it expires sooner.",
    )


def _expired(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    item, lot, place, ends = facts
    who, what, where = naming.author(ops[0]), naming.goods(item, lot), naming.place(place)
    day = naming.day(ends)
    return Told(
        f"{who.person.zh} {who.at} 在{where.zh}拣了{what.zh}，它 {day} 已到期。",
        f"{who.person.en} picked {what.en} in {where.en} at {who.at}; it expired on {day}.",
    )


def _unknown_item(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    who = naming.author(ops[0])
    return Told(
        f"{who.person.zh} {who.at} 动了商品 {facts[0]}，系统里没有这个商品。",
        f"{who.person.en} moved {facts[0]} at {who.at}: no such item is known.",
    )


def _unknown_lot(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    what, who = naming.goods(facts[0], facts[1]), naming.author(ops[0])
    return Told(
        f"{who.person.zh} {who.at} 动了{what.zh}，这个批次没有入库记录，多半是收货还没录入。",
        f"{who.person.en} moved {what.en} at {who.at}: no receipt knows this lot; most likely one is not entered yet.",
    )


def _receipt(is_over: bool) -> "Teller":
    def tell(facts: Facts, _ops: Sequence[int], naming: Naming) -> Told:
        order, item, wanted, came = facts
        what = naming.goods(item, "")
        ordered, received = naming.quantity(item, wanted), naming.quantity(item, came)
        zh, en = ("多收了", "more") if is_over else ("没收齐", "less")
        return Told(
            f"订单 {order}：{what.zh}{zh}，订 {ordered.zh}，收 {received.zh}。",
            f"Order {order}: {en} {what.en} than ordered: {received.en} of {ordered.en}.",
        )

    return tell


def _serial(facts: Facts, _ops: Sequence[int], naming: Naming) -> Told:
    serial, one, other = facts
    a, b = naming.place(one), naming.place(other)
    return Told(
        f"序列号 {serial} 同时在{a.zh}和{b.zh}。", f"Serial {serial} is in {a.en} and in {b.en} at once."
    )


# --- hand-over, farm, cold chain ------------------------------------------------------------------------------------


def _unmoved(is_refused: bool) -> "Teller":
    def tell(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
        partner, item, lot, qty, weight, reason = facts
        who, whom = naming.author(ops[0]), naming.partner(partner)
        what, amount = naming.goods(item, lot), naming.quantity(item, qty, weight)
        if is_refused:
            return Told(
                f"{whom.zh} {who.at} 拒收 {amount.zh}{what.zh}（{reason}）；货还是我们的，等处理。",
                f"{whom.en} refused {amount.en} of {what.en} at {who.at} ({reason}); "
                "they are still ours, until somebody decides.",
            )
        return Told(
            f"交给{whom.zh}时少了 {amount.zh}{what.zh}（{who.person.zh} {who.at}，{reason}）。",
            f"{amount.en} of {what.en} were missing when {who.person.en} handed over to {whom.en} "
            f"at {who.at} ({reason}).",
        )

    return tell


def _open_offer(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    who, whom = naming.author(ops[0]), naming.partner(facts[0])
    return Told(
        f"{who.person.zh} {who.at} 要交给{whom.zh}的货，对方还没确认。",
        f"What {who.person.en} offered to {whom.en} at {who.at} was not taken yet.",
    )


def _interval(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    plot, item, lot, clear_on, input_name, _ = [*facts, None, None, None][:6]
    who, what = naming.author(ops[0]), naming.goods(item, lot)
    until_zh = f"安全间隔期到 {clear_on}" if clear_on else "安全间隔期不明"
    until_en = f"it is clear on {clear_on}" if clear_on else "the interval is unknown"
    by_zh, by_en = (f"（{input_name}）", f" ({input_name})") if input_name else ("", "")
    return Told(
        f"{who.person.zh} {who.at} 在地块 {plot} 采收的{what.zh}还在安全间隔期内{by_zh}：{until_zh}，已冻结。",
        f"{what.en}, harvested by {who.person.en} on plot {plot} at {who.at}, is inside the pre-harvest "
        f"interval{by_en}: {until_en}; it is held.",
    )


def _breach(facts: Facts, _ops: Sequence[int], naming: Naming) -> Told:
    place, start, until, _, standing = facts
    where, minutes = naming.place(place), (until - start) // 60_000
    parts = [
        (naming.goods(i, lot), naming.quantity(i, q, w), naming.place(p)) for i, lot, p, q, w in standing
    ]
    zh = "；".join(f"{amount.zh}{what.zh}在{at.zh}" for what, amount, at in parts)
    en = "; ".join(f"{amount.en} of {what.en} in {at.en}" for what, amount, at in parts)
    since, ended = naming.clock(start), naming.clock(until)
    return Told(
        f"{where.zh} {since}–{ended} 超温 {minutes} 分钟，冻结：{zh or '无'}。等质检决定。",
        f"{where.en} was out of range for {minutes} minutes ({since}–{ended}); held: {en or 'nothing'}. QA decides.",
    )


def _mass(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    process, grams_in, grams_out, wasted = facts
    who = naming.author(ops[0])
    kg = [f"{grams / 1000:g} kg" for grams in (grams_in, grams_out, wasted)]
    return Told(
        f"{who.person.zh} {who.at} 的加工（{process}）投入 {kg[0]}，产出 {kg[1]}，损耗 {kg[2]}，对不上。",
        f"{process} by {who.person.en} at {who.at}: {kg[0]} in, {kg[1]} out, {kg[2]} waste do not add up.",
    )


# --- devices, registers --------------------------------------------------------------------------------------------


def _conflict(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    table, entity, name = facts
    people = [naming.author(index).person for index in ops]
    zh, en = "、".join(dict.fromkeys(p.zh for p in people)), ", ".join(dict.fromkeys(p.en for p in people))
    return Told(
        f"{table} {entity} 的 {name} 被同时改成不同的值（{zh}），请定一个。",
        f"{name} of {table} {entity} was set to different values at once ({en}): choose one.",
    )


def _lapsed(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
    device, kind, code = facts
    who, name = naming.author(ops[0]), naming.device(device)
    return Told(
        f"{name} 上{who.person.zh} {who.at} 的 {kind} 没有权限（{code}），已隔离，等经理决定。",
        f"The {kind} by {who.person.en} at {who.at} on {name} lacks the right ({code}): kept apart "
        "until a manager decides.",
    )


def _fork(facts: Facts, _ops: Sequence[int], naming: Naming) -> Told:
    name = naming.device(facts[0])
    return Told(
        f"{name} 的记录分成了两支：手机被复制或从备份恢复过。两支都保留，请重新注册这台设备。",
        f"{name} recorded two histories: it was copied or restored. Both are kept; enrol the device anew.",
    )


def _clock(facts: Facts, _ops: Sequence[int], naming: Naming) -> Told:
    name, minutes = naming.device(facts[0]), round(facts[1] / 60_000)
    return Told(
        f"{name} 的时钟跳了约 {minutes} 分钟，当时的记录时间不可靠。",
        f"The clock of {name} jumped by about {minutes} minutes: times recorded then are doubtful.",
    )


Teller = Callable[[Facts, Sequence[int], Naming], Told]


def _of_promise(say: Callable[[Facts, Sequence[int], Naming], Said]) -> Teller:
    def tell(facts: Facts, ops: Sequence[int], naming: Naming) -> Told:
        said = say(facts, ops, naming)
        return Told(said.zh, said.en)

    return tell


_TELLERS: Final[Mapping[str, Teller]] = {
    "negative-stock": _negative,
    "variance": _variance,
    "contested-count": _contested,
    "change-after-approval": _changed,
    "over-receipt": _receipt(is_over=True),
    "short-receipt": _receipt(is_over=False),
    "unknown-item": _unknown_item,
    "unknown-lot": _unknown_lot,
    "expired-picked": _expired,
    "fefo-overridden": _fefo,
    "refused-goods": _unmoved(is_refused=True),
    "hand-over-missing": _unmoved(is_refused=False),
    "hand-over-open": _open_offer,
    "harvest-inside-interval": _interval,
    "cold-chain-breach": _breach,
    "attribute-conflict": _conflict,
    "serial-in-two-places": _serial,
    "lapsed-permission": _lapsed,
    "forked-device": _fork,
    "suspect-clock": _clock,
    "mass-balance": _mass,
    "promise-short": _of_promise(promise_short),
    "lease-at-risk": _of_promise(lease_at_risk),
    "lease-exceeded": _of_promise(lease_exceeded),
}

_PLAIN: Final[Mapping[str, tuple[str, str]]] = {
    "negative-stock": ("库存为负", "negative stock"),
    "variance": ("盘点有差异", "a count differs from the book"),
    "contested-count": ("盘点时有人在动货", "goods moved during a count"),
    "change-after-approval": ("批准之后又变了", "changed after approval"),
    "over-receipt": ("多收", "more received than ordered"),
    "short-receipt": ("少收", "less received than ordered"),
    "unknown-item": ("未知商品", "unknown item"),
    "unknown-lot": ("未知批次", "unknown lot"),
    "expired-picked": ("拣了过期货", "expired goods picked"),
    "fefo-overridden": ("没有先拣早到期的", "a later expiry was picked first"),
    "refused-goods": ("被拒收的货待处理", "refused goods"),
    "hand-over-missing": ("交货时少货", "goods missing at hand-over"),
    "hand-over-open": ("交货未确认", "hand-over not confirmed"),
    "harvest-inside-interval": ("安全间隔期内采收", "harvested inside the pre-harvest interval"),
    "cold-chain-breach": ("冷链超温", "cold-chain breach"),
    "attribute-conflict": ("资料有冲突", "conflicting values"),
    "serial-in-two-places": ("序列号同时在两处", "one serial in two places"),
    "lapsed-permission": ("没有权限", "lapsed permission"),
    "forked-device": ("设备记录分叉", "a device with two histories"),
    "suspect-clock": ("时钟可疑", "suspect clock"),
    "mass-balance": ("加工重量对不上", "mass balance"),
    "promise-short": ("答应的比现有的多", "more promised than there is"),
    "lease-at-risk": ("额度可能重复", "a promise at risk"),
    "lease-exceeded": ("拣得比额度多", "more taken than promised"),
}
