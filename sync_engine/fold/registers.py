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


class Conflict(NamedTuple):
    """The ops that gave one attribute different values, none knowing the other, and when the last of them did."""

    ops: tuple[int, ...]
    o: int


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

    def conflicts(self) -> dict[str, Conflict]:
        """Return attribute → the ops that gave it concurrent different values."""
        found: dict[str, Conflict] = {}
        by_attribute: dict[str, list[Write]] = {}
        for write in self.writes:
            by_attribute.setdefault(write.attribute, []).append(write)
        for attribute, writes in by_attribute.items():
            latest = writes if len(writes) == 1 else _latest(writes)
            if any(write.value != latest[0].value for write in latest):
                ops = tuple(sorted({write.leaf for write in latest}))
                found[attribute] = Conflict(ops, max(write.o for write in latest))
        return found


def _latest(writes: list[Write]) -> list[Write]:
    """The writes that no other op had seen; of one op's own, the last."""
    own_last = {write.leaf: write for write in writes}.values()
    return [
        w for w in own_last if not any(has_seen(v.origin, w.origin) for v in own_last if v.leaf != w.leaf)
    ]
