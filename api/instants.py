"""Instants as people and programs write them: ms since 1970, or ISO 8601 in local time unless it says otherwise."""

from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

from domain.body_fields import INT_MAX
from domain.errors import DomainError


class MalformedInstantError(DomainError):
    """The text is no instant."""

    code: ClassVar[str] = "malformed-instant"

    def __init__(self, *, text: str) -> None:
        super().__init__(f"not an instant: {text[:40]!r}; write 2026-11-23T07:50 or ms since 1970")
        self.text = text[:40]


def parse_instant(text: str, *, utc_offset_minutes: int) -> int:
    """Return an instant in ms; a date alone is the end of that local day.

    Raises MalformedInstantError.
    """
    if text.lstrip("-").isdecimal() and text.isascii():
        number = int(text[:20])
        if abs(number) > INT_MAX:
            raise MalformedInstantError(text=text)
        return number
    local = timezone(timedelta(minutes=utc_offset_minutes))
    try:
        # A plus sign in a query is a blank unless it was escaped: 07:50+08:00 arrives as 07:50 08:00.
        at = datetime.fromisoformat(text.strip().replace(" ", "+") if text.count(":") > 1 else text.strip())
        if len(text.strip()) == len("2026-11-23"):
            at += timedelta(days=1) - timedelta(milliseconds=1)
        aware = at if at.tzinfo is not None else at.replace(tzinfo=local)
        return int(aware.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise MalformedInstantError(text=text) from None
