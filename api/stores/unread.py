"""Bytes that the ledger could not read: kept beside it within a quota, until a device is enrolled or somebody looks.

Frames of a device that nobody enrolled yet, of a later version of the format, and plain junk look alike until somebody
knows more. So all are kept alike, but only for who is enrolled: a stranger cannot fill the disk.
"""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.tables import unread_frames

UPLOADER_BYTES_MAX: Final = 2 * 1024 * 1024
"""Per device that brings them: as much as one request brings for others, weeks of another phone's work."""
TOTAL_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of an organisation: thirty phones would have to conspire, and each is named."""
UPLOADER_FRAMES_MAX: Final = 1024
"""Per device: a list that a person can still look through."""

_FRAMES: Final = unread_frames.c


class UnreadFrame(Struct, frozen=True):
    """Bytes that were refused, and why; in the order of the table."""

    hash: bytes
    uploader: bytes
    device: bytes
    """What the header claims; empty where it cannot be read."""
    code: str
    detail: str
    data: bytes
    arrived_ms: int


class UnreadLine(Struct, frozen=True):
    """An unread frame without its bytes."""

    hash: bytes
    uploader: bytes
    device: bytes
    code: str
    detail: str
    size: int
    arrived_ms: int


class UnreadStore:
    """The unread frames of one organisation. Each call is one transaction."""

    def __init__(self, engine: AsyncEngine, org: str) -> None:
        self._engine, self._org = engine, org

    async def keep(self, frames: Sequence[UnreadFrame]) -> set[bytes]:
        """Keep what the quotas allow, in this order; return the names of those that are durable now.

        What is there already stays as it came first and costs nothing.
        """
        try:
            return await self._keep(frames)
        except IntegrityError:  # another request brought one of them in the same instant
            return await self._keep(frames)

    async def _keep(self, frames: Sequence[UnreadFrame]) -> set[bytes]:
        size = func.coalesce(func.sum(func.length(_FRAMES.data)), 0)
        held = select(_FRAMES.uploader, size, func.count()).where(_FRAMES.org == self._org)
        async with self._engine.begin() as connection:
            names = select(_FRAMES.hash).where(
                _FRAMES.org == self._org, _FRAMES.hash.in_([frame.hash for frame in frames])
            )
            kept = set((await connection.execute(names)).scalars())
            found = await connection.execute(held.group_by(_FRAMES.uploader))
            used = {uploader: (int(held_bytes), count) for uploader, held_bytes, count in found}
            total = sum(held_bytes for held_bytes, _ in used.values())
            for frame in frames:
                if frame.hash in kept:
                    continue
                held_bytes, count = used.get(frame.uploader, (0, 0))
                length = len(frame.data)
                if (
                    held_bytes + length > UPLOADER_BYTES_MAX
                    or count >= UPLOADER_FRAMES_MAX
                    or total + length > TOTAL_BYTES_MAX
                ):
                    continue
                await connection.execute(insert(unread_frames).values(self._values(frame)))
                used[frame.uploader], total = (held_bytes + length, count + 1), total + length
                kept.add(frame.hash)
        return kept

    async def lines(self) -> list[UnreadLine]:
        """Return what is kept, without the bytes, the oldest first."""
        query = select(
            _FRAMES.hash, _FRAMES.uploader, _FRAMES.device, _FRAMES.code, _FRAMES.detail,
            func.length(_FRAMES.data), _FRAMES.arrived_ms,
        ).where(_FRAMES.org == self._org)  # fmt: skip
        async with self._engine.connect() as connection:
            found = await connection.execute(query.order_by(_FRAMES.arrived_ms, _FRAMES.hash))
            return [UnreadLine(*record) for record in found]

    async def frames(self, names: Collection[bytes]) -> list[UnreadFrame]:
        """Return frames with their bytes, the oldest first."""
        query = select(unread_frames).where(_FRAMES.org == self._org, _FRAMES.hash.in_(list(names)))
        async with self._engine.connect() as connection:
            found = await connection.execute(query.order_by(_FRAMES.arrived_ms, _FRAMES.hash))
            return [UnreadFrame(*record[1:]) for record in found]

    async def discard(self, names: Collection[bytes]) -> int:
        """Forget frames; return how many there were."""
        if not names:
            return 0
        gone = delete(unread_frames).where(_FRAMES.org == self._org, _FRAMES.hash.in_(list(names)))
        async with self._engine.begin() as connection:
            return (await connection.execute(gone)).rowcount

    def _values(self, frame: UnreadFrame) -> dict[str, object]:
        return {
            "org": self._org, "hash": frame.hash, "uploader": frame.uploader, "device": frame.device,
            "code": frame.code, "detail": frame.detail, "data": frame.data, "arrived_ms": frame.arrived_ms,
        }  # fmt: skip
