"""Attribute registers: multi-value, the last effective one shown, concurrent different ones in conflict (DESIGN §5)."""

from typing import Final, NamedTuple

from sync_engine.fold.origin import Origin, has_seen

CONFLICTS_MATTER: Final = frozenset(
    {
        "unit",
        "catch",
        "weight_g",
        "tare_g",
        "deposit_fen",
        "life_days",
        "expires_on",
        "produced_on",
        "parent",
        "gtin",
    }
)
"""Attributes on which stock, money or food safety depends; a name in conflict harms nobody."""


class Write(NamedTuple):
    """One value that one op gave an attribute; `number` orders writes within the op."""

    o: int
    leaf: int
    number: int
    attribute: str
    value: object
    origin: Origin


class Register:
    """The attributes of one entity."""

    __slots__ = ("values", "writes")

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.values: dict[str, object] = {}

    def put(self, writes: list[Write]) -> None:
        """Add writes; the last in effective order is shown."""
        self.writes.extend(writes)
        self._settle()

    def remove(self, index: int) -> None:
        """Take out every write of op `index`."""
        self.writes = [write for write in self.writes if write.leaf != index]
        self._settle()

    def _settle(self) -> None:
        self.writes.sort(key=lambda write: write[:3])
        self.values = {write.attribute: write.value for write in self.writes}

    def conflicts(self) -> dict[str, list[int]]:
        """Return attribute → indexes of the ops that gave it concurrent different values."""
        found: dict[str, list[int]] = {}
        by_attribute: dict[str, list[Write]] = {}
        for write in self.writes:
            by_attribute.setdefault(write.attribute, []).append(write)
        for attribute, writes in by_attribute.items():
            if len(writes) > 1:
                latest = [
                    w
                    for w in writes
                    if not any(has_seen(v.origin, w.origin) for v in writes if v.leaf != w.leaf)
                ]
                if any(w.value != latest[0].value for w in latest):
                    found[attribute] = sorted({w.leaf for w in latest})
        return found
