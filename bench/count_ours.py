"""The warehouse of `count_world` kept by Gobi: real phones, real messages, the real ledger and its rows."""

import heapq
from collections.abc import Callable
from functools import partial
from itertools import count as counter
from random import Random
from typing import Any, Final, NamedTuple

from api.demo.day import ORG
from api.demo.devices import new_key
from api.demo.shuffle import finished, found_in_memory
from bench.count_world import MANAGERS, PLACE_BINS, RETRY_MS, Clocks, Count, Move, Recorded, Trip, World
from domain.canonical import decode
from domain.ops import LeafHash, device_id, device_secret
from sync_engine.commit import Intention
from sync_engine.phone import Enrolment, Phone
from sync_engine.seal import raw_key

LEAD_MS: Final = 60_000
"""What founding and enrolling take before the world begins."""
ROUNDS: Final = 2
"""Once the network is well again, two rounds of sync settle everything."""
_SEPARATOR: Final = "\u001f"


class Balances(NamedTuple):
    """What the rows say of each bin, and the bins about which an exception says that a count is in doubt."""

    by_bin: tuple[int, ...]
    flagged: frozenset[int]
    exceptions: dict[str, int]
    """Open exceptions by code."""
    ops: int


class _Handset(NamedTuple):
    """A phone of the world: the app's state, and what its clocks show."""

    phone: Phone
    clocks: Clocks


def ours(made: World, seed: int) -> Balances:
    """Play a world through phones and a ledger, and return the balances that stand in its rows."""
    return _Play(made, seed).balances()


def item_of(number: int) -> str:
    """The item of a bin."""
    return f"ITEM-{number}"


def place_of(number: int) -> str:
    """The place at which a bin stands."""
    return f"R{number // PLACE_BINS}"


