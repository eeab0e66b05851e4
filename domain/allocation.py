"""Which lots, and where, meet a demand that the server promises: first expired first out over what is free.

The order is that of `domain.fefo`, ties by place, so that everybody who asks the same gets the same. What was passed
over is told with its reason: a short promise explains itself.
"""

from collections.abc import Iterable
from datetime import date
from typing import Literal, NamedTuple

from msgspec import Struct

from domain.fefo import LotBalance, fefo_key

Why = Literal["held", "expired", "promised"]


class Standing(Struct, frozen=True):
    """One lot at one place: what stands there, and how much of it nobody was promised."""

    lot: str
    place: str
    on_hand: int
    free: int
    expires_on: date | None = None
    held: bool = False


class Portion(NamedTuple):
    """So much of a lot at a place."""

    lot: str
    place: str
    qty: int


class Passed(NamedTuple):
    """So much of a lot stands at a place and cannot be promised."""

    lot: str
    place: str
    qty: int
    why: Why


class Allocated(NamedTuple):
    """The portions, how much of the demand they leave unmet, and what could not be used for it."""

    portions: tuple[Portion, ...]
    short: int
    passed: tuple[Passed, ...]


def allocate(demand: int, standing: Iterable[Standing], as_of: date) -> Allocated:
    """Return the portions that meet `demand` on the local day `as_of`, the lot that expires first before the others.

    `passed` is empty when nothing is short.
    """
    portions: list[Portion] = []
    passed: list[Passed] = []
    left = demand
    for one in sorted(standing, key=_order):
        why = _why_not(one, as_of)
        if why is not None:
            if one.on_hand > 0:
                passed.append(Passed(one.lot, one.place, one.on_hand, why))
            continue
        taken = min(left, max(one.free, 0))
        if taken > 0:
            portions.append(Portion(one.lot, one.place, taken))
            left -= taken
        promised = one.on_hand - max(one.free, 0)
        if promised > 0:
            passed.append(Passed(one.lot, one.place, promised, "promised"))
    return Allocated(tuple(portions), max(left, 0), tuple(passed) if left > 0 else ())


def _order(one: Standing) -> tuple[bool, date, str, str]:
    return *fefo_key(LotBalance(one.lot, one.free, one.expires_on, one.held)), one.place


def _why_not(one: Standing, as_of: date) -> Why | None:
    if one.held:
        return "held"
    return "expired" if one.expires_on is not None and one.expires_on < as_of else None
