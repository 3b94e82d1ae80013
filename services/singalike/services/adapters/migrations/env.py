"""Run by Alembic: migrates over the connection that `sql_migrate` hands in."""

from alembic import context

from singalike.services.adapters.sql_schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
