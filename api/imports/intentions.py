"""From the rows of a file to what the server's device is to record: only what the ledger does not say already.

A row that contradicts the ledger or another row is a fault of its own; a row that repeats the ledger is nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct

from api.imports.codes import CodeFault, read_codes
from api.imports.columns import Table
from api.imports.known import Known
from api.imports.parse import Parsed, Row
from api.imports.reasons import Fault, fault
from domain.canonical import encode
from domain.lowering import OPENING
from sync_engine.commit import Intention

BODY_BYTES_MAX: Final = 7_000
"""Of an op's 8 KiB: its other fields take less than 500 bytes."""
OPENING_LINES: Final = 40
REASON: Final = "opening"


class Imported(Struct, frozen=True, kw_only=True):
    """What a file comes to: `intentions` are empty when the ledger says all of it already."""

    table: Table
    rows: int
    """Rows that were understood."""
    unchanged: int
    """Rows among them that the ledger says already."""
    faults: tuple[Fault, ...]
    intentions: tuple[Intention, ...]


class _Reading:
    """The faults of a file, by the names that it gives its columns; and how many rows say nothing new."""

    def __init__(self, parsed: Parsed, known: Known) -> None:
        self.names, self.known = parsed.names, known
        self.faults: list[Fault] = []
        self.unchanged = 0
        self._lines: dict[object, int] = {}

    def refuse(self, row: Row, column: str, code: str, /, **facts: object) -> None:
        name = self.names.get(column, column)
        self.faults.append(fault(row.line, name, row.typed.get(column, ""), code, **facts))

    def is_said_twice(self, row: Row, column: str, key: object) -> bool:
        """Whether an earlier row of the file is about the same; then this one is a fault."""
        line = self._lines.setdefault(key, row.line)
        if line != row.line:
            self.refuse(row, column, "said-twice", line=line)
        return line != row.line

    def is_known(self, row: Row, column: str, table: str, entity: str | None = None) -> bool:
        """Whether the entity that a cell names exists; otherwise the row is a fault."""
        name = row.values[column] if entity is None else entity
        if self.known.attributes(table, name) is not None:
            return True
        self.refuse(row, column, f"unknown-{table}")
        return False


def intend(parsed: Parsed, known: Known) -> Imported:
    """Return what a file adds to the ledger; good rows stand whatever the bad ones say."""
    reading = _Reading(parsed, known)
    intentions = []
    for row, intention in _RULES[parsed.table](parsed.rows, reading):
        if len(encode(intention.body)) > BODY_BYTES_MAX:
            reading.refuse(row, next(iter(row.values)), "too-much")
        else:
            intentions.append(intention)
    faults = sorted([*parsed.faults, *reading.faults], key=lambda f: f.line)
    bad_lines = {f.line for f in reading.faults}
    return Imported(
        table=parsed.table,
        rows=sum(row.line not in bad_lines for row in parsed.rows),
        unchanged=reading.unchanged,
        faults=tuple(faults),
        intentions=tuple(intentions),
    )


Found = Iterator[tuple[Row, Intention]]


def set_of(table: str, entity: str, attributes: Mapping[str, object], known: Known) -> Intention | None:
    """Return the `set` op for those attributes that differ from what the ledger says, None when none does."""
    present = known.attributes(table, entity) or {}
    changed = [(name, value) for name, value in attributes.items() if not _same(present.get(name), value)]
    if not changed and known.attributes(table, entity) is not None:
        return None
    return Intention("set", (None, (), table, entity, tuple(changed)))


def _same(present: object, value: object) -> bool:
    if isinstance(present, list | tuple) and isinstance(value, list | tuple):
        return list(present) == list(value)
    return present == value and isinstance(present, bool) == isinstance(value, bool)


def _attributes(row: Row, *left_out: str) -> dict[str, object]:
    return {name: value for name, value in row.values.items() if name not in left_out}


def _entity(table: str, row: Row, attributes: Mapping[str, object], reading: _Reading) -> Found:
    intention = set_of(table, row.values["id"], attributes, reading.known)
    if intention is None:
        reading.unchanged += 1
    else:
        yield row, intention


