"""Recording what a file adds: the one impure step of an import."""

from typing import Final

from msgspec import Struct

from api.bootstrap import House
from api.imports.columns import Table
from api.imports.intentions import Imported, intend
from api.imports.known import LedgerKnown
from api.imports.parse import parse_file
from sync_engine.commit import Intention
from sync_engine.logged import ACCEPTED

BATCH: Final = 500


class Taken(Struct, frozen=True):
    """What a file came to, and how many ops of it were recorded."""

    imported: Imported
    recorded: int
    refused: tuple[str, ...] = ()
    """Codes of ops that the ledger did not accept."""


async def take_file(
    house: House, data: bytes, table: Table | None, *, is_dry: bool, skips_bad: bool, actor: bytes
) -> Taken:
    """Read a file and record what it adds, for the session `actor`; nothing while rows are bad, unless skipped.

    Raises UnreadableFileError, UnknownTableError, FaultError.
    """
    parsed = parse_file(data, table)
    ledger = house.ledger
    imported = intend(parsed, LedgerKnown(ledger.fold, ledger.directory, at_ms=house.clock()))
    if is_dry or (imported.faults and not skips_bad):
        return Taken(imported, 0)
    refused: list[str] = []
    recorded = 0
    for first in range(0, len(imported.intentions), BATCH):
        some = [
            Intention(intention.kind, intention.body, actor)
            for intention in imported.intentions[first : first + BATCH]
        ]
        for index, _ in await house.sequencer.record(some):
            entry = house.ledger.fold.logged(index)
            if entry is not None and entry.verdict == ACCEPTED:
                recorded += 1
            else:
                refused.append("?" if entry is None else entry.code)
    return Taken(imported, recorded, tuple(dict.fromkeys(refused)))
