"""A number for each transaction that writes sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their counter, and the column that says which transaction wrote a session last."""
    op.create_table(
        "session_changes",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("last_removal", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_changes")),
    )
    op.add_column("sessions", sa.Column("change", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.create_index(op.f("ix_sessions_change"), "sessions", ["change"])
