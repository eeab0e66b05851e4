"""The ledger of one organisation in SQLite or PostgreSQL: see `LedgerStore` in `ports` for what it promises."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Executable, Result, Select, or_, select, text, tuple_, union_all
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.canonical import MalformedError
from domain.errors import FaultError
from storage import tables
from storage.statements import Statements
from storage.writer import Step, Writer, open_writer
from sync_engine.adapters.ledger_rows import (
    change_to_record,
    changes_to_records,
    contact_to_record,
    head_to_records,
    op_to_record,
    record_to_op,
    record_to_row,
    record_to_waiting,
    seal_to_record,
    value_to_record,
    waiting_to_record,
)
from sync_engine.commit import Commit, Contact
from sync_engine.ports import RowsFound, RowsWanted, SealedHead, Stored, TilePlace

DISK_FULL_RETRY_S: Final = 60
"""Somebody has to make room first; phones keep what they have."""
FAULT_RETRY_S: Final = 2

_ROWS: Final = tables.ledger_rows.c
_IN_ORDER: Final = (text("changed"), text("ordinal"))
_OPS: Final = tables.ops.c
_TILES: Final = tables.log_tiles.c


class StorageFullError(FaultError):
    """The disk or the quota of the database is full."""

    code = "storage-full"

    def __init__(self) -> None:
        super().__init__(
            "the disk of the ledger is full: nothing was recorded", retry_after_s=DISK_FULL_RETRY_S
        )


class StorageFaultError(FaultError):
    """The database failed."""

    code = "storage-fault"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"the ledger's database failed: {reason}", retry_after_s=FAULT_RETRY_S)
        self.reason = reason


class DamagedLedgerError(FaultError):
    """What is stored is no ledger: trying again does not help, `gobi doctor` names the damage."""

    code = "ledger-damaged"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"the stored ledger is damaged: {reason}", retryable=False)
        self.reason = reason


class StoredLedger:
    """The store behind the sequencer of one organisation."""

    def __init__(self, engine: AsyncEngine, org: str) -> None:
        self._engine = engine
        self._org = org
        self._writer: Writer | None = None
        make = Statements(engine.dialect)
        self._insert_op = make.insert(tables.ops)
        self._amend_op = make.amend(
            tables.ops, [_OPS.verdict, _OPS.code, _OPS.t, _OPS.err], [_OPS.org, _OPS.leaf]
        )
        self._add_seal = make.add(tables.seals)
        self._add_value = make.add(tables.erasable_values)
        self._add_waiting = make.add(tables.waiting_frames)
        waiting = tables.waiting_frames.c
        self._remove_waiting = make.remove(tables.waiting_frames, [waiting.org, waiting.hash])
        self._put_row = make.put(tables.ledger_rows)
        self._put_tile = make.put(tables.log_tiles)
        self._put_checkpoint = make.put(tables.checkpoints)
        self._put_contact = make.put(tables.contacts)

    async def open(self) -> None:
        """See `LedgerStore`."""
        if self._writer is None:
            try:
                self._writer = await open_writer(self._engine, self._org)
            except _FAILURES as error:
                raise _fault(error) from error

    async def close(self) -> None:
        """See `LedgerStore`."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()

    async def load(self) -> Stored:
        """See `LedgerStore`."""
        ops, waiting, checkpoints = tables.ops, tables.waiting_frames, tables.checkpoints
        cut = await self.cut()
        try:
            found = await cut.execute(select(ops).where(ops.c.org == self._org).order_by(ops.c.leaf))
            entries = [record_to_op(record) for record in found]
            beside = select(waiting).where(waiting.c.org == self._org)
            frames = await cut.execute(beside.order_by(waiting.c.arrived_ms, waiting.c.first_seq))
            notes = select(checkpoints.c.note).where(checkpoints.c.org == self._org)
            last = await cut.execute(notes.order_by(checkpoints.c.size.desc()).limit(1))
            note: str | None = last.scalar()
        except MalformedError as error:
            raise DamagedLedgerError(reason=error.reason) from error
        finally:
            await cut.close()
        return Stored(
            logged=[entry.logged for entry in entries],
            branches=frozenset(entry.logged.index for entry in entries if entry.is_branch),
            waiting=[record_to_waiting(record) for record in frames],
            note=note,
        )

    async def tiles(self, places: Collection[TilePlace]) -> Mapping[TilePlace, bytes]:
        """See `LedgerStore`."""
        if not places:
            return {}
        wanted = tuple_(_TILES.level, _TILES.number).in_(list(places))
        cut = await self.cut()
        try:
            columns = select(_TILES.level, _TILES.number, _TILES.data)
            found = await cut.execute(columns.where(_TILES.org == self._org, wanted))
            return {(record.level, record.number): record.data for record in found}
        finally:
            await cut.close()

    async def commit(self, commit: Commit, head: SealedHead | None, contacts: Sequence[Contact]) -> None:
        """See `LedgerStore`."""
        await self.transact(self.steps(commit, head, contacts))

    async def put_contacts(self, contacts: Sequence[Contact]) -> None:
        """See `LedgerStore`."""
        records = [contact_to_record(self._org, contact) for contact in contacts]
        await self.transact([(self._put_contact, records)])

    async def cut(self) -> "StoredCut":
        """See `LedgerStore`."""
        try:
            connection = await self._engine.connect()
            cut = StoredCut(connection, self._org)
            # The state is that of the first statement, not of the beginning of the transaction.
            await cut.execute(
                select(tables.checkpoints.c.size).where(tables.checkpoints.c.org == "").limit(1)
            )
        except _FAILURES as error:
            raise _fault(error) from error
        return cut

    def steps(self, commit: Commit, head: SealedHead | None, contacts: Sequence[Contact]) -> list[Step]:
        """Return the steps of the transaction: statements and the records that they take."""
        org, changes = self._org, commit.changes
        changed = commit.log_size - 1
        steps: list[Step] = [
            (self._insert_op, [op_to_record(org, entry) for entry in commit.appended]),
            (self._amend_op, [change_to_record(org, change) for change in commit.verdict_changes]),
            (self._add_seal, [seal_to_record(org, seal) for seal in commit.seals]),
            (self._add_value, [value_to_record(org, value) for value in commit.values]),
            (self._add_waiting, [waiting_to_record(org, frame) for frame in commit.waiting_added]),
            (self._remove_waiting, [(org, name) for name in commit.waiting_removed]),
            (self._put_row, list(changes_to_records(org, changes, changed))),
            (self._put_contact, [contact_to_record(org, contact) for contact in contacts]),
        ]
        if head is not None:
            checkpoint = (org, head.size, head.root, head.note, commit.server_ms)
            steps += [(self._put_tile, head_to_records(org, head)), (self._put_checkpoint, [checkpoint])]
        return steps

    async def transact(self, steps: Sequence[Step]) -> None:
        """Make steps durable as one transaction. Raises FaultError."""
        assert self._writer is not None, "only who opened the store commits"
        try:
            await self._writer.write(steps)
        except _FAILURES as error:
            await self.close()
            raise _fault(error) from error
        except BaseException:
            # Cancelled in the middle: the connection must not carry half a commit into the next one.
            await self.close()
            raise


