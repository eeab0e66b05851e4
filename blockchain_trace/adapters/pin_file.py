"""The pin as a small file. Keep it on another volume than the database, and out of every backup."""

import os
from pathlib import Path

from blockchain_trace.log import SignedHead
from domain.errors import FaultError
from domain.merkle import HASH_BYTES


class PinFaultError(FaultError):
    """The file of the last signed head cannot be read or written, so nothing may be signed."""

    code = "pin-fault"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"the file of the last signed size: {reason}", retry_after_s=5)
        self.reason = reason


class PinFile:
    """`<size> <root in hex>`, one line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> SignedHead | None:
        """See `Pin`."""
        try:
            text = self._path.read_text("ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeError) as error:
            raise PinFaultError(reason=str(error)) from error
        size, _, root = text.strip().partition(" ")
        try:
            head = SignedHead(int(size), bytes.fromhex(root))
        except ValueError as error:
            raise PinFaultError(reason="damaged") from error
        if head.size < 0 or len(head.root) != HASH_BYTES:
            raise PinFaultError(reason="damaged")
        return head

    def write(self, head: SignedHead) -> None:
        """See `Pin`. A crash leaves the old line or the new one, never a half."""
        beside = self._path.with_name(self._path.name + ".new")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, f"{head.size} {head.root.hex()}\n".encode("ascii"))
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
            beside.replace(self._path)
        except OSError as error:
            raise PinFaultError(reason=str(error)) from error
