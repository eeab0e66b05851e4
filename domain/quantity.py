"""Quantities: whole numbers of an item's base unit, converted by ratios of integers, rounded once and never silently.

What was typed keeps its exact value until it reaches the ledger, so a sixth of a case, six times, is one case. What a
whole number cannot hold is the *residue*; residues are added exactly, and what adds up to a unit is booked at
`virtual:rounding`. 斤 and 两 are grams; 筐, 箱 and 件 are only what the item says.
Twin: `pwa/src/domain/quantity.ts`; corpus: `tests/vectors/domain/quantity.json`.
"""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple

from domain.canonical import INT_MAX
from domain.errors import DomainError

Units = Mapping[str, Fraction]
"""Word of a unit → base units in one of it."""

GRAMS_PER: Final[Mapping[str, int]] = {
    "g": 1, "克": 1, "两": 50, "斤": 500, "市斤": 500, "kg": 1000, "公斤": 1000, "千克": 1000,
    "t": 1_000_000, "吨": 1_000_000,
}  # fmt: skip
MILLILITRES_PER: Final[Mapping[str, int]] = {"ml": 1, "毫升": 1, "l": 1000, "升": 1000}
MASS_UNITS: Final[Units] = {word: Fraction(grams) for word, grams in GRAMS_PER.items()}
VOLUME_UNITS: Final[Units] = {word: Fraction(each) for word, each in MILLILITRES_PER.items()}

TYPED_LENGTH_MAX: Final = 40
"""Nobody types a longer quantity; what is longer was scanned into the wrong field."""
DECIMALS_MAX: Final = 3

_FULL_WIDTH: Final = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {
    0x3000: 0x20, 0x3002: 0x2E, 0x00D7: 0x78,
}  # fmt: skip
"""Full-width forms, the ideographic space and full stop, which an input method makes of `.`."""
_TYPED: Final = re.compile(
    r" *(?:(\d+) +(?=\d+ */))?(?:(\d+) */ *(\d+)|(\d+(?:[.,]\d*)*|[.,]\d+)) *([^\x00-\x20\d.,/+-][^\x00-\x1f]*?)? *",
    re.ASCII,
)
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
_AMBIGUOUS: Final = re.compile(r"[1-9]\d{0,2},\d{3}", re.ASCII)


class MalformedQuantityError(DomainError):
    """What was typed is no quantity; `reason` is a stable name that screens put into words."""

    code = "malformed-quantity"

    def __init__(self, *, text: str, reason: str) -> None:
        super().__init__(f"malformed quantity, {reason}: '{text}'")
        self.text, self.reason = text, reason


class QuantityTooLargeError(DomainError):
    """Beyond what both languages count exactly."""

    code = "quantity-too-large"

    def __init__(self, *, limit: int = INT_MAX) -> None:
        super().__init__(f"a quantity beyond ±{limit}")
        self.limit = limit


class Converted(NamedTuple):
    """A whole number of units, and what it leaves of the exact value: exact = qty + residue."""

    qty: int
    residue: Fraction


class TypedQuantity(NamedTuple):
    """What was typed: its exact value in `unit`, and the base units that it means."""

    amount: Fraction
    unit: str
    qty: int
    residue: Fraction


