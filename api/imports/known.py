"""What the ledger already says of that which files speak about: the only thing that an import asks of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from domain import kinds
from domain.lowering import OPENING
from sync_engine.directory import Directory
from sync_engine.fold.effects import price_key
from sync_engine.fold.entries import MOVE
from sync_engine.fold.fold import Fold


class Known(Protocol):
    """The ledger as an import sees it."""

    def attributes(self, table: str, entity: str) -> Mapping[str, object] | None:
        """Return the attributes of an entity, None when there is none of this name."""

    def entities(self, table: str) -> Mapping[str, Mapping[str, object]]:
        """Return every entity of a table with its attributes."""

    def roles(self, person: str) -> frozenset[str]:
        """Return the roles that a person has."""

    def price(self, item: str, partner: str | None, side: str) -> Sequence[tuple[int, str, str]]:
        """Return (unit price, unit, from) of every price stated."""

    def order(self, order: str) -> kinds.Order | None:
        """Return the order as it was last stated."""

    def opening(self, item: str, lot: str, place: str) -> tuple[int, int] | None:
        """Return (quantity, grams) of opening stock already entered."""


class NothingKnown:
    """A ledger at its beginning."""

    def attributes(self, table: str, entity: str) -> None:  # noqa: ARG002  # a port's signature
        """Nothing has a name yet."""
        return

    def entities(self, table: str) -> Mapping[str, Mapping[str, object]]:  # noqa: ARG002  # a port's signature
        """Nothing."""
        return {}

    def roles(self, person: str) -> frozenset[str]:  # noqa: ARG002  # a port's signature
        """Nobody has a role."""
        return frozenset()

    def price(self, *_key: str | None) -> Sequence[tuple[int, str, str]]:
        """No price."""
        return ()

    def order(self, order: str) -> None:  # noqa: ARG002  # a port's signature
        """No order."""
        return

    def opening(self, *_key: str) -> None:
        """No stock."""
        return


class LedgerKnown:
    """What a fold and its directory say now; `at_ms` is the instant at which roles are asked."""

    def __init__(self, fold: Fold, directory: Directory, *, at_ms: int) -> None:
        self._state, self._directory, self._at_ms = fold.state, directory, at_ms

    def attributes(self, table: str, entity: str) -> Mapping[str, object] | None:
        """Return the attributes of an entity."""
        register = self._state.registers.get((table, entity))
        return None if register is None else register.values

    def entities(self, table: str) -> Mapping[str, Mapping[str, object]]:
        """Return every entity of a table."""
        return {
            entity: register.values
            for (kind, entity), register in self._state.registers.items()
            if kind == table
        }

    def roles(self, person: str) -> frozenset[str]:
        """Return the roles of a person now."""
        return self._directory.roles_of(person, below=2**53, at_ms=self._at_ms)

    def price(self, item: str, partner: str | None, side: str) -> Sequence[tuple[int, str, str]]:
        """Return every price stated for the item, the partner and the side."""
        probe: Any = kinds.Price(None, (), item, partner, side, 0, "-", "2000-01-01")  # type: ignore[arg-type]  # `side` was read by its column
        bodies = [self._state.noted[index].body for index in self._state.prices.get(price_key(probe), ())]
        return [(b.unit_price, b.unit, b.from_on) for b in bodies if isinstance(b, kinds.Price)]

    def order(self, order: str) -> kinds.Order | None:
        """Return the order as the last op stated it."""
        noted = sorted(
            (self._state.noted[index] for index in self._state.orders.get(order, ())),
            key=lambda n: (n.origin.o, n.origin.index),
        )
        stated = [n.body for n in noted if isinstance(n.body, kinds.Order)]
        return stated[-1] if stated else None

    def opening(self, item: str, lot: str, place: str) -> tuple[int, int] | None:
        """Return what came from the opening account to a place."""
        group = self._state.groups.get(item, {}).get(place)
        entries = [] if group is None else group.entries
        found = [e for e in entries if e.what == MOVE and e.lot == lot and e.other == OPENING]
        return (sum(e.q or 0 for e in found), sum(e.w or 0 for e in found)) if found else None
