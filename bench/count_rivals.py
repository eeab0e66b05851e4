"""The warehouse of `count_world` kept as others keep theirs: the same facts, phones, clocks and meetings.

Each way is given the benefit of the doubt: nothing is lost or doubled, counters always tell the lots, paper records
carry the middle of what they claim, and every line of a count its own instant.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from bench.count_world import RETRY_MS, Count, Move, Recorded, World

Key = tuple[int, str]


class _Fact(NamedTuple):
    """One lot in one bin: moved by `qty`, or seen to be `qty`."""

    key: Key
    qty: int
    is_count: bool


class _Met(NamedTuple):
    """What a meeting brings: when the request left and arrived, by the server's clock and the phone's."""

    sent_ms: int
    arrived_ms: int
    wall_ms: int


def rivals(made: World) -> Mapping[str, tuple[int, ...]]:
    """Return what each way of keeping stock says that each bin holds."""
    return {name: keep(made) for name, keep in WAYS.items()}


def set_on_arrival(made: World) -> tuple[int, ...]:
    """The server sets what a count says when it arrives: most warehouse systems with a mobile app."""
    return _ordered(made, lambda _each, met, _before_ms: met.arrived_ms)


def device_time(made: World) -> tuple[int, ...]:
    """Everything in the order of the timestamps that the devices wrote."""
    return _ordered(made, lambda each, _met, before_ms: _stamp(made, each, 0) - before_ms)


def calibrated_time(made: World) -> tuple[int, ...]:
    """The same, corrected by how far the device's clock is off when it uploads."""

    def instant(each: Recorded, met: _Met, before_ms: int) -> int:
        return _stamp(made, each, met.arrived_ms - met.wall_ms) - before_ms

    return _ordered(made, instant)


def count_as_delta(made: World) -> tuple[int, ...]:
    """A count posts counted − expected, as the phone's last rows and its own ops say: CRDT counters, stocktakes."""
    server = _opening(made)
    views = [dict(server) for _ in made.clocks]
    pending: list[list[tuple[int, Key, int]]] = [[] for _ in made.clocks]
    meetings = [
        (met.arrived_ms, 1, number, met) for number in range(len(views)) for met in _met(made, number)
    ]
    events: list[tuple[int, int, int, Recorded | _Met]] = [
        *[(each.at_ms, 0, each.phone, each) for each in made.recorded],
        *meetings,
    ]
    for at_ms, _, number, event in sorted(events, key=lambda each: each[:3]):
        view = views[number]
        if isinstance(event, Recorded):
            for fact in _facts(event.what):
                delta = fact.qty - view[fact.key] if fact.is_count else fact.qty
                view[fact.key] += delta
                pending[number].append((at_ms, fact.key, delta))
            continue
        for _made_ms, key, delta in (own for own in pending[number] if own[0] <= event.sent_ms):
            server[key] += delta
        pending[number] = [own for own in pending[number] if own[0] > event.sent_ms]
        view.update(server)
        for _made_ms, key, delta in pending[number]:
            view[key] += delta
    return _by_bin(made, server)


WAYS: Final[Mapping[str, Callable[[World], tuple[int, ...]]]] = {
    "set_on_arrival": set_on_arrival,
    "count_as_delta": count_as_delta,
    "device_time": device_time,
    "calibrated_time": calibrated_time,
}


def _ordered(made: World, order: Callable[[Recorded, _Met, int], int]) -> tuple[int, ...]:
    """Sort all facts by an instant of each; a movement adds, a count sets."""
    met = [_met(made, number) for number in range(len(made.clocks))]
    facts: list[tuple[int, int, _Fact]] = []
    for each in made.recorded:
        meetings = met[each.phone]
        upload = meetings[bisect_left(meetings, each.at_ms, key=lambda known: known.sent_ms)]
        befores = [0] if isinstance(each.what, Move) else [look.before_ms for look in each.what.looks]
        for fact, before_ms in zip(_facts(each.what), befores, strict=True):
            facts.append((order(each, upload, before_ms), each.at_ms, fact))
    held = _opening(made)
    for _, _, fact in sorted(facts, key=lambda each: each[:2]):
        held[fact.key] = fact.qty if fact.is_count else held[fact.key] + fact.qty
    return _by_bin(made, held)


def _stamp(made: World, each: Recorded, correction_ms: int) -> int:
    """What the clock of the device showed, corrected; a paper record tells what the clock on the wall did."""
    if isinstance(each.what, Move) and each.what.claim is not None:
        return sum(each.what.claim) // 2
    return made.clocks[each.phone].wall(each.at_ms) + correction_ms


def _met(made: World, number: int) -> list[_Met]:
    """Return the meetings of a phone; a last one brings what is left."""
    own = [(trip.sent_ms, trip.up_ms, trip.loses) for trip in made.trips if trip.phone == number]
    found = []
    for sent_ms, up_ms, loses in (*own, (made.end_ms, 40, "")):
        left_ms = sent_ms + (RETRY_MS if loses == "request" else 0)
        found.append(_Met(left_ms, left_ms + up_ms, made.clocks[number].wall(left_ms)))
    return found


def _facts(what: Move | Count) -> Iterable[_Fact]:
    if isinstance(what, Move):
        return [_Fact((what.bin, what.lot), what.qty, is_count=False)]
    return [_Fact((look.bin, look.lot), look.qty, is_count=True) for look in what.looks]


def _opening(made: World) -> dict[Key, int]:
    return {(number, lot): qty for number, held in enumerate(made.opening) for lot, qty in held.items()}


def _by_bin(made: World, held: Mapping[Key, int]) -> tuple[int, ...]:
    return tuple([sum(held[number, lot] for lot in lots) for number, lots in enumerate(made.lots)])
