"""The demo day with everything that goes wrong between phones and a server, by seed; it must end as it always ends.

What each person does stands where it did. When phones meet the network, what gets lost, doubled, carried by others or
cut into pieces, which clocks are wrong and how, and when the server starts anew, is the seed's.
"""

from collections.abc import Callable, Coroutine, Iterator
from functools import cache
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

from api.demo.day import DAY, ORG, SERVER, UTC_OFFSET_MINUTES, Record, at
from api.demo.devices import DemoPhone, new_key
from api.demo.ends import differences
from api.demo.memory_server import MemoryServer
from api.demo.play import FOUNDED, Play
from sync_engine.commit import Delivery
from sync_engine.ledger import Ledger
from sync_engine.logged import DEFERRED
from sync_engine.seal import PrivateKey, raw_key

_T = TypeVar("_T")

YEAR_MS: Final = 365 * 86_400_000
HOUR_MS: Final = 3_600_000
SMALL_STEP_MS: Final = 90_000
"""What any clock may jump by at any time, without putting 07:42 after 07:50."""
ROUNDS: Final = 2
"""Once the network is well again, two rounds of sync settle everything (DESIGN §5)."""
OPENS: Final = "05:30"
CLOSES: Final = "12:30"
MEETINGS: Final = (3, 12, 40)
"""A day without a signal, a day with little, and a day with much."""
MISHAPS: Final = 20
RARELY, OFTEN = 0.15, 0.5
STEPS_AHEAD: Final = frozenset({"ma", "desk", "sun"})
"""A clock that claims that a year went by must claim half an hour of drift with it: too much beside a count."""


class Outcome(NamedTuple):
    """How a shuffled day ended; all is well when nothing is lost, stuck or different."""

    seed: int
    lost: int
    """Ops that a phone recorded and the log does not have."""
    stuck: int
    """Ops without a verdict after the network was well again, and frames that still wait."""
    diverged: tuple[str, ...]
    """What is not as the day must end, or not what the log gives."""

    @property
    def is_well(self) -> bool:
        """Whether the day ended as it must."""
        return not (self.lost or self.stuck or self.diverged)


class _Company(NamedTuple):
    """The company before its day, the same for every seed: made once."""

    secret: bytes
    key: PrivateKey
    play: Play
    server: MemoryServer


def shuffled_days(seeds: int, *, first: int = 0) -> Iterator[Outcome]:
    """Play the day once for each seed."""
    for seed in range(first, first + seeds):
        yield ShuffledDay(seed).outcome()


