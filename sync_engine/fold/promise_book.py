"""Indexes over what is promised and what was taken: leases, reservations, and the takes that use them up (fold.md §7).

Nothing here is a rule: `promises` reads it, `derive_promises` tells it. All of it can be rebuilt from the log.
"""

from bisect import insort
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Final, NamedTuple, TypeVar

from msgspec import Struct

from domain import kinds
from domain.kinds import Body
from domain.lowering import Movement, is_physical
from sync_engine.fold.origin import Origin

Key = tuple[str, str, str]
"""Item, lot, place."""

Ask = tuple[str, str]
"""What asks for stock: ("task", id), ("order", id) or ("reserve", index of the op)."""

_Name = TypeVar("_Name", str, bytes)

TAKING: Final = frozenset({"pick", "ship", "deliver"})
"""Kinds that use a promise up; so does a `move` for a task. Whatever else takes stock away breaks promises instead."""


class Take(NamedTuple):
    """One line of an op that took stock: they stand in the order of the log."""

    leaf: int
    line: int
    qty: int
    device: bytes
    seen: int
    o: int
    order: str | None
    task: str | None


class Grant(Struct, frozen=True):
    """The op that began a lease."""

    origin: Origin
    body: kinds.Lease

    @property
    def key(self) -> Key:
        """The stock that it promises."""
        return self.body.item, self.body.lot, self.body.place


class Reserved(Struct, frozen=True):
    """An op that promised to an order or a customer."""

    origin: Origin
    body: kinds.Reserve


class Marks(NamedTuple):
    """What there is to look at, and who waits for what: a round of leasing takes from it and adds to it."""

    looked: dict[Key, None]
    asked: dict[Ask, None]
    revoked: dict[bytes, None]
    short: dict[str, set[Ask]]
    unheld: dict[str, set[Ask]]
    unreported: dict[bytes, set[Ask]]


