"""Money: unit prices in 0.0001 yuan, amounts in fen, rounded half-up once per line (DESIGN §4).

抹零 is a line of its own and never changes a priced one. Crates are items: what a partner keeps of them is due as their
deposit when the account is settled, and a deposit is no sale.
Twin: `pwa/src/domain/money.ts`; corpus: `tests/vectors/domain/money.json`.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from domain.errors import DomainError
from domain.kinds import SettleLine
from domain.quantity import GRAMS_PER, bounded, round_half_up

PRICE_SCALE: Final = 100
"""Units of 0.0001 yuan in one fen."""


class RoundingTooLargeError(DomainError):
    """抹零 is small change: it neither reaches ten yuan nor turns a debt round."""

    code = "rounding-too-large"

    def __init__(self, *, rounding_fen: int, total_fen: int) -> None:
        super().__init__(f"rounding of {rounding_fen} fen on {total_fen} fen")
        self.rounding_fen, self.total_fen = rounding_fen, total_fen


ROUNDING_FEN_MAX: Final = 999
"""抹零 takes off fen, jiao and at most the last yuan; more is a discount, which belongs into the price."""


class Settlement(NamedTuple):
    """The amounts of priced lines in order, their sum, the rounding line, and what is due."""

    amounts_fen: tuple[int, ...]
    sum_fen: int
    rounding_fen: int
    due_fen: int


def priced_quantity(line: SettleLine) -> tuple[int, int]:
    """Return the quantity that the price applies to, as numerator over denominator, after the deduction.

    A unit of weight prices the grams; any other (each, 筐, box) prices the base unit, which takes no deduction.
    """
    grams = GRAMS_PER.get(line.unit)
    if grams is None:
        return line.qty, 1
    measured = line.qty if line.weight is None else line.weight
    return measured - line.deduction_g, grams


def line_amount_fen(line: SettleLine) -> int:
    """Return the line's amount in fen: quantity × unit price (0.0001 yuan), rounded half-up once."""
    numerator, denominator = priced_quantity(line)
    return round_half_up(numerator * line.unit_price, PRICE_SCALE * denominator)


def settlement(lines: Iterable[SettleLine], rounding_fen: int = 0) -> Settlement:
    """Return what lines and 抹零 come to.

    Raises RoundingTooLargeError, and QuantityTooLargeError beyond what both languages count.
    """
    amounts = tuple(bounded(line_amount_fen(line)) for line in lines)
    total = bounded(sum(amounts))
    if abs(rounding_fen) > ROUNDING_FEN_MAX or (total + rounding_fen) * total < 0:
        raise RoundingTooLargeError(rounding_fen=rounding_fen, total_fen=total)
    return Settlement(amounts, total, rounding_fen, total + rounding_fen)


def rounding_down_fen(total_fen: int, unit_fen: int) -> int:
    """Return the 抹零 that takes a total down to whole `unit_fen` (10: jiao, 100: yuan); zero or negative."""
    return -(total_fen % unit_fen) if total_fen > 0 else 0


def deposit_due_fen(crates_kept: int, deposit_fen: int) -> int:
    """Return the deposit due for crates that a partner keeps; negative when we owe it for crates that came back."""
    return bounded(crates_kept * deposit_fen)


def balance_fen(due_fen: Sequence[int], paid_fen: Sequence[int]) -> int:
    """Return what is still owed after payments; negative: paid in advance."""
    return bounded(sum(due_fen) - sum(paid_fen))
