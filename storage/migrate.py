"""Bringing a database to the schema of this version, at every start: there is no separate step to forget."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.engine import deciding, is_sqlite

_LOCK: Final = 7307003
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


async def migrate(engine: AsyncEngine) -> None:
    """Create or upgrade the schema, in one transaction; nothing happens when it is up to date."""
    async with deciding(engine).begin() as connection:
        if not is_sqlite(engine):
            # Processes that start at once: the second waits here, then finds nothing to do.
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        await connection.run_sync(upgrade)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to a revision on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
