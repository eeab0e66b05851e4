"""Stock that comes and goes leaves no trace in what phones replicate: in its size, or in what a new one gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from sqlalchemy import func, select

import sync_engine.snapshots
from storage.tables import ledger_rows, snapshot_chunks, snapshots
from sync_engine.ports import RowsWanted
from sync_engine.snapshotter import KEPT_MS
from tests.contracts.databases import POSTGRESQL, SQLITE, database
from tests.integration.test_snapshot_laws import Server

if TYPE_CHECKING:
    from pathlib import Path

BACKENDS: Final = [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.needs_service("postgresql"))]
ROUNDS: Final = 20
LOTS: Final = 5_000
"""Each round so many lots come, and those of the round before go: 100,000 in all."""


@pytest.mark.parametrize("backend", BACKENDS)
async def test_rows_and_snapshots_stay_flat_under_churn(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_engine.snapshots, "TOMBSTONES_LEAST", 1_000)
    rows, blobs, boots = [], [], []
    async with database(backend, tmp_path, "churn") as engine:
        server = Server(engine)
        await server.store.open()
        for number in range(ROUNDS):
            await server.commit({("site:R1", "balance", f"{number}/{lot}"): [lot] for lot in range(LOTS)})
            gone = {("site:R1", "balance", f"{number - 1}/{lot}"): None for lot in range(LOTS)}
            await server.commit(gone if number else {("site:R1", "balance", "first"): 1})
            server.now_ms += KEPT_MS + 1
            await server.maker.make_due()
            async with engine.connect() as connection:
                rows.append(await _count(connection, select(func.count()).select_from(ledger_rows)))
                blobs.append(await _count(connection, select(func.sum(func.length(snapshot_chunks.c.data)))))
                kept = await _count(connection, select(func.count()).select_from(snapshots))
            boots.append(await _whole(server))
        await server.store.close()
    assert max(rows[3:]) <= 2 * LOTS + LOTS // 2 + 10
    assert boots == [LOTS + 1] * ROUNDS
    assert kept <= 2
    assert max(blobs[3:]) <= 1.2 * blobs[3]


async def _count(connection: Any, query: Any) -> int:
    return int((await connection.execute(query)).scalar_one())


async def _whole(server: Server) -> int:
    """Rows that a phone without snapshots gets."""
    cut = await server.store.cut()
    found = await cut.rows(
        RowsWanted(known=(), whole=["site:R1"], cursor=-1, begun=server.size - 1, after=(-1, -1), limit=10**6)
    )
    await cut.close()
    return len(found.rows)


async def test_a_phone_behind_what_is_forgotten_is_told_to_take_the_bucket_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_engine.snapshots, "TOMBSTONES_LEAST", 10)
    async with database(SQLITE, tmp_path, "behind") as engine:
        server = Server(engine)
        await server.store.open()
        await server.commit({("site:R1", "balance", f"{lot}"): [lot] for lot in range(3_000)})
        await server.maker.make_due()
        for first in range(0, 2_000, 500):
            await server.commit({("site:R1", "balance", f"{lot}"): None for lot in range(first, first + 500)})
        await server.maker.make_due()
        cut = await server.store.cut()
        marks = await cut.marks()
        await cut.close()
        await server.store.close()
    assert 0 < marks.horizons["site:R1"] < server.size - 1
    newest = next(mark for mark in marks.snapshots if mark.is_newest)
    assert (newest.cursor, newest.rows) == (server.size - 1, 1_000)
