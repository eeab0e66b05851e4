"""Element strings: what GS1-128, DataBar, GS1 DataMatrix and GS1 QR carry, and what is printed beneath them.

A field of predefined length ends by itself, every other one at FNC1, which arrives as ASCII 29 or as whatever the
scanner types in its stead. A variable field whose FNC1 is missing takes what follows it as its own: nobody can tell,
so nothing is guessed. What the fields mean is in `domain.gs1_fields`.
Source: GS1 General Specifications 7.8. Twin: `pwa/src/domain/gs1.ts`; corpus: `tests/vectors/domain/gs1.json`.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from domain.gs1_ais import AIS, Ai, ai_at
from domain.gtin import MalformedCodeError, refuse_wrong_check_digit

FNC1: Final = "\x1d"
"""ASCII 29, group separator: how FNC1 is transmitted."""

CENTURY_YEAR: Final = 2026
"""The year that two-digit years are read from when the caller names none: right for 1977 to 2076."""

_GS1_SYMBOLOGIES: Final = frozenset({"]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1"})
_SYMBOLOGY: Final = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_STAND_INS: Final = re.compile(r"\u241d|\{GS\}|<GS>|\[GS\]|\\x1[dD]|\\u001[dD]|\{FNC1\}|<FNC1>|~1|\^")
"""How scanners and Android layers are known to show the separator that no key types; none is of charset 82 whole."""
_BRACKETED: Final = re.compile(r"\((\d{2,4})\)")
_FULL_WIDTH: Final = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_SPACE: Final = " \t\r\n\f\v\x1d"
"""What at either end of a scan separates nothing. FNC1 in first position arrives as a separator."""


class Element(NamedTuple):
    """One application identifier with its value."""

    ai: str
    value: str


class Scan(NamedTuple):
    """What a scanner typed, without what it put around it."""

    symbology: str
    """The symbology identifier (ISO/IEC 15424), empty when the scanner sends none."""
    content: str

    @property
    def is_gs1(self) -> bool:
        """Whether the symbol itself says that it carries an element string."""
        return self.symbology in _GS1_SYMBOLOGIES


def strip_scan(text: str) -> Scan:
    """Return content and symbology: half-width for what an input method widened, no separator at either end."""
    narrow = text.translate(_FULL_WIDTH).strip(_SPACE)
    match = _SYMBOLOGY.match(narrow)
    symbology = match[0] if match else ""
    return Scan(symbology, narrow[len(symbology) :].strip(_SPACE))


def separated(content: str) -> str:
    """Return the content with every stand-in of the separator made into FNC1, none at either end."""
    return _STAND_INS.sub(FNC1, content).strip(_SPACE)


def parse_elements(content: str, *, year: int = CENTURY_YEAR) -> tuple[Element, ...]:
    """Return the elements of an element string, in order; the same one twice counts once.

    Raises MalformedCodeError and WrongCheckDigitError.
    """
    text = separated(content)
    if not text:
        raise MalformedCodeError(text=content, reason="empty")
    found: list[Element] = []
    rest = text
    while rest:
        ai = ai_at(rest)
        if ai is None:
            raise MalformedCodeError(text=content, reason="unknown-identifier")
        rest = rest[len(ai.ai) :]
        if ai.fixed_length is None:
            value, _, rest = rest.partition(FNC1)
        else:
            value, rest = rest[: ai.fixed_length], rest[ai.fixed_length :].removeprefix(FNC1)
        found.append(checked_element(ai, value, year=year))
    return without_repetition(found, content)


def parse_bracketed(content: str, *, year: int = CENTURY_YEAR) -> tuple[Element, ...]:
    """Return the elements of the human-readable form, `(01)09520123456788(10)ABC`.

    Raises MalformedCodeError and WrongCheckDigitError.
    """
    head, *pairs = _BRACKETED.split(content)
    if head.strip() or not pairs:
        raise MalformedCodeError(text=content, reason="not-bracketed")
    found = []
    for number, value in zip(pairs[::2], pairs[1::2], strict=True):
        ai = AIS.get(number)
        if ai is None:
            raise MalformedCodeError(text=content, reason="unknown-identifier")
        found.append(checked_element(ai, value.strip(_SPACE), year=year))
    return without_repetition(found, content)


def checked_element(ai: Ai, value: str, *, year: int = CENTURY_YEAR) -> Element:
    """Return the element when its value is of its format, with right check digits and possible dates.

    Raises MalformedCodeError and WrongCheckDigitError.
    """
    match = ai.pattern.fullmatch(value)
    if match is None:
        raise MalformedCodeError(text=value, reason="wrong-format")
    for check, part in zip(ai.checks, match.groups(), strict=True):
        if part is None or not check:
            continue
        if check == "csum":
            refuse_wrong_check_digit(part)
        elif not _CHECKS[check](part, year):
            raise MalformedCodeError(text=value, reason="not-possible")
    return Element(ai.ai, value)


def without_repetition(elements: Iterable[Element], text: str) -> tuple[Element, ...]:
    """Return the elements once each.

    Raises MalformedCodeError when one identifier has two values.
    """
    values: dict[str, str] = {}
    for ai, value in elements:
        if values.setdefault(ai, value) != value:
            raise MalformedCodeError(text=text, reason="two-values")
    return tuple(Element(ai, value) for ai, value in values.items())


def parse_gs1_day(yymmdd: str, *, year: int = CENTURY_YEAR) -> str | None:
    """Return the day as YYYY-MM-DD, None when there is no such day; day 00 is the last of its month.

    Of the centuries the nearest counts: 51 years ahead of `year` or more is the century before it, 50 behind or more
    the one after (General Specifications 7.12).
    """
    full, month, day = _full_year(int(yymmdd[:2]), year), int(yymmdd[2:4]), int(yymmdd[4:6])
    return _day(full, month, day)


def _full_year(two_digits: int, year: int) -> int:
    century = year - year % 100
    ahead = two_digits - year % 100
    if ahead > 50:  # noqa: PLR2004 - the figure of the clause
        return century - 100 + two_digits
    if ahead < -49:  # noqa: PLR2004 - the figure of the clause
        return century + 100 + two_digits
    return century + two_digits


def _day(year: int, month: int, day: int) -> str | None:
    if not (1 <= month <= 12 and year > 0):  # noqa: PLR2004 - months of a year
        return None
    last = monthrange(year, month)[1]
    return f"{year:04}-{month:02}-{day or last:02}" if day <= last else None


def _is_time(text: str) -> bool:
    return text[:2] <= "23" and text[2:4] <= "59"


_CHECKS: Final[Mapping[str, Callable[[str, int], bool]]] = {
    "yymmd0": lambda part, year: parse_gs1_day(part, year=year) is not None,
    "yymmdd": lambda part, year: part[4:] != "00" and parse_gs1_day(part, year=year) is not None,
    "yyyymmdd": lambda part, _: (
        part[6:] != "00" and _day(int(part[:4]), int(part[4:6]), int(part[6:])) is not None
    ),
    "hhmi": lambda part, _: _is_time(part),
    "hh": lambda part, _: part <= "23",
    "mi": lambda part, _: part <= "59",
    "ss": lambda part, _: part <= "59",
    "zero": lambda part, _: part == "0",
    "yesno": lambda part, _: part in {"0", "1"},
}
