"""In-store codes of scales: a number that carries the item and its weight or price, by the organisation's own template.

A template shows the number place by place: a digit stands for itself, `I` for the item, `W` for grams, `P` for fen,
`V` for the price check digit (GS1 General Specifications 7.9.2 to 7.9.4), `*` for anything, `C`, last, for the check
digit. `20IIIIIWWWWWC` is an EAN-13 with five digits of each; scales in China also print 18 digits, weight and price.
Twin: `pwa/src/domain/scale-code.ts`; corpus: `tests/vectors/domain/scale_code.json`.
"""

import re
from typing import Final, NamedTuple

from domain.errors import DomainError
from domain.gtin import is_digits, refuse_wrong_check_digit

LENGTH_MIN: Final = 8
LENGTH_MAX: Final = 24
"""The shortest and the longest number that shops are known to print."""

_TEMPLATE: Final = re.compile(r"2[0-9]?[IWPV*]+C|02[IWPV*]+C")
_RUNS: Final = re.compile(r"(.)\1*")

# Weighted products of the price check digit: position by digit (General Specifications, figures 7.9.2-1 to -4).
_TWO_MINUS: Final = (0, 2, 4, 6, 8, 9, 1, 3, 5, 7)
_THREE: Final = (0, 3, 6, 9, 2, 5, 8, 1, 4, 7)
_FIVE_PLUS: Final = (0, 5, 1, 6, 2, 7, 3, 8, 4, 9)
_FIVE_MINUS: Final = (0, 5, 9, 4, 8, 3, 7, 2, 6, 1)
_WEIGHTS: Final = {
    4: (_TWO_MINUS, _TWO_MINUS, _THREE, _FIVE_MINUS),
    5: (_FIVE_PLUS, _TWO_MINUS, _FIVE_MINUS, _FIVE_PLUS, _TWO_MINUS),
}


class MalformedTemplateError(DomainError):
    """The organisation's template of scale codes cannot be read."""

    code = "malformed-template"

    def __init__(self, *, template: str, reason: str) -> None:
        super().__init__(f"{reason}: '{template}'")
        self.template, self.reason = template, reason


class ScaleCode(NamedTuple):
    """What a scale printed."""

    item: str
    """The digits of the item's own code, leading zeros and all."""
    weight_g: int | None
    price_fen: int | None


def check_template(template: str) -> str:
    """Return the template when it can be read.

    Raises MalformedTemplateError.
    """
    letters = [run[1] for run in _RUNS.finditer(template) if run[1] in "IWPV"]
    if not _TEMPLATE.fullmatch(template) or not LENGTH_MIN <= len(template) <= LENGTH_MAX:
        raise MalformedTemplateError(template=template, reason="not a template of scale codes")
    if len(set(letters)) != len(letters) or "I" not in letters or not {"W", "P"} & set(letters):
        raise MalformedTemplateError(template=template, reason="it needs one run of I, and one of W or P")
    if "V" in letters and (template.count("V") != 1 or _verified(template) not in _WEIGHTS):
        raise MalformedTemplateError(template=template, reason="V checks a value of 4 or 5 digits")
    return template


def read_scale_code(text: str, template: str) -> ScaleCode | None:
    """Return what the number says by a template, None when it is not of the template.

    Raises WrongCheckDigitError when the number is of the template but was misread.
    """
    if not is_digits(text) or len(text) != len(template) or not _fits(text, template):
        return None
    refuse_wrong_check_digit(text)
    verifier = _part(text, template, "V")
    value = _part(text, template, "P") or _part(text, template, "W")
    if verifier and int(verifier) != price_check_digit(value):
        return None
    weight, price = _part(text, template, "W"), _part(text, template, "P")
    return ScaleCode(
        _part(text, template, "I"), int(weight) if weight else None, int(price) if price else None
    )


def price_check_digit(value: str) -> int:
    """Return the digit that guards a price or weight of 4 or 5 digits within the number."""
    total = sum(weight[int(digit)] for weight, digit in zip(_WEIGHTS[len(value)], value, strict=True))
    if len(value) == len(_WEIGHTS[4]):
        return total * 3 % 10
    return _FIVE_MINUS.index(-total % 10)


def _verified(template: str) -> int:
    return template.count("P") or template.count("W")


def _fits(text: str, template: str) -> bool:
    return all(place == digit or not place.isdigit() for place, digit in zip(template, text, strict=True))


def _part(text: str, template: str, letter: str) -> str:
    return "".join(digit for place, digit in zip(template, text, strict=True) if place == letter)
