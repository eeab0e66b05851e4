"""What Alembic runs: on the connection that it was handed, within that connection's transaction."""

from alembic import context

from storage.tables import metadata

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # Two processes that start at once: the second waits here, then finds nothing to do.
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7307003)")
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
