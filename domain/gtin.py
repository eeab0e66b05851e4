"""Check digits and the numbers that carry them: GTIN-8, -12, -13, -14, SSCC and GLN (GS1 General Specifications 7.9).

A GTIN is kept as 14 digits everywhere, so that the piece, the shelf's scanner and the case label compare alike.
Twin: `pwa/src/domain/gtin.ts`; corpus: `tests/vectors/domain/gtin.json`.
"""

from typing import Final, NewType

from domain.errors import DomainError

Gtin = NewType("Gtin", str)
"""Fourteen digits with a right check digit; made by `parse_gtin` only."""

GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
UPC_E_LENGTHS: Final = frozenset({6, 7, 8})
SSCC_LENGTH: Final = 18
GLN_LENGTH: Final = 13


class WrongCheckDigitError(DomainError):
    """The number was misread or mistyped: its last digit does not belong to the others."""

    code = "wrong-check-digit"

    def __init__(self, *, text: str, expected: int) -> None:
        super().__init__(f"wrong check digit, expected {expected}: '{text}'")
        self.text, self.expected = text, expected


class MalformedCodeError(DomainError):
    """What was scanned or typed is no code that Gobi reads; `reason` is a stable name that screens put into words."""

    code = "malformed-code"

    def __init__(self, *, text: str, reason: str) -> None:
        super().__init__(f"malformed code, {reason}: '{text}'")
        self.text, self.reason = text, reason


def is_digits(text: str) -> bool:
    """Whether the text is ASCII digits, at least one."""
    return text.isascii() and text.isdecimal()


def check_digit(body: str) -> int:
    """Return the digit that completes `body`: weights 3 and 1 alternate, 3 beside the check digit."""
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -weighted % 10


def refuse_wrong_check_digit(text: str, number: str | None = None) -> None:
    """Check the last digit of `number`, a part of what was typed as `text`.

    Raises WrongCheckDigitError.
    """
    digits = text if number is None else number
    expected = check_digit(digits[:-1])
    if int(digits[-1]) != expected:
        raise WrongCheckDigitError(text=text, expected=expected)


def parse_gtin(text: str, *, upc_e: bool = False) -> Gtin:
    """Return the GTIN of 8, 12, 13 or 14 digits, as 14.

    Eight digits are a GTIN-8 unless the caller knows that the symbol was a UPC-E; that is told by the symbol alone.

    Raises MalformedCodeError and WrongCheckDigitError.
    """
    if upc_e:
        return parse_gtin(expand_upc_e(text))
    if not is_digits(text) or len(text) not in GTIN_LENGTHS:
        raise MalformedCodeError(text=text, reason="not-a-gtin")
    refuse_wrong_check_digit(text)
    return Gtin(text.zfill(14))


def parse_sscc(text: str) -> str:
    """Return the SSCC of 18 digits.

    Raises MalformedCodeError and WrongCheckDigitError.
    """
    return _parse_number(text, SSCC_LENGTH, "not-an-sscc")


def parse_gln(text: str) -> str:
    """Return the GLN of 13 digits.

    Raises MalformedCodeError and WrongCheckDigitError.
    """
    return _parse_number(text, GLN_LENGTH, "not-a-gln")


def expand_upc_e(text: str) -> str:
    """Return the UPC-A (12 digits) that a zero-suppressed UPC-E of 6, 7 or 8 digits stands for.

    Six digits are the middle alone; seven begin with the number system; eight end with the check digit, which is kept,
    so that a wrong one is refused by whoever parses the result.

    Raises MalformedCodeError.
    """
    if not is_digits(text) or len(text) not in UPC_E_LENGTHS:
        raise MalformedCodeError(text=text, reason="not-a-upc-e")
    system, middle = ("0", text) if len(text) == min(UPC_E_LENGTHS) else (text[0], text[1:7])
    if system not in "01":
        raise MalformedCodeError(text=text, reason="not-a-upc-e")
    # General Specifications 5.2.2.4.2: the last of the six says where the zeros were taken out.
    match middle[5]:
        case "0" | "1" | "2":
            body = f"{system}{middle[:2]}{middle[5]}0000{middle[2:5]}"
        case "3":
            body = f"{system}{middle[:3]}00000{middle[3:5]}"
        case "4":
            body = f"{system}{middle[:4]}00000{middle[4]}"
        case _:
            body = f"{system}{middle[:5]}0000{middle[5]}"
    check = text[7] if len(text) == max(UPC_E_LENGTHS) else str(check_digit(body))
    return body + check


def shortest_gtin(gtin: str) -> str:
    """Return the GTIN as it is printed: 8, 12, 13 or 14 digits, leading zeros of the 14 left out."""
    stripped = gtin.lstrip("0")
    return next((gtin[-size:] for size in sorted(GTIN_LENGTHS) if len(stripped) <= size), gtin)


def _parse_number(text: str, length: int, reason: str) -> str:
    if not is_digits(text) or len(text) != length:
        raise MalformedCodeError(text=text, reason=reason)
    refuse_wrong_check_digit(text)
    return text
