"""Bringing a database to the schema of this version, at every start: there is no separate step to forget."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import FaultError
from storage.engine import deciding, is_sqlite

_LOCK: Final = 7307003
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


class NewerDatabaseError(FaultError):
    """A newer version of this software has upgraded the database: this one does not know what stands in it."""

    code = "newer-database"

    def __init__(self, *, schema: str, newest: str) -> None:
        super().__init__(
            f"the database has schema {schema}, and this version of Gobi knows schemas up to {newest}: nothing was"
            " touched; start the version that it ran with",
            retryable=False,
        )
        self.schema, self.newest = schema, newest


async def migrate(engine: AsyncEngine) -> None:
    """Create or upgrade the schema, in one transaction; nothing happens when it is up to date.

    Raises NewerDatabaseError.
    """
    async with deciding(engine).begin() as connection:
        if not is_sqlite(engine):
            # Processes that start at once: the second waits here, then finds nothing to do.
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        await connection.run_sync(upgrade)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to a revision on an open connection. Raises NewerDatabaseError."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    _refuse_newer(connection, ScriptDirectory.from_config(config))
    command.upgrade(config, revision)


def _refuse_newer(connection: Connection, scripts: ScriptDirectory) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    for schema in MigrationContext.configure(connection).get_current_heads():
        if schema not in known:
            raise NewerDatabaseError(schema=schema, newest=scripts.get_current_head() or "none")
