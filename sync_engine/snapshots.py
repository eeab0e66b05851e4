"""Snapshots of a bucket: rows in chunks that are named by what they are (docs/protocol/sync.md §5). Pure.

Where a chunk ends follows from the keys of its rows, not from how many stand before it: a row that comes, goes or
changes alters the chunk that it stands in and leaves all others the same bytes, so that a phone that holds an older
snapshot fetches little of a newer one.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Annotated, ClassVar, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from domain.canonical import MalformedError, decode_as, encode_trusted, refuse_longer_form
from domain.errors import DomainError, ProtocolError
from domain.ops import Natural
from sync_engine.ports import SnapshotMark

ROWS_LEAST: Final = 256
"""Small chunks cost a request each."""
ROWS_MEAN: Final = 1_024
ROWS_MOST: Final = 4_096
CONTENT_MOST: Final = 256 * 1024
"""Of keys and values, before compression: what a phone on a bad line gets through in one piece."""
UNPACKED_MOST: Final = 64 * 1024 * 1024
"""Beyond this a blob is no chunk of ours: a reader stops."""
PRIVATE: Final = ".private"
"""Buckets of erasable values end so: what may have to be deleted is never copied."""

WORTH_ROWS: Final = 2_000
"""Fewer rows fit into the reply itself, for less than the requests of a snapshot."""
WORTH_SHARE: Final = 10
"""A newer snapshot is worth its making when a tenth of the rows changed: until then they come as rows."""
WORTH_CHANGED: Final = 500

TOMBSTONES_LEAST: Final = 10_000
"""So many deletions of a bucket are always remembered: phones that were away for less learn of each."""

_COMPRESSION: Final = 6
_Name = Annotated[bytes, Meta(min_length=32, max_length=32)]
_Text = Annotated[str, Meta(max_length=64 * 1024)]


class Entry(NamedTuple):
    """A row of a bucket: its value as the bytes that it is."""

    table: str
    key: str
    value: bytes


class Chunk(Struct, frozen=True):
    """Consecutive rows of a bucket."""

    first: tuple[str, str]
    """Table and key of the first row."""
    rows: int
    content: bytes
    """Canonical `[[table, [[key, value]…]]…]`, not compressed."""


class ChunkName(Struct, array_like=True, frozen=True):
    """What a manifest says of a chunk."""

    name: _Name
    """SHA-256 of its bytes as they travel."""
    bytes: Natural
    unpacked: Natural
    rows: Natural
    first_table: _Text
    first_key: _Text


class Manifest(Struct, array_like=True, frozen=True):
    """A snapshot: all rows of a bucket as of the log index `cursor`, as the chunks that hold them in order."""

    version: Literal[1]
    org: _Text
    bucket: _Text
    cursor: int
    chunks: tuple[ChunkName, ...]

    @property
    def rows(self) -> int:
        """How many rows all chunks have."""
        return sum(chunk.rows for chunk in self.chunks)

    @property
    def bytes(self) -> int:
        """How many bytes all chunks have."""
        return sum(chunk.bytes for chunk in self.chunks)


class SnapshotGoneError(DomainError):
    """The blob is of a snapshot that a newer one has replaced: sync once more."""

    code: ClassVar[str] = "snapshot-gone"

    def __init__(self) -> None:
        super().__init__("no snapshot of this bucket has such a chunk any more")


class WrongBlobError(ProtocolError):
    """A blob is not what its name or its manifest says."""

    code: ClassVar[str] = "wrong-blob"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"not a blob of this snapshot: {reason}")
        self.reason = reason


def chunks_of(entries: Iterable[Entry]) -> Iterator[Chunk]:
    """Yield the chunks of a bucket's rows, which come in order of (table, key) by code points."""
    cutter = Cutter()
    for entry in entries:
        yield from cutter.take(entry)
    yield from cutter.rest()


class Cutter:
    """Cuts a stream of rows into chunks, holding one of them."""

    def __init__(self) -> None:
        self._rows: list[Entry] = []
        self._bytes = 0

    def take(self, entry: Entry) -> Iterator[Chunk]:
        """Take the next row; yield the chunk that ends before it."""
        if self._rows and self._ends(before=entry):
            yield from self.rest()
        self._rows.append(entry)
        self._bytes += len(entry.key) + len(entry.value)

    def rest(self) -> Iterator[Chunk]:
        """Yield the chunk in hand, if there is one."""
        if self._rows:
            yield _chunk(self._rows)
        self._rows, self._bytes = [], 0

    def _ends(self, *, before: Entry) -> bool:
        count, last = len(self._rows), self._rows[-1]
        if count >= ROWS_MOST or self._bytes >= CONTENT_MOST:
            return True
        if count < ROWS_LEAST:
            return False
        return before.table != last.table or zlib.crc32(last.key.encode()) % ROWS_MEAN == 0


def _chunk(rows: Sequence[Entry]) -> Chunk:
    tables: list[tuple[str, list[tuple[str, msgspec.Raw]]]] = []
    for table, key, value in rows:
        if not tables or tables[-1][0] != table:
            tables.append((table, []))
        tables[-1][1].append((key, msgspec.Raw(value)))
    return Chunk((rows[0].table, rows[0].key), len(rows), encode_trusted(tables))


_tables_decoder: Final = msgspec.msgpack.Decoder(list[tuple[str, list[tuple[str, msgspec.Raw]]]])
_manifest_decoder: Final = msgspec.msgpack.Decoder(Manifest)


def rows_of(content: bytes) -> list[Entry]:
    """Return the rows of a chunk. Raises WrongBlobError."""
    try:
        tables = decode_as(_tables_decoder, content)
    except MalformedError as error:
        raise WrongBlobError(reason=error.reason) from error
    return [Entry(table, key, bytes(value)) for table, rows in tables for key, value in rows]


def pack(content: bytes) -> bytes:
    """Return a blob: the same content gives the same bytes."""
    return gzip.compress(content, compresslevel=_COMPRESSION, mtime=0)


def unpack(blob: bytes, name: bytes) -> bytes:
    """Return the content of a blob that has this name. Raises WrongBlobError."""
    if sha256(blob).digest() != name:
        raise WrongBlobError(reason="its bytes do not have the SHA-256 of its name")
    reader = zlib.decompressobj(wbits=31)
    try:
        content = reader.decompress(blob, UNPACKED_MOST)
    except zlib.error as error:
        raise WrongBlobError(reason="it is no gzip") from error
    if not reader.eof or reader.unused_data:
        raise WrongBlobError(reason="it is not one whole gzip member")
    return content


def decode_manifest(content: bytes) -> Manifest:
    """Return the manifest. Raises WrongBlobError."""
    try:
        manifest = decode_as(_manifest_decoder, content)
        refuse_longer_form(manifest, content)
    except MalformedError as error:
        raise WrongBlobError(reason=error.reason) from error
    return manifest


def is_worth(*, total: int, changed: int, newest: SnapshotMark | None) -> bool:
    """Whether a bucket of `total` rows, deleted ones counted, of which `changed` since the newest, wants a new one."""
    if newest is None:
        return total >= WORTH_ROWS
    return changed >= max(WORTH_CHANGED, newest.rows // WORTH_SHARE)


def tombstones_kept(*, total: int, live: int) -> int | None:
    """Return how many of a bucket's newest deletions to keep; None: all.

    As many as rows stand: who missed more gets the bucket anew for less than the deletions would cost him. Half of
    them go at once, so that it is rarely done.
    """
    most = max(TOMBSTONES_LEAST, live)
    return most // 2 if total - live > most else None
