"""The amount of one priced line, exact and rounded once (DESIGN §4, Quantities and money)."""

from typing import Final

from domain.kinds import SettleLine

GRAMS_PER: Final = {"g": 1, "两": 50, "斤": 500, "kg": 1000}
"""Units that price a weight; any other unit prices the base unit (each, 筐, box)."""


def priced_quantity(line: SettleLine) -> tuple[int, int]:
    """Return the quantity that the price applies to, as numerator over denominator, after the deduction."""
    grams = GRAMS_PER.get(line.unit)
    if grams is None:
        return line.qty, 1
    measured = line.qty if line.weight is None else line.weight
    return measured - line.deduction_g, grams


def line_amount_fen(line: SettleLine) -> int:
    """Return the line's amount in fen: quantity × unit price (0.0001 yuan), rounded half-up once."""
    numerator, denominator = priced_quantity(line)
    scale = 100 * denominator
    return (2 * numerator * line.unit_price + scale) // (2 * scale)