# --- the tables ----------------------------------------------------------------------------------------------------


def _items(rows: tuple[Row, ...], reading: _Reading) -> Found:
    owners = {
        code.partition(":")[0]: item
        for item, attributes in reading.known.entities("item").items()
        for code in _texts(attributes.get("codes"))
    }
    for row in rows:
        item = row.values["id"]
        if reading.is_said_twice(row, "id", item):
            continue
        attributes = _attributes(row, "id", "deposit_yuan")
        if "deposit_yuan" in row.values:
            attributes["deposit_fen"] = row.values["deposit_yuan"]
        if "codes" in row.values:
            codes = read_codes(row.values["codes"])
            if isinstance(codes, CodeFault):
                reading.refuse(row, "codes", codes.code, **codes.facts)
                continue
            taken = [other for code in codes if (other := owners.get(code.partition(":")[0], item)) != item]
            if taken:
                reading.refuse(row, "codes", "code-taken", item=taken[0])
                continue
            owners.update((code.partition(":")[0], item) for code in codes)
            attributes["codes"] = list(codes)
        yield from _entity("item", row, attributes, reading)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, list | tuple):
        yield from (text for text in value if isinstance(text, str))


def _places(rows: tuple[Row, ...], reading: _Reading) -> Found:
    named = {row.values["id"] for row in rows}
    for row in rows:
        if reading.is_said_twice(row, "id", row.values["id"]):
            continue
        parent = row.values.get("parent")
        if parent == row.values["id"]:
            reading.refuse(row, "parent", "parent-is-itself")
            continue
        if parent is not None and parent not in named and not reading.is_known(row, "parent", "place"):
            continue
        attributes = {
            name: _tenths(value) if isinstance(value, Decimal) else value
            for name, value in _attributes(row, "id").items()
        }
        yield from _entity("place", row, attributes, reading)


def _tenths(degrees: Decimal) -> object:
    """Degrees as an op can hold them: a whole number, or the text of a decimal one."""
    return int(degrees) if degrees == degrees.to_integral_value() else format(degrees.normalize(), "f")


def _partners(rows: tuple[Row, ...], reading: _Reading) -> Found:
    for row in rows:
        if not reading.is_said_twice(row, "id", row.values["id"]):
            yield from _entity("partner", row, _attributes(row, "id"), reading)


def _people(rows: tuple[Row, ...], reading: _Reading) -> Found:
    """A person and the rights of its roles. A role that the file leaves out is not taken away: that is a revocation."""
    for row in rows:
        person = row.values["id"]
        if reading.is_said_twice(row, "id", person):
            continue
        intention = set_of("person", person, _attributes(row, "id", "roles"), reading.known)
        missing = [
            role for role in dict.fromkeys(row.values["roles"]) if role not in reading.known.roles(person)
        ]
        if intention is None and not missing:
            reading.unchanged += 1
        if intention is not None:
            yield row, intention
        for role in missing:
            yield row, Intention("grant", (None, (), person, role, None, None, None))


def _prices(rows: tuple[Row, ...], reading: _Reading) -> Found:
    for row in rows:
        values = row.values
        item, partner, side = values["item"], values.get("partner"), values["side"]
        if reading.is_said_twice(row, "item", (item, partner, side, values["from_on"])):
            continue
        if not reading.is_known(row, "item", "item"):
            continue
        if partner is not None and not reading.is_known(row, "partner", "partner"):
            continue
        stated = (values["price_yuan"], values["unit"], values["from_on"])
        if stated in reading.known.price(item, partner, side):
            reading.unchanged += 1
        else:
            yield row, Intention("price", (None, (), item, partner, side, *stated))