class StoredCut:
    """A read transaction."""

    def __init__(self, connection: AsyncConnection, org: str) -> None:
        self._connection = connection
        self._org = org

    async def execute(self, statement: Executable) -> Result[Any]:
        """Run a query in this state. Raises FaultError."""
        try:
            return await self._connection.execute(statement)
        except _FAILURES as error:
            await self.close()
            raise _fault(error) from error

    async def rows(self, wanted: RowsWanted) -> RowsFound:
        """See `Cut`."""
        parts = []
        if wanted.known:
            after = max(wanted.after, (wanted.cursor + 1, -1))
            parts.append(self._stretch(wanted.known, after))
        if wanted.whole:
            lives = or_(_ROWS.value.is_not(None), _ROWS.changed > wanted.begun)
            parts.append(self._stretch(wanted.whole, wanted.after).where(lives))
        if not parts:
            return RowsFound((), None)
        found = await self.execute(union_all(*parts).order_by(*_IN_ORDER).limit(wanted.limit))
        records = found.all()
        full = len(records) == wanted.limit
        return RowsFound(
            [record_to_row(record) for record in records],
            (records[-1].changed, records[-1].ordinal) if full else None,
        )

    def _stretch(self, buckets: Sequence[str], after: tuple[int, int]) -> Select[Any]:
        """Select rows of buckets after a place in the order of changes: a range of the index for each bucket."""
        changed, ordinal = after
        return select(tables.ledger_rows).where(
            _ROWS.org == self._org,
            _ROWS.bucket.in_(buckets),
            _ROWS.changed >= changed,
            or_(_ROWS.changed > changed, _ROWS.ordinal > ordinal),
        )

    async def close(self) -> None:
        """See `Cut`."""
        if not self._connection.closed:
            await self._connection.close()


_FAILURES: Final = (SQLAlchemyError, sqlite3.Error, OSError)


def _fault(error: Exception) -> FaultError:
    reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    is_full = isinstance(error, OperationalError | sqlite3.OperationalError) and "full" in reason
    if is_full or "No space left" in reason or "DiskFull" in type(error).__name__:
        return StorageFullError()
    return StorageFaultError(reason=reason.splitlines()[0][:200] if reason else type(error).__name__)
