"""Who may commit: one process to a SQLite file; on PostgreSQL one after the other, and nobody who lost the turn."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from sqlalchemy import text

import storage.writer
from domain.errors import FaultError
from storage.engine import open_engine
from storage.migrate import migrate
from storage.writer import TurnLostError
from storage.writer_lock import LedgerInUseError
from sync_engine.adapters.ledger_store import StoredLedger
from sync_engine.ports import LedgerUnavailableError, Position
from tests.contracts.databases import POSTGRESQL, SQLITE, database, database_url
from tests.contracts.test_ledger_store import _commit, _head, _leaves, _load

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

needs_postgresql = pytest.mark.needs_service("postgresql")


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with database(POSTGRESQL, tmp_path, "turns") as engine:
        yield engine


@asynccontextmanager
async def _opened(engine: AsyncEngine, org: str = "lvyuan") -> AsyncGenerator[StoredLedger, None]:
    store = StoredLedger(engine, org)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def _commit_of(store: StoredLedger, first: int, count: int = 1) -> Position:
    return await store.commit(_commit(_leaves(count, first), {}), _head(first + count), ())


async def _end_session_of_the_holder(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        ended = await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name LIKE 'gobi lvyuan %' "
                "AND state = 'idle in transaction'"
            )
        )
        assert ended.scalars().all() == [True]


async def test_a_file_is_of_one_process(tmp_path: Path) -> None:
    async with database(SQLITE, tmp_path) as engine, _opened(engine) as store:
        second = StoredLedger(engine, "lvyuan")
        with pytest.raises(LedgerInUseError):
            await second.open()
        async with _opened(engine, "another"):
            pass
        await store.close()
        await second.open()
        await second.close()


@needs_postgresql
async def test_a_second_writer_waits_for_its_turn_and_then_sees_what_the_first_left(
    engine: AsyncEngine,
) -> None:
    async with _opened(engine) as first, _opened(engine) as second:
        await first.begin()
        waiting = asyncio.create_task(second.begin())
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done, "the first has the turn"

        position = await _commit_of(first, 0, 2)
        assert await waiting == position
        later = await _commit_of(second, 2)
        assert await first.begin() == later
        await first.release()
        assert len((await _load(first)).logged) == 3


@needs_postgresql
async def test_organisations_do_not_wait_for_each_other(engine: AsyncEngine) -> None:
    async with _opened(engine) as one, _opened(engine, "another") as other:
        await one.begin()
        await other.begin()
        await _commit_of(other, 0)
        await _commit_of(one, 0, 2)
        assert [len((await _load(store)).logged) for store in (one, other)] == [2, 1]


@needs_postgresql
async def test_a_turn_that_does_not_come_in_time_is_a_fault_to_try_again(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = ("SET lock_timeout = 200", *storage.writer._SESSION[1:])
    async with _opened(engine) as first:
        monkeypatch.setattr(storage.writer, "_SESSION", impatient)
        async with _opened(engine) as second:
            await first.begin()
            with pytest.raises(LedgerUnavailableError) as fault:
                await second.begin()
            assert (fault.value.retryable, fault.value.retry_after_s) == (True, 2)
            await _commit_of(first, 0)
            assert (await second.begin()).size == 1


@needs_postgresql
async def test_whoever_lost_the_connection_of_its_turn_commits_nothing(engine: AsyncEngine) -> None:
    async with _opened(engine) as stalled, _opened(engine) as other:
        await stalled.begin()
        await _end_session_of_the_holder(engine)
        await other.begin()
        await _commit_of(other, 0)

        with pytest.raises(LedgerUnavailableError):
            await _commit_of(stalled, 0, 3)
        assert len((await _load(other)).logged) == 1
        assert (await stalled.begin()).size == 1
        await _commit_of(stalled, 1)


@needs_postgresql
async def test_a_turn_that_one_connection_took_is_not_used_on_another(engine: AsyncEngine) -> None:
    async with _opened(engine) as store, _opened(engine) as other:
        await store.begin()
        await _end_session_of_the_holder(engine)
        with pytest.raises(LedgerUnavailableError):
            await store.put_contacts([])  # finds its connection gone, and closes it
        await store.open()
        with pytest.raises(LedgerUnavailableError):
            await _commit_of(store, 0)
        await other.begin()
        await _commit_of(other, 0)
        assert await store.begin() == await other.position()


@needs_postgresql
async def test_two_that_find_the_store_closed_open_one_writer(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    async def counted(engine: AsyncEngine, org: str) -> storage.writer.Writer:
        opened.append(org)
        return await storage.writer.open_writer(engine, org)

    monkeypatch.setattr("sync_engine.adapters.ledger_store.open_writer", counted)
    store = StoredLedger(engine, "lvyuan")
    await asyncio.gather(store.open(), store.begin(), store.open())
    assert opened == ["lvyuan"]
    await _commit_of(store, 0)
    await store.close()


@needs_postgresql
async def test_nobody_moves_a_head_that_is_not_where_the_turn_left_it(tmp_path: Path) -> None:
    for backend in (SQLITE, POSTGRESQL):
        async with database(backend, tmp_path, "moved") as engine:
            writer = await storage.writer.open_writer(engine, "lvyuan")
            await writer.write([], (0, bytes(32), 1))
            with pytest.raises(TurnLostError):
                await writer.write([], (0, bytes(32), 1))
            await writer.close()


@needs_postgresql
async def test_a_cut_whose_connection_broke_is_a_fault_to_read_and_nothing_to_close(
    engine: AsyncEngine,
) -> None:
    async with _opened(engine) as store:
        read, unread = await store.cut(), await store.cut()
        for cut in (read, unread):
            pid = (await cut.execute(text("SELECT pg_backend_pid()"))).scalar()
            async with engine.connect() as connection:
                await connection.execute(text(f"SELECT pg_terminate_backend({pid})"))
        with pytest.raises(LedgerUnavailableError):
            await read.stored()
        await read.close()
        await unread.close()
        assert (await _load(store)).logged == []


@needs_postgresql
async def test_whoever_says_nothing_for_too_long_loses_its_turn(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        storage.writer,
        "_SESSION",
        ("SET lock_timeout = 5000", "SET idle_in_transaction_session_timeout = 300"),
    )
    async with _opened(engine) as stalled, _opened(engine) as other:
        await stalled.begin()
        assert await other.begin() == Position()
        await _commit_of(other, 0)
        with pytest.raises(LedgerUnavailableError):
            await _commit_of(stalled, 0)
        assert len((await _load(other)).logged) == 1


@needs_postgresql
async def test_whoever_is_cancelled_in_its_turn_holds_up_nobody(engine: AsyncEngine) -> None:
    async with _opened(engine) as first, _opened(engine) as second, _opened(engine) as third:
        await first.begin()
        waiting = asyncio.create_task(second.begin())
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await first.release()
        await third.begin()
        await _commit_of(third, 0)


@needs_postgresql
async def test_others_hear_of_a_commit_at_once(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync_engine.adapters.ledger_store.CHANGED_EVERY_S", 60)
    async with _opened(engine) as first, _opened(engine) as second, _opened(engine, "another") as other:
        for store in (second, other):
            await store.changed()  # the connection is made
        heard, unheard = (asyncio.create_task(store.changed()) for store in (second, other))
        await first.begin()
        await _commit_of(first, 0)
        await asyncio.wait_for(heard, 10)
        assert not unheard.done(), "it is about another organisation"
        unheard.cancel()


@needs_postgresql
async def test_two_processes_that_start_at_once_make_the_tables_once(tmp_path: Path) -> None:
    async with database_url(POSTGRESQL, tmp_path, "born") as url:
        engines = [open_engine(url) for _ in range(3)]
        await asyncio.gather(*[migrate(engine) for engine in engines])
        for engine in engines:
            await engine.dispose()


@needs_postgresql
async def test_a_database_that_is_away_is_a_fault_to_try_again(engine: AsyncEngine) -> None:
    nowhere = open_engine(engine.url.set(port=1))
    with pytest.raises(FaultError) as fault:
        await StoredLedger(nowhere, "lvyuan").open()
    assert (fault.value.code, fault.value.retryable) == ("ledger-unavailable", True)
    await nowhere.dispose()
