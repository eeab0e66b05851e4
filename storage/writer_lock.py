"""One writer per organisation: whoever holds the lock writes the log and signs its checkpoints.

On SQLite a lock file beside the database, because a second process would fold on a state of its own; on PostgreSQL an
advisory lock of the very connection that commits, so that a connection that is lost can commit nothing more.
"""

import fcntl
import os
from hashlib import sha256
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import FaultError


class LedgerInUseError(FaultError):
    """Another process is the sequencer of this organisation."""

    code = "ledger-in-use"

    def __init__(self, *, org: str) -> None:
        super().__init__(f"another process writes the ledger of {org!r}", retryable=True, retry_after_s=5)
        self.org = org


class WriterLock:
    """Held from `take` until `release`, or until the process or the connection ends."""

    def __init__(self, org: str) -> None:
        self._org = org
        self._file: int | None = None

    async def take(self, connection: AsyncConnection) -> None:
        """Become the writer.

        Raises LedgerInUseError when another is.
        """
        if connection.dialect.name == "sqlite":
            path = connection.engine.url.database
            if path and path != ":memory:":
                self._lock_file(Path(path))
            return
        asked = text("SELECT pg_try_advisory_lock(:key)")
        if not (await connection.execute(asked, {"key": _key(self._org)})).scalar():
            raise LedgerInUseError(org=self._org)

    async def release(self, connection: AsyncConnection | None) -> None:
        """Let another become the writer. A lost connection has let go by itself."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if connection is not None and connection.dialect.name == "postgresql" and not connection.closed:
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _key(self._org)})

    def _lock_file(self, database: Path) -> None:
        name = f"{database.name}.{self._org}.lock"
        descriptor = os.open(database.with_name(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # The file stays: removing it would let two processes lock two files of one name.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise LedgerInUseError(org=self._org) from error
        self._file = descriptor


def _key(org: str) -> int:
    return int.from_bytes(sha256(b"gobi/writer/" + org.encode()).digest()[:8], "big", signed=True)
