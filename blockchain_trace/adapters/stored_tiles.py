"""The public parts of a log as they are stored: tiles, checkpoints, and proofs made from them."""

from collections.abc import Collection

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from blockchain_trace.fsck import LogEvidence
from blockchain_trace.ports import TILE_WIDTH, TileName, TilesInMemory
from blockchain_trace.proofs import consistency_proof, consistency_tiles, inclusion_proof, inclusion_tiles
from domain.merkle import HASH_BYTES, leaf_hash
from storage.tables import checkpoints, log_tiles, ops

BUNDLE_ENTRIES = TILE_WIDTH


class StoredLog:
    """Reads one organisation's log. Everything but `entries` is public."""

    def __init__(self, engine: AsyncEngine, org: str) -> None:
        self._engine = engine
        self._org = org

    async def checkpoint(self, size: int | None = None) -> str | None:
        """Return the signed checkpoint of a size, or the last one."""
        query = select(checkpoints.c.note).where(checkpoints.c.org == self._org)
        if size is not None:
            query = query.where(checkpoints.c.size == size)
        async with self._engine.connect() as connection:
            note: str | None = (
                await connection.execute(query.order_by(checkpoints.c.size.desc()).limit(1))
            ).scalar()
        return note

    async def size(self) -> int:
        """Return the size of the last checkpoint."""
        query = select(checkpoints.c.size).where(checkpoints.c.org == self._org)
        async with self._engine.connect() as connection:
            found: int | None = (
                await connection.execute(query.order_by(checkpoints.c.size.desc()).limit(1))
            ).scalar()
        return found or 0

    async def tile(self, name: TileName) -> bytes | None:
        """Return exactly the hashes of a tile; None when the log does not have so many yet."""
        data = (await self._tiles([name])).get((name.level, name.index), b"")
        wanted = name.width * HASH_BYTES
        return data[:wanted] if len(data) >= wanted else None

    async def entries(self, index: int, width: int) -> list[bytes] | None:
        """Return the ops of a bundle: only for those who may read them. None when there are fewer."""
        first = index * BUNDLE_ENTRIES
        query = select(ops.c.data).where(
            ops.c.org == self._org, ops.c.leaf >= first, ops.c.leaf < first + width
        )
        async with self._engine.connect() as connection:
            found = list((await connection.execute(query.order_by(ops.c.leaf))).scalars())
        return found if len(found) == width else None

    async def index_of(self, leaf_hash: bytes) -> int | None:
        """Return the index of an op by its hash."""
        query = select(ops.c.leaf).where(ops.c.org == self._org, ops.c.hash == leaf_hash)
        async with self._engine.connect() as connection:
            found: int | None = (await connection.execute(query)).scalar()
        return found

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the proof that leaf `index` is in the tree of `size`. Raises MissingTileError."""
        tiles = await self._tiles(inclusion_tiles(index, size))
        return inclusion_proof(index, size, TilesInMemory(tiles))

    async def consistency(self, old_size: int, size: int) -> list[bytes]:
        """Return the proof that the tree of `size` begins with that of `old_size`. Raises MissingTileError."""
        tiles = await self._tiles(consistency_tiles(old_size, size))
        return consistency_proof(old_size, size, TilesInMemory(tiles))

    async def _tiles(self, names: Collection[TileName]) -> dict[tuple[int, int], bytes]:
        if not names:
            return {}
        wanted = tuple_(log_tiles.c.level, log_tiles.c.number).in_(
            [(name.level, name.index) for name in names]
        )
        query = select(log_tiles).where(log_tiles.c.org == self._org, wanted)
        async with self._engine.connect() as connection:
            found = await connection.execute(query)
            return {(record.level, record.number): record.data for record in found}


async def read_log(engine: AsyncEngine, org: str) -> LogEvidence:
    """Return all that is stored of a log, in one state, for `fsck.check_log`."""
    async with engine.connect() as connection:
        entries = select(ops.c.data).where(ops.c.org == org).order_by(ops.c.leaf)
        # Text in place of bytes is no entry: its hash is then that of nothing, and no tree holds it.
        hashes = [
            leaf_hash(data) if isinstance(data, bytes) else bytes(32)
            for data in (await connection.execute(entries)).scalars()
        ]
        tiles = await connection.execute(select(log_tiles).where(log_tiles.c.org == org))
        held = {(record.level, record.number): record.data for record in tiles}
        kept = select(checkpoints.c.size, checkpoints.c.note).where(checkpoints.c.org == org)
        notes = {record.size: record.note for record in await connection.execute(kept)}
    return LogEvidence(hashes, held, notes)
