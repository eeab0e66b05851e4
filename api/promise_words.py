"""Exceptions about promises as sentences, in Chinese and English (fold.md §7): who counts on what, and until when."""

from collections.abc import Sequence
from typing import Any

from api.naming import Naming, Said

Facts = Sequence[Any]


def promise_short(facts: Facts, _ops: Sequence[int], naming: Naming) -> Said:
    """More is promised than stands there."""
    item, lot, place, stands, promised, holders = facts
    what, where = naming.goods(item, lot), naming.place(place)
    has, owes = naming.quantity(item, max(0, stands)), naming.quantity(item, promised)
    said = [_holder(item, holder, naming) for holder in holders]
    zh, en = "；".join(one.zh for one in said), "; ".join(one.en for one in said)
    return Said(
        f"{where.zh}的{what.zh}只有 {has.zh} 可用，却答应出去了 {owes.zh}：{zh}。",
        f"{what.en} in {where.en}: {has.en} available, {owes.en} promised: {en}.",
    )


def lease_at_risk(facts: Facts, _ops: Sequence[int], naming: Naming) -> Said:
    """Promised anew while an earlier holder is silent, or has turned out to have taken it."""
    item, lot, place, left, device, purpose, until, others, short = facts
    what, where = naming.goods(item, lot), naming.place(place)
    holder = _holder(item, (device, purpose, left, until), naming)
    names = [naming.device(other[0]) for other in others]
    zh, en = "、".join(names), ", ".join(names)
    if short:
        gap = naming.quantity(item, short)
        return Said(
            f"{where.zh}的{what.zh}：{holder.zh}；{zh} 补报后少 {gap.zh}。",
            f"{what.en} in {where.en}: {holder.en}; now that {en} reported, {gap.en} are missing.",
        )
    return Said(
        f"{where.zh}的{what.zh}：{holder.zh}，但 {zh} 的额度过期后一直没有联网，可能已经拣走。",
        f"{what.en} in {where.en}: {holder.en}, but {en} has not been heard of since its lease ended and may have it.",
    )


def lease_exceeded(facts: Facts, _ops: Sequence[int], naming: Naming) -> Said:
    """A holder took more than was promised to it."""
    item, lot, place, taken, leased, device, _purpose = facts
    what, where, name = naming.goods(item, lot), naming.place(place), naming.device(device)
    took, had = naming.quantity(item, taken), naming.quantity(item, leased)
    return Said(
        f"{name} 在{where.zh}拣了{what.zh} {took.zh}，其中只有 {had.zh} 是留给它的。",
        f"{name} took {took.en} of {what.en} in {where.en}; {had.en} of it were promised to it.",
    )


def _holder(item: str, holder: Sequence[Any], naming: Naming) -> Said:
    device, purpose, qty, until = holder
    amount, day = naming.quantity(item, qty), naming.day(until)
    name = naming.device(device) if device else purpose or "?"
    ends = f"{day} {naming.clock(until)}"
    return Said(f"{name} 有 {amount.zh}，到 {ends}", f"{name} has {amount.en} until {ends}")
