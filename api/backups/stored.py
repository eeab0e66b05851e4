"""Backups out of a database and into one: the same on SQLite and PostgreSQL, in one transaction each way."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.backups.archive import Archive, ArchivedOp, Head, WrongBackupError
from api.backups.derive import Derived
from domain.ops import leaf_hash
from storage import tables
from storage.statements import Statements
from storage.writer import Step, open_writer
from sync_engine.adapters.ledger_rows import op_to_record

BESIDE: Final[Sequence[Table]] = (
    tables.seals,
    tables.erasable_values,
    tables.waiting_frames,
    tables.unread_frames,
    tables.checkpoints,
    tables.contacts,
    tables.attachments,
)
"""What no log tells, and what is worth keeping. Codes and used proofs live for minutes."""

DERIVED: Final[Sequence[Table]] = (
    tables.ops,
    tables.ledger_rows,
    tables.log_tiles,
    tables.row_horizons,
    tables.snapshots,
    tables.snapshot_chunks,
)
"""What follows from the log: emptied before it is written anew."""


async def read_stored(engine: AsyncEngine, org: str, *, now_ms: int) -> Archive:
    """Return a backup of a whole stored ledger, read in one state; the server may run."""
    async with engine.connect() as connection:
        last = await connection.execute(
            select(tables.checkpoints.c.size, tables.checkpoints.c.note)
            .where(tables.checkpoints.c.org == org)
            .order_by(tables.checkpoints.c.size.desc())
            .limit(1)
        )
        size, note = last.one()
        columns = (tables.ops.c.data, tables.ops.c.arrived_ms, tables.ops.c.is_branch)
        found = await connection.execute(
            select(*columns).where(tables.ops.c.org == org).order_by(tables.ops.c.leaf)
        )
        ops = [ArchivedOp(data, arrived, bool(is_branch)) for data, arrived, is_branch in found]
        beside = {table.name: await _all(connection, table, org) for table in BESIDE}
    return Archive(Head(org, 0, size, note, now_ms), ops, beside)


def tail_of(whole: Archive, begin: int) -> Archive:
    """Return what of a backup lies from a leaf on. Raises WrongBackupError when it is not longer than that."""
    head, ops = whole.head, whole.ops[begin:]
    if not ops:
        raise WrongBackupError(reason=f"the log has {head.size} entries, nothing from {begin} on")
    beside = _of_tail(whole.beside, begin, {leaf_hash(op.data) for op in ops})
    return Archive(Head(head.org, begin, head.size, head.note, head.made_ms), ops, beside)


async def _all(connection: AsyncConnection, table: Table, org: str) -> list[tuple[Any, ...]]:
    query = select(table).where(table.c.org == org).order_by(*table.primary_key.columns)
    return [tuple(record)[1:] for record in await connection.execute(query)]


def _of_tail(
    beside: Mapping[str, Sequence[tuple[Any, ...]]], begin: int, hashes: set[bytes]
) -> dict[str, list[tuple[Any, ...]]]:
    """What belongs to the leaves of a tail; what waits, and whom the server met, is small and comes whole."""
    found = {name: list(records) for name, records in beside.items()}
    found["seals"] = [record for record in found["seals"] if record[3] in hashes]
    found["erasable_values"] = [record for record in found["erasable_values"] if record[0] >= begin]
    since_ms = max((record[3] for record in found["checkpoints"] if record[0] <= begin), default=0)
    found["attachments"] = [record for record in found["attachments"] if record[4] >= since_ms]
    found["checkpoints"] = [record for record in found["checkpoints"] if record[0] > begin]
    return found


async def rebuild(engine: AsyncEngine, archive: Archive, derived: Derived) -> None:
    """Make a database hold a backup, and nothing else of this organisation's log: all of it, or nothing changes.

    What waits beside the log there goes on waiting. Raises FaultError: a server still runs, SQLAlchemyError.
    """
    org, make = derived.org, Statements(engine.dialect)
    steps: list[Step] = [(make.remove(table, [table.c.org]), [(org,)]) for table in DERIVED]
    steps.append((make.insert(tables.ops), [op_to_record(org, entry) for entry in derived.appended]))
    rows = [
        (org, bucket, name, key, row.value, row.changed, row.ordinal)
        for (bucket, name, key), row in derived.rows.items()
    ]
    steps.append((make.insert(tables.ledger_rows), rows))
    steps.append((make.insert(tables.log_tiles), [(org, *tile) for tile in derived.tiles]))
    for table in BESIDE:
        records = [(org, *record) for record in archive.beside.get(table.name, ())]
        steps.append((make.add(table), records))
    writer = await open_writer(engine, org)
    try:
        _size, _root, revision = await writer.begin()
        checkpoint = derived.checkpoint
        await writer.write(
            [step for step in steps if step[1]], (checkpoint.size, checkpoint.root, revision + 1)
        )
    finally:
        await writer.close()
