"""Signed checkpoints that devices showed, in SQLite or PostgreSQL: see `PresentedHeads`."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.tables import presented_heads
from sync_engine.adapters.faults import StorageFaultError
from sync_engine.recovering import Presented

_COLUMNS = presented_heads.c


class StoredPresented:
    """The checkpoints shown to one organisation's server."""

    def __init__(self, engine: AsyncEngine, org: str) -> None:
        self._engine, self._org = engine, org

    async def all(self) -> Sequence[Presented]:
        """See `PresentedHeads`."""
        columns = (_COLUMNS.size, _COLUMNS.root, _COLUMNS.note, _COLUMNS.device, _COLUMNS.at_ms)
        query = select(*columns).where(_COLUMNS.org == self._org).order_by(_COLUMNS.size)
        try:
            async with self._engine.connect() as connection:
                return [Presented(*record) for record in await connection.execute(query)]
        except (SQLAlchemyError, OSError) as error:
            raise StorageFaultError(reason=type(error).__name__) from error

    async def keep(self, presented: Presented) -> None:
        """See `PresentedHeads`."""
        values = {
            "org": self._org, "size": presented.size, "root": presented.root, "note": presented.note,
            "device": presented.device, "at_ms": presented.at_ms,
        }  # fmt: skip
        try:
            async with self._engine.begin() as connection:
                await connection.execute(presented_heads.insert().values(values))
        except IntegrityError:
            return  # another device showed the same one before
        except (SQLAlchemyError, OSError) as error:
            raise StorageFaultError(reason=type(error).__name__) from error
