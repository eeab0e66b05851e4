"""Several drains of the fold as one: what a group commit stores that had to look at the ledger in between."""

from collections.abc import Iterable
from typing import Final

from sync_engine.fold.rows import Changes, RowKey

NO_CHANGES: Final = Changes({})


def merged(drains: Iterable[Changes]) -> Changes:
    """Return the changes that leave the rows as these drains, one after the other, do."""
    found = list(drains)
    if len(found) == 1:
        return found[0]
    rows: dict[RowKey, bytes | None] = {}
    for changes in found:
        rows.update(changes.rows)
    return Changes(rows)
