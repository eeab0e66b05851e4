"""First expired, first out: which lots meet a demand.

The order is total, so that two devices with the same balances suggest the same picks: sooner expiry first, no expiry
last, ties by lot. An expired lot is never picked and a held one never; what is left unmet is told, not hidden.
Twin: `pwa/src/domain/fefo.ts`; corpus: `tests/vectors/domain/fefo.json`.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from msgspec import Struct


class LotBalance(Struct, frozen=True):
    """What stands of one lot at one place, less what is promised to others."""

    lot: str
    qty: int
    expires_on: date | None = None
    held: bool = False


class Pick(NamedTuple):
    """Take so much of a lot."""

    lot: str
    qty: int


class Allocation(NamedTuple):
    """The picks, and how much of the demand no usable lot meets."""

    picks: tuple[Pick, ...]
    short: int


def allocate_fefo(demand: int, balances: Iterable[LotBalance], as_of: date) -> Allocation:
    """Return the picks that meet `demand` on the local day `as_of`; a lot is good to the end of its last day."""
    picks: list[Pick] = []
    left = demand
    for balance in sorted((b for b in balances if is_usable(b, as_of)), key=fefo_key):
        if left <= 0:
            break
        taken = min(left, balance.qty)
        picks.append(Pick(balance.lot, taken))
        left -= taken
    return Allocation(tuple(picks), max(left, 0))


def is_usable(balance: LotBalance, as_of: date) -> bool:
    """Whether the lot may be picked at all."""
    unexpired = balance.expires_on is None or balance.expires_on >= as_of
    return balance.qty > 0 and not balance.held and unexpired


def fefo_key(balance: LotBalance) -> tuple[bool, date, str]:
    """Return what orders lots: sooner expiry first, no expiry last, ties by lot."""
    return balance.expires_on is None, balance.expires_on or date.min, balance.lot
