"""Databases of a test's own: a SQLite file, or a PostgreSQL database that is made and dropped."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.engine import open_engine, sqlite_url
from storage.migrate import migrate
from tests.services import POSTGRESQL_URL

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncEngine

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"


@asynccontextmanager
async def database_url(backend: str, folder: Path, name: str = "ledger") -> AsyncGenerator[str, None]:
    """The URL of an empty database."""
    if backend == SQLITE:
        yield sqlite_url(folder / f"{name}.db").render_as_string()
        return
    own = f"gobi_{name}_{os.getpid()}"
    admin = create_async_engine(POSTGRESQL_URL, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE IF EXISTS {own} WITH (FORCE)"))
        await connection.execute(text(f"CREATE DATABASE {own}"))
    try:
        yield make_url(POSTGRESQL_URL).set(database=own).render_as_string(hide_password=False)
    finally:
        async with admin.connect() as connection:
            await connection.execute(text(f"DROP DATABASE IF EXISTS {own} WITH (FORCE)"))
        await admin.dispose()


@asynccontextmanager
async def database(backend: str, folder: Path, name: str = "ledger") -> AsyncGenerator[AsyncEngine, None]:
    """An engine on a database with the present schema."""
    async with database_url(backend, folder, name) as url:
        engine = open_engine(url)
        try:
            await migrate(engine)
            yield engine
        finally:
            await engine.dispose()
