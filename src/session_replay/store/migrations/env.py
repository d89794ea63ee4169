"""Run by Alembic: migrate on the connection that the caller holds."""

from __future__ import annotations

from alembic import context

from session_replay.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
