"""What a seed decides before anything happens: who is there, which faults there are, and every step.

A step has a seed of its own for what it decides when it is done, so leaving one out leaves the others as they were:
a failing plan shrinks by leaving steps out.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, NamedTuple

from api.simulation.company import DAY_MS, FOUNDED_MS, WORKERS

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
YEAR_MS: Final = 365 * DAY_MS
BEGIN_MS: Final = FOUNDED_MS + 2 * HOUR_MS
"""When the phones are enrolled."""
SEED_BITS: Final = 48
SMALL, MEDIUM, LARGE = 0.84, 0.13, 0.03
"""Shares of worlds by size."""
CALM: Final = 0.06
"""Share of worlds in which nothing goes wrong: the laws must hold there, and a planted bug shows there the plainest."""
OFTEN: Final = 0.3
"""How likely each fault is to be in a world (swarm testing: subsets find what all at once would hide)."""

NETWORK: Final = ("lost-requests", "lost-replies", "duplicates", "slow", "crowd")
"""Faults of the network: they befall requests, by chance of each step."""
PHONE: Final = (
    "die-recording", "die-syncing", "kill", "power", "tear", "bad-disk", "quota", "clone", "restore", "evict",
    "clock", "sleep", "tabs", "swap", "flush", "partition", "one-way",
)  # fmt: skip
OFFICE: Final = ("tick", "revoke-role", "revoke-device", "future", "relay", "upload", "spoil", "replay")
SERVER: Final = ("server-mishap", "server-restart", "server-down", "server-clock")
RESTORED: Final = "server-restore"
LOSES_MORE: Final = frozenset({"evict", "tear", "restore", "clone", "revoke-device", "revoke-role"})
"""What only a lost end of the log could tell from a lie: with these a put-back server is another story."""
RESTORES: Final = 0.25
"""How often a world without these has a server that is put back."""
FAULTS: Final = (*NETWORK, *PHONE, *OFFICE, *SERVER)
CLOCKS: Final = (0, 0, 0, 2_000, -47_000, 2 * HOUR_MS, -5 * HOUR_MS, YEAR_MS, -3 * YEAR_MS)


class Handset(NamedTuple):
    """A phone at the beginning."""

    name: str
    person: str
    clock_off_ms: int
    version: str


class Step(NamedTuple):
    """Something that happens: `what` is work, a meeting with the network, or a fault's name."""

    at_ms: int
    what: str
    phone: str
    seed: int


class Plan(NamedTuple):
    """A world before it is played."""

    seed: int
    handsets: Sequence[Handset]
    faults: frozenset[str]
    steps: Sequence[Step]
    on_disk: bool = False
    """The server's folder is on a real disk, not in memory."""


class _Size(NamedTuple):
    phones: tuple[int, int]
    days: tuple[int, int]
    steps_a_phone: tuple[int, int]


_SIZES: Final[Mapping[str, _Size]] = {
    "small": _Size((2, 3), (1, 3), (4, 12)),
    "medium": _Size((3, 4), (2, 14), (10, 22)),
    "large": _Size((4, 6), (10, 45), (20, 40)),
}


def make_plan(seed: int) -> Plan:
    """Return the plan of a seed."""
    chance = Random(seed)  # noqa: S311  # a simulation by seed
    size = _SIZES[chance.choices(tuple(_SIZES), (SMALL, MEDIUM, LARGE))[0]]
    faults = (
        frozenset() if chance.random() < CALM else frozenset(f for f in FAULTS if chance.random() < OFTEN)
    )
    who = chance.sample(WORKERS, chance.randint(*size.phones))
    handsets = [
        Handset(
            worker.person,
            worker.person,
            chance.choice(CLOCKS) if "clock" in faults else chance.choice(CLOCKS[:6]),
            chance.choice(("now", "old", "new")) if "future" in faults or "swap" in faults else "now",
        )
        for worker in who
    ]
    days = chance.randint(*size.days)
    begin, end = BEGIN_MS + HOUR_MS, BEGIN_MS + days * DAY_MS
    steps: list[Step] = []
    intensity = chance.choice((0.3, 1.0, 2.0))
    for handset in handsets:
        count = chance.randint(*size.steps_a_phone)
        syncs = chance.choice((0.1, 0.3, 0.8))
        steps += _drawn(chance, begin, end, "work", handset.name, count)
        steps += _drawn(chance, begin, end, "sync", handset.name, max(1, round(count * syncs)))
    for fault in sorted(faults - set(NETWORK)):
        for _ in range(max(1, round(intensity * chance.randint(1, 2)))):
            steps += _drawn(chance, begin, end, fault, chance.choice(handsets).name, 1)
    on_disk = chance.random() < 0.02  # noqa: PLR2004  # one in fifty
    other = Random(f"restore {seed}")  # noqa: S311  # by itself: worlds that are known stay what they were
    if faults and not faults & LOSES_MORE and other.random() < RESTORES:
        faults |= {RESTORED}
        steps += _drawn(other, begin, end, RESTORED, handsets[0].name, 1)
    steps.sort()
    return Plan(seed, tuple(handsets), faults, tuple(steps), on_disk)


def _drawn(chance: Random, begin: int, end: int, what: str, phone: str, count: int) -> list[Step]:
    return [
        Step(chance.randrange(begin, end), what, phone, chance.getrandbits(SEED_BITS)) for _ in range(count)
    ]
