"""A floor with phones that pick offline under leases, for the laws of leases: what each phone believes, and the truth.

True time is `now_ms`; a phone's wall clock may be a year off, jump, or begin anew. Goods are really there or not
(`physical`), whatever anybody has recorded. What somebody took that was not promised to him is a *disturbance*: of such
a key only the exceptions are judged.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from api.demo.day import DemoDevice
from api.demo.devices import TRIP_MS, DemoPhone, Enrolled, NewPhone, new_key
from api.demo.memory_server import MemoryServer
from domain.canonical import decode
from domain.ops import LeafHash
from sync_engine.commit import Intention
from sync_engine.fold.promise_book import Grant, Key
from sync_engine.fold.promises import available, promised
from sync_engine.seal import raw_key
from tests.tools.company import SERVER_KEY, empty_ledger
from tests.tools.op_chain import ORG, ORG_SECRET, START_MS

LOTS = ("A", "B")
PEOPLE = ("liu", "zhang", "wu")
HOUR_MS = 3_600_000
GENESIS = "绿原合作社"


class Believed(NamedTuple):
    """A lease as a phone has it."""

    granted_at: int
    key: Key
    until_ms: int
    state: str
    task: str | None


@dataclass
class Holder:
    """A phone, the leases of its last sync, and what it believes to be left of each."""

    name: str
    held: DemoPhone
    leases: dict[int, Believed] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)
    untold: list[tuple[int, Key, int]] = field(default_factory=list)
    """(lease, key, quantity) of picks that the server has not heard of."""
    is_revoked: bool = False
    mono_off_ms: int = 0

    @property
    def device(self) -> bytes:
        return self.held.phone.device

    def wall(self, at_ms: int) -> int:
        return self.held.wall(at_ms)

    def mono(self, at_ms: int) -> int:
        return self.held.mono(at_ms)

    def live(self, at_ms: int) -> list[Believed]:
        """The leases on which this phone would promise now."""
        clock = self.held.phone.clock
        clock.tick(wall_ms=self.wall(at_ms), mono_ms=self.mono(at_ms))
        return [
            lease
            for lease in self.leases.values()
            if lease.state == "live"
            and clock.stands(lease.until_ms, wall_ms=self.wall(at_ms), mono_ms=self.mono(at_ms))
        ]


class Floor:
    """The server and its phones."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.now_ms = START_MS
        self.server = MemoryServer(empty_ledger())
        key = SERVER_KEY.public_key()
        genesis = (GENESIS, raw_key(key), "", (), (), "", ("root", "根", None), 480)
        self.server.kept(self.server.ledger.found(genesis, epoch=7, now_ms=self.now_ms))
        self.physical: dict[Key, int] = {}
        self.disturbed: set[Key] = set()
        self.counted: set[Key] = set()
        """Whether a late pick came before or after a count may be anybody's guess."""
        self.holds: dict[str, bytes] = {}
        """Lot → the op that holds it."""
        self.late: dict[Key, int] = {}
        """What was taken under leases that had lapsed by the time the server heard of it."""
        self.risky: set[Key] = set()
        """Promised anew while a holder was silent."""
        self.tasks: dict[str, tuple[str, bytes]] = {}
        self.checked = 0
        self.say("set", "place", "T1", (("kind", "vehicle"),))
        self.holders = {person: self._holder(person) for person in PEOPLE}
        for lot in LOTS:
            self.receive(lot, 20)

    def _holder(self, person: str) -> Holder:
        who = DemoDevice(
            person, person, "picker", person, self.chance.choice((0, 5_000, -365 * 24 * HOUR_MS))
        )
        self.say("grant", person, "picker")
        new = NewPhone(who, new_key(self.chance), ORG, ORG_SECRET)
        enrol = self.say_intention(new.enrolment)
        enrolled = Enrolled(new, LeafHash(enrol), self.now_ms, self.server.seen)
        held = enrolled.phone(who, self.chance)
        held.phone.sign_in(
            person,
            expires_ms=START_MS + 9_000 * HOUR_MS,
            nonce=b"n" * 16,
            wall_ms=held.wall(self.now_ms),
            mono_ms=held.mono(self.now_ms),
        )
        holder = Holder(person, held)
        self.sync(holder)
        return holder

    # --- the server ------------------------------------------------------------------------------------------------

    def say(self, kind: str, *fields: object, names: tuple[bytes, ...] = ()) -> bytes:
        return self.say_intention(Intention(kind, (None, names, *fields)))

    def say_intention(self, intention: Intention) -> bytes:
        recorded = asyncio.run(self.server.record([intention], at_ms=self.now_ms))
        return recorded[0][1]

    def tick(self) -> None:
        ledger, seen = self.server.ledger, self.server.seen
        self.server.kept(ledger.take((), (), now_ms=self.now_ms, seen=seen))

    def restart(self) -> None:
        self.server.restart(empty_ledger())

    def receive(self, lot: str, qty: int) -> None:
        self.say("adjust", "found", (("TOM", lot, "virtual:opening", "R1", qty),))
        key = ("TOM", lot, "R1")
        self.physical[key] = self.physical.get(key, 0) + qty

    # --- phones ----------------------------------------------------------------------------------------------------

    def sync(self, holder: Holder, *, is_reply_lost: bool = False, is_twice: bool = False) -> None:
        """One round trip; what the server committed in it is judged before the phone knows of it."""
        request = holder.held.request(self.now_ms)
        states = {row[0]: row[8] for row in self.lease_rows()}
        for lease, key, qty in holder.untold:
            if states.get(lease, "lapsed") == "lapsed":
                self.late[key] = self.late.get(key, 0) + qty
        holder.untold.clear()
        reply = self.server.sync_many([request], at_ms=self.now_ms + TRIP_MS // 2)[0]
        if is_twice:
            reply = self.server.sync_many([request], at_ms=self.now_ms + TRIP_MS // 2 + 1)[0]
        sent, self.now_ms = self.now_ms, self.now_ms + TRIP_MS
        if is_reply_lost or holder.is_revoked:
            return
        holder.held.receive(reply, sent_ms=sent, received_ms=self.now_ms)
        rows = [row for row in self.lease_rows() if row[1] == holder.device.hex()]
        leases, left = {row[0]: _believed(row) for row in rows}, {row[0]: row[5] - row[6] for row in rows}
        for key in {lease.key for lease in leases.values()}:
            before, now = _at(key, holder.leases, holder.left), _at(key, leases, left)
            if before.keys() == now.keys():
                assert sum(before.values()) == sum(now.values()), "a pick under a lease uses it up"
        holder.leases, holder.left = leases, left
        assert not holder.held.phone.unsent, "one round trip brings all that it has"

    def pick(self, holder: Holder, lease: Believed, qty: int) -> None:
        """Take under a lease, and record it."""
        item, lot, place = lease.key
        line = [item, lot, place, "T1", qty]
        fields = (None, lease.task, [line])
        holder.held.phone.record(
            "pick", fields, wall_ms=holder.wall(self.now_ms), mono_ms=holder.mono(self.now_ms)
        )
        holder.left[lease.granted_at] -= qty
        holder.untold.append((lease.granted_at, lease.key, qty))
        self.physical[lease.key] -= qty

    def take_freely(self, holder: Holder, lot: str, qty: int) -> None:
        """Take what nobody promised to this phone: it happens, and is a fact."""
        key = ("TOM", lot, "R1")
        some = min(qty, self.physical[key])
        if some <= 0:
            return
        holder.held.phone.record(
            "pick",
            (None, "T-free", [[*key, "T1", some]]),
            wall_ms=holder.wall(self.now_ms),
            mono_ms=holder.mono(self.now_ms),
        )
        self.physical[key] -= some
        self.disturbed.add(key)

    # --- what must hold --------------------------------------------------------------------------------------------

    def lease_rows(self) -> list[list[Any]]:
        found = {key[2]: data for key, data in self.server.rows.items() if key[1] == "lease"}
        return [decode(found[key]) for key in sorted(found, key=int)]

    def exceptions(self) -> Iterator[tuple[str, Key]]:
        """Code and key of the open ones about promises."""
        for (bucket, table, _), data in self.server.rows.items():
            if (bucket, table) != ("desk", "exception"):
                continue
            row = decode(data)
            if row[7] == "open" and row[1] in {"promise-short", "lease-at-risk"}:
                yield row[1], tuple(row[2][:3])

    def check(self) -> None:
        """Judge every new grant by the log below it, and what phones believe by what is there."""
        fold = self.server.ledger.fold
        fresh, self.checked = range(self.checked, self.server.ledger.size), self.server.ledger.size
        for index in fresh:
            grant = fold.state.promises.grants.get(index)
            if grant is not None:
                self._check_grant(grant)
        for row in self.lease_rows():
            assert 0 <= row[6] <= row[5], "a lease is used up at most"
            is_held = fold.state.held_at(row[2], row[3], row[4]) is not None
            assert not (is_held and row[8] == "live" and row[6] < row[5]), (
                "nobody counts on goods that are held"
            )
        self._check_beliefs()

    def _check_grant(self, grant: Grant) -> None:
        key, body, names = grant.key, grant.body, set(grant.origin.names)
        past = self.server.ledger.fold.known_below(grant.origin.index)
        past.drain()
        found = promised(past.state, key)
        free = available(past.state, key) - found.leased - found.reserved
        free += found.reserved_for(body.order)
        if body.order is None and body.for_index is not None:
            free += found.reserved_by(body.for_index)
        assert body.qty <= free, f"{body.qty} of {key} were promised when {free} were free"
        if names:
            self.risky.add(key)
        doubtful = [lease for lease in found.leases if lease.state == "lapsed" and lease.left]
        if body.qty > free - sum(lease.left for lease in doubtful):
            assert {lease.grant.origin.hash for lease in doubtful} <= names, "at risk, and not marked so"

    def _check_beliefs(self) -> None:
        believed: dict[Key, int] = {}
        for holder in self.holders.values():
            if holder.is_revoked:
                continue
            for lease in holder.live(self.now_ms):
                believed[lease.key] = believed.get(lease.key, 0) + holder.left[lease.granted_at]
        told = {key for _code, key in self.exceptions()} & self.risky
        for key, qty in believed.items():
            if key in self.disturbed | self.counted:
                continue
            there = self.physical[key]
            if qty > there:
                # Only what silent holders took is ever promised a second time, and then somebody is told.
                taken = sum(q for holder in self.holders.values() for _, of, q in holder.untold if of == key)
                assert key in told, f"{qty} of {key} are promised to phones, {there} are there"
                assert qty <= there + taken + self.late.get(key, 0), f"{qty} of {key} are promised twice"

    def settle(self) -> None:
        """Everybody meets the server until nobody has anything to say."""
        for _ in range(2):
            for holder in self.holders.values():
                self.sync(holder)


def _at(key: Key, leases: dict[int, Believed], left: dict[int, int]) -> dict[int, int]:
    return {index: left[index] for index, lease in leases.items() if lease.key == key}


def _believed(row: list[Any]) -> Believed:
    return Believed(row[0], (row[2], row[3], row[4]), row[7], row[8], row[9])
