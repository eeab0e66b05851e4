"""The company of a simulated world: who works there, at which places, with which goods. Data only."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from api.founding import Founding
from sync_engine.commit import Intention

ORG: Final = "sim"
FOUNDED_MS: Final = 1_764_000_000_000
"""The instant at which a simulated company begins: late November 2025."""
DAY_MS: Final = 86_400_000
FOUNDING: Final = Founding(
    org=ORG, name="模拟合作社", admin="boss", admin_name="李敏", utc_offset_minutes=480
)

SITES: Final = ("W1", "W2")
PLACES: Final = (
    ("W1", ""),
    ("W2", ""),
    ("T1", ""),
    ("F1", ""),
    ("A1", "W1"),
    ("A2", "W1"),
    ("B1", "W2"),
    ("T1-1", "T1"),
)
"""Place, and what it stands in: two warehouses, a truck, a farm, and their parts."""
STOCK_PLACES: Final = ("W1", "A1", "A2", "W2", "B1", "T1", "T1-1", "F1")
ITEMS: Final = ("TOM", "MLK", "CUC", "PAK")
WEIGHED: Final = frozenset({"CUC"})
"""Counted in pieces and grams."""
LOTS: Final = ("L1", "L2")
PARTNERS: Final = ("wang", "zhou")
PLOTS: Final = ("P1", "P2")


class Worker(NamedTuple):
    """Somebody with a phone."""

    person: str
    role: str
    places: tuple[str, ...] | None
    """Where the role counts; None: everywhere."""


WORKERS: Final = (
    Worker("mei", "manager", None),
    Worker("liu", "picker", None),
    Worker("ma", "driver", ("W1", "T1")),
    Worker("sun", "farmer", ("F1", "P1", "P2")),
    Worker("qi", "qa", None),
    Worker("zhang", "picker", ("W2",)),
)


def beginnings() -> Iterator[list[Intention]]:
    """Yield what the office recorded before the first phone came, commit by commit."""
    yield [
        _said("set", "item", item, [["name", item], ["unit", "each"], ["life_days", 20]]) for item in ITEMS
    ]
    yield [
        _said("set", "place", place, [["parent", parent]] if parent else [["name", place]])
        for place, parent in PLACES
    ]
    yield [_said("set", "partner", partner, [["name", partner]]) for partner in PARTNERS]
    yield [_said("set", "place", plot, [["parent", "F1"]]) for plot in PLOTS]
    yield [_said("set", "person", who.person, [["name", who.person]]) for who in WORKERS]
    yield [_said("grant", who.person, who.role, list(who.places) if who.places else None) for who in WORKERS]
    yield [
        _said(
            "adjust",
            "opening stock",
            [
                [item, lot, "virtual:opening", place, 500, 50_000 if item in WEIGHED else None]
                for place in ("A1", "B1")
            ],
            [],
        )
        for item in ITEMS
        for lot in LOTS
    ]


def _said(kind: str, *fields: object) -> Intention:
    return Intention(kind, (None, (), *fields))
