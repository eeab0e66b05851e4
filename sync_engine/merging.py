"""Several drains of the fold as one: what a group commit stores that had to look at the ledger in between."""

from collections.abc import Iterable
from typing import Final

from sync_engine.fold.rows import Changes, EntryRow, RowKey

NO_CHANGES: Final = Changes({}, (), ())


def merged(drains: Iterable[Changes]) -> Changes:
    """Return the changes that leave the tables as these drains, one after the other, do."""
    found = list(drains)
    if len(found) == 1:
        return found[0]
    rows: dict[RowKey, bytes | None] = {}
    entries: dict[int, list[EntryRow]] = {}
    removed: dict[int, None] = {}
    for changes in found:
        rows.update(changes.rows)
        for index in changes.entries_removed:
            removed[index] = None
            entries.pop(index, None)
        for entry in changes.entries:
            entries.setdefault(entry.leaf, []).append(entry)
    return Changes(rows, [entry for kept in entries.values() for entry in kept], list(removed))
