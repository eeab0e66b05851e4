"""Everything that the fold holds in memory: indexes over the effects of the ops that count.

Nothing here is a rule: `put` and `take_out` keep the indexes, the `derive_*` modules read them. All of it can be
rebuilt from the log.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from domain import kinds
from domain.kinds import Body
from domain.lowering import Lowered, Observation, is_physical
from sync_engine.fold.entries import CLOSE, CLOSE_LINE, COUNT, FINISH, MOVE, Entry
from sync_engine.fold.findings import SEPARATOR, Finding
from sync_engine.fold.holds import Held, HoldCause, strictest
from sync_engine.fold.origin import Origin
from sync_engine.fold.promise_book import PromiseBook
from sync_engine.fold.registers import Register, Write
from sync_engine.fold.stock import StockGroup

INTRODUCING: Final = ("partner:", "plot:", "virtual:transform", "virtual:opening")
"""A lot that comes from one of these is known from then on."""

ID_CHARS_MAX: Final = 64
"""What is longer is no identifier: an attribute may have any value, and a place names a bucket."""

PLACES_DEEP_MAX: Final = 8
"""Places within places; deeper, or in a ring, the search for the site stops where it is."""


class Noted(NamedTuple):
    """An op in effect that is not only stock: its origin, kind, typed body, and device dot."""

    origin: Origin
    body: Body
    epoch: int
    seq: int


class SerialMove(NamedTuple):
    """One claim of where a serial went."""

    o: int
    leaf: int
    line: int
    from_place: str
    to_place: str


class Copies(NamedTuple):
    """Devices that were copied, in hex."""

    forks: dict[str, set[int]]
    """→ the ops of later branches."""
    rekeyed: dict[str, set[int]]
    """→ what ended a key that the device had."""


class State:
    """The indexes. Keys are the field's own ids; sets named `dirty_*` say what must be derived anew."""

    def __init__(self) -> None:  # noqa: PLR0915  # one line per index
        self.groups: dict[str, dict[str, StockGroup]] = {}
        """item → place → group."""
        self.items_at: dict[str, set[str]] = {}
        self.closes_at: dict[str, dict[int, tuple[Origin, Observation]]] = {}  # place → complete counts of it
        self.posted: dict[tuple[str, str, str], tuple[int, int]] = {}
        """(item, lot, account) → what counting put there, over all groups."""
        self.posted_by: dict[tuple[str, str], dict[tuple[str, str], tuple[int, int]]] = {}
        """(item, place) → what its group posts to accounts by counting."""
        self.variance_rows: dict[tuple[str, str], dict[str, object]] = {}
        """(item, place) → key → what the variance row shows."""
        self.introduced: dict[tuple[str, str], set[int]] = {}
        """(item, lot) → the ops that brought it from outside."""
        self.serials: dict[str, list[SerialMove]] = {}
        self.site_by_place: dict[str, str] = {}
        """What `site_of` answered; forgotten when a place or a logistic unit moves."""

        self.registers: dict[tuple[str, str], Register] = {}
        self.noted: dict[int, Noted] = {}
        """Ops in effect that documents, holds and findings read; plain stock ops are not kept here."""
        self.index_by_hash: dict[bytes, int] = {}
        self.naming: dict[bytes, dict[int, Body]] = {}
        """hash → the ops in effect that name it."""
        self.orders: dict[str, set[int]] = {}
        self.tasks: dict[str, set[int]] = {}
        self.plots: dict[str, set[int]] = {}
        self.partners: dict[str, set[int]] = {}
        self.prices: dict[str, set[int]] = {}
        self.grants: dict[str, set[int]] = {}
        self.rights_ended: dict[str, set[int]] = {}  # person␟role → what took it back
        self.periods: dict[str, set[int]] = {}
        """"closed" → the ops that closed one."""
        self.transforms: dict[str, set[int]] = {}
        """item → the transforms that use or make it."""
        self.refusals: dict[str, set[int]] = {}
        """item␟lot → the hand-overs at which some of it was refused."""
        self.resolved: dict[str, set[int]] = {}
        """exception id → the ops that close it."""
        self.copies = Copies({}, {})
        self.utc_offset_minutes = 480
        self.causes: dict[tuple[str, str], dict[int, HoldCause]] = {}
        """(item, lot) → what holds it, by op index."""
        self.caused_by_plot: dict[str, dict[tuple[str, str, int], HoldCause]] = {}
        self.excursions: dict[str, set[int]] = {}  # place → the excursions at it
        self.exposed: dict[int, set[tuple[str, str]]] = {}
        """excursion → the (item, lot) that it exposes."""
        self.held: dict[tuple[str, str], list[Held]] = {}
        self.reached: dict[tuple[str, str], frozenset[tuple[int, str]]] = {}
        """(item, lot) → (cause, place) for every place that a place-bound hold ever reached."""

        self.promises = PromiseBook()
        self.findings: dict[tuple[str, ...], dict[str, Finding]] = {}
        self.finding_sources: dict[str, dict[tuple[str, ...], Finding]] = {}
        self.device_of: dict[int, str] = {}
        """op index → bucket of the device that recorded it."""
        self.record_keys: dict[int, tuple[str, str, str]] = {}
        """op index → the row that shows it."""

        self.dirty_groups: dict[tuple[str, str], None] = {}
        self.dirty_lots: dict[tuple[str, str], None] = {}
        self.dirty_registers: dict[tuple[str, str], None] = {}
        self.dirty_documents: dict[tuple[str, str], None] = {}
        self.dirty_ops: dict[int, None] = {}
        self.dirty_names: dict[bytes, None] = {}
        self.dirty_excursions: dict[int, None] = {}
        self.dirty_findings: dict[str, None] = {}
        self.shown_anew: dict[str, None] = {}
        """Findings whose row was derived anew since the last boundary."""
        self.open_then: dict[str, Finding] = {}
        """What was open at the last boundary, as it was told then."""

    # --- stock -------------------------------------------------------------------------------------------------

    def group(self, item: str, place: str) -> StockGroup:
        """Return the group, made on first use; complete counts of the place reach new groups too."""
        places = self.groups.get(item)
        group = None if places is None else places.get(place)
        if group is None:
            group = self._new_group(item, place)
        self.dirty_groups[item, place] = None
        return group

    def _new_group(self, item: str, place: str) -> StockGroup:
        group = StockGroup(item, place)
        self.groups.setdefault(item, {})[place] = group
        self.items_at.setdefault(place, set()).add(item)
        for origin, seen in self.closes_at.get(place, {}).values():
            if covers(seen, item):
                group.put(closing(origin, seen, item))
        return group

    def put_stock(self, origin: Origin, lowered: Lowered) -> None:
        """Enter what an op does to stock."""
        o, index = origin.o, origin.index
        for number, item, lot, out, into, qty, weight, estimated, picked, serials in lowered.movements:
            line = 2 * number
            self.group(item, out).put_move(
                Entry(o, index, line, MOVE, lot, -qty, -weight, estimated, origin, into, picked)
            )
            self.group(item, into).put_move(
                Entry(o, index, line + 1, MOVE, lot, qty, weight, estimated, origin, out)
            )
            if ":" in out and out.startswith(INTRODUCING):
                self._introduce(item, lot, index)
            for serial in serials or ():
                self.serials.setdefault(serial, []).append(SerialMove(o, index, number, out, into))
                self.dirty_documents["serial", serial] = None
        if lowered.observation is not None:
            self._put_observation(origin, lowered.observation)
        if lowered.residue is not None:
            item, lot, place = lowered.residue
            self.group(item, place).put(Entry(o, index, 0, FINISH, lot, None, None, False, origin))

    def _put_observation(self, origin: Origin, seen: Observation) -> None:
        for number, line in enumerate(seen.lines):
            self.group(line.item, seen.place).put(
                Entry(
                    origin.o - line.before_ms,
                    origin.index,
                    2 * number,
                    COUNT,
                    line.lot,
                    line.qty,
                    line.weight,
                    False,
                    origin,
                )
            )
        if seen.complete:
            self.closes_at.setdefault(seen.place, {})[origin.index] = (origin, seen)
            for item in sorted(self.items_at.get(seen.place, ())):
                if covers(seen, item):
                    self.group(item, seen.place).put(closing(origin, seen, item))

    def take_out_stock(self, index: int, lowered: Lowered) -> None:
        """Undo `put_stock` of the op at an index; weights do not matter here."""
        touched: set[tuple[str, str]] = set()
        for m in lowered.movements:
            touched |= {(m.item, m.from_place), (m.item, m.to_place)}
            self._introduce(m.item, m.lot, index, undo=True)
            for serial in m.serials or ():
                self.serials[serial] = [move for move in self.serials[serial] if move.leaf != index]
                self.dirty_documents["serial", serial] = None
        seen = lowered.observation
        if seen is not None:
            self.closes_at.get(seen.place, {}).pop(index, None)
            touched |= {(line.item, seen.place) for line in seen.lines}
            if seen.complete:
                touched |= {(item, seen.place) for item in self.items_at.get(seen.place, ())}
        if lowered.residue is not None:
            touched.add((lowered.residue.item, lowered.residue.place))
        for item, place in touched:
            self.group(item, place).remove(index)

    def _introduce(self, item: str, lot: str, index: int, *, undo: bool = False) -> None:
        """A lot is met for the first time, or was never met after all: wherever it stands, somebody must look."""
        ops = self.introduced.setdefault((item, lot), set())
        was_known = bool(ops)
        if undo:
            ops.discard(index)
        else:
            ops.add(index)
        if bool(ops) != was_known:
            for group in self.groups.get(item, {}).values():
                group.dirty_lots.add(lot)
                self.dirty_groups[item, group.place] = None

    # --- registers ---------------------------------------------------------------------------------------------

    def attribute(self, table: str, entity: str, name: str) -> object:
        """Return the shown value of an attribute, None when nobody set it."""
        register = self.registers.get((table, entity))
        return None if register is None else register.values.get(name)

    def put_attributes(self, table: str, entity: str, writes: list[Write]) -> None:
        """Enter writes to one entity."""
        self.registers.setdefault((table, entity), Register()).put(writes)
        self.dirty_registers[table, entity] = None

    def is_known_lot(self, item: str, lot: str) -> bool:
        """Whether the lot came from somewhere: an inbound movement or a record of its own."""
        return (
            bool(self.introduced.get((item, lot)))
            or lot in {"", "?"}
            or ("lot", lot_key(item, lot)) in self.registers
        )

    def held_at(self, item: str, lot: str, place: str) -> str | None:
        """Return the state in which a lot is held at a place, None when it is free or the place is an account."""
        if not is_physical(place):
            return None
        return strictest(h for h in self.held.get((item, lot), ()) if h.place is None or h.place == place)

    def names_of(self, leaf_hash: bytes, kind: type[Body]) -> list[int]:
        """Return the indexes of the ops in effect of a kind that name an op."""
        return sorted(
            index for index, body in self.naming.get(leaf_hash, {}).items() if isinstance(body, kind)
        )

    def buckets_of(self, indexes: Iterable[int]) -> tuple[str, ...]:
        """Return the buckets of the devices that recorded some ops."""
        return tuple(sorted({self.device_of[index] for index in indexes if index in self.device_of}))

    def site_of(self, place: str) -> str:
        """Return the bucket that replicates a place: its topmost ancestor's, or the desk's."""
        site = self.site_by_place.get(place)
        if site is None:
            site = self.site_by_place[place] = self._find_site(place)
        return site

    def _find_site(self, place: str) -> str:
        top = self.path_of(place)[-1]
        return "desk" if ":" in top else f"site:{top}"

    def path_of(self, place: str) -> tuple[str, ...]:
        """Return a place, the one that it stands in, and so on: the last is its site, or no place of goods."""
        path = [place]
        for _ in range(PLACES_DEEP_MAX):
            if place.startswith("lpn:"):
                parent = self.attribute("lpn", place[4:], "place")
            elif ":" in place:
                break
            else:
                parent = self.attribute("place", place, "parent")
            if not isinstance(parent, str) or not 0 < len(parent) <= ID_CHARS_MAX:
                break
            place = parent
            path.append(place)
        return tuple(path)


