"""What may stand in one cell, by the kind of column: text → value, or the reason why not."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from domain.body_fields import INT_MAX

ID_CHARS_MAX: Final = 64

_YES: Final = frozenset({"yes", "y", "true", "1", "是", "有", "对", "√"})
_NO: Final = frozenset({"", "no", "n", "false", "0", "否", "无", "不"})
_DAY: Final = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$")
_FULL_WIDTH: Final = str.maketrans("０１２３４５６７８９．，－", "0123456789.,-")


class CellError(ValueError):
    """The cell does not hold what its column needs; `code` and `facts` say what was expected."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


Parse = Callable[[str], Any]


def parse_id(text: str) -> str:
    """An identifier: no control characters, no colon (that is how accounts are told from places)."""
    if len(text) > ID_CHARS_MAX:
        raise CellError("too-long", most=ID_CHARS_MAX)
    if ":" in text or any(ord(char) < ord(" ") or char == "\x7f" for char in text):
        raise CellError("not-an-id")
    return text


def parse_place(text: str) -> str:
    """A place, or an account such as `partner:laozhou`."""
    kind, colon, rest = text.partition(":")
    if not colon:
        return parse_id(text)
    if kind not in {"partner", "lpn"}:
        raise CellError("not-a-place")
    return f"{kind}:{parse_id(rest)}"


def parse_text(text: str) -> str:
    """Anything."""
    return text


def parse_whole(text: str) -> int:
    """A whole number ≥ 0."""
    number = _decimal(text)
    if number != number.to_integral_value():
        raise CellError("not-whole")
    return _natural(number)


def parse_signed(text: str) -> Decimal:
    """A number with a sign, such as a temperature."""
    number = _decimal(text)
    if abs(number) > INT_MAX:
        raise CellError("too-large")
    return number


def scaled(by: int, unit: str) -> Parse:
    """A decimal number ≥ 0 that is a whole number of smaller units: kg → g, yuan → fen."""

    def parse(text: str) -> int:
        number = _decimal(text) * by
        if number != number.to_integral_value():
            raise CellError("too-fine", unit=unit)
        return _natural(number)

    return parse


def parse_flag(text: str) -> bool:
    """Yes or no, as people write them."""
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellError("not-yes-or-no")


def parse_day(text: str) -> str:
    """A day, as ISO 8601."""
    found = _DAY.match(text)
    if found is None:
        raise CellError("not-a-day")
    try:
        return date(*(int(part) for part in found.groups())).isoformat()
    except ValueError:
        raise CellError("not-a-day") from None


def one_of(*words: str, **others: str) -> Parse:
    """One of some words; `others` are what people also write for them."""

    def parse(text: str) -> str:
        word = others.get(text, text.lower())
        if word not in words:
            raise CellError("not-one-of", words=", ".join(words))
        return word

    return parse


def list_of(parse: Parse) -> Parse:
    """Several values, separated by blanks, commas or semicolons."""

    def parse_all(text: str) -> Sequence[Any]:
        return tuple(parse(part) for part in re.split(r"[\s,;，；、]+", text) if part)

    return parse_all


def _decimal(text: str) -> Decimal:
    typed = text.translate(_FULL_WIDTH).replace(" ", "").replace("\u00a0", "")
    if re.fullmatch(r"-?[1-9]\d{0,2},\d{3}", typed):
        raise CellError("ambiguous-number")  # 1,200 is one thousand here and one and a bit there
    if re.fullmatch(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", typed):
        typed = typed.replace(",", "")
    elif re.fullmatch(r"-?\d+,\d+", typed):
        typed = typed.replace(",", ".")
    if not re.fullmatch(r"-?\d{1,20}(\.\d{1,12})?", typed):
        raise CellError("not-a-number")
    try:
        return Decimal(typed)
    except InvalidOperation:
        raise CellError("not-a-number") from None


def _natural(number: Decimal) -> int:
    if number < 0:
        raise CellError("negative")
    if number > INT_MAX:
        raise CellError("too-large")
    return int(number)
