"""Run by alembic: migrates the connection that `library.database` gives it, all in one transaction."""

from alembic import context
from sqlmodel import SQLModel

from reencodarr.library import tables

assert tables.Video.metadata is SQLModel.metadata  # the import is what fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,
    render_as_batch=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
