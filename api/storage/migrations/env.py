"""Alembic's entry: migrates over the connection that `api.storage.database` locked."""

from alembic import context

from api.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite has them too, once a transaction is begun by hand.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
