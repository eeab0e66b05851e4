"""The day, played through real phones: whoever answers them, in memory or over a database, ends in the same tables.

`Play.prepare` founds the world in an empty ledger that has its genesis; `until` goes on to a time of the story, `rest`
to its end. Every step yields what happened, for the terminal and for tests.
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple, Protocol

from api.demo.day import DAY, DEVICES, MIDNIGHT_MS, SERVER, UTC_OFFSET_MINUTES, DemoDevice, Record, Sync, at
from api.demo.devices import DemoPhone, Enrolled, NewPhone, new_key
from api.demo.world import stages
from domain.ops import LeafHash
from sync_engine.commit import Intention
from sync_engine.ledger import Ledger

FOUNDED: Final = "05:00"
"""When the company sets up its ledger: before anybody is awake."""
SHIFT_END_MS: Final = 36 * 3_600_000
"""Sessions of the day end on the next."""
_INSTANT_MIN: Final = 1_000_000_000_000
"""Integers from here on are instants in ms: no quantity and no price of the day comes near."""
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_NONCE_BYTES: Final = 16


class Server(Protocol):
    """Who answers the phones: `MemoryServer`, or the sequencer behind its clock. Times are the story's, as shifted."""

    @property
    def ledger(self) -> Ledger:
        """The ledger, for questions."""
        ...

    @property
    def seen(self) -> tuple[int, bytes]:
        """The last checkpoint: size, and the first 16 bytes of the root."""
        ...

    async def record(self, intentions: Sequence[Intention], *, at_ms: int) -> Sequence[tuple[int, bytes]]:
        """Record ops of the server's own device; return (index, hash) of each."""
        ...

    async def sync(self, request: bytes, *, at_ms: int) -> bytes:
        """Answer the body of a sync request that arrives at an instant."""
        ...


class Shift(NamedTuple):
    """How far the whole day is moved: instants by milliseconds, dates by whole days."""

    ms: int = 0
    days: int = 0

    def instant(self, clock: str) -> int:
        """Return when a local time of the story is."""
        return at(clock) + self.ms

    def value(self, value: Any) -> Any:
        """Return a value of the story as it stands after the move, whatever it is nested in."""
        if isinstance(value, list | tuple):
            return tuple([self.value(part) for part in value])
        if isinstance(value, str) and _DAY.fullmatch(value):
            return (date.fromisoformat(value) + timedelta(days=self.days)).isoformat()
        if isinstance(value, int) and value >= _INSTANT_MIN:
            return value + self.ms
        return value


def shift_to(now_ms: int, *, clock: str = "07:41") -> Shift:
    """Return the shift by which a time of the story is now."""
    local = timedelta(minutes=UTC_OFFSET_MINUTES)
    ours = (datetime.fromtimestamp(now_ms / 1000, UTC) + local).date()
    theirs = (datetime.fromtimestamp(MIDNIGHT_MS / 1000, UTC) + local).date()
    return Shift(now_ms - at(clock), (ours - theirs).days)


UNSHIFTED: Final = Shift()


class Happening(NamedTuple):
    """One step of the day, done: `hash` is that of the op that was recorded."""

    clock: str
    at_ms: int
    step: Record | Sync
    who: DemoDevice | None
    hash: bytes = b""


@dataclass
class Play:
    """The day on one server. `chance` makes keys, epochs and nonces."""

    server: Server
    organisation_secret: bytes
    chance: Random
    shift: Shift = UNSHIFTED
    enrolled: list[Enrolled] = field(default_factory=list)
    phones: dict[str, DemoPhone] = field(default_factory=dict)
    labels: dict[str, LeafHash] = field(default_factory=dict)
    _next: int = 0

    # --- before the day --------------------------------------------------------------------------------------------

    async def prepare(self, devices: Sequence[DemoDevice] = DEVICES) -> None:
        """Import the world, enrol the devices of the day and sign their people in."""
        at_ms = self.shift.instant(FOUNDED)
        for stage in stages(self.server.ledger, at_ms=at_ms):
            await self.server.record([self._shifted(intention) for intention in stage], at_ms=at_ms)
            at_ms += 1_000
        await self._enrol(devices, at_ms)

    async def _enrol(self, devices: Sequence[DemoDevice], at_ms: int) -> None:
        org = self.server.ledger.org
        new = [NewPhone(who, new_key(self.chance), org, self.organisation_secret) for who in devices]
        recorded = await self.server.record([one.enrolment for one in new], at_ms=at_ms)
        for one, (_index, enrol) in zip(new, recorded, strict=True):
            self.enrolled.append(Enrolled(one, LeafHash(enrol), at_ms, self.server.seen))
        for enrolled in self.enrolled:
            self.begin(enrolled, enrolled.new.who)

    def begin(self, enrolled: Enrolled, who: DemoDevice) -> None:
        """Give a device its day's phone, with the person signed in."""
        held = enrolled.phone(who, self.chance)
        held.phone.sign_in(
            who.person,
            expires_ms=self.shift.instant("00:00") + SHIFT_END_MS,
            nonce=self.chance.randbytes(_NONCE_BYTES),
            wall_ms=held.wall(enrolled.at_ms + 1_000),
            mono_ms=held.mono(enrolled.at_ms + 1_000),
        )
        self.phones[who.id] = held

    # --- the day ---------------------------------------------------------------------------------------------------

    async def until(self, clock: str) -> AsyncIterator[Happening]:
        """Play on up to a local time of the story, that minute included."""
        while self._next < len(DAY) and DAY[self._next].clock <= clock:
            step = DAY[self._next]
            self._next += 1
            yield await self.do(step)

    async def rest(self) -> AsyncIterator[Happening]:
        """Play to the end."""
        async for happening in self.until("24:00"):
            yield happening

    async def do(self, step: Record | Sync) -> Happening:
        """Do one step."""
        at_ms = self.shift.instant(step.clock)
        if isinstance(step, Sync):
            held = self.phones[step.device]
            await held.sync(self.server.sync, at_ms)
            return Happening(step.clock, at_ms, step, held.who)
        if step.device == SERVER:
            body = (None, self._names(step), *self.shift.value(step.fields))
            ((_index, digest),) = await self.server.record([Intention(step.kind, body)], at_ms=at_ms)
            done = Happening(step.clock, at_ms, step, None, digest)
        else:
            held = self.phones[step.device]
            done = Happening(step.clock, at_ms, step, held.who, self.record(held, step, at_ms))
        if step.label:
            self.labels[step.label] = LeafHash(done.hash)
        return done

    def record(self, held: DemoPhone, step: Record, at_ms: int) -> LeafHash:
        """Record an op on a phone."""
        occurred = None
        if step.occurred is not None:
            start, end, source = step.occurred
            occurred = (self.shift.instant(start), self.shift.instant(end), source)
        return held.phone.record(
            step.kind,
            self.shift.value(step.fields),
            wall_ms=held.wall(at_ms),
            mono_ms=held.mono(at_ms),
            names=self._names(step),
            occurred=occurred,
        )

    def _names(self, step: Record) -> tuple[LeafHash, ...]:
        return tuple([self.labels[name] for name in step.names])

    def _shifted(self, intention: Intention) -> Intention:
        return Intention(
            intention.kind, self.shift.value(intention.body), intention.actor, intention.erasable
        )