def round_half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded half up (towards +∞), exactly; the denominator is positive."""
    return (2 * numerator + denominator) // (2 * denominator)


def bounded(qty: int) -> int:
    """Return the quantity when both languages count it exactly.

    Raises QuantityTooLargeError.
    """
    if not -INT_MAX <= qty <= INT_MAX:
        raise QuantityTooLargeError
    return qty


def to_base(amount: Fraction, unit: Fraction) -> Converted:
    """Return `amount` of a unit in base units, `unit` of which make one of it.

    Raises QuantityTooLargeError.
    """
    exact = amount * unit
    qty = bounded(round_half_up(exact.numerator, exact.denominator))
    return Converted(qty, exact - qty)


def whole_units(qty: int, unit: Fraction) -> tuple[int, int]:
    """Return how many whole units a quantity holds, and the base units left over; a negative one as its opposite."""
    sign = -1 if qty < 0 else 1
    units = abs(qty) * unit.denominator // unit.numerator
    left = abs(qty) - -(-units * unit.numerator // unit.denominator)
    return sign * units, sign * left


def book_residues(residues: Iterable[Fraction]) -> Converted:
    """Return what residues add up to: whole base units to be booked at `virtual:rounding`, and what still remains."""
    return to_base(sum(residues, Fraction(0)), Fraction(1))


def split_evenly(total: int, parts: int) -> tuple[int, ...]:
    """Return `parts` whole quantities that differ by at most one and add up to `total` exactly."""
    bounds = [total * number // parts for number in range(parts + 1)]
    return tuple(after - before for before, after in pairwise(bounds))


def parse_quantity(text: str, units: Units, default_unit: str) -> TypedQuantity:
    """Return what was typed: `12.5`, `12,5 kg`, `１２斤`, `1/6 箱`, `2 1/2`; without a unit it is of `default_unit`.

    A comma with three digits after it may be a decimal or a thousand: that is refused, not guessed.

    Raises MalformedQuantityError and QuantityTooLargeError.
    """
    if len(text) > TYPED_LENGTH_MAX:
        raise MalformedQuantityError(text=text[:TYPED_LENGTH_MAX], reason="too-long")
    narrow = text.translate(_FULL_WIDTH)
    if not narrow.strip(" "):
        raise MalformedQuantityError(text=text, reason="empty")
    match = _TYPED.fullmatch(narrow)
    if match is None:
        raise MalformedQuantityError(text=text, reason="not-a-quantity")
    whole, numerator, denominator, decimal, word = match.groups()
    unit = default_unit if word is None else _known_unit(word, units)
    if unit is None or unit not in units:
        raise MalformedQuantityError(text=text, reason="unknown-unit")
    if decimal is not None:
        amount = _decimal(decimal, text)
    elif int(denominator) == 0:
        raise MalformedQuantityError(text=text, reason="not-a-quantity")
    else:
        amount = int(whole or 0) + Fraction(int(numerator), int(denominator))
    qty, residue = to_base(amount, units[unit])
    return TypedQuantity(amount, unit, qty, residue)


def format_quantity(qty: int, unit: Fraction, decimals: int = DECIMALS_MAX) -> str:
    """Return the quantity in a unit as a decimal, `≈` before it where more digits would be needed."""
    exact = Fraction(qty) / unit
    scale = 10**decimals
    scaled = round_half_up(abs(exact.numerator) * scale, exact.denominator)
    whole, fraction = divmod(scaled, scale)
    digits = str(fraction).zfill(decimals).rstrip("0") if decimals else ""
    sign = "-" if exact < 0 and scaled else ""
    about = "" if Fraction(scaled, scale) == abs(exact) else "≈"
    return f"{about}{sign}{whole}{'.' if digits else ''}{digits}"


def _known_unit(word: str, units: Units) -> str | None:
    return next((unit for unit in (word, word.lower()) if unit in units), None)


def _decimal(digits: str, text: str) -> Fraction:
    if "," in digits:
        if _THOUSANDS.fullmatch(digits) and ("." in digits or digits.count(",") > 1):
            digits = digits.replace(",", "")
        elif _AMBIGUOUS.fullmatch(digits):
            raise MalformedQuantityError(text=text, reason="ambiguous-comma")
        elif digits.count(",") == 1 and "." not in digits:
            digits = digits.replace(",", ".")
    whole, _, fraction = digits.partition(".")
    if not (whole + fraction).isdecimal():
        raise MalformedQuantityError(text=text, reason="not-a-quantity")
    return Fraction(int(whole + fraction), 10 ** len(fraction))
