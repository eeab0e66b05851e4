"""The pin as a small file. Keep it on another volume than the database, and out of every backup."""

import fcntl
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Final

from blockchain_trace.log import SignedHead
from domain.errors import FaultError

_LINE: Final = re.compile(rb"(\d{20}) ([0-9a-f]{64}) ([0-9a-f]{8})\n")
_LINE_BYTES: Final = 20 + 1 + 64 + 1 + 8 + 1
_SIZE_MAX: Final = 10**20 - 1


class PinFaultError(FaultError):
    """The file of the last signed head cannot be read or written, so nothing may be signed."""

    code = "pin-fault"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"the file of the last signed size: {reason}", retry_after_s=5)
        self.reason = reason


class PinFile:
    """Two lines, `<size> <root> <check>`, written in turn in place: a crash can spoil one of them, never both.

    In place because a commit waits for it: making and renaming a file would cost more than the commit itself. Processes
    of one machine may share it: each writes over the older line, under the file's lock, and never lowers it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> SignedHead | None:
        """See `Pin`."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise PinFaultError(reason=str(error)) from error
        found = _heads(data)
        if not found:
            raise PinFaultError(reason="damaged")
        size, _, root = max(found)
        return SignedHead(size, root)

    def write(self, head: SignedHead) -> None:
        """See `Pin`."""
        assert 0 <= head.size <= _SIZE_MAX
        size, root = b"%020d" % head.size, head.root.hex().encode()
        line = b"%s %s %s\n" % (size, root, _check(size, root))
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                _write_older(descriptor, head.size, line)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise PinFaultError(reason=str(error)) from error

    def replace(self, head: SignedHead) -> None:
        """See `Pin`."""
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            fresh.unlink(missing_ok=True)
            PinFile(fresh).write(head)
            fresh.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise PinFaultError(reason=str(error)) from error


def _heads(data: bytes) -> list[tuple[int, int, bytes]]:
    """Return (size, slot, root) of each line that is whole."""
    found: list[tuple[int, int, bytes]] = []
    for slot, start in enumerate((0, _LINE_BYTES)):
        match = _LINE.fullmatch(data[start : start + _LINE_BYTES])
        if match is not None and _check(match[1], match[2]) == match[3]:
            found.append((int(match[1]), slot, bytes.fromhex(match[2].decode())))
    return found


def _write_older(descriptor: int, size: int, line: bytes) -> None:
    data = os.pread(descriptor, 2 * _LINE_BYTES, 0)
    found = _heads(data)
    if found and max(found)[0] >= size:
        return
    slot = 1 - max(found)[1] if found else 0
    if len(data) < 2 * _LINE_BYTES:
        line, slot = line * 2, 0
    os.pwrite(descriptor, line, slot * _LINE_BYTES)
    os.fdatasync(descriptor)


def _check(size: bytes, root: bytes) -> bytes:
    return sha256(size + b" " + root).hexdigest()[:8].encode()