class _Play:
    """One world through one server."""

    def __init__(self, made: World, seed: int) -> None:
        self._world = made
        self._chance = Random(seed)  # keys and epochs of a simulation
        self._server, self._secret, _key = found_in_memory(self._chance)
        self._starts_ms = self._server.ledger.server_ms + LEAD_MS
        self._found()
        self._handsets = [self._enrol(number) for number in range(made.scale.phones)]
        self._events: list[tuple[int, int, Callable[[int], None]]] = []
        self._number = counter()

    # --- before ----------------------------------------------------------------------------------------------------

    def _say(self, intentions: list[Intention]) -> list[tuple[int, bytes]]:
        at_ms = self._server.ledger.server_ms + 1
        return list(finished(self._server.record(intentions, at_ms=at_ms)))

    def _found(self) -> None:
        made = self._world
        bins = range(made.scale.bins)
        places = dict.fromkeys(place_of(number) for number in bins)
        self._say([_set("place", place, ("parent", "W1")) for place in places] + [_set("place", "T1")])
        self._say([_set("item", item_of(number)) for number in bins])
        lines = [
            [item_of(number), lot, "virtual:opening", place_of(number), qty]
            for number in bins
            for lot, qty in made.opening[number].items()
        ]
        for first in range(0, len(lines), 50):
            self._say([Intention("adjust", (None, (), "opening", lines[first : first + 50], []))])

    def _enrol(self, number: int) -> _Handset:
        """Give a person a phone; its clock is set by the round trip in which that happens."""
        key, person = new_key(self._chance), f"p{number}"
        public = raw_key(key.public_key())
        device = device_id(public)
        said = self._say(
            [
                _set("person", person),
                Intention("grant", (None, (), person, "manager" if number < MANAGERS else "picker", None)),
                Intention("enrol", (None, (), device, public, f"phone {number}", person, "phone")),
            ]
        )
        enrolment = Enrolment(ORG, device_secret(self._secret, device), LeafHash(said[-1][1]))
        phone = Phone(key, enrolment, lambda: self._chance.getrandbits(53), seen=self._server.seen)
        clocks = self._world.clocks[number]
        told = clocks.told(0)
        phone.clock.tick(wall_ms=told[0], mono_ms=told[1])
        phone.clock.hear(self._starts_ms, sent=told, received=told)
        phone.sign_in(
            person,
            expires_ms=self._starts_ms + 2 * self._world.end_ms,
            nonce=self._chance.randbytes(16),
            wall_ms=told[0],
            mono_ms=told[1],
        )
        return _Handset(phone, clocks)

    # --- the ten days ----------------------------------------------------------------------------------------------

    def balances(self) -> Balances:
        """Play all, let the network be well in the end, and read the rows."""
        made = self._world
        for each in made.recorded:
            self._at(each.at_ms, partial(self._record, each))
        for trip in made.trips:
            self._at(trip.sent_ms, partial(self._send, trip))
        for handset in self._handsets:
            for at_ms in handset.clocks.reloads:
                self._at(at_ms, partial(_reload, handset.phone))
        for round_ in range(ROUNDS):
            for number in range(len(self._handsets)):
                at_ms = made.end_ms + round_ * 10 * RETRY_MS
                self._at(at_ms, partial(self._send, Trip(at_ms, number, 40, 40, "")))
        while self._events:
            at_ms, _, befall = heapq.heappop(self._events)
            befall(at_ms)
        left = sum(len(handset.phone.unsent) for handset in self._handsets)
        assert not left, f"{left} ops never reached the server"
        return self._read()

    def _at(self, at_ms: int, befall: Callable[[int], None]) -> None:
        heapq.heappush(self._events, (at_ms, next(self._number), befall))

    def _send(self, trip: Trip, at_ms: int) -> None:
        handset = self._handsets[trip.phone]
        told = handset.clocks.told(at_ms)
        request = handset.phone.request(wall_ms=told[0], mono_ms=told[1])
        if trip.loses == "request":
            self._at(at_ms + RETRY_MS, partial(self._send, trip._replace(loses="")))
        else:
            self._at(at_ms + trip.up_ms, partial(self._arrive, trip, request, told))

    def _arrive(self, trip: Trip, request: bytes, sent: tuple[int, int], at_ms: int) -> None:
        reply = finished(self._server.sync(request, at_ms=self._starts_ms + at_ms))
        if trip.loses == "reply":
            self._at(at_ms + RETRY_MS, partial(self._send, trip._replace(loses="")))
        else:
            self._at(at_ms + trip.down_ms, partial(self._receive, trip.phone, reply, sent))

    def _receive(self, number: int, reply: bytes, sent: tuple[int, int], at_ms: int) -> None:
        phone, received = self._handsets[number].phone, self._handsets[number].clocks.told(at_ms)
        phone.receive(
            reply,
            sent_wall_ms=sent[0],
            sent_mono_ms=sent[1],
            received_wall_ms=received[0],
            received_mono_ms=received[1],
        )

    def _record(self, recorded: Recorded, at_ms: int) -> None:
        handset, what = self._handsets[recorded.phone], recorded.what
        told, occurred = handset.clocks.told(at_ms), None
        if isinstance(what, Count):
            kind, fields = "count", self._count(what)
        else:
            kind, fields = _movement(what)
            if what.claim is not None:
                start, end = what.claim
                occurred = (self._starts_ms + start, self._starts_ms + end, "paper")
        handset.phone.record(
            kind,
            fields,
            wall_ms=told[0],
            mono_ms=told[1],
            occurred=occurred,
        )

    def _count(self, what: Count) -> tuple[object, ...]:
        """Return the fields of a count. Who does not look at lots enters one line for all of an item."""
        lines: list[list[object]] = []
        if what.by_lot:
            lines = [[item_of(look.bin), look.lot, look.qty, None, look.before_ms] for look in what.told]
        else:
            sums: dict[int, tuple[int, int]] = {}
            for look in what.looks:
                sums[look.bin] = (sums.get(look.bin, (0, 0))[0] + look.qty, look.before_ms)
            for number, (qty, before_ms) in sums.items():
                lot = None if len(self._world.lots[number]) > 1 else self._world.lots[number][0]
                if qty or not what.complete:
                    lines.append([item_of(number), lot, qty, None, before_ms])
        return (f"R{what.place}", None, what.complete, False, lines)

    # --- after -----------------------------------------------------------------------------------------------------

    def _read(self) -> Balances:
        by_bin = [0] * self._world.scale.bins
        number_of = {item_of(number): number for number in range(len(by_bin))}
        flagged: set[int] = set()
        exceptions: dict[str, int] = {}
        for (bucket, table, key), value in self._server.rows.items():
            if table == "balance":
                item, _lot, place = key.split(_SEPARATOR)
                if place.startswith("R"):
                    row = _row(value)
                    by_bin[number_of[item]] += row[3]
            elif table == "exception" and bucket == "desk":
                code, facts, state = (row := _row(value))[1], row[2], row[7]
                if state == "open":
                    exceptions[code] = exceptions.get(code, 0) + 1
                    if code == "contested-count":
                        flagged.add(number_of[facts[0]])
        return Balances(tuple(by_bin), frozenset(flagged), exceptions, self._server.ledger.size)


def _reload(phone: Phone, _at_ms: int) -> None:
    phone.reload()


def _movement(what: Move) -> tuple[str, tuple[object, ...]]:
    """Return the kind and fields of goods that came, or were taken."""
    item, place = item_of(what.bin), place_of(what.bin)
    if what.qty < 0:
        return "pick", (None, None, [[item, what.lot, place, "T1", -what.qty]])
    return "receive", ("coop", None, [[item, what.lot, "", place, what.qty]])


def _set(table: str, name: str, *attributes: tuple[str, str]) -> Intention:
    return Intention("set", (None, (), table, name, [["name", name], *map(list, attributes)]))


def _row(value: bytes) -> list[Any]:
    row: list[Any] = decode(value)
    return row