def _orders(rows: tuple[Row, ...], reading: _Reading) -> Found:
    """Rows with one order id are one order; one bad line keeps its order out, and no other."""
    by_order: dict[str, list[Row]] = {}
    bad: set[str] = set()
    for row in rows:
        by_order.setdefault(row.values["order"], []).append(row)
        if not _is_good_line(row, by_order[row.values["order"]][0], reading):
            bad.add(row.values["order"])
    for order, lines in by_order.items():
        if order in bad:
            continue
        head = lines[0].values
        stated = tuple(
            (line.values["item"], line.values["qty"], line.values.get("weight_kg")) for line in lines
        )
        body = (None, (), order, head["partner"], head["side"], head["due_on"], stated)
        known = reading.known.order(order)
        if known is None:
            yield lines[0], Intention("order", body)
        elif (known.partner, known.side, known.due_on, known.lines) == body[3:]:
            reading.unchanged += len(lines)
        else:
            reading.refuse(lines[0], "order", "order-exists")


def _is_good_line(row: Row, head: Row, reading: _Reading) -> bool:
    for column in ("partner", "side", "due_on"):
        if row.values[column] != head.values[column]:
            reading.refuse(row, column, "differs-within-order", field=reading.names[column], line=head.line)
            return False
    if reading.is_said_twice(row, "item", (row.values["order"], row.values["item"])):
        return False
    if not row.values["qty"] and not row.values.get("weight_kg"):
        reading.refuse(row, "qty", "zero")
        return False
    return reading.is_known(row, "item", "item") and reading.is_known(row, "partner", "partner")


def _opening(rows: tuple[Row, ...], reading: _Reading) -> Found:
    """What stands where on the first day, once per key; later differences are counts."""
    by_place: dict[str, list[Row]] = {}
    for row in rows:
        if _is_good_opening(row, reading):
            by_place.setdefault(row.values["place"], []).append(row)
    for place, standing in by_place.items():
        for first in range(0, len(standing), OPENING_LINES):
            some = standing[first : first + OPENING_LINES]
            lines = tuple(_opening_line(row, place) for row in some)
            lots = tuple(
                (row.values["item"], row.values["lot"], (("expires_on", row.values["expires_on"]),))
                for row in some
                if "expires_on" in row.values
            )
            yield some[0], Intention("adjust", (None, (), REASON, lines, lots))


def _opening_line(row: Row, place: str) -> tuple[object, ...]:
    values = row.values
    line = (values["item"], values.get("lot", ""), OPENING, place, values["qty"])
    return (*line, values["weight_kg"]) if "weight_kg" in values else line


def _is_good_opening(row: Row, reading: _Reading) -> bool:
    values = row.values
    item, lot, place = values["item"], values.get("lot", ""), values["place"]
    if reading.is_said_twice(row, "item", (item, lot, place)):
        return False
    if not reading.is_known(row, "item", "item") or not _stands_somewhere(row, place, reading):
        return False
    fault_of = _misfit(values, (reading.known.attributes("item", item) or {}).get("catch") is True)
    if fault_of is not None:
        reading.refuse(row, *fault_of)
        return False
    known = reading.known.opening(item, lot, place)
    if known is None:
        return True
    if known == (values["qty"], values.get("weight_kg", 0)):
        reading.unchanged += 1
    else:
        reading.refuse(row, "qty", "opening-exists", known=known[0])
    return False


def _stands_somewhere(row: Row, place: str, reading: _Reading) -> bool:
    kind, _, name = place.rpartition(":")
    if kind == "partner":
        return reading.is_known(row, "place", "partner", name)
    return kind == "lpn" or reading.is_known(row, "place", "place")


def _misfit(values: Mapping[str, object], is_catch_weight: bool) -> tuple[str, str] | None:
    """The column, and what is wrong with it beside the others."""
    if not values["qty"] and not values.get("weight_kg"):
        return "qty", "zero"
    if is_catch_weight and "weight_kg" not in values:
        return "weight_kg", "no-weight"
    if "expires_on" in values and not values.get("lot"):
        return "expires_on", "no-lot"
    return None


_RULES: Final[Mapping[Table, Callable[[tuple[Row, ...], _Reading], Found]]] = {
    "items": _items,
    "places": _places,
    "partners": _partners,
    "people": _people,
    "prices": _prices,
    "orders": _orders,
    "opening": _opening,
}
