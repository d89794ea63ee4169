"""How many lines of a session are damaged; the new parser version fills it in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("sessions", sa.Column("damaged_lines", sa.Integer(), server_default=sa.text("0"), nullable=False))
