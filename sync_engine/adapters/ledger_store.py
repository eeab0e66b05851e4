"""The ledger of one organisation in SQLite or PostgreSQL: see `LedgerStore` in `ports` for what it promises."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from msgspec import structs
from sqlalchemy import Executable, Result, Select, func, or_, select, text, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.canonical import MalformedError
from storage import tables
from storage.engine import is_sqlite
from storage.listening import Listener
from storage.statements import Statements
from storage.writer import Step, Writer, open_writer
from sync_engine.adapters.faults import FAILURES, DamagedLedgerError, fault_of
from sync_engine.adapters.ledger_rows import (
    Record,
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
from sync_engine.adapters.marks import marks_of, select_marks
from sync_engine.commit import Commit, Contact
from sync_engine.fold.rows import Changes, RowKey
from sync_engine.ports import (
    LedgerUnavailableError,
    Marks,
    Position,
    RowsFound,
    RowsWanted,
    SealedHead,
    Stored,
    TilePlace,
)

CHANGED_EVERY_S: Final = 1.0
"""Several processes tell each other when they commit; one that does not hear of it looks as often as this."""

_ROWS: Final = tables.ledger_rows.c
_IN_ORDER: Final = (text("changed"), text("ordinal"))
_OPS: Final = tables.ops.c
_TILES: Final = tables.log_tiles.c


class StoredLedger:
    """The store behind the sequencer of one organisation."""

    def __init__(self, engine: AsyncEngine, org: str) -> None:
        self._engine = engine
        self._org = org
        self._writer: Writer | None = None
        self._opening = asyncio.Lock()
        self._turn: Writer | None = None
        """The writer that has the turn to commit: only it may."""
        self._position = Position()
        """Where the ledger is, as far as `begin` and `commit` know."""
        self._listener = None if is_sqlite(engine) else Listener(engine, org)
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
        # Loading and beginning may both find it closed: they must not open a writer each.
        async with self._opening:
            if self._writer is not None:
                return
            try:
                writer = await open_writer(self._engine, self._org)
            except FAILURES as error:
                raise fault_of(error) from error
            if self._listener is None:
                self._position = Position(*await writer.begin())
            self._writer = writer

    async def close(self) -> None:
        """See `LedgerStore`."""
        if self._writer is not None:
            await self._drop(self._writer)
        if self._listener is not None:
            await self._listener.close()

    async def _drop(self, writer: Writer) -> None:
        if self._writer is writer:
            self._writer = None
        await writer.close()

    async def begin(self) -> Position:
        """See `LedgerStore`."""
        await self.open()
        self._turn = None
        async with self._sound() as writer:
            self._position = Position(*await writer.begin())
            self._turn = writer
        return self._position

    async def release(self) -> None:
        """See `LedgerStore`."""
        turn, self._turn = self._turn, None
        if turn is not None and turn is self._writer:
            async with self._sound() as writer:
                await writer.release()

    async def commit(self, commit: Commit, head: SealedHead | None, contacts: Sequence[Contact]) -> Position:
        """See `LedgerStore`."""
        position = self._after(head)
        if commit.changes.is_whole:
            commit = structs.replace(commit, changes=await self._differing(commit.changes))
        if self._turn is None or self._turn is not self._writer:
            raise LedgerUnavailableError(reason="the connection that had the turn is gone")
        await self.transact(self.steps(commit, head, contacts), position)
        self._turn, self._position = None, position
        return position

    async def _differing(self, changes: Changes) -> Changes:
        """Return what makes the stored rows these. Nobody else commits meanwhile."""
        query = select(_ROWS.bucket, _ROWS.name, _ROWS.key, _ROWS.value)
        try:
            async with self._engine.connect() as connection:
                found = await connection.execute(
                    query.where(_ROWS.org == self._org, _ROWS.value.is_not(None))
                )
                stored = {(bucket, name, key): value for bucket, name, key, value in found}
        except FAILURES as error:
            raise fault_of(error) from error
        rows: dict[RowKey, bytes | None] = dict.fromkeys(stored.keys() - changes.rows.keys())
        rows |= {key: value for key, value in changes.rows.items() if stored.get(key) != value}
        return Changes(rows)

    async def put_contacts(self, contacts: Sequence[Contact]) -> None:
        """See `LedgerStore`."""
        await self.transact([(self._put_contact, self._met(contacts))])

    async def position(self) -> Position:
        """See `LedgerStore`."""
        if self._listener is None:
            return self._position  # nobody else moves it
        try:
            async with self._engine.connect() as connection:
                return await _position(connection, self._org)
        except FAILURES as error:
            raise fault_of(error) from error

    async def cut(self) -> "StoredCut":
        """See `LedgerStore`."""
        try:
            connection = await self._engine.connect()
        except FAILURES as error:
            raise fault_of(error) from error
        try:
            # The state is that of the first statement, not of the beginning of the transaction.
            return StoredCut(connection, self._org, await _position(connection, self._org))
        except BaseException as error:
            await _let_go(connection)
            if isinstance(error, FAILURES):
                raise fault_of(error) from error
            raise

    async def changed(self) -> None:
        """See `LedgerStore`."""
        if self._listener is None:
            await asyncio.Event().wait()
        else:
            await self._listener.wait(CHANGED_EVERY_S)

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
            (self._put_contact, self._met(contacts)),
        ]
        if head is not None:
            checkpoint = (org, head.size, head.root, head.note, commit.server_ms)
            steps += [(self._put_tile, head_to_records(org, head)), (self._put_checkpoint, [checkpoint])]
        return steps

    async def transact(self, steps: Sequence[Step], position: Position | None = None) -> None:
        """Make steps durable as one transaction; `position` is where the ledger is then. Raises FaultError."""
        async with self._sound() as writer:
            await writer.write(steps, None if position is None else structs.astuple(position))

    def _after(self, head: SealedHead | None) -> Position:
        was = self._position
        size, root = (was.size, was.root) if head is None else (head.size, head.root)
        return Position(size, root, was.revision + 1)

    def _met(self, contacts: Sequence[Contact]) -> list[Record]:
        # In one order: two processes that met the same devices never wait for each other in a ring.
        return [contact_to_record(self._org, one) for one in sorted(contacts, key=lambda one: one.device)]

    @asynccontextmanager
    async def _sound(self) -> AsyncGenerator[Writer, None]:
        """The writer, for a call after which it is closed unless all went well. Raises FaultError."""
        writer = self._writer
        if writer is None:
            raise LedgerUnavailableError(reason="its connection was closed after a fault")
        try:
            yield writer
        except FAILURES as error:
            await self._drop(writer)
            raise fault_of(error) from error
        except BaseException:
            # Cancelled in the middle: the connection must not carry half a commit into the next one.
            await self._drop(writer)
            raise


class StoredCut:
    """A read transaction."""

    def __init__(self, connection: AsyncConnection, org: str, position: Position) -> None:
        self._connection = connection
        self._org = org
        self.position = position

    async def execute(self, statement: Executable) -> Result[Any]:
        """Run a query in this state. Raises FaultError."""
        try:
            return await self._connection.execute(statement)
        except FAILURES as error:
            await self.close()
            raise fault_of(error) from error

    async def stored(self, begin: int = 0) -> Stored:
        """See `Cut`."""
        ops, waiting, checkpoints = tables.ops, tables.waiting_frames, tables.checkpoints
        later = select(ops).where(ops.c.org == self._org, ops.c.leaf >= begin).order_by(ops.c.leaf)
        try:
            entries = [record_to_op(record) for record in await self.execute(later)]
        except MalformedError as error:
            raise DamagedLedgerError(reason=error.reason) from error
        if begin + len(entries) != self.position.size:
            told = f"its head says {self.position.size} leaves, and there are {begin + len(entries)}"
            raise DamagedLedgerError(reason=told)
        beside = select(waiting).where(waiting.c.org == self._org)
        frames = await self.execute(beside.order_by(waiting.c.arrived_ms, waiting.c.first_seq))
        notes = select(checkpoints.c.note).where(checkpoints.c.org == self._org)
        last = await self.execute(notes.order_by(checkpoints.c.size.desc()).limit(1))
        note: str | None = last.scalar()
        return Stored(
            position=self.position,
            logged=[entry.logged for entry in entries],
            branches=frozenset(entry.logged.index for entry in entries if entry.is_branch),
            waiting=[record_to_waiting(record) for record in frames],
            note=note,
        )

    async def tiles(self, places: Collection[TilePlace]) -> Mapping[TilePlace, bytes]:
        """See `Cut`."""
        if not places:
            return {}
        wanted = tuple_(_TILES.level, _TILES.number).in_(list(places))
        columns = select(_TILES.level, _TILES.number, _TILES.data)
        found = await self.execute(columns.where(_TILES.org == self._org, wanted))
        return {(record.level, record.number): record.data for record in found}

    async def marks(self) -> Marks:
        """See `Cut`."""
        return marks_of(await self.execute(select_marks(self._org)))

    async def changed(self, bucket: str, cursor: int, *, most: int) -> int:
        """See `Cut`."""
        here = (_ROWS.org == self._org, _ROWS.bucket == bucket, _ROWS.changed > cursor)
        some = select(_ROWS.changed).where(*here).limit(most).subquery()
        return int((await self.execute(select(func.count()).select_from(some))).scalar_one())

    async def rows(self, wanted: RowsWanted) -> RowsFound:
        """See `Cut`."""
        parts = []
        if wanted.known:
            after = max(wanted.after, (wanted.cursor + 1, -1))
            parts.append(self._stretch(wanted.known, after))
        for bucket, cursor in wanted.based:
            parts.append(self._stretch([bucket], max(wanted.after, (cursor + 1, -1))))
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
            await _let_go(self._connection)


async def _let_go(connection: AsyncConnection) -> None:
    """End a read transaction. Where the connection broke there is nothing to end, and nothing was written."""
    try:
        await connection.close()
    except FAILURES:
        with suppress(*FAILURES):
            await connection.invalidate()
        with suppress(*FAILURES):
            await connection.close()


async def _position(connection: AsyncConnection, org: str) -> Position:
    """Return where a ledger is; the very beginning, where nobody has opened it yet."""
    heads = tables.ledger_heads.c
    found = await connection.execute(select(heads.size, heads.root, heads.revision).where(heads.org == org))
    row = found.first()
    return Position() if row is None else Position(*row)
