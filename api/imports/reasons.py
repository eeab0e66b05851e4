"""Why a row was not taken, in the words of whoever made the file."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("这一格不能空着", "this cell must not be empty"),
    "too-long": ("太长了，最多 {most} 个字符", "too long: at most {most} characters"),
    "not-an-id": (
        "编号里不能有冒号或控制字符",
        "an id has no colon and no control characters",
    ),
    "not-a-place": ("不是地点", "not a place"),
    "not-a-number": ("不是数字", "not a number"),
    "ambiguous-number": (
        "看不出逗号是千分位还是小数点，请去掉逗号",
        "the comma may mean thousands or decimals: write it without",
    ),
    "not-whole": ("必须是整数", "must be a whole number"),
    "too-fine": ("比 1 {unit} 还细", "finer than one {unit}"),
    "negative": ("不能是负数", "must not be negative"),
    "zero": ("数量是 0", "the quantity is zero"),
    "too-large": ("数字太大", "too large a number"),
    "not-yes-or-no": ("请填 是 或 否", "write yes or no"),
    "not-a-day": ("不是日期，请写成 2026-11-23", "not a date: write it as 2026-11-23"),
    "not-one-of": ("只能是 {words}", "must be one of {words}"),
    "not-a-role": ("没有这个角色；可以是 {words}", "no such role; it may be {words}"),
    "wrong-check-digit": ("条码校验位不对，应该是 {expected}", "wrong check digit: expected {expected}"),
    "not-a-code": ("不是条码", "not a code"),
    "code-taken": ("这个条码已经是 {item} 的", "this code already belongs to {item}"),
    "unknown-item": ("没有这个商品，请先导入商品", "no such item: import items first"),
    "unknown-place": ("没有这个地点，请先导入地点", "no such place: import places first"),
    "unknown-partner": ("没有这个往来单位，请先导入", "no such partner: import partners first"),
    "parent-is-itself": ("上级不能是自己", "a place is not inside itself"),
    "said-twice": ("和第 {line} 行重复", "the same as line {line}"),
    "differs-within-order": (
        "同一订单的 {field} 和第 {line} 行不一样",
        "differs from line {line} of the same order in {field}",
    ),
    "order-exists": (
        "订单已经存在，内容不同；请在系统里改",
        "the order exists and says something else: change it in the app",
    ),
    "opening-exists": (
        "期初已经导入过（{known}）；要改请盘点",
        "opening stock is already there ({known}): correct it by a count",
    ),
    "no-weight": ("这个商品按重量计，请填重量", "this item is weighed: give its weight"),
    "no-lot": ("有到期日就要有批次", "an expiry date belongs to a lot: name it"),
    "too-many-cells": ("这一行比表头多出几格", "more cells than the header has"),
    "too-much": ("这一条内容太多，记不下", "too much for one entry"),
}


class Fault(Struct, frozen=True, kw_only=True):
    """One cell, or one row, that was not taken."""

    line: int
    column: str
    """As the file calls it."""
    typed: str
    code: str
    reason: str
    reason_zh: str


def fault(line: int, column: str, typed: str, code: str, /, **facts: object) -> Fault:
    """Say what is wrong with a cell, in both languages."""
    chinese, english = REASONS[code]
    return Fault(
        line=line,
        column=column,
        typed=typed[:80],
        code=code,
        reason=english.format_map(facts),
        reason_zh=chinese.format_map(facts),
    )
