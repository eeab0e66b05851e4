"""When a lot expires: AI 17, else production day + life, else harvest day + life, at the end of the local day.

Labels often show 生产日期 and 保质期 instead of an expiry. Best before (AI 15) is another rule and never expires a lot.
Twin: `pwa/src/domain/expiry.ts`; corpus: `tests/vectors/domain/expiry.json`.
"""

from datetime import date, timedelta
from typing import Final

DAY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000
LIFE_DAYS_MAX: Final = 36_500
"""A hundred years: what lasts longer does not expire, and no calendar ends."""
_EPOCH: Final = date(1970, 1, 1)


def parse_day(value: object) -> date | None:
    """Return the day that an attribute states as YYYY-MM-DD, None when it states none."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return day if day is not None and day.isoformat() == value else None


def day_of(instant_ms: int, utc_offset_minutes: int) -> date:
    """Return the local day of an instant; instants beyond the calendar count as its ends."""
    days = (instant_ms + utc_offset_minutes * MINUTE_MS) // DAY_MS
    return _EPOCH + timedelta(days=min(max(days, (date.min - _EPOCH).days), (date.max - _EPOCH).days))


def end_of_day_ms(day: date, utc_offset_minutes: int) -> int:
    """Return the last millisecond of a local day."""
    return ((day - _EPOCH).days + 1) * DAY_MS - utc_offset_minutes * MINUTE_MS - 1


def days_after(day: date, days: int) -> date:
    """Return the day so many days later, at most a hundred years and never past the calendar's end."""
    room = (date.max - day).days
    return day + timedelta(days=min(days, LIFE_DAYS_MAX, room))


def expires_on(
    *,
    expires: date | None = None,
    produced: date | None = None,
    harvested: date | None = None,
    life_days: int | None = None,
) -> date | None:
    """Return the last day on which the lot is good; None when nobody can tell."""
    if expires is not None:
        return expires
    made = produced if produced is not None else harvested
    if made is None or life_days is None or life_days < 0:
        return None
    return days_after(made, life_days)


def is_expired(last_day: date | None, instant_ms: int, utc_offset_minutes: int) -> bool:
    """Whether the lot is past the end of its last local day; what has none never is."""
    return last_day is not None and instant_ms > end_of_day_ms(last_day, utc_offset_minutes)
