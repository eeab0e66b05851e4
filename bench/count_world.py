"""Ten days of a warehouse whose phones are mostly offline and whose clocks are wrong: what truly happened, by seed.

Nothing here knows how stock is kept. It says who moved, counted and typed what at which instant of true time, what
each phone's clocks showed then, when it met the network, and what stands in the end. `count_ours` and `count_rivals`
make balances of it. The world is that of the design's figure: 30 phones, 10 days, per bin 6 movements a day, 3 counts
and 2 losses that nobody recorded.
"""

from bisect import bisect_left, bisect_right
from itertools import pairwise
from random import Random
from typing import Final, NamedTuple

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

OPENS_MS, CLOSES_MS = 7 * HOUR_MS, 19 * HOUR_MS
"""The working day: all that is done is done in these twelve hours."""
PLACE_BINS: Final = 4
"""Items at one place: a count walks along them."""
MANAGERS: Final = 5
"""The first phones: theirs type what was written on paper."""
PAPER: Final = 0.03
"""Movements that are written on paper and typed hours later."""
BAD: Final = 0.09
BAD_OFFSETS_MS: Final = (90 * SECOND_MS, 10 * MINUTE_MS, HOUR_MS, 8 * HOUR_MS, DAY_MS)
JUMPS: Final = 0.05
JUMPS_MS: Final = (45 * SECOND_MS, 5 * MINUTE_MS, HOUR_MS)
RELOADS: Final = 0.2
"""Offline intervals in which the app starts anew; in half of these the whole phone does."""
DRIFT_PPM: Final = 20
LOST: Final = 0.03
"""Requests, and replies, that the network loses."""
RETRY_MS: Final = 30 * SECOND_MS
"""When a phone that was not answered asks again."""


class Scale(NamedTuple):
    """How large a world is, and how long its phones stay offline at most."""

    phones: int = 30
    days: int = 10
    bins: int = 400
    offline_ms: int = 36 * HOUR_MS


class Move(NamedTuple):
    """Goods truly in (positive) or out of a bin; `claim` is what a paper record says of when."""

    bin: int
    lot: str
    qty: int
    claim: tuple[int, int] | None = None


class Look(NamedTuple):
    """What a counter saw of one lot in one bin, `before_ms` before the count was closed."""

    bin: int
    lot: str
    qty: int
    before_ms: int


class Count(NamedTuple):
    """A walk along the bins of a place. A complete one leaves out what is not there: those looks are not `told`."""

    place: int
    complete: bool
    by_lot: bool
    looks: tuple[Look, ...]

    @property
    def told(self) -> tuple[Look, ...]:
        """The looks that the counter enters."""
        return tuple(look for look in self.looks if look.qty or not self.complete)


class Recorded(NamedTuple):
    """Something entered into a phone at an instant of true time; `done_ms` is when it truly happened."""

    at_ms: int
    phone: int
    what: Move | Count
    done_ms: int


class Trip(NamedTuple):
    """A meeting with the network: when the request leaves, arrives, and when the reply is there."""

    sent_ms: int
    phone: int
    up_ms: int
    down_ms: int
    loses: str
    """`request`, `reply` or nothing."""


class Clocks(NamedTuple):
    """What a phone's two clocks show, and when its app starts anew."""

    off_ms: int
    drift_ppm: int
    steps: tuple[tuple[int, int], ...]
    """(true time, how far the wall clock was set) in order."""
    boots: tuple[int, ...]
    reloads: tuple[int, ...]
    """True times at which the app starts anew, those of the boots among them."""

    def wall(self, at_ms: int) -> int:
        """What the wall clock shows."""
        stepped = sum(by for when, by in self.steps if when <= at_ms)
        return at_ms + self.off_ms + stepped + self._strayed(at_ms)

    def mono(self, at_ms: int) -> int:
        """What the monotonic clock shows: it begins anew at a boot, and nobody sets it."""
        boot = self.boots[bisect_right(self.boots, at_ms) - 1]
        return at_ms - boot + self._strayed(at_ms) - self._strayed(boot)

    def told(self, at_ms: int) -> tuple[int, int]:
        """What both show."""
        return self.wall(at_ms), self.mono(at_ms)

    def _strayed(self, at_ms: int) -> int:
        return at_ms * self.drift_ppm // 1_000_000


