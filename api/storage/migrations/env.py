"""Alembic's entry point. Migrates through the connection that `api.storage.migrate` locked."""

from alembic import context

from api.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite has transactional DDL too, in a transaction that BEGIN began.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
