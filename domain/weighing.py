"""Weighing: gross less the crates is net; the net goes into stock, the deduction only into money.

Catch weight is pieces and grams moved together: what was picked unweighed carries the grams that its lot's average
gives it, marked estimated, until it is weighed.
Twin: `pwa/src/domain/weighing.ts`; corpus: `tests/vectors/domain/weighing.json`.
"""

from typing import NamedTuple

from domain.errors import DomainError
from domain.quantity import bounded, round_half_up


class TareExceedsGrossError(DomainError):
    """The crates weigh more than the scale showed with goods in them."""

    code = "tare-exceeds-gross"

    def __init__(self, *, gross_g: int, tare_g: int) -> None:
        super().__init__(f"tare of {tare_g} g exceeds gross of {gross_g} g")
        self.gross_g, self.tare_g = gross_g, tare_g


class DeductionExceedsNetError(DomainError):
    """More is deducted than was delivered."""

    code = "deduction-exceeds-net"

    def __init__(self, *, net_g: int, deduction_g: int) -> None:
        super().__init__(f"deduction of {deduction_g} g exceeds net of {net_g} g")
        self.net_g, self.deduction_g = net_g, deduction_g


class Weighing(NamedTuple):
    """What the scale showed, and what of it are crates."""

    gross_g: int
    tare_g: int
    net_g: int


class EstimatedWeight(NamedTuple):
    """Grams, and whether somebody weighed them."""

    weight_g: int
    estimated: bool


def weigh(gross_g: int, crate_count: int, crate_tare_g: int) -> Weighing:
    """Return the weighing of goods in so many crates.

    Raises TareExceedsGrossError, and QuantityTooLargeError for a count that was scanned, not counted.
    """
    tare = bounded(crate_count * crate_tare_g)
    if tare > gross_g:
        raise TareExceedsGrossError(gross_g=gross_g, tare_g=tare)
    return Weighing(gross_g, tare, gross_g - tare)


def payable_g(net_g: int, deduction_g: int) -> int:
    """Return the grams that are paid for; stock takes the net all the same.

    Raises DeductionExceedsNetError.
    """
    if deduction_g > net_g:
        raise DeductionExceedsNetError(net_g=net_g, deduction_g=deduction_g)
    return net_g - deduction_g


def estimate_weight(picked: int, on_hand: int, on_hand_g: int) -> EstimatedWeight:
    """Return the grams of `picked` pieces at the average of the lot at its place.

    All that is there weighs what the book says. Where the book knows no average, nothing is claimed: zero, estimated.
    """
    if picked == on_hand:
        return EstimatedWeight(on_hand_g, estimated=True)
    if on_hand <= 0 or on_hand_g <= 0:
        return EstimatedWeight(0, estimated=True)
    return EstimatedWeight(bounded(round_half_up(picked * on_hand_g, on_hand)), estimated=True)


def is_within_tolerance(weighed_g: int, expected_g: int, tolerance_permille: int) -> bool:
    """Whether a weight is as near to what was expected as the item allows, in thousandths of what was expected."""
    return abs(weighed_g - expected_g) * 1000 <= tolerance_permille * abs(expected_g)
