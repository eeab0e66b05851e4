"""Versions take turns on one database: a newer one reads what waited, an older one touches nothing it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import event, inspect

from bench.company import ORG, Company, open_company
from domain import kinds
from storage.engine import open_engine
from storage.migrate import NewerDatabaseError, migrate, upgrade
from sync_engine.adapters.evidence import read_evidence
from sync_engine.doctor import check_ledger
from tests.contracts.databases import POSTGRESQL, SQLITE, database_url

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

BACKENDS = [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.needs_service("postgresql"))]
RECEIVED = ("receive", ("GF", None, [["I1", "L1", "", "S1", 5]]))


async def _rows(company: Company, where: str) -> list[Any]:
    async with company.engine.connect() as connection:
        found = await connection.exec_driver_sql(f"SELECT value FROM ledger_rows WHERE {where}")
        return [msgspec.msgpack.decode(value) for (value,) in found]


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_kind_that_waited_counts_after_the_upgrade_though_phones_only_ask(
    backend: str, tmp_path: Path
) -> None:
    async with database_url(backend, tmp_path, "versions") as url:
        with pytest.MonkeyPatch.context() as older:
            older.delitem(kinds.BODIES, "receive")
            company = await open_company(tmp_path, url=url)
            phone = await company.hire(1, role="manager")
            now_ms = company.time()
            phone.record(*RECEIVED, wall_ms=now_ms, mono_ms=0)
            reply = await company.sync(phone)
            assert reply.settled[-1].last_seq == 1
            assert [row.value[3:5] for row in reply.rows if row.table == "verdict"] == [
                ["deferred", "unknown-kind"]
            ]
            await company.close()

        newer = await open_company(tmp_path, url=url, time=company.time)
        newer.time.now_ms += 60_000
        told = await newer.sync(phone)
        assert told.settled[-1].last_seq == 2
        verdicts = [row.value for row in told.rows if row.table == "verdict"]
        assert verdicts == [None]
        assert len(await _rows(newer, "name = 'balance' AND key LIKE 'I1%S1' AND value IS NOT NULL")) == 1
        size = newer.sequencer.head.size
        await newer.close()

        again = await open_company(tmp_path, url=url, time=newer.time)
        await again.sync(phone)
        assert again.sequencer.head.size == size
        await again.close()

        with pytest.MonkeyPatch.context() as older:
            older.delitem(kinds.BODIES, "receive")
            back = await open_company(tmp_path, url=url, time=again.time)
            back.time.now_ms += 60_000
            told = await back.sync(phone)
            assert [row.value[3] for row in told.rows if row.table == "verdict"] == ["deferred"]
            assert [row.value for row in told.rows if row.table == "balance"] == [None]
            assert check_ledger(await read_evidence(back.engine, ORG)).findings == []
            await back.close()

        last = await open_company(tmp_path, url=url, time=back.time)
        last.time.now_ms += 60_000
        assert (await last.sync(phone)).settled[-1].last_seq == 2
        assert check_ledger(await read_evidence(last.engine, ORG)).findings == []
        await last.close()


async def _schema(engine: AsyncEngine) -> tuple[str, set[str]]:
    """The number of the schema, and the tables that there are."""
    async with engine.connect() as connection:
        number = (await connection.exec_driver_sql("SELECT version_num FROM alembic_version")).scalar()
        return str(number), set(await connection.run_sync(lambda it: inspect(it).get_table_names()))


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_database_of_a_newer_version_is_not_touched_and_the_operator_is_told(
    backend: str, tmp_path: Path
) -> None:
    async with database_url(backend, tmp_path, "newer") as url:
        engine = open_engine(url)
        await migrate(engine)
        async with engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9001'")
        before = await _schema(engine)
        with pytest.raises(NewerDatabaseError, match=r"has schema 9001.*nothing was touched") as refused:
            await migrate(engine)
        assert not refused.value.retryable
        assert await _schema(engine) == before
        await engine.dispose()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("statement", [1, 4, 9])
async def test_an_interrupted_migration_leaves_the_old_schema_and_the_next_start_does_all_of_it(
    backend: str, statement: int, tmp_path: Path
) -> None:
    async with database_url(backend, tmp_path, f"cut{statement}") as url:
        engine = open_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(upgrade, "0002")
        before = await _schema(engine)
        ran = 0

        def cut(_connection: Connection, _cursor: Any, text: str, *_rest: Any) -> None:
            nonlocal ran
            if text.lstrip().upper().startswith(("CREATE", "ALTER", "DROP", "UPDATE", "INSERT")):
                ran += 1
                if ran == statement:
                    raise OSError("the power went")

        event.listen(engine.sync_engine, "before_cursor_execute", cut)
        with pytest.raises(OSError, match="the power went"):
            await migrate(engine)
        event.remove(engine.sync_engine, "before_cursor_execute", cut)
        assert await _schema(engine) == before
        await migrate(engine)
        number, _ = await _schema(engine)
        assert number > "0002"
        await engine.dispose()
