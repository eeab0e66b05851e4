"""What the elements of a scan mean to stock: item, lot, serial, days, counts and grams.

Dates of different rules stay apart (15 is not 17); 37 counts the pieces in a logistic unit, 30 those of a variable
one; weights become grams, what is finer than a gram is rounded half-up and says so.
Twin: `pwa/src/domain/gs1-fields.ts`; corpus: `tests/vectors/domain/gs1.json`.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from domain.gs1 import CENTURY_YEAR, Element, parse_gs1_day

CNY: Final = "156"
"""ISO 4217 number of the yuan."""


class Gs1Fields(Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that stock knows, None where the code does not say; `elements` has all of them as scanned."""

    gtin: str | None = None
    """AI 01, or of a logistic unit AI 02: the item that it contains. Fourteen digits."""
    contained: bool = False
    """The GTIN is that of the contents: `count` pieces of it."""
    lot: str | None = None
    serial: str | None = None
    sscc: str | None = None
    gln: str | None = None
    expires_on: str | None = None
    best_before_on: str | None = None
    produced_on: str | None = None
    packed_on: str | None = None
    harvested_on: str | None = None
    count: int | None = None
    weight_g: int | None = None
    gross_g: int | None = None
    volume_ml: int | None = None
    rounded: bool = False
    """The code was finer than a gram or a millilitre."""
    price_fen: int | None = None
    """What the label says is to be paid, where it is in yuan."""
    elements: tuple[Element, ...] = ()


_MEASURES: Final[Mapping[str, tuple[str, int, int]]] = {
    "310": ("weight_g", 1000, 1),
    "320": ("weight_g", 45_359_237, 100_000),
    "330": ("gross_g", 1000, 1),
    "340": ("gross_g", 45_359_237, 100_000),
    "315": ("volume_ml", 1000, 1),
    "316": ("volume_ml", 1_000_000, 1),
}
"""First three digits of the identifier → field, and base units in one of its units, as a ratio."""

_DAYS: Final[Mapping[str, str]] = {
    "7003": "expires_on",
    "17": "expires_on",
    "15": "best_before_on",
    "8008": "produced_on",
    "11": "produced_on",
    "13": "packed_on",
    "7007": "harvested_on",
}
"""Identifier → field. A later row counts before an earlier one of the same field."""

_TEXTS: Final[Mapping[str, str]] = {
    "02": "gtin",
    "01": "gtin",
    "10": "lot",
    "21": "serial",
    "00": "sscc",
    "414": "gln",
}


def gs1_facts(elements: Iterable[Element], *, year: int = CENTURY_YEAR) -> dict[str, object]:
    """Return the fields of `Gs1Fields` that the elements state, by name."""
    values = dict(elements)
    facts: dict[str, object] = {"elements": tuple(Element(ai, value) for ai, value in values.items())}
    facts |= {field: values[ai] for ai, field in _TEXTS.items() if ai in values}
    facts |= {field: parse_gs1_day(values[ai], year=year) for ai, field in _DAYS.items() if ai in values}
    if "01" not in values and "02" in values:
        facts["contained"] = True
    if (count := values.get("37", values.get("30"))) is not None:
        facts["count"] = int(count)
    for ai, value in values.items():
        if (measure := _MEASURES.get(ai[:3])) is not None and len(ai) == 4:  # noqa: PLR2004 - three digits and the place of the decimal point
            field, units, per = measure
            facts[field], rounded = _half_up(int(value) * units, per * 10 ** int(ai[3]))
            facts["rounded"] = rounded or facts.get("rounded", False)
        elif ai[:3] == "392" and len(ai) == 4:  # noqa: PLR2004 - three digits and the place of the decimal point
            facts["price_fen"], _ = _half_up(int(value) * 100, 10 ** int(ai[3]))
        elif ai[:3] == "393" and value[:3] == CNY:
            facts["price_fen"], _ = _half_up(int(value[3:]) * 100, 10 ** int(ai[3]))
    return facts


def gs1_fields(elements: Iterable[Element], *, year: int = CENTURY_YEAR) -> Gs1Fields:
    """Return what checked elements mean; two-digit years are read from `year`."""
    return Gs1Fields(**gs1_facts(elements, year=year))  # type: ignore[arg-type]  # names and values of the tables above


def _half_up(numerator: int, denominator: int) -> tuple[int, bool]:
    return (2 * numerator + denominator) // (2 * denominator), numerator % denominator != 0
