"""Makes snapshots of buckets when they are worth it, off the path of commits, and forgets what nobody needs.

All that it makes is a copy: it can be stopped, killed or away at any instant, and phones get rows instead.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Final

import structlog

from domain.canonical import encode_trusted
from domain.errors import FaultError
from sync_engine.ports import SnapshotMark
from sync_engine.sequencer import Sequencer
from sync_engine.snapshot_ports import BucketRows, PackedChunk, SnapshotStore
from sync_engine.snapshots import (
    PRIVATE,
    Chunk,
    ChunkName,
    Cutter,
    Entry,
    Manifest,
    is_worth,
    pack,
    tombstones_kept,
)

log: Final = structlog.get_logger(__name__)

SETTLE_S: Final = 2.0
"""After a commit: an import is many of them."""
ROUND_EVERY_S: Final = 60.0
"""At most so often all buckets are looked at."""
KEPT_MS: Final = 24 * 3_600_000
"""A replaced snapshot stays for phones that are fetching it."""


class Snapshotter:
    """Looks after the snapshots of one organisation. One task."""

    def __init__(
        self, *, store: SnapshotStore, sequencer: Sequencer, org: str, now_ms: Callable[[], int]
    ) -> None:
        self._store, self._sequencer, self._org, self._now_ms = store, sequencer, org, now_ms
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="snapshots")

    async def stop(self) -> None:
        """Stop; what is half made is forgotten."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        async with self._sequencer.subscribe() as commits:
            while True:
                await asyncio.sleep(SETTLE_S)
                try:
                    await self.make_due()
                except FaultError as fault:
                    log.warning("snapshots_failed", code=fault.code, detail=str(fault))
                except Exception:
                    log.exception("snapshots_broke")
                await asyncio.sleep(ROUND_EVERY_S - SETTLE_S)
                await commits.get()

    async def make_due(self) -> int:
        """Make every snapshot that is worth it now, and return how many.

        Raises FaultError; what was made until then stands. A bucket that fails is left for the next round.
        """
        made = 0
        for found in await self._store.buckets():
            try:
                made += await self._look_after(found)
            except FaultError as fault:  # another process may be at the same bucket
                log.info("bucket_left", bucket=found.bucket, code=fault.code, detail=str(fault))
        await self._store.sweep(before_ms=self._now_ms() - KEPT_MS)
        return made

    async def _look_after(self, found: BucketRows) -> bool:
        worth = is_worth(total=found.total, changed=found.changed, newest=found.newest)
        made = await self._make(found.bucket) if worth and not found.bucket.endswith(PRIVATE) else None
        newest = made or found.newest
        if newest is not None:
            # Forget old deletions: who is behind them takes the snapshot, of which he holds most chunks.
            keep = tombstones_kept(total=found.total, live=newest.rows)
            if keep is not None:
                await self._store.forget_deletions(found.bucket, keep=keep)
        return made is not None

    async def _make(self, bucket: str) -> SnapshotMark | None:
        known = await self._store.chunks(bucket)
        chunks: list[PackedChunk] = []
        names: list[ChunkName] = []

        async def add(chunk: Chunk) -> None:
            packed = await asyncio.to_thread(_packed, chunk, known)
            chunks.append(packed)
            names.append(ChunkName(packed.name, packed.bytes, packed.unpacked, chunk.rows, *chunk.first))

        async with self._store.reading(bucket) as reading:
            cutter = Cutter()
            async for rows in reading.rows():
                for row in rows:
                    for chunk in cutter.take(Entry(*row)):
                        await add(chunk)
            for chunk in cutter.rest():
                await add(chunk)
            cursor = reading.cursor
        manifest = Manifest(1, self._org, bucket, cursor, tuple(names))
        blob = pack(encode_trusted(manifest))
        mark = SnapshotMark(
            bucket, sha256(blob).digest(), cursor, manifest.bytes, manifest.rows, is_newest=True
        )
        return mark if await self._store.keep(mark, blob, chunks, now_ms=self._now_ms()) else None


def _packed(chunk: Chunk, known: Mapping[bytes, PackedChunk]) -> PackedChunk:
    """The chunk as it travels: as it is stored already, where the content is the same."""
    content = sha256(chunk.content).digest()
    stored = known.get(content)
    if stored is not None:
        return stored
    data = pack(chunk.content)
    return PackedChunk(sha256(data).digest(), content, len(data), len(chunk.content), data)
