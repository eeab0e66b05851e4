"""Reading what the ledger's store made durable: folded rows, contacts, waiting frames."""

from typing import Any, Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.tables import contacts, erasable_values, ledger_rows, ops, waiting_frames
from sync_engine.commit import Contact
from sync_engine.logged import ACCEPTED

_ROWS: Final = ledger_rows.c

Value = list[Any]
"""A row of fold.md §5: an array by position."""

_decoder: Final = msgspec.msgpack.Decoder(list[Any])


class Reads:
    """The durable views of one organisation's log. Each call sees one state."""

    def __init__(self, engine: AsyncEngine, org: str) -> None:
        self._engine, self._org = engine, org

    async def rows(self, bucket: str, table: str) -> list[tuple[str, Value]]:
        """Return (key, value) of every row of a table in a bucket, by key."""
        query = select(_ROWS.key, _ROWS.value).where(
            _ROWS.org == self._org,
            _ROWS.bucket == bucket,
            _ROWS.name == table,
            _ROWS.value.is_not(None),
        )
        async with self._engine.connect() as connection:
            found = (await connection.execute(query.order_by(_ROWS.key))).all()
        return [(record.key, _decoder.decode(record.value)) for record in found]

    async def row(self, bucket: str, table: str, key: str) -> Value | None:
        """Return one row."""
        query = select(_ROWS.value).where(
            _ROWS.org == self._org, _ROWS.bucket == bucket, _ROWS.name == table, _ROWS.key == key
        )
        async with self._engine.connect() as connection:
            value = (await connection.execute(query)).scalar()
        return None if value is None else _decoder.decode(value)

    async def contacts(self) -> dict[bytes, Contact]:
        """Return when each device was last met."""
        query = select(contacts).where(contacts.c.org == self._org)
        async with self._engine.connect() as connection:
            found = (await connection.execute(query)).all()
        return {
            record.device: Contact(record.device, record.last_sync_ms, record.pending, record.off_ms)
            for record in found
        }

    async def waiting(self) -> dict[bytes, list[tuple[int, int, int, int]]]:
        """Return, by device, (epoch, first seq, last seq, arrived) of the frames that wait for a predecessor."""
        w = waiting_frames.c
        query = select(w.device, w.epoch, w.first_seq, w.last_seq, w.arrived_ms).where(w.org == self._org)
        async with self._engine.connect() as connection:
            found = (await connection.execute(query)).all()
        by_device: dict[bytes, list[tuple[int, int, int, int]]] = {}
        for device, epoch, first, last, arrived in found:
            by_device.setdefault(device, []).append((epoch, first, last, arrived))
        return by_device

    async def value_counts(self, device: bytes | None = None) -> dict[bytes, int]:
        """Return, by device, how many erasable values of its ops are here: of all devices, or of one."""
        query = (
            select(ops.c.device, func.count().label("held"))
            .join(
                erasable_values, (erasable_values.c.org == ops.c.org) & (erasable_values.c.leaf == ops.c.leaf)
            )
            .where(ops.c.org == self._org)
        )
        if device is not None:
            query = query.where(ops.c.device == device)
        async with self._engine.connect() as connection:
            found = await connection.execute(query.group_by(ops.c.device))
            return {record.device: record.held for record in found}

    async def indexes(
        self,
        *,
        device: bytes | None = None,
        not_accepted: bool = False,
        before: int | None = None,
        limit: int,
    ) -> list[int]:
        """Return the log indexes of ops, the newest first."""
        query = select(ops.c.leaf).where(ops.c.org == self._org)
        if device is not None:
            query = query.where(ops.c.device == device)
        if not_accepted:
            query = query.where(ops.c.verdict != ACCEPTED)
        if before is not None:
            query = query.where(ops.c.leaf < before)
        async with self._engine.connect() as connection:
            found = await connection.execute(query.order_by(ops.c.leaf.desc()).limit(limit))
            return list(found.scalars())
