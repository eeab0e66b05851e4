"""Recording what a file adds: the one impure step of an import."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from api.bootstrap import House
from api.imports.columns import Table
from api.imports.intentions import Imported, intend
from api.imports.known import LedgerKnown
from api.imports.parse import parse_file
from domain.kinds import Grant
from sync_engine.commit import Intention
from sync_engine.logged import ACCEPTED

BATCH: Final = 500


class Taken(Struct, frozen=True):
    """What a file came to, and how many ops of it were recorded."""

    imported: Imported
    recorded: int
    refused: tuple[str, ...] = ()
    """Codes of ops that the ledger did not accept."""


def _any_role(_roles: frozenset[str]) -> None:
    """Who works at the server itself gives every role."""


async def take_file(
    house: House,
    data: bytes,
    table: Table | None,
    *,
    is_dry: bool,
    skips_bad: bool,
    actor: bytes,
    check_roles: Callable[[frozenset[str]], None] = _any_role,
) -> Taken:
    """Read a file and record what it adds, for the session `actor`; nothing while rows are bad, unless skipped.

    Raises UnreadableFileError, UnknownTableError, FaultError, and what `check_roles` raises on the roles it gives.
    """
    parsed = parse_file(data, table)
    ledger = house.ledger
    imported = intend(parsed, LedgerKnown(ledger.fold, ledger.directory, at_ms=house.clock()))
    check_roles(frozenset([str(it.body[3]) for it in imported.intentions if it.kind == Grant.kind]))
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
