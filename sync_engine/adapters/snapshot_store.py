"""Snapshots of buckets in the ledger's own database: see `SnapshotStore` in `ports` for what it promises.

In the database and not in a folder, so that every process serves the same ones, a backup is one thing, and a row of
`snapshots` is never without its chunks.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import Executable, and_, delete, func, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import tables
from storage.engine import deciding, is_sqlite
from storage.statements import Statements
from sync_engine.adapters.faults import as_faults
from sync_engine.adapters.marks import marks_of, select_marks
from sync_engine.ports import SnapshotMark
from sync_engine.snapshot_ports import BucketRows, PackedChunk

_ROWS: Final = tables.ledger_rows.c
_HEADS: Final = tables.ledger_heads.c
_HORIZONS: Final = tables.row_horizons.c
_SNAPSHOTS: Final = tables.snapshots.c
_CHUNKS: Final = tables.snapshot_chunks.c
_NAME_BYTES: Final = 32
_ROWS_AT_ONCE: Final = 2_000


class StoredSnapshots:
    """Snapshots of one organisation."""

    def __init__(self, engine: AsyncEngine, org: str) -> None:
        self._engine, self._org = engine, org
        make = Statements(engine.dialect)
        self._put_snapshot = make.put(tables.snapshots)
        self._add_chunk = make.add(tables.snapshot_chunks)
        self._put_horizon = make.put(tables.row_horizons)

    async def buckets(self) -> Sequence[BucketRows]:
        """See `SnapshotStore`."""
        counted = select(_ROWS.bucket, func.count()).where(_ROWS.org == self._org).group_by(_ROWS.bucket)
        found = []
        async with as_faults(), self._engine.connect() as connection:
            totals = (await connection.execute(counted)).all()
            marks = marks_of(await connection.execute(select_marks(self._org)))
            usable = [
                mark
                for mark in sorted(marks.snapshots, key=lambda mark: mark.cursor)
                if mark.is_newest and mark.cursor >= marks.horizons.get(mark.bucket, -1)
            ]
            newest = {mark.bucket: mark for mark in usable}
            for bucket, total in totals:
                mark = newest.get(bucket)
                changed = 0 if mark is None else await self._changed(connection, mark)
                found.append(BucketRows(bucket, total, changed, mark))
        return found

    async def _changed(self, connection: AsyncConnection, mark: SnapshotMark) -> int:
        counted = select(func.count()).where(
            _ROWS.org == self._org, _ROWS.bucket == mark.bucket, _ROWS.changed > mark.cursor
        )
        return int((await connection.execute(counted)).scalar_one())

    @asynccontextmanager
    async def reading(self, bucket: str) -> AsyncGenerator["StoredReading", None]:
        """See `SnapshotStore`."""
        async with as_faults(), self._engine.connect() as connection:
            size = select(_HEADS.size).where(_HEADS.org == self._org)
            cursor = ((await connection.execute(size)).scalar() or 0) - 1
            here = and_(_ROWS.org == self._org, _ROWS.bucket == bucket)
            by_name, by_key = _ROWS.name, _ROWS.key
            if not is_sqlite(self._engine):  # its own order of text is that of a language
                by_name, by_key = by_name.collate("C"), by_key.collate("C")  # type: ignore[assignment]  # as columns
            live = select(_ROWS.name, _ROWS.key, _ROWS.value).where(here, _ROWS.value.is_not(None))
            yield StoredReading(connection, cursor, live.order_by(by_name, by_key))

    async def chunks(self, bucket: str) -> Mapping[bytes, PackedChunk]:
        """See `SnapshotStore`."""
        query = select(_CHUNKS.content, _CHUNKS.name, _CHUNKS.unpacked, func.length(_CHUNKS.data)).where(
            _CHUNKS.org == self._org, _CHUNKS.bucket == bucket
        )
        async with as_faults(), self._engine.connect() as connection:
            found = await connection.execute(query)
            return {
                content: PackedChunk(name, content, unpacked, size, None)
                for content, name, unpacked, size in found
            }

    async def keep(
        self, mark: SnapshotMark, manifest: bytes, chunks: Sequence[PackedChunk], *, now_ms: int
    ) -> bool:
        """See `SnapshotStore`."""
        org, bucket = self._org, mark.bucket
        new = [
            (org, bucket, chunk.name, chunk.content, chunk.unpacked, chunk.data)
            for chunk in chunks
            if chunk.data is not None
        ]
        names = {chunk.name for chunk in chunks}
        joined = b"".join(chunk.name for chunk in chunks)
        record = (org, bucket, mark.manifest, mark.cursor, mark.rows, mark.bytes, manifest, joined, None)
        newest = and_(_SNAPSHOTS.org == org, _SNAPSHOTS.bucket == bucket, _SNAPSHOTS.replaced_ms.is_(None))
        async with as_faults(), self._engine.connect() as connection, connection.begin() as transaction:
            # Writes first: in SQLite a transaction that read before it writes may find that it cannot any more.
            replaced = update(tables.snapshots).where(newest, _SNAPSHOTS.leaf < mark.cursor)
            await connection.execute(replaced.values(replaced_ms=now_ms))
            if (await connection.execute(select(_SNAPSHOTS.leaf).where(newest))).first() is not None:
                await transaction.rollback()  # another process was faster
                return False
            await connection.exec_driver_sql(self._put_snapshot, record)
            if new:
                await connection.exec_driver_sql(self._add_chunk, new)
            stored = select(_CHUNKS.name).where(_CHUNKS.org == org, _CHUNKS.bucket == bucket)
            if names <= set((await connection.execute(stored)).scalars()):
                return True
            await transaction.rollback()
            return False

    async def sweep(self, *, before_ms: int) -> None:
        """See `SnapshotStore`."""
        mine = _SNAPSHOTS.org == self._org
        old = and_(mine, _SNAPSHOTS.replaced_ms < before_ms)
        async with as_faults(), self._engine.begin() as connection:
            if not (await connection.execute(delete(tables.snapshots).where(old))).rowcount:
                return
            named: dict[str, set[bytes]] = {}
            for bucket, joined in await connection.execute(
                select(_SNAPSHOTS.bucket, _SNAPSHOTS.chunks).where(mine)
            ):
                names = (joined[at : at + _NAME_BYTES] for at in range(0, len(joined), _NAME_BYTES))
                named.setdefault(bucket, set()).update(names)
            stored = select(_CHUNKS.bucket, _CHUNKS.name).where(_CHUNKS.org == self._org)
            for bucket, name in (await connection.execute(stored)).all():
                if name not in named.get(bucket, ()):
                    gone = (_CHUNKS.org == self._org, _CHUNKS.bucket == bucket, _CHUNKS.name == name)
                    await connection.execute(delete(tables.snapshot_chunks).where(*gone))

    async def forget_deletions(self, bucket: str, *, keep: int) -> None:
        """See `SnapshotStore`."""
        rows = tables.ledger_rows
        async with as_faults():
            async with self._engine.connect() as connection:
                if await self._horizon(connection, bucket, keep) is None:
                    return
            async with deciding(self._engine).begin() as connection:
                # Whoever commits changes this row: a row that a commit brings back must not be deleted under it.
                head = update(tables.ledger_heads).where(_HEADS.org == self._org)
                await connection.execute(head.values(size=_HEADS.size))
                horizon = await self._horizon(connection, bucket, keep)
                if horizon is None:  # another process was faster
                    return
                await connection.exec_driver_sql(self._put_horizon, (self._org, bucket, horizon))
                old = (_ROWS.value.is_(None), _ROWS.changed <= horizon)
                await connection.execute(
                    delete(rows).where(_ROWS.org == self._org, _ROWS.bucket == bucket, *old)
                )

    async def _horizon(self, connection: AsyncConnection, bucket: str, keep: int) -> int | None:
        """Return up to which log index deletions are to be forgotten; None: no further than they are already."""
        deleted = and_(_ROWS.org == self._org, _ROWS.bucket == bucket, _ROWS.value.is_(None))
        first_gone = select(_ROWS.changed).where(deleted).order_by(_ROWS.changed.desc()).offset(keep).limit(1)
        newest = select(func.max(_SNAPSHOTS.leaf)).where(
            _SNAPSHOTS.org == self._org, _SNAPSHOTS.bucket == bucket, _SNAPSHOTS.replaced_ms.is_(None)
        )
        known = select(_HORIZONS.leaf).where(_HORIZONS.org == self._org, _HORIZONS.bucket == bucket)
        gone = (await connection.execute(first_gone)).scalar()
        mark = (await connection.execute(newest)).scalar()
        if gone is None or mark is None:
            return None
        horizon = min(int(gone), int(mark))
        was = (await connection.execute(known)).scalar()
        return None if was is not None and was >= horizon else horizon

    async def blob(self, bucket: str, name: bytes) -> bytes | None:
        """See `SnapshotStore`."""
        here = (_CHUNKS.org == self._org, _CHUNKS.bucket == bucket, _CHUNKS.name == name)
        manifest = (_SNAPSHOTS.org == self._org, _SNAPSHOTS.bucket == bucket, _SNAPSHOTS.name == name)
        query = union_all(select(_CHUNKS.data).where(*here), select(_SNAPSHOTS.manifest).where(*manifest))
        async with as_faults(), self._engine.connect() as connection:
            found: bytes | None = (await connection.execute(query)).scalar()
        return found


class StoredReading:
    """The live rows of a bucket in the state of one connection."""

    def __init__(self, connection: AsyncConnection, cursor: int, live: Executable) -> None:
        self.cursor = cursor
        self._connection, self._live = connection, live

    async def rows(self) -> AsyncIterator[Sequence[tuple[str, str, bytes]]]:
        """See `BucketReading`."""
        async with as_faults():
            found = await self._connection.stream(self._live)
            async for part in found.partitions(_ROWS_AT_ONCE):
                yield [(record[0], record[1], record[2]) for record in part]