def covers(seen: Observation, item: str) -> bool:
    """Whether a complete count says of an item that lots which it does not list are not there.

    A line without lot spoke for the item as a whole, so nothing more is said of its lots.
    """
    if seen.items is not None and item not in seen.items:
        return False
    return not any(line.item == item and line.lot is None for line in seen.lines)


def closing(origin: Origin, seen: Observation, item: str) -> Entry:
    """The close of a complete count, for one item of its scope."""
    listed = frozenset(line.lot or "" for line in seen.lines if line.item == item)
    first = origin.o - max((line.before_ms for line in seen.lines), default=0)
    return Entry(
        origin.o,
        origin.index,
        CLOSE_LINE,
        CLOSE,
        None,
        None,
        None,
        False,
        origin,
        listed=listed,
        first_o=first,
    )


def lot_key(item: str, lot: str) -> str:
    """The id of a lot in registers and rows."""
    return f"{item}{SEPARATOR}{lot}"


def lot_writes(origin: Origin, records: kinds.LotRecords) -> Mapping[tuple[str, str], list[Write]]:
    """Return the attribute writes of lot records, by register."""
    writes: dict[tuple[str, str], list[Write]] = {}
    for number, (item, lot, attributes) in enumerate(records):
        register = writes.setdefault(("lot", lot_key(item, lot)), [])
        for place, (name, value) in enumerate(attributes):
            register.append(Write(origin.o, origin.index, number * 64 + place, name, value, origin))
    return writes
