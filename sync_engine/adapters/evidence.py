"""Reads all that is stored of a ledger, in one state, for `doctor`."""

from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import tables
from sync_engine.adapters.ledger_rows import record_to_seal
from sync_engine.commit import KeptValue
from sync_engine.doctor import Evidence, StoredOp
from sync_engine.frame import ErasableValue


async def read_evidence(engine: AsyncEngine, org: str) -> Evidence:
    """Return the ledger as it is stored now."""
    async with engine.connect() as connection:
        ops = [
            StoredOp(leaf, digest, device, epoch, seq, kind, data, t, err, verdict, code, bool(is_branch))
            for _, leaf, digest, device, epoch, seq, kind, data, t, err, verdict, code, _, is_branch in await _all(
                connection, tables.ops, org
            )
        ]
        seals = [record_to_seal(record) for record in await _all(connection, tables.seals, org)]
        values = [
            KeptValue(leaf, ErasableValue(0, number, salt, value))
            for _, leaf, number, salt, value in await _all(connection, tables.erasable_values, org)
        ]
        rows = {
            (bucket, name, key): value
            for _, bucket, name, key, value, _, _ in await _all(connection, tables.ledger_rows, org)
            if value is not None
        }
    return Evidence(org=org, ops=ops, seals=seals, values=values, rows=rows)


async def _all(connection: AsyncConnection, table: Table, org: str) -> list[Any]:
    query = select(table).where(table.c.org == org).order_by(*table.primary_key.columns)
    return list(await connection.execute(query))
