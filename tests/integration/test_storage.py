"""The database: one schema, brought up to date at every start, whose commits are on the disk when they return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from storage.migrate import migrate
from storage.tables import metadata
from tests.contracts.databases import POSTGRESQL, SQLITE, database

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

BACKENDS = [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.needs_service("postgresql"))]


@pytest.mark.parametrize("backend", BACKENDS)
async def test_the_migrations_end_in_the_tables_that_the_code_knows(backend: str, tmp_path: Path) -> None:
    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with database(backend, tmp_path, "schema") as engine, engine.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("backend", BACKENDS)
async def test_migrating_twice_changes_nothing(backend: str, tmp_path: Path) -> None:
    async with database(backend, tmp_path, "twice") as engine:
        await migrate(engine)
        await migrate(engine)


async def test_a_commit_of_sqlite_is_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    async with database(SQLITE, tmp_path) as engine, engine.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar() == 2
        assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar() == "wal"
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar() == 1
