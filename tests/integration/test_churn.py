"""Stock that comes and goes leaves no trace in what phones replicate: in its size, or in what a new one gets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import pytest
from msgspec import structs
from sqlalchemy import func, select, text, update

import sync_engine.snapshots
from storage.tables import ledger_rows, row_horizons, snapshot_chunks, snapshots
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


@pytest.mark.needs_service("postgresql")
async def test_deletions_are_forgotten_beside_commits_that_take_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_engine.snapshots, "TOMBSTONES_LEAST", 10)
    async with database(POSTGRESQL, tmp_path, "beside") as engine:
        server = Server(engine)
        await server.store.open()
        for bucket in ("desk", "site:R1"):
            await server.commit({(bucket, "balance", f"{lot}"): [lot] for lot in range(3_000)})
            await server.commit({(bucket, "balance", f"{lot}"): None for lot in range(1_000, 3_000)})
        await server.store.begin()
        making = asyncio.create_task(server.maker.make_due())
        # It wants a turn that a commit has: that commit ends, and others follow.
        while not await _waits_for_a_lock(engine):
            assert not making.done(), making
        leaf = server.size
        await server.commit({("desk", "balance", "1000"): 7}, begins=False)
        for lot in range(1_001, 1_010):
            await server.commit({("desk", "balance", f"{lot}"): 7})
        assert await making == 2
        cut = await server.store.cut()
        marks = await cut.marks()
        await cut.close()
        async with engine.connect() as connection:
            brought_back = select(func.count()).where(
                ledger_rows.c.bucket == "desk", ledger_rows.c.changed >= leaf
            )
            assert await _count(connection, brought_back) == 10
        await server.store.close()
    assert set(marks.horizons) == {"desk", "site:R1"}


async def _waits_for_a_lock(engine: Any) -> bool:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with engine.connect() as connection:
        return bool(await _count(connection, waiting))


async def test_the_newest_snapshot_is_always_one_that_phones_may_use(tmp_path: Path) -> None:
    async with database(SQLITE, tmp_path, "newest") as engine:
        server = Server(engine)
        await server.store.open()
        await server.commit({("desk", "balance", f"{lot}"): [lot] for lot in range(3_000)})
        await server.commit({("desk", "balance", "0"): None})
        await server.maker.make_due()
        made = (await server.snapshots.buckets())[0].newest
        assert made is not None

        slow = structs.replace(made, manifest=bytes(32), cursor=made.cursor - 1)
        assert not await server.snapshots.keep(slow, b"", [], now_ms=1)
        assert (await server.snapshots.buckets())[0].newest == made

        await server.commit({("desk", "balance", "1"): None})
        await server.snapshots.forget_deletions("desk", keep=0)
        cut = await server.store.cut()
        assert (await cut.marks()).horizons == {"desk": made.cursor}
        await cut.close()

        async with engine.begin() as connection:
            await connection.execute(update(row_horizons).values(leaf=made.cursor + 1))
        assert (await server.snapshots.buckets())[0].newest is None
        assert await server.maker.make_due() == 1
        await server.store.close()
