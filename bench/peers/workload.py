"""The workload that every engine gets: phones that move stock of many items at many places, each in stretches offline.

Quantities are integers, most of them picks, the others put away. What an engine makes of it is compared to the plain
sum of the same movements. Its data are synthetic.
"""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import msgspec

DEVICES: Final = 20
ITEMS: Final = 100
PLACES: Final = 20
BATCH: Final = 500
"""What a phone records before it has a signal again: a morning of a fast picker."""
STRETCHES: Final = 4
"""Of each phone: 40,000 ops in all."""
SECONDS: Final = 4.0
"""How long one figure of an engine may take: who is slower takes fewer ops, and says how many."""
START_MS: Final = 1_795_384_200_000

QUANTITIES: Final = (-9, -7, -5, -4, -3, -2, -2, -1, -1, -1, 6, 12, 15)
KEYS: Final = tuple(f"ITEM-{item}|R{place}" for item in range(ITEMS) for place in range(PLACES))


class Movement(NamedTuple):
    """A phone moves a quantity of a key, out of it where it is negative."""

    device: int
    key: int
    qty: int
    at: int


def movements(seed: int = 1) -> list[Movement]:
    """Return all of them, stretch by stretch."""
    chance, at = Random(seed), START_MS
    made: list[Movement] = []
    for number in range(STRETCHES * DEVICES):
        for _ in range(BATCH):
            at += chance.randrange(1_000, 12_000)
            key, qty = chance.randrange(len(KEYS)), chance.choice(QUANTITIES)
            made.append(Movement(number % DEVICES, key, qty, at))
    return made


def sums(made: Sequence[Movement]) -> dict[str, int]:
    """Return what the movements of each key add up to."""
    total: dict[str, int] = {}
    for movement in made:
        key = KEYS[movement.key]
        total[key] = total.get(key, 0) + movement.qty
    return total


def write_workload(path: Path, made: Sequence[Movement]) -> None:
    """Write what the programs of the other engines read."""
    told = {"devices": DEVICES, "keys": KEYS, "ops": made, "batch": BATCH, "seconds": SECONDS}
    path.write_bytes(msgspec.json.encode(told))