class PromiseBook:
    """The indexes. `dirty` says for which keys promises must be derived anew.

    `looked`, `asked` and `revoked` say what changed since the server, which gives and takes back, last looked.
    """

    def __init__(self) -> None:
        self.reopened_ms = 0
        """When the log last went on under a new origin: leases of its lost end may still be out. 0: never."""
        self.now_ms = 0
        """The latest server time that the log states: by it promises end."""
        self.grants: dict[int, Grant] = {}
        self._grants_by_hash: dict[bytes, int] = {}
        self._returns: dict[bytes, set[int]] = {}
        """Leaf hash of a grant → the ops in effect that return it."""
        self.returned_at: dict[Key, list[int]] = {}
        """Leases that are returned, in order of the log; the indexes that follow have those that are not."""
        self.grants_at: dict[Key, set[int]] = {}
        self.grants_to: dict[bytes, set[int]] = {}
        self.grants_for_task: dict[str, set[int]] = {}
        self.grants_for_order: dict[str, set[int]] = {}
        self.grants_for: dict[int, set[int]] = {}
        """Index of a `reserve` → the leases that it led to."""
        self.reserves: dict[int, Reserved] = {}
        self.reserves_at: dict[Key, set[int]] = {}
        self.reserves_for_order: dict[str, set[int]] = {}
        self.takes: dict[Key, list[Take]] = {}
        self._ends: list[tuple[int, Key]] = []
        self.told_leases: dict[Key, set[int]] = {}
        self.told: dict[Key, set[str]] = {}
        """Key → the keys of the reservation rows that tell of it."""
        self.dirty: dict[Key, None] = {}
        self.orders: dict[str, None] = {}
        """Orders that are promised another quantity than before."""
        self.looked: dict[Key, None] = {}
        self.asked: dict[Ask, None] = {}
        self.short: dict[str, set[Ask]] = {}
        """Item → asks that got less of it than they want: they are looked at when stock or promises change."""
        self.unheld: dict[str, set[Ask]] = {}
        """Person → tasks that wait for a device of theirs."""
        self.unreported: dict[bytes, set[Ask]] = {}
        """Device → asks that wait until it is heard of: it let a lease lapse."""
        self.revoked: dict[bytes, None] = {}

    def is_promised(self, key: Key) -> bool:
        """Whether anything was ever promised of it."""
        return key in self.grants_at or key in self.reserves_at

    # --- what there is to look at --------------------------------------------------------------------------------

    def marks(self) -> Marks:
        """Return a copy of what there is to look at and of who waits."""
        waiting = _copied(self.short), _copied(self.unheld), _copied(self.unreported)
        return Marks(dict(self.looked), dict(self.asked), dict(self.revoked), *waiting)

    def put_back(self, marks: Marks) -> None:
        """Undo what a round did to the marks; the book keeps `marks` itself."""
        self.looked, self.asked, self.revoked, self.short, self.unheld, self.unreported = marks

    # --- time --------------------------------------------------------------------------------------------------

    def tick(self, server_ms: int) -> None:
        """The log states a time."""
        self.now_ms = max(self.now_ms, server_ms)

    def expire(self) -> None:
        """Mark what has ended since the last call."""
        while self._ends and self._ends[0][0] <= self.now_ms:
            key = heappop(self._ends)[1]
            self.dirty[key] = None
            for index in sorted(self.reserves_at.get(key, ())):
                self._touch_order(self.reserves[index].body.order)

    def _touch_order(self, order: str | None) -> None:
        """What one reservation of an order promises depends on the others: together never more than it lacks."""
        if order is not None:
            self.orders[order] = None
            for index in sorted(self.reserves_for_order.get(order, ())):
                self.dirty.update(dict.fromkeys(keys_of(self.reserves[index].body)))

    def ends_at(self, until_ms: int, key: Key) -> None:
        """Something promised of a key ends then."""
        heappush(self._ends, (until_ms, key))
        self.dirty[key] = None

    # --- takes -------------------------------------------------------------------------------------------------

    def put_takes(self, origin: Origin, body: Body, movements: Iterable[Movement]) -> None:
        """Enter what an op in effect took."""
        order, task = documents_of(body)
        for m in movements:
            if not m.qty or not is_physical(m.from_place):
                continue
            key = (m.item, m.lot, m.from_place)
            take = Take(origin.index, m.line, m.qty, origin.device, origin.seen, origin.o, order, task)
            takes = self.takes.get(key)
            if not takes:
                self.takes[key] = [take]
            elif takes[-1] < take:
                takes.append(take)
            else:
                insort(takes, take)
            if self.is_promised(key):
                self.dirty[key] = None
        self._touch_order(order)

    def take_out_takes(self, index: int, movements: Iterable[Movement]) -> None:
        """Undo `put_takes`."""
        for m in movements:
            key = (m.item, m.lot, m.from_place)
            takes = self.takes.get(key)
            if takes:
                gone = [take for take in takes if take.leaf == index]
                self.takes[key] = [take for take in takes if take.leaf != index]
                self.dirty[key] = None
                for take in gone:
                    self._touch_order(take.order)

    # --- ops ---------------------------------------------------------------------------------------------------

    def enter(self, origin: Origin, body: Body) -> None:
        """Enter an op in effect."""
        if isinstance(body, kinds.Lease) and body.word == "grant":
            self.grants[origin.index] = Grant(origin, body)
            self._grants_by_hash[origin.hash] = origin.index
            self._file(origin.hash)
        elif isinstance(body, kinds.Lease) and body.word == "return":
            for name in origin.names:
                self._returns.setdefault(name, set()).add(origin.index)
                self._file(name)
        elif isinstance(body, kinds.Reserve):
            self.reserves[origin.index] = Reserved(origin, body)
            for key in keys_of(body):
                self.reserves_at.setdefault(key, set()).add(origin.index)
            if body.order is not None:
                self.reserves_for_order.setdefault(body.order, set()).add(origin.index)
        self._mark(origin.index, body, origin.t)

    def leave(self, origin: Origin, body: Body) -> None:
        """Undo `enter`."""
        if isinstance(body, kinds.Lease) and body.word == "grant":
            self._take_off(origin.index, body)
            self.grants.pop(origin.index, None)
            self._grants_by_hash.pop(origin.hash, None)
        elif isinstance(body, kinds.Lease) and body.word == "return":
            for name in origin.names:
                self._returns.get(name, set()).discard(origin.index)
                self._file(name)
        elif isinstance(body, kinds.Reserve):
            self.reserves.pop(origin.index, None)
            for key in keys_of(body):
                self.reserves_at[key].discard(origin.index)
            if body.order is not None:
                self.reserves_for_order[body.order].discard(origin.index)
        self._mark(origin.index, body, origin.t)

    def returned_by(self, grant: Grant) -> int | None:
        """The index of the op that returned a lease."""
        return min(self._returns.get(grant.origin.hash, ()), default=None)

    def _file(self, name: bytes) -> None:
        """Put a lease among those that are returned, or those that are not: these alone are looked through often."""
        index = self._grants_by_hash.get(name)
        if index is None:
            return
        grant = self.grants[index]
        self._take_off(index, grant.body)
        if self._returns.get(name):
            insort(self.returned_at.setdefault(grant.key, []), index)
            return
        for found in self._of_grant(grant.body):
            found.add(index)

    def _take_off(self, index: int, body: kinds.Lease) -> None:
        for found in self._of_grant(body):
            found.discard(index)
        returned = self.returned_at.get((body.item, body.lot, body.place), [])
        if index in returned:
            returned.remove(index)

    def _of_grant(self, body: kinds.Lease) -> Iterator[set[int]]:
        yield self.grants_at.setdefault((body.item, body.lot, body.place), set())
        yield self.grants_to.setdefault(body.device, set())
        if body.task is not None:
            yield self.grants_for_task.setdefault(body.task, set())
        if body.order is not None:
            yield self.grants_for_order.setdefault(body.order, set())
        if body.for_index is not None:
            yield self.grants_for.setdefault(body.for_index, set())

    def _mark(self, index: int, body: Body, origin_ms: int) -> None:
        for grant in sorted(self.grants_for.get(index, ())):
            self.dirty[self.grants[grant].key] = None
        if isinstance(body, kinds.Lease):
            self.ends_at(body.until_ms, (body.item, body.lot, body.place))
            self._touch_order(body.order)
            if body.order is not None:
                self.asked["order", body.order] = None
            if body.for_index in self.reserves:
                self.asked["reserve", str(body.for_index)] = None
            return
        if isinstance(body, kinds.Reserve):
            for key in keys_of(body):
                self.ends_at(body.until_ms, key)
            self.asked["reserve", str(index)] = None
            if body.order is not None:
                self.asked["order", body.order] = None
                self._touch_order(body.order)
        elif isinstance(body, kinds.Genesis) and index > 0:
            self.reopened_ms = origin_ms
        elif isinstance(body, kinds.Session):
            self.asked.update(dict.fromkeys(sorted(self.unheld.get(body.person, ()))))
        elif isinstance(body, kinds.Revoke) and isinstance(body.id, bytes):
            self.revoked[body.id] = None
        order, task = documents_of(body)
        if order is not None:
            self.asked["order", order] = None
            self._touch_order(order)
        if task is not None:
            self.asked["task", task] = None

    def touch(self, key: Key) -> None:
        """Stock of a key changed, or whether it is held."""
        if self.is_promised(key):
            self.dirty[key] = None
        self.stir(key[0])

    def moved(self, place: str) -> None:
        """A place stands in another site: what is promised there is told elsewhere."""
        for key in (*self.grants_at, *self.reserves_at):
            if key[2] == place:
                self.dirty[key] = None

    def stir(self, item: str) -> None:
        """Whoever got less of an item than they asked for may get more now."""
        if item in self.short:
            self.asked.update(dict.fromkeys(sorted(self.short.pop(item))))


def _copied(asks: dict[_Name, set[Ask]]) -> dict[_Name, set[Ask]]:
    return {name: set(some) for name, some in asks.items()}


def documents_of(body: Body) -> tuple[str | None, str | None]:
    """Return the order and the task that an op states or works on."""
    match body:
        case kinds.Order():
            return body.order, None
        case kinds.Task():
            return None, body.task
        case kinds.Pick():
            return body.order, body.task
        case kinds.Move() | kinds.Count():
            return None, body.task
        case kinds.Ship() | kinds.Deliver() | kinds.Receive():
            return body.order, None
        case _:
            return None, None


def is_taking(body: Body) -> bool:
    """Whether what the op takes uses promises up."""
    return body.kind in TAKING or (isinstance(body, kinds.Move) and body.task is not None)


def keys_of(body: kinds.Reserve) -> dict[Key, int]:
    """Return what a reservation promises, by key."""
    found: dict[Key, int] = {}
    for line in body.lines:
        key = (line.item, line.lot, line.from_place)
        found[key] = found.get(key, 0) + line.qty
    return found
