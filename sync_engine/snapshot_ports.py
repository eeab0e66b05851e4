"""What makes snapshots needs of the world: a store of rows to read, and of chunks to keep."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

from sync_engine.ports import Blob, SnapshotMark


class BucketRows(Struct, frozen=True):
    """How much a bucket holds: `total` rows, deleted ones counted, of which `changed` after the newest snapshot.

    A snapshot that misses deletions that are forgotten is none.
    """

    bucket: str
    total: int
    changed: int
    newest: SnapshotMark | None


class PackedChunk(Struct, frozen=True):
    """A chunk to be stored: `content` is the SHA-256 of what `data` unpacks to. Without `data` it is there already."""

    name: Blob
    content: Blob
    bytes: int
    unpacked: int
    data: Blob | None


class BucketReading(Protocol):
    """All live rows of a bucket in one state of the store."""

    @property
    def cursor(self) -> int:
        """The last log index of that state."""
        ...

    def rows(self) -> AsyncIterator[Sequence[tuple[str, str, bytes]]]:
        """(table, key, value) in order of table and key by code points, some thousands at a time."""
        ...


class SnapshotStore(Protocol):
    """Where snapshots of one organisation are durable. All of it can be made anew; every call raises FaultError."""

    async def buckets(self) -> Sequence[BucketRows]:
        """Return what each bucket holds."""
        ...

    def reading(self, bucket: str) -> AbstractAsyncContextManager[BucketReading]:
        """Read a bucket."""
        ...

    async def chunks(self, bucket: str) -> Mapping[bytes, PackedChunk]:
        """Return the stored chunks of a bucket by their content, without their data."""
        ...

    async def keep(
        self, mark: SnapshotMark, manifest: bytes, chunks: Sequence[PackedChunk], *, now_ms: int
    ) -> bool:
        """Store a snapshot as the newest of its bucket, all or nothing.

        False, and nothing is stored: one as new is there, or a chunk that was there is gone.
        """
        ...

    async def sweep(self, *, before_ms: int) -> None:
        """Forget snapshots that were replaced before an instant, and chunks that no snapshot names any more."""
        ...

    async def forget_deletions(self, bucket: str, *, keep: int) -> None:
        """Forget all but the newest deletions of a bucket, and remember up to which log index.

        Never those after its newest snapshot: it would be one that nobody may use. Commits wait meanwhile.
        """
        ...

    async def blob(self, bucket: str, name: bytes) -> bytes | None:
        """Return a manifest or chunk of a bucket."""
        ...
