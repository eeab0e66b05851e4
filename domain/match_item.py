"""Which item a scan is of, and how many pieces one such code stands for.

An item's attribute `codes` lists its codes: `code`, or `code:factor` for a pack of so many pieces. GTINs compare as 14
digits, a scale's digits without their leading zeros.
Twin: `pwa/src/domain/match-item.ts`; corpus: `tests/vectors/domain/scan.json`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from domain.gtin import GTIN_LENGTHS, check_digit, is_digits
from domain.scan import Gs1Reading, LinkReading, OwnReading, ScaleReading, ScanReading

_CODE: Final = re.compile(r"(.+?)(?::([1-9][0-9]{0,8}))?", re.DOTALL)


class ItemCodes(Struct, frozen=True):
    """An item and its codes, as its register states them."""

    id: str
    codes: Sequence[str]


class ItemMatch(Struct, frozen=True):
    """The item that the code is of, and the pieces that one such code stands for."""

    item: str
    factor: int


def match_item(reading: ScanReading, items: Iterable[ItemCodes]) -> ItemMatch | None:
    """Return the item that the reading names, None when the catalogue does not know it.

    An own code may also be the item's id. Of several items with one code the first by id counts: a catalogue that
    says so is to be mended, and every device meanwhile answers alike.
    """
    wanted = _wanted(reading)
    if wanted is None:
        return None
    exact = reading.code if isinstance(reading, OwnReading) else None
    found = [
        ItemMatch(item.id, factor)
        for item in items
        for code, factor in _codes(item, exact)
        if _comparable(code, wanted[0]) == wanted[1]
    ]
    return min(found, key=lambda match: (match.item, match.factor), default=None)


def parse_item_code(text: str) -> tuple[str, int]:
    """Return code and factor of an entry of `codes`; without a factor it is 1."""
    match = _CODE.fullmatch(text)
    return (match[1], int(match[2] or 1)) if match else ("", 1)


def _codes(item: ItemCodes, exact: str | None) -> Iterable[tuple[str, int]]:
    yield from (parse_item_code(code) for code in item.codes)
    if exact is not None:
        yield item.id, 1


def _wanted(reading: ScanReading) -> tuple[str, str] | None:
    match reading:
        case Gs1Reading(gtin=str() as gtin) | LinkReading(gtin=str() as gtin):
            return "gtin", gtin
        case ScaleReading(item=item):
            return "scale", item.lstrip("0")
        case OwnReading(code=code):
            return "own", code
        case _:
            return None


def _comparable(code: str, way: str) -> str | None:
    """Return the code as codes of that way compare, None when it is none of them."""
    if way == "own":
        return code
    if not is_digits(code):
        return None
    if way == "scale":
        return code.lstrip("0")
    right = len(code) in GTIN_LENGTHS and check_digit(code[:-1]) == int(code[-1])
    return code.zfill(14) if right else None
