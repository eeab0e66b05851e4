"""When a lot expires: the one rule that stock findings and screens share (DESIGN §2)."""

from datetime import date, datetime, timedelta, timezone

from sync_engine.fold.state import State, lot_key


def day_of(instant_ms: int, utc_offset_minutes: int) -> date:
    """Return the local day of an instant."""
    zone = timezone(timedelta(minutes=utc_offset_minutes))
    return datetime.fromtimestamp(instant_ms / 1000, zone).date()


def end_of_day_ms(day: date, utc_offset_minutes: int) -> int:
    """Return the last millisecond of a local day."""
    zone = timezone(timedelta(minutes=utc_offset_minutes))
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=1)
    return int(midnight.timestamp()) * 1000 - 1


def parse_day(value: object) -> date | None:
    """Return the day that an attribute states, None when it states none."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def expires_ms(state: State, item: str, lot: str) -> int | None:
    """Return the instant after which the lot is expired; None when nobody can tell.

    AI 17, else production date + the item's life, else harvest date + the item's life; at the end of the local day.
    """
    register = state.registers.get(("lot", lot_key(item, lot)))
    if register is None:
        return None
    day = parse_day(register.values.get("expires_on"))
    if day is None:
        life = state.attribute("item", item, "life_days")
        made = parse_day(register.values.get("produced_on")) or parse_day(register.values.get("harvested_on"))
        if made is None or not isinstance(life, int):
            return None
        day = made + timedelta(days=life)
    return end_of_day_ms(day, state.utc_offset_minutes)
