"""The connection that writes an organisation's ledger: batches of tuples in, a durable transaction out.

On SQLite whoever opened it is the only one who can write, until it is closed. On PostgreSQL any number of processes
have one each, and whoever holds the lock on the ledger's row of `ledger_heads` writes: from `begin` to the end of that
transaction, so what a connection lost can never be committed by it (docs/adr/0012-many-processes.md).
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.merkle import EMPTY_ROOT
from storage.engine import PRAGMAS, is_sqlite
from storage.listening import CHANNEL, TELL
from storage.writer_lock import lock_file

LOCK_WAIT_MS: Final = 10_000
"""How long a process of several waits for its turn: longer, and its callers are told to come back."""
IDLE_MS_MAX: Final = 30_000
"""How long the holder of the lock may say nothing. A process that was stopped, or whose machine is gone, loses it; the
largest group of frames is judged in less than half of it."""

_SESSION: Final = (
    f"SET lock_timeout = {LOCK_WAIT_MS}",
    f"SET idle_in_transaction_session_timeout = {IDLE_MS_MAX}",
    "SET synchronous_commit = on",  # whatever the server's default: an answer follows durability
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)

Step = tuple[str, Sequence[tuple[Any, ...]]]
"""A statement, and the records that it takes, each once."""

HeadRow = tuple[int, bytes, int]
"""Size, root and revision of a ledger, as `ledger_heads` has them."""

_T = TypeVar("_T")


class TurnLostError(ConnectionError):
    """The ledger's head is not the one that this commit follows: whoever writes it had no turn, or lost it."""

    def __init__(self) -> None:
        super().__init__("somebody else moved the ledger's head")


class Writer(Protocol):
    """One task at a time. After an error, or when a call was cancelled, close it.

    Raises SQLAlchemyError, sqlite3.Error, OSError.
    """

    async def begin(self) -> HeadRow:
        """Be the only one who writes the ledger until `write` or `release`, and return its head, as it stays till then.

        Waits at most `LOCK_WAIT_MS` for who writes now.
        """
        ...

    async def write(self, steps: Sequence[Step], head: HeadRow | None = None) -> None:
        """Make all of it durable as one transaction, or none; `head` is where the ledger is with these steps.

        Its revision follows the stored one: raises TurnLostError where that is another by now.
        Without `begin` it writes what is no part of the ledger: others may write at the same time.
        """
        ...

    async def release(self) -> None:
        """Let others write; nothing was written."""
        ...

    async def close(self) -> None:
        """Undo what is not committed, and let another be the writer. Never raises for a connection that is lost."""
        ...


async def open_writer(engine: AsyncEngine, org: str) -> Writer:
    """Return a writer of an organisation.

    Raises LedgerInUseError when another process has the file, SQLAlchemyError, sqlite3.Error, OSError.
    """
    if is_sqlite(engine):
        path = engine.url.database
        assert path, "a ledger is a file"
        return await _SqliteWriter.open(Path(path), org)
    return await _ServerWriter.open(engine, org)


class _SqliteWriter:
    """A connection in a thread of its own: a transaction is one call across, not one for each statement."""

    def __init__(self, path: Path, org: str) -> None:
        self._org = org
        self._head: HeadRow = (0, b"", 0)
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

    async def begin(self) -> HeadRow:
        return self._head

    async def write(self, steps: Sequence[Step], head: HeadRow | None = None) -> None:
        await self._run(lambda: self._write(steps, head))
        self._head = head or self._head

    async def release(self) -> None:
        pass

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
        self._connection.execute(_NEW_HEAD.format("?", "?"), (self._org, EMPTY_ROOT))
        found = self._connection.execute(_HEAD.format("?"), (self._org,)).fetchone()
        self._head = found[0], found[1], found[2]

    def _write(self, steps: Sequence[Step], head: HeadRow | None) -> None:
        assert self._connection is not None, "written between open and close"
        self._connection.execute("BEGIN IMMEDIATE")
        for statement, records in steps:
            self._connection.executemany(statement, records)
        if head is not None:
            moved = self._connection.execute(_MOVE_HEAD.format(*"?????"), (*head, self._org, head[2] - 1))
            if moved.rowcount != 1:
                raise TurnLostError
        self._connection.execute("COMMIT")

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()


class _ServerWriter:
    """A connection to a database server."""

    def __init__(self, connection: AsyncConnection, org: str) -> None:
        self._connection = connection
        self._org = org

    @classmethod
    async def open(cls, engine: AsyncEngine, org: str) -> "_ServerWriter":
        connection = await engine.connect()
        writer = cls(connection, org)
        try:
            # Each statement must see what was committed before it began: the lock is waited for within the transaction.
            await connection.execution_options(isolation_level="READ COMMITTED")
            for statement in _SESSION:
                await connection.exec_driver_sql(statement)
            named = "SELECT set_config('application_name', $1, false)"
            await connection.exec_driver_sql(named, (f"gobi {org} {os.getpid()}",))
            await connection.exec_driver_sql(_NEW_HEAD.format("$1", "$2"), (org, EMPTY_ROOT))
            await connection.commit()
        except BaseException:
            await writer.close()
            raise
        return writer

    async def begin(self) -> HeadRow:
        # A row that was waited for is read as whoever held it left it: one statement is the lock and the look.
        found = await self._connection.exec_driver_sql(_HEAD.format("$1") + " FOR UPDATE", (self._org,))
        head: Any = found.one()
        return head[0], head[1], head[2]

    async def write(self, steps: Sequence[Step], head: HeadRow | None = None) -> None:
        for statement, records in steps:
            if records:
                await self._connection.exec_driver_sql(statement, list(records))
        if head is not None:
            move = _MOVE_HEAD.format("$1", "$2", "$3", "$4", "$5")
            moved = await self._connection.exec_driver_sql(move, (*head, self._org, head[2] - 1))
            if moved.rowcount != 1:
                raise TurnLostError
        await self._connection.commit()
        if head is not None:
            await self._tell()

    async def release(self) -> None:
        await self._connection.rollback()

    async def close(self) -> None:
        # Its settings are not for others, and half a transaction for nobody: it is closed for good.
        with suppress(SQLAlchemyError, OSError):
            await self._connection.invalidate()
        with suppress(SQLAlchemyError, OSError):
            await self._connection.close()

    async def _tell(self) -> None:
        # What was committed stands whether or not anybody hears of it.
        with suppress(SQLAlchemyError, OSError):
            await self._connection.exec_driver_sql(TELL, (CHANNEL, self._org))
            await self._connection.commit()


_HEAD: Final = "SELECT size, root, revision FROM ledger_heads WHERE org = {}"
_MOVE_HEAD: Final = (
    "UPDATE ledger_heads SET size = {}, root = {}, revision = {} WHERE org = {} AND revision = {}"
)
_NEW_HEAD: Final = (
    "INSERT INTO ledger_heads (org, size, root, revision) VALUES ({}, 0, {}, 0) ON CONFLICT DO NOTHING"
)
