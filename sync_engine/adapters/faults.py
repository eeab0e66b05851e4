"""What a failing database means for whoever asked: come back soon, make room first, or call somebody."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from domain.errors import FaultError
from sync_engine.ports import LedgerUnavailableError

DISK_FULL_RETRY_S: Final = 60
"""Somebody has to make room first; phones keep what they have."""
FAULT_RETRY_S: Final = 2

_DRIVER: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg raises past SQLAlchemy when a connection ends in the middle of something."""
FAILURES: Final = (SQLAlchemyError, sqlite3.Error, OSError, *_DRIVER)
"""What drivers raise when the world fails."""

_AWAY: Final = ("08", "40", "53", "55P03", "57", "25P03")
"""SQLSTATE: no connection; undone to let others go first; no room for one more; the lock was not had in time; the
server stops, or ended this session; it ended because its holder said nothing for too long."""
_DISK_FULL: Final = "53100"


class StorageFullError(FaultError):
    """The disk or the quota of the database is full."""

    code = "storage-full"

    def __init__(self) -> None:
        super().__init__(
            "the disk of the ledger is full: nothing was recorded", retry_after_s=DISK_FULL_RETRY_S
        )


class StorageFaultError(FaultError):
    """The database failed."""

    code = "storage-fault"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"the ledger's database failed: {reason}", retry_after_s=FAULT_RETRY_S)
        self.reason = reason


class DamagedLedgerError(FaultError):
    """What is stored is no ledger: trying again does not help, `gobi doctor` names the damage."""

    code = "ledger-damaged"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"the stored ledger is damaged: {reason}", retryable=False)
        self.reason = reason


def fault_of(error: Exception) -> FaultError:
    """Return the fault that a driver's error is."""
    driver: Any = error.orig if isinstance(error, DBAPIError) else error
    reason = str(driver)
    state = str(getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None) or "")
    is_full = isinstance(driver, sqlite3.OperationalError) and "full" in reason
    if is_full or state == _DISK_FULL or "No space left" in reason:
        return StorageFullError()
    told = reason.splitlines()[0][:200] if reason else type(error).__name__
    if state.startswith(_AWAY) or _is_away(error):
        return LedgerUnavailableError(reason=told, retry_after_s=FAULT_RETRY_S)
    return StorageFaultError(reason=told)


def _is_away(error: Exception) -> bool:
    """Whether there is no database to talk to, or no connection to spare, at the moment."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or "connection" in str(error.orig).lower()
    return isinstance(error, (ConnectionError, TimeoutError, PoolTimeoutError, *_DRIVER))


@asynccontextmanager
async def as_faults() -> AsyncGenerator[None, None]:
    """What the database says in the block is a fault. Raises FaultError."""
    try:
        yield
    except FAILURES as error:
        raise fault_of(error) from error
