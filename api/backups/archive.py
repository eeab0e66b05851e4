"""A backup as a file: the log from some leaf on, and what lies beside it (docs/operating/backup-and-restore.md).

Balances, tiles and verdicts are not in it: they follow from the log, and are derived again. Blocks, each checked by
itself, and an end without which a file is torn. The same bytes come from SQLite and from PostgreSQL.
"""

import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct

from domain.errors import DomainError, FaultError

MAGIC: Final = b"gobi/backup/1\n"
BLOCK_RECORDS: Final = 2_000
BLOCK_BYTES_MAX: Final = 256 * 1024 * 1024
"""Decompressed. A block holds few records where they are photos; a longer length is no block of ours."""
_LENGTH_BYTES: Final = 4
_HASH_BYTES: Final = 32


class WrongBackupError(DomainError):
    """A file is no whole backup, or not of this ledger."""

    code: ClassVar[str] = "wrong-backup"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"this backup cannot be used: {reason}")
        self.reason = reason


class BackupFaultError(FaultError):
    """The file cannot be read or written."""

    code: ClassVar[str] = "backup-fault"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"the backup file: {reason}")
        self.reason = reason


class ArchivedOp(Struct, frozen=True, array_like=True):
    """A leaf: its bytes, when it arrived, and whether it is the later branch of a fork. The rest the log says."""

    data: bytes
    arrived: int
    is_branch: bool


class Head(Struct, frozen=True, array_like=True):
    """What a backup holds: leaves `begin` … `size` − 1 of an organisation's log, signed by `note`."""

    org: str
    begin: int
    size: int
    note: str
    made_ms: int


class Archive(Struct, frozen=True):
    """A backup in memory. `beside`: table → records, the organisation left out."""

    head: Head
    ops: Sequence[ArchivedOp]
    beside: Mapping[str, Sequence[tuple[Any, ...]]]


_head_decoder: Final = msgspec.msgpack.Decoder(Head)
_ops_decoder: Final = msgspec.msgpack.Decoder(list[ArchivedOp])
_beside_decoder: Final = msgspec.msgpack.Decoder(list[tuple[Any, ...]])


def _blocks(archive: Archive) -> Iterator[tuple[str, bytes]]:
    yield "head", msgspec.msgpack.encode(archive.head)
    for first in range(0, len(archive.ops), BLOCK_RECORDS):
        yield "ops", msgspec.msgpack.encode(list(archive.ops[first : first + BLOCK_RECORDS]))
    for table, records in sorted(archive.beside.items()):
        step = 1 if table == "attachments" else BLOCK_RECORDS
        for first in range(0, len(records), step):
            yield table, msgspec.msgpack.encode(list(records[first : first + step]))


def write_archive(path: Path, archive: Archive) -> bytes:
    """Write a backup so that a crash leaves the whole file or none; return its SHA-256, read back from the disk.

    Raises WrongBackupError when there is a file of this name, BackupFaultError.
    """
    if path.exists():
        raise WrongBackupError(reason=f"{path} is there already")
    torn = path.with_name(path.name + ".part")
    digest = sha256(MAGIC)
    try:
        with torn.open("wb") as file:
            file.write(MAGIC)
            for name, payload in (*_blocks(archive), ("end", b"")):
                packed = zlib.compress(msgspec.msgpack.encode((f"{name}", payload)), 6)
                block = len(packed).to_bytes(_LENGTH_BYTES, "big") + sha256(packed).digest() + packed
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if sha256(torn.read_bytes()).digest() != digest.digest():
            raise BackupFaultError(reason="it reads otherwise than it was written")
        torn.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        torn.unlink(missing_ok=True)
        raise BackupFaultError(reason=str(error)) from error
    return digest.digest()


def read_archive(path: Path) -> tuple[Archive, bytes]:
    """Return a backup and the SHA-256 of its file.

    Raises WrongBackupError for a file that is torn or altered, BackupFaultError.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BackupFaultError(reason=str(error)) from error
    head: Head | None = None
    ops: list[ArchivedOp] = []
    beside: dict[str, list[tuple[Any, ...]]] = {}
    try:
        for name, payload in _read_blocks(data):
            if name == "head":
                head = _head_decoder.decode(payload)
            elif name == "ops":
                ops.extend(_ops_decoder.decode(payload))
            else:
                beside.setdefault(name, []).extend(_beside_decoder.decode(payload))
    except (msgspec.DecodeError, zlib.error, ValueError) as error:
        raise WrongBackupError(reason="a block of it is damaged") from error
    if head is None or len(ops) != head.size - head.begin:
        raise WrongBackupError(reason="it does not hold what it says")
    return Archive(head, ops, beside), sha256(data).digest()


def _read_blocks(data: bytes) -> Iterator[tuple[str, bytes]]:
    if not data.startswith(MAGIC):
        raise WrongBackupError(reason="it is no backup of Gobi")
    at = len(MAGIC)
    while at < len(data):
        start = at + _LENGTH_BYTES + _HASH_BYTES
        end = start + int.from_bytes(data[at : at + _LENGTH_BYTES], "big")
        packed = data[start:end]
        if end > len(data) or sha256(packed).digest() != data[at + _LENGTH_BYTES : start]:
            raise WrongBackupError(reason="it is torn, or a block of it was altered")
        unpacking = zlib.decompressobj()
        block = unpacking.decompress(packed, BLOCK_BYTES_MAX)
        name, payload = msgspec.msgpack.decode(block, type=tuple[str, bytes])
        at = end
        if name == "end":
            if at != len(data):
                raise WrongBackupError(reason="something stands behind its end")
            return
        yield name, payload
    raise WrongBackupError(reason="its end is missing")
