"""What people call things: names of items, places, partners and people, quantities and clocks, in both languages."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sync_engine.ledger import Ledger

_UNITS_ZH: Final = {"each": "件", "kg": "公斤"}
_UNITS_EN: Final = {"筐": "crates", "箱": "boxes", "件": "pieces", "each": ""}
_ACCOUNTS: Final = {
    "opening": ("期初", "opening stock"),
    "transform": ("加工", "processing"),
    "loss": ("损耗", "loss"),
    "variance": ("盘点差异", "variance"),
    "suspense": ("待查", "suspense"),
    "rounding": ("尾差", "rounding"),
    "shrinkage": ("自然损耗", "shrinkage"),
}
_AWAY: Final = {
    "pick": ("拣走", "picked"),
    "move": ("移走", "moved away"),
    "ship": ("装车", "shipped"),
    "deliver": ("送走", "delivered"),
    "transform": ("加工掉", "processed"),
    "dispose": ("报损", "disposed of"),
    "adjust": ("调减", "adjusted"),
    "take": ("交出", "handed over"),
    "finish": ("结清", "written off"),
}
_HERE: Final = {
    "receive": ("收", "received"),
    "move": ("移来", "moved here"),
    "return": ("退回来", "returned"),
    "transform": ("加工出来", "made"),
    "adjust": ("调增", "adjusted"),
    "harvest": ("采收", "harvested"),
    "take": ("接收", "taken over"),
    "pick": ("拣来", "picked"),
}


class Said(NamedTuple):
    """A word in both languages."""

    zh: str
    en: str


class Author(NamedTuple):
    """Who recorded an op, when it happened, and when it reached the server; as clock times."""

    person: Said
    at: str
    arrived: str
    kind: str


class Naming:
    """The names in a ledger as they are now; `now_ms` says which day needs no date."""

    def __init__(self, ledger: Ledger, *, now_ms: int) -> None:
        self._ledger, self._now_ms = ledger, now_ms
        self._offset = timedelta(minutes=ledger.fold.state.utc_offset_minutes)

    def named(self, table: str, entity: str) -> Said:
        """Return what an entity is called, its id where nobody named it."""
        state = self._ledger.fold.state
        zh, en = state.attribute(table, entity, "name"), state.attribute(table, entity, "name_en")
        chinese = zh if isinstance(zh, str) and zh else entity
        return Said(chinese, en if isinstance(en, str) and en else chinese)

    def goods(self, item: str, lot: str) -> Said:
        """Return an item with its lot."""
        name = self.named("item", item)
        if lot == "?":
            return Said(f"{name.zh}（批次不明）", f"{name.en} of unknown lot")
        return Said(f"{name.zh} {lot}", f"{name.en} {lot}") if lot else name

    def place(self, place: str) -> Said:
        """Return a place or an account."""
        kind, colon, rest = place.partition(":")
        if not colon:
            return self.named("place", place)
        if kind == "partner":
            return self.partner(rest)
        if kind == "virtual":
            return Said(*_ACCOUNTS.get(rest, (rest, rest)))
        return Said(f"地块 {rest}", f"plot {rest}") if kind == "plot" else Said(rest, rest)

    def partner(self, partner: str) -> Said:
        """Return a partner, or a person to whom something was offered."""
        table = "partner" if ("partner", partner) in self._ledger.fold.state.registers else "person"
        return self.named(table, partner)

    def person(self, person: str) -> Said:
        """Return a person."""
        genesis = self._ledger.directory.genesis
        if ("person", person) not in self._ledger.fold.state.registers and genesis is not None:
            admin, name, _ = genesis.admin
            if admin == person:
                return Said(name, name)
        return self.named("person", person)

    def device(self, device: str) -> str:
        """Return a device, by its id in hex."""
        found = self._ledger.directory.device(bytes.fromhex(device))
        return device[:8] if found is None else found.name

    def quantity(self, item: str, q: int, w: int | None = None) -> Said:
        """Return a quantity in the item's unit, with grams where they say more."""
        unit = self._ledger.fold.state.attribute("item", item, "unit")
        if unit == "g":
            return Said(f"{_kilograms(q)} 公斤", f"{_kilograms(q)} kg")
        word = unit if isinstance(unit, str) else ""
        zh = f"{q} {_UNITS_ZH.get(word, word)}".strip()
        en = f"{q} {_UNITS_EN.get(word, word)}".strip()
        if not w:
            return Said(zh, en)
        if not q:
            return Said(f"{_kilograms(w)} 公斤", f"{_kilograms(w)} kg")
        return Said(f"{zh}（{_kilograms(w)} 公斤）", f"{en} ({_kilograms(w)} kg)")

    def author(self, index: int) -> Author:
        """Return who recorded the op at an index, and when."""
        entry = self._ledger.fold.logged(index)
        if entry is None:
            return Author(Said("未知", "somebody"), "?", "?", "")
        session = self._ledger.directory.session(entry.op.actor)
        device = self._ledger.directory.device(entry.op.device)
        who = session.person if session is not None else (device.person if device is not None else None)
        person = Said("系统", "the server") if who is None else self.person(who)
        return Author(person, self.clock(entry.t), self.clock(entry.arrived), entry.op.kind)

    def deed(self, kind: str, *, away: bool) -> Said:
        """Return what was done to goods, as a past participle."""
        return Said(*(_AWAY if away else _HERE).get(kind, ("动过", "moved")))

    def clock(self, at_ms: int) -> str:
        """Return a local time, with its day when that is not today."""
        at, now = self._local(at_ms), self._local(self._now_ms)
        return at.strftime("%H:%M" if at.date() == now.date() else "%m-%d %H:%M")

    def day(self, at_ms: int) -> str:
        """Return a local day."""
        return self._local(at_ms).date().isoformat()

    def _local(self, at_ms: int) -> datetime:
        try:
            return datetime.fromtimestamp(at_ms / 1000, UTC) + self._offset
        except (OverflowError, ValueError, OSError):
            return datetime(1970, 1, 1, tzinfo=UTC)


def _kilograms(grams: int) -> str:
    return f"{grams / 1000:,.3f}".rstrip("0").rstrip(".")