def finished(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Return the result of a coroutine over a server in memory: there is nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: _T = end.value
        return result
    raise AssertionError("a server in memory never waits")


def found_in_memory(chance: Random) -> tuple[MemoryServer, bytes, PrivateKey]:
    """Return a server whose ledger has its genesis and nothing else, the organisation's secret and the server's key."""
    secret, key = chance.randbytes(32), new_key(chance)
    server = MemoryServer(Ledger(ORG, secret, key))
    admin = ("limin", "李敏", None)
    genesis = ("绿原合作社", raw_key(key.public_key()), "", (), (), "", admin, UTC_OFFSET_MINUTES)
    server.kept(server.ledger.found(genesis, epoch=chance.getrandbits(53), now_ms=at(FOUNDED) - 60_000))
    return server, secret, key


@cache
def _company() -> _Company:
    chance = Random(ORG)  # noqa: S311  # the keys of a demo, the same on every run
    server, secret, key = found_in_memory(chance)
    play = Play(server, secret, chance)
    finished(play.prepare())
    return _Company(secret, key, play, server)


class ShuffledDay:
    """One seed's day. `play` has the phones, `server` the ledger; `outcome` plays it to its end."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = Random(seed)  # noqa: S311  # a simulation by seed
        self.company = _company()
        self.server = self.company.server.copy(self._empty())
        self.play = Play(self.server, self.company.secret, self.chance)
        for enrolled in self.company.play.enrolled:
            off = self.chance.choice((0, 0, 2 * HOUR_MS, -47_000, YEAR_MS, -YEAR_MS))
            self.play.begin(enrolled, enrolled.new.who._replace(clock_off_ms=off))
        self.stepped: set[str] = set()
        """Phones whose clock was made to step: only they may be suspected."""
        self.unheard: set[str] = set()
        """Phones whose clock stepped far and whose ops only they can bring in time: nothing else befalls them."""
        self.also: list[tuple[int, int, Callable[[int], None]]] = []
        """What befalls besides: the instant, a number from 10,000 on, and what is done then."""
        self._sent: list[bytes] = []
        """Requests that reached the server: the network may bring any of them again."""
        self._frames: list[bytes] = []
        """Frames that left a phone as a file or as QR codes."""

    def _empty(self) -> Ledger:
        return Ledger(ORG, self.company.secret, self.company.key)

    # --- the day ---------------------------------------------------------------------------------------------------

    def outcome(self) -> Outcome:
        """Play the day, heal the network, and look."""
        for at_ms, _number, befall in sorted(self._events(), key=lambda event: event[:2]):
            befall(at_ms)
        end_ms = at(CLOSES)
        for _ in range(ROUNDS):
            for held in self.play.phones.values():
                end_ms += 10_000
                finished(held.sync(self.server.sync, end_ms))
        return self._look()

    def _look(self) -> Outcome:
        fold, phones = self.server.ledger.fold, self.play.phones.values()
        made = [
            entry.hash for held in phones for epoch in held.phone.outbox.values() for entry in epoch.entries
        ]
        deferred = sum(
            1
            for index in range(self.server.ledger.size)
            if (entry := fold.logged(index)) is not None and entry.verdict == DEFERRED
        )
        return Outcome(
            self.seed,
            lost=sum(1 for digest in made if fold.index_of(digest) is None),
            stuck=sum(len(held.phone.pending) for held in phones) + len(self.server.waiting) + deferred,
            diverged=(
                *differences(self.server.rows, clocks_stepped=bool(self.stepped)),
                *self.server.misfits(self._empty()),
            ),
        )

    def _events(self) -> Iterator[tuple[int, int, Callable[[int], None]]]:
        yield from self.also
        number = 0
        for step in DAY:
            if isinstance(step, Record):
                number += 1
                yield at(step.clock), number, self._recorder(step)
        opens, closes = at(OPENS), at(CLOSES)
        mishaps = (
            self._reload,
            self._sleep,
            self._step,
            self._step_far,
            self._export,
            self._relay,
            self._upload,
        )
        meetings = self.chance.choice(MEETINGS)
        for count, kinds in ((meetings, (self._meet, self._meet_together)), (MISHAPS, mishaps)):
            for _ in range(self.chance.randint(0, count)):
                number += 1
                yield self.chance.randrange(opens, closes), number, self.chance.choice(kinds)
        for befall in (self._restart, self._repeat, self._repeat):
            number += 1
            yield self.chance.randrange(opens, closes), number, befall

    def _recorder(self, step: Record) -> Callable[[int], None]:
        def record(at_ms: int) -> None:
            if step.device != SERVER and self.chance.random() < RARELY:
                self._export_of(self.play.phones[step.device])
            finished(self.play.do(step))

        return record

    def _any(self) -> DemoPhone:
        return self.chance.choice(list(self.play.phones.values()))

    # --- the network -----------------------------------------------------------------------------------------------

    def _meet(self, at_ms: int) -> None:
        """A phone syncs; its request may get lost, or the reply, or the request may arrive twice."""
        held = self._any()
        trip_ms = self.chance.randrange(40, 2_000)
        request = held.request(at_ms)
        fate = self.chance.random()
        if fate < RARELY:
            return
        requests = [request, request] if fate > 1 - RARELY else [request]
        replies = self.server.sync_many(requests, at_ms=at_ms + trip_ms // 2)
        self._sent.append(request)
        if fate < 2 * RARELY:
            return
        held.receive(replies[-1], sent_ms=at_ms, received_ms=at_ms + trip_ms)
        self.unheard.discard(held.who.id)

    def _meet_together(self, at_ms: int) -> None:
        """Several phones sync at once: one group commit, in any order."""
        phones = self.chance.sample(list(self.play.phones.values()), k=3)
        requests = [held.request(at_ms) for held in phones]
        replies = self.server.sync_many(requests, at_ms=at_ms + 40)
        self._sent.extend(requests)
        for held, reply in zip(phones, replies, strict=True):
            held.receive(reply, sent_ms=at_ms, received_ms=at_ms + 80)
            self.unheard.discard(held.who.id)

    def _repeat(self, at_ms: int) -> None:
        """The network brings a request again that arrived long ago."""
        if self._sent:
            self.server.sync_many([self.chance.choice(self._sent)], at_ms=at_ms)

    def _restart(self, _at_ms: int) -> None:
        if self.chance.random() < OFTEN:
            self.server.restart(self._empty())

    # --- by hand ---------------------------------------------------------------------------------------------------

    def _export(self, _at_ms: int) -> None:
        self._export_of(self._any())

    def _export_of(self, held: DemoPhone) -> None:
        """What is not sent yet leaves the phone as a file, which may turn up anywhere, any time, or never."""
        if held.who.id not in self.unheard:
            self._frames.extend(held.phone.frames(self.chance.choice((1, 2, 50))))

    def _relay(self, _at_ms: int) -> None:
        """A phone carries what others exported, in no order."""
        self._any().phone.carry(self.chance.sample(self._frames, k=len(self._frames)))

    def _upload(self, at_ms: int) -> None:
        """Somebody uploads files, in no order."""
        some = self.chance.sample(self._frames, k=self.chance.randint(0, len(self._frames)))
        some.extend(
            self._spoilt(frame) for frame in self.chance.sample(self._frames, k=min(1, len(self._frames)))
        )
        self.server.deliver([Delivery(device=None, now_ms=None, run=None, frames=some)], at_ms=at_ms)

    def _spoilt(self, frame: bytes) -> bytes:
        """A frame with one byte that is not what the phone sealed."""
        at_byte = self.chance.randrange(len(frame))
        return (
            frame[:at_byte] + bytes([frame[at_byte] ^ self.chance.randrange(1, 256)]) + frame[at_byte + 1 :]
        )

    # --- clocks ----------------------------------------------------------------------------------------------------

    def _free(self) -> DemoPhone | None:
        held = self._any()
        return None if held.who.id in self.unheard else held

    def _reload(self, _at_ms: int) -> None:
        held = self._free()
        if held is not None:
            held.phone.reload()

    def _sleep(self, _at_ms: int) -> None:
        """The monotonic clock stands still for a while, or begins anew."""
        held = self._free()
        if held is not None:
            held.boot_ms += self.chance.randrange(3_000, HOUR_MS)

    def _step(self, _at_ms: int) -> None:
        """Somebody sets the clock by a little."""
        held = self._free()
        if held is not None:
            held.wall_off_ms += self.chance.randrange(-SMALL_STEP_MS, SMALL_STEP_MS)
            self.stepped.add(held.who.id)

    def _step_far(self, _at_ms: int) -> None:
        """The clock goes off by up to a year, while everything that was recorded before is on the server."""
        held = self._free()
        if held is None or held.phone.unsent:
            return
        ahead = YEAR_MS if held.who.id in STEPS_AHEAD else 0
        held.wall_off_ms += self.chance.randrange(-YEAR_MS, ahead + 1)
        self.stepped.add(held.who.id)
        self.unheard.add(held.who.id)
