"""Exceptions: what somebody must look at, why, until when (fold.md §6, DESIGN §6).

A finding is derived from the ledger; its id is its code and what it is about, so one cause is one exception whatever
the order in which it came to light.
"""

from collections.abc import Collection, Mapping
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
    "promise-short": ("manager", 8),
    "lease-at-risk": ("manager", 8),
    "lease-exceeded": ("manager", 24),
}
"""Code → the role that owns it, and the hours until its deadline."""

SEPARATOR: Final = "\x1f"


OPS_SHOWN_MAX: Final = 8
"""So many ops an exception names; when a cause has more, the first ones."""


def deadline_of(code: str, opened: int) -> int:
    """Return until when an exception that opened at an instant must be looked at."""
    return opened + OWNERS[code][1] * HOUR_MS


class Finding(NamedTuple):
    """One thing to look at: its facts are names and integers that the screens put into words."""

    code: str
    about: tuple[str, ...]
    facts: tuple[object, ...]
    ops: tuple[int, ...]
    o: int
    closed_by: int | None = None
    """The op that closed it: one that answers it, or whose arrival explained it. None while it is open."""

    @property
    def id(self) -> str:
        """The code and what it is about."""
        return SEPARATOR.join((self.code, *self.about))

    def row(self) -> list[object]:
        """The row of table `exception`."""
        owner, _hours = OWNERS[self.code]
        state, closer = ("open", None) if self.closed_by is None else ("closed", str(self.closed_by))
        return [
            self.id,
            self.code,
            list(self.facts),
            list(self.ops),
            owner,
            self.o,
            deadline_of(self.code, self.o),
            state,
            closer,
        ]


def as_one(found: Collection[Finding]) -> Finding:
    """Return one finding for all that were made under one id: open while any is, told by the earliest."""
    telling = [finding for finding in found if finding.closed_by is None] or list(found)
    first = min(telling, key=lambda finding: (finding.o, finding.ops, repr(finding.facts)))
    if len(telling) == 1:
        return first
    ops = sorted({index for finding in telling for index in finding.ops})[:OPS_SHOWN_MAX]
    closers = [finding.closed_by for finding in telling if finding.closed_by is not None]
    return first._replace(ops=tuple(ops), closed_by=max(closers, default=None))