class World(NamedTuple):
    """One seed's world; instants are milliseconds since it began."""

    scale: Scale
    clocks: tuple[Clocks, ...]
    lots: tuple[tuple[str, ...], ...]
    """The lots of each bin's item; the empty name where it has none."""
    opening: tuple[dict[str, int], ...]
    recorded: tuple[Recorded, ...]
    trips: tuple[Trip, ...]
    truth: tuple[int, ...]
    """What each bin should be said to hold: what was last seen there, and what was moved after."""
    end_ms: int


def world(seed: int, scale: Scale) -> World:
    """Make the world of a seed."""
    chance = Random(seed)  # a simulation by seed
    clocks: list[Clocks] = []
    trips: list[Trip] = []
    end_ms = scale.days * DAY_MS
    for phone in range(scale.phones):
        meets = _meetings(chance, scale, end_ms)
        clocks.append(_clocks(chance, meets))
        trips.extend(_trip(chance, at_ms, phone) for at_ms in meets)
    lots = tuple([("",) if number % 2 else ("A", "B") for number in range(scale.bins)])
    opening = tuple([dict.fromkeys(own, chance.choice((2, 10, 60))) for own in lots])
    done = _Doings(chance, scale, lots, opening)
    recorded, truth = done.play(_plan(chance, scale))
    return World(
        scale, tuple(clocks), lots, opening, recorded, tuple(sorted(trips)), truth, end_ms + scale.offline_ms
    )


# --- phones --------------------------------------------------------------------------------------------------------


