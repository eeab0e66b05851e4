"""Used proofs in the database: several processes accept the same nonces, and none takes a proof that another took."""

from typing import Final

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.engine import deciding, is_sqlite
from storage.statements import Statements
from storage.tables import used_proofs

FORGET_EVERY_MS: Final = 60_000

_USED: Final = used_proofs.c


class StoredProofs:
    """The used proofs of one organisation: see `UsedProofs` in `api.dpop`."""

    def __init__(self, engine: AsyncEngine, org: str) -> None:
        self._engine, self._org = deciding(engine), org
        self._is_sqlite = is_sqlite(engine)
        self._add = Statements(engine.dialect).add(used_proofs)
        self._forget_ms = 0

    async def take(self, name: bytes, *, now_ms: int, expires_ms: int) -> bool:
        """See `UsedProofs`. Raises SQLAlchemyError."""
        async with self._engine.begin() as connection:
            if not self._is_sqlite:
                # Nobody waits for a disk to ask for rows: a server that crashes forgets the last half second at most.
                await connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            if now_ms >= self._forget_ms:
                self._forget_ms = now_ms + FORGET_EVERY_MS
                old = delete(used_proofs).where(_USED.org == self._org, _USED.expires_ms <= now_ms)
                await connection.execute(old)
            added = await connection.exec_driver_sql(self._add, (self._org, name, expires_ms))
        return added.rowcount == 1
