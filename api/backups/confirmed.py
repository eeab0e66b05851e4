"""Which backups somebody confirmed to exist elsewhere: how much of the log phones need not keep for us."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.tables import checkpoints, confirmed_backups

LOOK_EVERY_MS: Final = 10_000
"""A schedule confirms a backup now and then; no phone misses anything by learning of it seconds later."""

_COLUMNS = confirmed_backups.c


class ConfirmedBackups:
    """The confirmed backups of one organisation."""

    def __init__(self, engine: AsyncEngine, org: str) -> None:
        self._engine, self._org = engine, org
        self._covered, self._looked_ms = 0, -LOOK_EVERY_MS

    async def covered(self, now_ms: int) -> int:
        """Return how many leaves from the first on confirmed backups hold; looked up at most every ten seconds."""
        if abs(now_ms - self._looked_ms) >= LOOK_EVERY_MS:
            self._covered, self._looked_ms = await self.covered_now(), now_ms
        return self._covered

    async def covered_now(self) -> int:
        """Return `covered` as it stands: a tail counts where what comes before it is covered."""
        query = select(_COLUMNS.begin, _COLUMNS.size).where(_COLUMNS.org == self._org)
        async with self._engine.connect() as connection:
            found = [tuple(record) for record in await connection.execute(query.order_by(_COLUMNS.size))]
        covered = 0
        for begin, size in sorted(found):
            if begin <= covered:
                covered = max(covered, size)
        return covered

    async def has_checkpoint(self, size: int, root: bytes) -> bool:
        """Whether the log had this root at this size: of the checkpoints that it signed."""
        query = select(checkpoints.c.root).where(checkpoints.c.org == self._org, checkpoints.c.size == size)
        async with self._engine.connect() as connection:
            found: bytes | None = (await connection.execute(query)).scalar()
        return found == root

    async def confirm(self, *, begin: int, size: int, digest: bytes, now_ms: int) -> None:
        """Note that a backup exists elsewhere; one of the same size takes its place."""
        values = {
            "org": self._org, "size": size, "begin": begin, "sha256": digest, "confirmed_ms": now_ms,
        }  # fmt: skip
        async with self._engine.begin() as connection:
            known = confirmed_backups.delete().where(
                _COLUMNS.org == self._org, _COLUMNS.size == size, _COLUMNS.begin >= begin
            )
            await connection.execute(known)
            left = select(_COLUMNS.size).where(_COLUMNS.org == self._org, _COLUMNS.size == size)
            if (await connection.execute(left)).scalar() is None:
                await connection.execute(confirmed_backups.insert().values(values))
