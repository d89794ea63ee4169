"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "chunks",
        sa.Column("stream_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "generation", "start", name=op.f("pk_chunks")),
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("data_id", sa.String(length=32), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("data_id", name=op.f("uq_organizations_data_id")),
    )
    op.create_table(
        "recorded_ids",
        sa.Column("organization_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id_digest", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id_digest", name=op.f("pk_recorded_ids")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_recorded_ids_stream_id"), "recorded_ids", ["stream_id"], unique=False)
    op.create_table(
        "session_keys",
        sa.Column("session_id", sa.String(length=400), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_session_keys")),
    )
    op.create_table(
        "shared_messages",
        sa.Column("organization_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id_digest", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_creation_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id_digest", "stream_id", name=op.f("pk_shared_messages")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_shared_messages_stream_id"), "shared_messages", ["stream_id"], unique=False)
    op.create_table(
        "summaries",
        sa.Column("stream_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line_start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line_end", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "generation", "line_start", name=op.f("pk_summaries")),
    )
    op.create_table(
        "names",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_names_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_names")),
        sa.UniqueConstraint("organization_id", "kind", "digest", name=op.f("uq_names_organization_id_kind_digest")),
    )
    op.create_table(
        "organization_keys",
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kek_id", sa.String(length=16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_organization_keys_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "version", name=op.f("pk_organization_keys")),
    )
    op.create_table(
        "clients",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("label_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("credential_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("machine_digest", sa.LargeBinary(length=16), nullable=True),
        sa.Column("enrolled_ms", sa.BigInteger(), nullable=True),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.Column("seen_ms", sa.BigInteger(), nullable=True),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("unshipped_bytes", sa.BigInteger(), nullable=False),
        sa.Column("unshipped_since_ms", sa.BigInteger(), nullable=True),
        sa.Column("clock_ahead_ms", sa.BigInteger(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("sealed_report", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["host_id"], ["names.id"], name=op.f("fk_clients_host_id")),
        sa.ForeignKeyConstraint(["label_id"], ["names.id"], name=op.f("fk_clients_label_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_clients_organization_id")),
        sa.ForeignKeyConstraint(["user_id"], ["names.id"], name=op.f("fk_clients_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.UniqueConstraint("credential_digest", name=op.f("uq_clients_credential_digest")),
    )
    op.create_index("ix_clients_owner", "clients", ["organization_id", "host_id", "user_id"], unique=False)
    op.create_table(
        "enrolment_tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("label_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=True),
        sa.Column("machine_digest", sa.LargeBinary(length=16), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_enrolment_tokens_client_id")),
        sa.ForeignKeyConstraint(["label_id"], ["names.id"], name=op.f("fk_enrolment_tokens_label_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_enrolment_tokens_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_tokens")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_enrolment_tokens_token_digest")),
    )
    op.create_table(
        "client_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("stream_id", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_client_events_client_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_client_events_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_events")),
    )
    op.create_index("ix_client_events_client_id_id", "client_events", ["client_id", "id"], unique=False)
    op.create_table(
        "session_names",
        sa.Column("session_id", sa.String(length=400), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["name_id"], ["names.id"], name=op.f("fk_session_names_name_id")),
        sa.PrimaryKeyConstraint("session_id", "kind", "position", name=op.f("pk_session_names")),
    )
    op.create_index("ix_session_names_name_id", "session_names", ["name_id", "session_id"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed_path", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.String(length=400), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file_mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_attachments_client_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_attachments_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("client_id", "address", name=op.f("uq_attachments_client_id_address")),
    )
    op.create_index(op.f("ix_attachments_session_id"), "attachments", ["session_id"], unique=False)
    op.create_table(
        "streams",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed_path", sa.LargeBinary(), nullable=False),
        sa.Column("name_digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("session_id", sa.String(length=400), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("file_mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("deleted_ms", sa.BigInteger(), nullable=True),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.Column("parsed_to", sa.BigInteger(), nullable=False),
        sa.Column("parser_version", sa.Integer(), nullable=False),
        sa.Column("inherits", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_streams_client_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_streams_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streams")),
        sa.UniqueConstraint("client_id", "address", name=op.f("uq_streams_client_id_address")),
    )
    op.create_index(
        "ix_streams_pending",
        "streams",
        ["id"],
        unique=False,
        sqlite_where=sa.text("parsed_to < length"),
        postgresql_where=sa.text("parsed_to < length"),
    )
    op.create_index(op.f("ix_streams_session_id"), "streams", ["session_id"], unique=False)
    op.create_index("ix_streams_client_id_name_digest", "streams", ["client_id", "name_digest"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=400), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("root_id", sa.String(length=400), nullable=False),
        sa.Column("parent_id", sa.String(length=400), nullable=True),
        sa.Column("agent_id", sa.String(length=200), nullable=True),
        sa.Column("orphan", sa.Boolean(), nullable=False),
        sa.Column("warmup", sa.Boolean(), nullable=False),
        sa.Column("spawned_by_seq", sa.BigInteger(), nullable=True),
        sa.Column("to_be_linked", sa.Boolean(), nullable=False),
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("git_branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("client_version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("active_ms", sa.BigInteger(), nullable=False),
        sa.Column("grown_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_line_ms", sa.BigInteger(), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("prompts", sa.Integer(), nullable=False),
        sa.Column("tool_calls", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("lines_with_entries", sa.Integer(), nullable=False),
        sa.Column("inherited_lines", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_creation_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.Column("counted_messages", sa.Integer(), nullable=False),
        sa.Column("counted_tool_calls", sa.Integer(), nullable=False),
        sa.Column("counted_input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("counted_output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("counted_cache_creation_tokens", sa.BigInteger(), nullable=False),
        sa.Column("counted_cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.Column("subagents", sa.Integer(), nullable=False),
        sa.Column("entry_types", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_sessions_client_id")),
        sa.ForeignKeyConstraint(["client_version_id"], ["names.id"], name=op.f("fk_sessions_client_version_id")),
        sa.ForeignKeyConstraint(["git_branch_id"], ["names.id"], name=op.f("fk_sessions_git_branch_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_sessions_organization_id")),
        sa.ForeignKeyConstraint(["project_id"], ["names.id"], name=op.f("fk_sessions_project_id")),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_sessions_stream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("stream_id", name=op.f("uq_sessions_stream_id")),
    )
    op.create_index("ix_sessions_of_client", "sessions", ["client_id", "parent_id", "grown_ms"], unique=False)
    op.create_index(
        "ix_sessions_main",
        "sessions",
        ["organization_id", "started_ms", "id"],
        unique=False,
        sqlite_where=sa.text("parent_id IS NULL"),
        postgresql_where=sa.text("parent_id IS NULL"),
    )
    op.create_index(op.f("ix_sessions_parent_id"), "sessions", ["parent_id"], unique=False)
    op.create_index(op.f("ix_sessions_root_id"), "sessions", ["root_id"], unique=False)
    op.create_index(
        "ix_sessions_to_be_linked",
        "sessions",
        ["root_id"],
        unique=False,
        sqlite_where=sa.text("to_be_linked"),
        postgresql_where=sa.text("to_be_linked"),
    )
