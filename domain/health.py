"""The health of a lot: one word for lists and screens, from its hold and its days.

The gravest word stands: a hold before an expiry, because it binds whatever the date says; an expired lot before one
that will expire. Twin: `pwa/src/domain/health.ts`; corpus: `tests/vectors/domain/health.json`.
"""

from datetime import date
from typing import Literal

HoldState = Literal["inspect", "hold", "reject", "recall"]
Health = Literal["good", "expiring", "expired", "inspect", "hold", "reject", "recall"]
"""From best to gravest."""


def lot_health(*, hold: HoldState | None, expires_on: date | None, as_of: date, warning_days: int) -> Health:
    """Return how a lot is on the local day `as_of`; within `warning_days` of its last day it is expiring."""
    if hold is not None:
        return hold
    if expires_on is None:
        return "good"
    days_left = (expires_on - as_of).days
    if days_left < 0:
        return "expired"
    return "expiring" if days_left <= warning_days else "good"
