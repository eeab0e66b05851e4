"""The one connection that writes an organisation's ledger: batches of tuples in, a durable transaction out."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.engine import PRAGMAS, is_sqlite
from storage.writer_lock import LedgerInUseError, advisory_key, lock_file

Step = tuple[str, Sequence[tuple[Any, ...]]]
"""A statement, and the records that it takes, each once."""

_T = TypeVar("_T")


class Writer(Protocol):
    """Holds the organisation's lock until it is closed. One task at a time."""

    async def write(self, steps: Sequence[Step]) -> None:
        """Make all of it durable as one transaction, or none. After an error, or when cancelled, close it.

        Raises SQLAlchemyError, sqlite3.Error, OSError.
        """
        ...

    async def close(self) -> None:
        """Undo what is not committed, and let another be the writer. Never raises for a connection that is lost."""
        ...


async def open_writer(engine: AsyncEngine, org: str) -> Writer:
    """Become the writer of an organisation.

    Raises LedgerInUseError when another is, SQLAlchemyError, sqlite3.Error, OSError.
    """
    if is_sqlite(engine):
        path = engine.url.database
        assert path, "a ledger is a file"
        return await _SqliteWriter.open(Path(path), org)
    return await _ServerWriter.open(engine, org)


class _SqliteWriter:
    """A connection in a thread of its own: a transaction is one call across, not one for each statement."""

    def __init__(self, path: Path, org: str) -> None:
        self._lock = lock_file(path, org)
        self._thread = ThreadPoolExecutor(1, "ledger-writer")
        self._connection: sqlite3.Connection | None = None

    @classmethod
    async def open(cls, path: Path, org: str) -> "_SqliteWriter":
        writer = cls(path, org)
        try:
            await writer._run(lambda: writer._connect(path))
        except BaseException:
            await writer.close()
            raise
        return writer

    async def write(self, steps: Sequence[Step]) -> None:
        await self._run(lambda: self._write(steps))

    async def close(self) -> None:
        # Behind a transaction that was cancelled but still runs: nobody may load before it has ended.
        with suppress(sqlite3.Error):
            await self._run(self._disconnect)
        self._thread.shutdown(wait=False)
        os.close(self._lock)

    async def _run(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _connect(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in PRAGMAS:
            self._connection.execute(pragma)

    def _write(self, steps: Sequence[Step]) -> None:
        assert self._connection is not None, "written between open and close"
        self._connection.execute("BEGIN IMMEDIATE")
        for statement, records in steps:
            self._connection.executemany(statement, records)
        self._connection.execute("COMMIT")

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()


class _ServerWriter:
    """A connection to a database server."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, engine: AsyncEngine, org: str) -> "_ServerWriter":
        connection = await engine.connect()
        try:
            asked = text("SELECT pg_try_advisory_lock(:key)")
            has_it = (await connection.execute(asked, {"key": advisory_key(org)})).scalar()
            await connection.commit()
        except BaseException:
            await connection.close()
            raise
        if not has_it:
            await connection.close()
            raise LedgerInUseError(org=org)
        return cls(connection)

    async def write(self, steps: Sequence[Step]) -> None:
        for statement, records in steps:
            if records:
                await self._connection.exec_driver_sql(statement, list(records))
        await self._connection.commit()

    async def close(self) -> None:
        # The lock ends with its connection, so that is closed for good and not kept for others.
        with suppress(SQLAlchemyError, OSError):
            await self._connection.invalidate()
        with suppress(SQLAlchemyError, OSError):
            await self._connection.close()