def _meetings(chance: Random, scale: Scale, end_ms: int) -> list[int]:
    """Return when a phone meets the network, until all of its work is done."""
    met = [chance.randrange(HOUR_MS)]
    while met[-1] < end_ms:
        met.append(met[-1] + chance.randrange(scale.offline_ms // 20, scale.offline_ms))
    return met


def _trip(chance: Random, at_ms: int, phone: int) -> Trip:
    """There and back over a village's network: mostly a tenth of a second, at times many seconds."""
    up, down = (min(20_000, int(chance.lognormvariate(4.4, 1.2))) for _ in range(2))
    draw = chance.random()
    return Trip(at_ms, phone, up, down, "request" if draw < LOST else "reply" if draw < 2 * LOST else "")


def _clocks(chance: Random, meets: list[int]) -> Clocks:
    off = int(chance.gauss(0, 3 * SECOND_MS))
    if chance.random() < BAD:
        off += chance.choice((-1, 1)) * chance.choice(BAD_OFFSETS_MS)
    steps, reloads, boots = [], [], [-chance.randrange(1, 30 * DAY_MS)]
    for start, end in pairwise(meets):
        if chance.random() < JUMPS:
            by = chance.choice((-1, 1)) * chance.choice(JUMPS_MS)
            steps.append((chance.randrange(start, end), by))
        if chance.random() < RELOADS:
            reloads.append(chance.randrange(start, end))
            if chance.random() < 1 / 2:
                boots.append(reloads[-1])
    drift = chance.randint(-DRIFT_PPM, DRIFT_PPM)
    return Clocks(off, drift, tuple(steps), tuple(boots), tuple(reloads))


# --- work ----------------------------------------------------------------------------------------------------------


class _Planned(NamedTuple):
    """What somebody is about to do: `what` is `move`, `lose` (a bin's) or `count` (a place's)."""

    at_ms: int
    number: int
    what: str
    where: int


def _plan(chance: Random, scale: Scale) -> list[_Planned]:
    """Return what is done, in order of true time: per bin 6 movements a day, 3 counts and 2 losses in all."""
    planned: list[_Planned] = []

    def add(what: str, where: int, day: int) -> None:
        at_ms = day * DAY_MS + chance.randrange(OPENS_MS, CLOSES_MS)
        planned.append(_Planned(at_ms, len(planned), what, where))

    for number in range(scale.bins):
        for day in range(scale.days):
            for _ in range(6):
                add("move", number, day)
        for _ in range(2):
            add("lose", number, chance.randrange(scale.days))
    for place in range(scale.bins // PLACE_BINS):
        for _ in range(3):
            add("count", place, chance.randrange(scale.days))
    return sorted(planned)


class _Look(NamedTuple):
    """Somebody is about to look at a lot in a bin."""

    bin: int
    lot: str


class _Doings:
    """Plays what was planned, with the goods themselves and with what the best book could say of them."""

    def __init__(
        self,
        chance: Random,
        scale: Scale,
        lots: tuple[tuple[str, ...], ...],
        opening: tuple[dict[str, int], ...],
    ) -> None:
        self._chance, self._scale, self._lots = chance, scale, lots
        self._goods = [dict(held) for held in opening]
        self._book = [dict(held) for held in opening]

    def play(self, planned: list[_Planned]) -> tuple[tuple[Recorded, ...], tuple[int, ...]]:
        """Return what was entered, in order of when that was, and what each bin should be said to hold."""
        recorded: list[Recorded] = []
        # Looks fall between the movements that others make meanwhile, so each is a step of its own.
        steps: list[tuple[int, int, _Planned | _Look]] = []
        walks: list[tuple[int, int, int]] = []
        for plan in planned:
            if plan.what != "count":
                steps.append((plan.at_ms, plan.number, plan))
                continue
            looks = self._walk(plan)
            walks.append((looks[-1][0] + self._chance.randrange(2_000, 20_000), plan.number, plan.where))
            steps.extend((at_ms, plan.number, look) for at_ms, look in looks)
        seen: dict[int, list[tuple[int, _Look, int]]] = {}
        for at_ms, number, step in sorted(steps, key=lambda each: each[:2]):
            if isinstance(step, _Look):
                seen.setdefault(number, []).append((at_ms, step, self._see(step)))
            elif (made := self._move(step)) is not None:
                recorded.append(made)
        counts = [self._closed(at_ms, place, seen[number], recorded) for at_ms, number, place in walks]
        recorded = sorted([*recorded, *counts], key=lambda each: (each.at_ms, each.phone))
        return tuple(recorded), tuple([sum(held.values()) for held in self._book])

    def _walk(self, plan: _Planned) -> list[tuple[int, _Look]]:
        """Return the instant of each look: a minute or so for each bin, all lots of it at one glance."""
        at_ms = plan.at_ms
        found: list[tuple[int, _Look]] = []
        for number in range(plan.where * PLACE_BINS, (plan.where + 1) * PLACE_BINS):
            found.extend((at_ms, _Look(number, lot)) for lot in self._lots[number])
            at_ms += self._chance.randrange(15 * SECOND_MS, 100 * SECOND_MS)
        return found

    def _see(self, look: _Look) -> int:
        seen = self._book[look.bin][look.lot] = self._goods[look.bin][look.lot]
        return seen

    def _closed(
        self, close_ms: int, place: int, seen: list[tuple[int, _Look, int]], moved: list[Recorded]
    ) -> Recorded:
        """Return the count of a walk, by somebody who did not meanwhile move what stands there."""
        looks = tuple([Look(look.bin, look.lot, qty, close_ms - at_ms) for at_ms, look, qty in seen])
        first = bisect_left(moved, seen[0][0], key=lambda each: each.done_ms)
        last = bisect_right(moved, close_ms, key=lambda each: each.done_ms)
        others = {
            each.phone
            for each in moved[first:last]
            if isinstance(each.what, Move) and each.what.bin // PLACE_BINS == place
        }
        phone = self._chance.choice([each for each in range(self._scale.phones) if each not in others])
        complete, by_lot = self._chance.random() < 1 / 2, self._chance.random() < 2 / 3
        return Recorded(close_ms, phone, Count(place, complete, by_lot, looks), close_ms)

    def _move(self, plan: _Planned) -> Recorded | None:
        chance, where, at_ms = self._chance, plan.where, plan.at_ms
        lot = chance.choice(self._lots[where])
        goods, held = self._goods[where], self._goods[where][lot]
        if plan.what == "lose":
            goods[lot] = max(0, held - chance.randint(1, 4))
            return None
        wanted = chance.randint(1, 6)
        qty = wanted if chance.random() < 1 / 2 or not held else -min(wanted, held)
        goods[lot] += qty
        self._book[where][lot] += qty
        if chance.random() >= PAPER:
            return Recorded(at_ms, chance.randrange(self._scale.phones), Move(where, lot, qty), at_ms)
        claim = (at_ms - chance.randrange(15 * MINUTE_MS), at_ms + chance.randrange(15 * MINUTE_MS))
        typed_ms = at_ms + chance.randrange(HOUR_MS, 8 * HOUR_MS)
        return Recorded(typed_ms, chance.randrange(MANAGERS), Move(where, lot, qty, claim), at_ms)
