"""One engine per database: SQLite in a file for a company, PostgreSQL for a province, the same statements on both."""

from pathlib import Path
from typing import Final

from sqlalchemy import URL, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS: Final = 10_000
"""How long a writer waits for another: a backup, `gobi doctor`; the sequencer is the only one that writes the log."""
CACHE_KIB: Final = 64 * 1024

PRAGMAS: Final = (
    "PRAGMA page_size=8192",  # of a new file: an op with its index entries fits better
    "PRAGMA journal_mode=WAL",  # readers never wait for the sequencer
    "PRAGMA synchronous=FULL",  # with WAL: a commit returns when it is on the disk
    "PRAGMA foreign_keys=ON",
    "PRAGMA wal_autocheckpoint=4000",  # 32 MB: a page that every commit changes is copied back once in many
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    f"PRAGMA cache_size=-{CACHE_KIB}",
    "PRAGMA temp_store=MEMORY",
)


def sqlite_url(path: Path) -> URL:
    """Return the URL of a SQLite file."""
    return URL.create("sqlite+aiosqlite", database=str(path))


def open_engine(url: str | URL) -> AsyncEngine:
    """Return an engine whose commits are durable when they return.

    Every transaction begins explicitly and sees one state of the database from its first statement on.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_async_engine(parsed, isolation_level="REPEATABLE READ", pool_pre_ping=True)
    engine = create_async_engine(parsed)
    event.listen(engine.sync_engine, "connect", _configure)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def deciding(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine for short transactions that decide by what is there, and write.

    On PostgreSQL each statement sees what was committed before it, where it waits for others too; in one fixed state it
    would fail instead of seeing that somebody was first.
    """
    return engine if is_sqlite(engine) else engine.execution_options(isolation_level="READ COMMITTED")


def is_sqlite(engine: AsyncEngine) -> bool:
    """Whether the database is a SQLite file."""
    return engine.dialect.name == "sqlite"


def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transactions begin too late, at the first write: a read before it would see another state.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: object) -> None:
    connection.exec_driver_sql("BEGIN")  # type: ignore[attr-defined]  # the event hands over a sync Connection
