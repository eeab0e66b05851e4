"""When a lot expires: the one rule that stock findings and screens share (DESIGN §2)."""

from datetime import date

from domain.expiry import end_of_day_ms, expires_on, parse_day
from sync_engine.fold.state import State, lot_key


def expires_ms(state: State, item: str, lot: str) -> int | None:
    """Return the instant after which the lot is expired; None when nobody can tell.

    AI 17, else production date + the item's life, else harvest date + the item's life; at the end of the local day.
    """
    day = expiry_day(state, item, lot)
    return None if day is None else end_of_day_ms(day, state.utc_offset_minutes)


def expiry_day(state: State, item: str, lot: str) -> date | None:
    """Return the last local day on which the lot is good; None when nobody can tell."""
    register = state.registers.get(("lot", lot_key(item, lot)))
    if register is None:
        return None
    life = state.attribute("item", item, "life_days")
    return expires_on(
        expires=parse_day(register.values.get("expires_on")),
        produced=parse_day(register.values.get("produced_on")),
        harvested=parse_day(register.values.get("harvested_on")),
        life_days=life if isinstance(life, int) else None,
    )
