"""The codes of an item as its row has them: `code` or `code:pieces`, each with a right check digit."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from domain.gtin import GTIN_LENGTHS, check_digit, is_digits

FACTOR_MAX: Final = 1_000_000
CODE_CHARS_MAX: Final = 64


class CodeFault(NamedTuple):
    """Why a code is none."""

    code: str
    facts: Mapping[str, object]


def read_codes(texts: Sequence[str]) -> tuple[str, ...] | CodeFault:
    """Return the codes of an item, or the first thing that is wrong with one."""
    codes = []
    for text in texts:
        code, colon, pieces = text.partition(":")
        if not code or len(code) > CODE_CHARS_MAX or not (code.isascii() and code.isprintable()):
            return CodeFault("not-a-code", {})
        if colon and not (is_digits(pieces) and 0 < int(pieces[:9]) <= FACTOR_MAX):
            return CodeFault("not-a-code", {})
        if is_digits(code) and len(code) in GTIN_LENGTHS:
            expected = check_digit(code[:-1])
            if expected != int(code[-1]):
                return CodeFault("wrong-check-digit", {"expected": expected})
        codes.append(text)
    return tuple(dict.fromkeys(codes))
