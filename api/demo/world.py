"""The company before the day begins: its files in `world/`, imported as any company imports its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from api.imports.intentions import intend
from api.imports.known import LedgerKnown
from api.imports.parse import parse_file
from sync_engine.commit import Intention
from sync_engine.ledger import Ledger

FOLDER: Final = Path(__file__).parent / "world"
FILES: Final = ("items", "places", "partners", "people", "prices", "orders", "opening")
"""In the order in which each needs the ones before."""

RULES: Final = (
    Intention("set", (None, (), "rule", "count_tolerance", (("value", 0),))),
    Intention(
        "set", (None, (), "vehicle", "T1", (("name", "1 号车"), ("place", "T1"), ("driver", "maqiang")))
    ),
)
"""What no file says."""


def read_file(name: str, ledger: Ledger, *, at_ms: int) -> list[Intention]:
    """Return what one of the files adds to a ledger."""
    imported = intend(
        parse_file((FOLDER / f"{name}.csv").read_bytes()),
        LedgerKnown(ledger.fold, ledger.directory, at_ms=at_ms),
    )
    assert not imported.faults, f"the demo's own {name}: {imported.faults}"
    return list(imported.intentions)


def stages(ledger: Ledger, *, at_ms: int) -> Iterator[list[Intention]]:
    """Yield what is to be recorded, stage by stage: each is recorded before the next is asked for."""
    yield list(RULES)
    for name in FILES:
        yield read_file(name, ledger, at_ms=at_ms)
