"""Whatever a scanner types, read once: GS1, Digital Link, a scale's code, our own labels, or an own code.

The order in which the readings are tried is the rule here: what the symbol or the text states of itself comes first,
the organisation's scale templates come before GTINs (both are EAN-13), and what nobody claims is an own code.
Twin: `pwa/src/domain/scan.ts`; corpus: `tests/vectors/domain/scan.json`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from domain.digital_link import is_web_link, parse_digital_link, parse_serial_link
from domain.errors import DomainError
from domain.gs1 import (
    CENTURY_YEAR,
    FNC1,
    Element,
    Scan,
    parse_bracketed,
    parse_elements,
    separated,
    strip_scan,
)
from domain.gs1_fields import Gs1Fields, gs1_facts
from domain.gtin import (
    GTIN_LENGTHS,
    SSCC_LENGTH,
    MalformedCodeError,
    WrongCheckDigitError,
    check_digit,
    is_digits,
    parse_gtin,
)
from domain.scale_code import MalformedTemplateError, check_template, read_scale_code

OWN_LENGTH_MAX: Final = 64
"""As long as an identifier of the organisation's own may be (`domain.kinds.Id`)."""
SCAN_LENGTH_MAX: Final = 2048
"""No symbol on goods holds more; what is longer is text pasted into the wrong field."""

ENROL_PREFIX: Final = "gobi:enrol:"
PLACE_PREFIX: Final = "gobi:place:"

_OWN: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PLACE: Final = re.compile(r"[^:\x00-\x20\x7f-\xa0\u2028\u2029\u3000\ufeff]{1,64}")
_IDENTIFIED: Final = re.compile(r"0[12]\d{14}|00\d{18}", re.ASCII)
"""What an element string begins with when the scanner sends neither symbology nor separator."""


class Gs1Reading(Gs1Fields, frozen=True, kw_only=True, tag_field="type", tag="gs1"):
    """A GTIN or an element string."""


class LinkReading(Gs1Fields, frozen=True, kw_only=True, tag_field="type", tag="link"):
    """A Digital Link, or our own link of a serial without a GTIN."""

    url: str


class ScaleReading(Struct, frozen=True, tag_field="type", tag="scale", rename="camel"):
    """A scale's number: the item's digits with its weight or price."""

    item: str
    weight_g: int | None
    price_fen: int | None


class EnrolReading(Struct, frozen=True, tag_field="type", tag="enrol"):
    """A one-time code that makes this device one of the organisation's."""

    url: str


class PlaceReading(Struct, frozen=True, tag_field="type", tag="place"):
    """The label of one of our places."""

    place: str


class OwnReading(Struct, frozen=True, tag_field="type", tag="own"):
    """A code that only the organisation's catalogue can explain."""

    code: str


ScanReading: TypeAlias = Gs1Reading | LinkReading | ScaleReading | EnrolReading | PlaceReading | OwnReading


def read_scan(text: str, templates: Sequence[str] = (), *, year: int = CENTURY_YEAR) -> ScanReading:
    """Return what was scanned or typed; `templates` are those of the organisation's scales, unreadable ones ignored.

    Raises MalformedCodeError and WrongCheckDigitError.
    """
    scan = strip_scan(text)
    content = scan.content
    if not content or len(content) > SCAN_LENGTH_MAX:
        raise MalformedCodeError(text=content[:OWN_LENGTH_MAX], reason="too-long" if content else "empty")
    if content.startswith(ENROL_PREFIX):
        return EnrolReading(content)
    if content.startswith(PLACE_PREFIX):
        return _place(content)
    if is_web_link(content):
        return _link(content, year)
    if scan.is_gs1 or FNC1 in separated(content) or content.startswith("("):
        return _stated(scan, year)
    if is_digits(content):
        return _digits(content, templates, year)
    return _unstated(content, year)


def _place(content: str) -> PlaceReading:
    place = content.removeprefix(PLACE_PREFIX)
    if not _PLACE.fullmatch(place):
        raise MalformedCodeError(text=content, reason="not-a-place-label")
    return PlaceReading(place)


def _link(url: str, year: int) -> LinkReading:
    serial = parse_serial_link(url)
    if serial is not None:
        return LinkReading(url=url, serial=serial)
    return LinkReading(url=url, **gs1_facts(parse_digital_link(url, year=year), year=year))  # type: ignore[arg-type]  # by the tables of gs1_fields


def _stated(scan: Scan, year: int) -> ScanReading:
    """Read what says of itself that it is GS1; own codes may begin with a bracket or hold a stand-in all the same."""
    try:
        parse = parse_bracketed if scan.content.startswith("(") else parse_elements
        return _gs1(parse(scan.content, year=year), year)
    except MalformedCodeError:
        if scan.is_gs1 or FNC1 in scan.content or scan.content.startswith(("(0", "(1", "(2")):
            raise
        return _own(scan.content)


def _digits(content: str, templates: Iterable[str], year: int) -> ScanReading:
    for template in templates:
        try:
            code = read_scale_code(content, check_template(template))
        except MalformedTemplateError:
            continue
        if code is not None:
            return ScaleReading(code.item, code.weight_g, code.price_fen)
    if len(content) in GTIN_LENGTHS:
        return _gs1((Element("01", parse_gtin(content)),), year)
    if len(content) == SSCC_LENGTH and check_digit(content[:-1]) == int(content[-1]):
        return _gs1((Element("00", content),), year)
    return _unstated(content, year)


def _unstated(content: str, year: int) -> ScanReading:
    """Read what may be an element string whose scanner says nothing; everything else is an own code."""
    if _IDENTIFIED.match(content):
        try:
            return _gs1(parse_elements(content, year=year), year)
        except DomainError:
            return _own(content)
    return _own(content)


def _gs1(elements: Iterable[Element], year: int) -> Gs1Reading:
    return Gs1Reading(**gs1_facts(elements, year=year))  # type: ignore[arg-type]  # by the tables of gs1_fields


def _own(content: str) -> OwnReading:
    if len(content) > OWN_LENGTH_MAX or not _OWN.fullmatch(content):
        raise MalformedCodeError(text=content[:OWN_LENGTH_MAX], reason="unreadable")
    return OwnReading(content)


__all__ = [
    "EnrolReading",
    "Gs1Reading",
    "LinkReading",
    "MalformedCodeError",
    "OwnReading",
    "PlaceReading",
    "ScaleReading",
    "ScanReading",
    "WrongCheckDigitError",
    "read_scan",
]
