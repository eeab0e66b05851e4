"""A ledger in a file is of one process: a lock file beside the database says so for as long as the process lives.

On PostgreSQL processes take turns (`storage.writer`).
"""

import fcntl
import os
from pathlib import Path

from domain.errors import FaultError


class LedgerInUseError(FaultError):
    """Another process is the sequencer of this organisation."""

    code = "ledger-in-use"

    def __init__(self, *, org: str) -> None:
        super().__init__(f"another process writes the ledger of {org!r}", retryable=True, retry_after_s=5)
        self.org = org


def lock_file(database: Path, org: str) -> int:
    """Return the descriptor of the lock beside a database: closing it, or dying, lets go.

    Raises LedgerInUseError.
    """
    name = f"{database.name}.{org}.lock"
    descriptor = os.open(database.with_name(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # The file stays: removing it would let two processes lock two files of one name.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise LedgerInUseError(org=org) from error
    return descriptor
