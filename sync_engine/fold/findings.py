"""Exceptions: what somebody must look at, why, until when (fold.md §6, DESIGN §6).

A finding is derived from the ledger; its id is its code and what it is about, so one cause is one exception whatever
the order in which it came to light.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

HOUR_MS: Final = 3_600_000

OWNERS: Final[Mapping[str, tuple[str, int]]] = {
    "negative-stock": ("manager", 24),
    "variance": ("manager", 24),
    "contested-count": ("manager", 8),
    "change-after-approval": ("manager", 24),
    "over-receipt": ("manager", 48),
    "short-receipt": ("manager", 48),
    "unknown-item": ("manager", 24),
    "unknown-lot": ("manager", 24),
    "expired-picked": ("qa", 2),
    "fefo-overridden": ("manager", 48),
    "refused-goods": ("manager", 24),
    "hand-over-missing": ("manager", 8),
    "hand-over-open": ("manager", 8),
    "harvest-inside-interval": ("qa", 24),
    "cold-chain-breach": ("qa", 4),
    "attribute-conflict": ("manager", 72),
    "serial-in-two-places": ("manager", 24),
    "lapsed-permission": ("manager", 24),
    "forked-device": ("manager", 24),
    "suspect-clock": ("manager", 72),
    "mass-balance": ("qa", 24),
}
"""Code → the role that owns it, and the hours until its deadline."""

SEPARATOR: Final = "\x1f"


class Finding(NamedTuple):
    """One thing to look at: its facts are names and integers that the screens put into words."""

    code: str
    about: tuple[str, ...]
    facts: tuple[object, ...]
    ops: tuple[int, ...]
    o: int

    @property
    def id(self) -> str:
        """The code and what it is about."""
        return SEPARATOR.join((self.code, *self.about))

    def row(self, *, closed_by: str | None) -> list[object]:
        """The row of table `exception`; `closed_by` is an op's index, "itself", or None while open."""
        owner, hours = OWNERS[self.code]
        state = "open" if closed_by is None else "closed"
        return [
            self.id, self.code, list(self.facts), list(self.ops), owner, self.o, self.o + hours * HOUR_MS, state, closed_by
        ]  # fmt: skip
