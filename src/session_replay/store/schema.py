"""The tables.  In clear: ids, times, sizes, counts, token figures; everything else is sealed bytes.

Half-open ranges ``[start, end)`` are bytes of the raw transcript; ``*_ms`` are milliseconds since the
Unix epoch or durations.  A change here needs a migration (``store/migrations``); a test compares both.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from session_replay.store.changes import next_change

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
RowId = BigInteger().with_variant(Integer, "sqlite")


def _organization() -> Column[int]:
    return Column("organization_id", Integer, ForeignKey("organizations.id"), nullable=False)


organizations = Table(
    "organizations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("data_id", String(32), nullable=False, unique=True),  # names the key file
    Column("created_ms", BigInteger, nullable=False),
)

organization_keys = Table(
    "organization_keys",
    metadata,
    Column("organization_id", Integer, ForeignKey("organizations.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kek_id", String(16), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

names = Table(
    "names",
    metadata,
    Column("id", RowId, primary_key=True),
    _organization(),
    Column("kind", String(32), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("organization_id", "kind", "digest"),
)

clients = Table(
    "clients",
    metadata,
    Column("id", String(32), primary_key=True),
    _organization(),
    Column("host_id", RowId, ForeignKey("names.id"), nullable=False),
    Column("user_id", RowId, ForeignKey("names.id"), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("label_id", RowId, ForeignKey("names.id"), nullable=True),
    # Of a collector that was enrolled: what lets it append, and nothing else.
    Column("credential_digest", LargeBinary(32), nullable=True, unique=True),
    Column("machine_digest", LargeBinary(16), nullable=True),
    Column("enrolled_ms", BigInteger, nullable=True),
    Column("revoked_ms", BigInteger, nullable=True),
    # As its collector last reported.
    Column("seen_ms", BigInteger, nullable=True),
    Column("files", Integer, nullable=False),
    Column("unshipped_bytes", BigInteger, nullable=False),
    Column("unshipped_since_ms", BigInteger, nullable=True),
    Column("clock_ahead_ms", BigInteger, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("sealed_report", LargeBinary, nullable=True),  # versions, faults, starts: see clients.LastReport
    # Two machines may have the same name and user.
    Index("ix_clients_owner", "organization_id", "host_id", "user_id"),
)

enrolment_tokens = Table(
    "enrolment_tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    _organization(),
    Column("token_digest", LargeBinary(32), nullable=False, unique=True),
    Column("label_id", RowId, ForeignKey("names.id"), nullable=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("client_id", String(32), ForeignKey("clients.id"), nullable=True),  # that redeemed it
    Column("machine_digest", LargeBinary(16), nullable=True),
)

client_events = Table(
    # What happened to a client's files, and to the client: some of it alarms until somebody acknowledged it.
    "client_events",
    metadata,
    Column("id", RowId, primary_key=True),
    _organization(),
    Column("client_id", String(32), ForeignKey("clients.id"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("stream_id", BigInteger, nullable=True),
    Column("acknowledged_ms", BigInteger, nullable=True),
    Index("ix_client_events_client_id_id", "client_id", "id"),
)

session_keys = Table(
    "session_keys",
    metadata,
    Column("session_id", String(400), primary_key=True),
    Column("key_version", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

streams = Table(
    "streams",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # random
    _organization(),
    Column("client_id", String(32), ForeignKey("clients.id"), nullable=False),
    Column("address", LargeBinary(16), nullable=False),  # keyed digest of the path
    Column("sealed_path", LargeBinary, nullable=False),
    Column("name_digest", LargeBinary(16), nullable=False),  # keyed digest of the file's name: a moved file keeps it
    Column("session_id", String(400), nullable=False, index=True),
    Column("generation", Integer, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("leaves", LargeBinary, nullable=False),  # 32 bytes a 64 KiB block, the last may be of a shorter one
    Column("file_mtime_ns", BigInteger, nullable=False),
    Column("file_size", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("deleted_ms", BigInteger, nullable=True),  # when the file was found removed on its machine
    Column("followed", Boolean, nullable=False),  # a collector looks at the file, and would say if it is gone
    Column("parsed_to", BigInteger, nullable=False),
    Column("parser_version", Integer, nullable=False),
    Column("inherits", Text, nullable=False),  # numbers of the streams whose lines this one repeats, comma between
    UniqueConstraint("client_id", "address"),
    Index("ix_streams_client_id_name_digest", "client_id", "name_digest"),
    Index(
        "ix_streams_pending",
        "id",
        sqlite_where=text("parsed_to < length"),
        postgresql_where=text("parsed_to < length"),
    ),
)

chunks = Table(
    "chunks",
    metadata,
    Column("stream_id", BigInteger, primary_key=True, autoincrement=False),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("end", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

summaries = Table(
    "summaries",
    metadata,
    Column("stream_id", BigInteger, primary_key=True, autoincrement=False),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("line_start", BigInteger, primary_key=True, autoincrement=False),
    Column("line_end", BigInteger, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

attachments = Table(
    "attachments",
    metadata,
    Column("id", RowId, primary_key=True),
    _organization(),
    Column("client_id", String(32), ForeignKey("clients.id"), nullable=False),
    Column("address", LargeBinary(16), nullable=False),
    Column("sealed_path", LargeBinary, nullable=False),
    Column("session_id", String(400), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("file_mtime_ns", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("client_id", "address"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(400), primary_key=True),
    _organization(),
    Column("stream_id", BigInteger, ForeignKey("streams.id"), nullable=False, unique=True),
    Column("client_id", String(32), ForeignKey("clients.id"), nullable=False),
    Column("root_id", String(400), nullable=False, index=True),  # the main session of the tree
    Column("parent_id", String(400), nullable=True, index=True),
    Column("agent_id", String(200), nullable=True),
    Column("orphan", Boolean, nullable=False),
    Column("warmup", Boolean, nullable=False),
    Column("spawned_by_seq", BigInteger, nullable=True),
    Column("to_be_linked", Boolean, nullable=False),  # what it spawned, or what spawned it, must be looked up again
    Column("project_id", RowId, ForeignKey("names.id"), nullable=True),
    Column("git_branch_id", RowId, ForeignKey("names.id"), nullable=True),
    Column("client_version_id", RowId, ForeignKey("names.id"), nullable=True),
    Column("sealed_text", LargeBinary, nullable=False),  # title, first prompt, …: see sessions.SessionText
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("active_ms", BigInteger, nullable=False),
    Column("grown_ms", BigInteger, nullable=False),  # when the file last grew
    Column("first_line_ms", BigInteger, nullable=True),
    Column("messages", Integer, nullable=False),
    Column("prompts", Integer, nullable=False),
    Column("tool_calls", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("lines_with_entries", Integer, nullable=False),
    Column("damaged_lines", Integer, nullable=False, server_default=text("0")),
    Column("inherited_lines", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cache_creation_tokens", BigInteger, nullable=False),
    Column("cache_read_tokens", BigInteger, nullable=False),
    # What this session adds to the organization's figures: its own, less what another stream counts under its ids.
    Column("counted_messages", Integer, nullable=False),
    Column("counted_tool_calls", Integer, nullable=False),
    Column("counted_input_tokens", BigInteger, nullable=False),
    Column("counted_output_tokens", BigInteger, nullable=False),
    Column("counted_cache_creation_tokens", BigInteger, nullable=False),
    Column("counted_cache_read_tokens", BigInteger, nullable=False),
    Column("subagents", Integer, nullable=False),
    Column("entry_types", SmallInteger, nullable=False),  # bit n = wire.ENTRY_TYPES[n] occurs
    # The transaction that wrote the row last, see store/changes.py; filled in by every insert and update.
    Column(
        "change",
        BigInteger,
        nullable=False,
        index=True,
        default=next_change,
        onupdate=next_change,
        server_default=text("0"),
    ),
    Index("ix_sessions_of_client", "client_id", "parent_id", "grown_ms"),  # figures of clients, from it alone
    Index(
        "ix_sessions_to_be_linked",
        "root_id",
        sqlite_where=text("to_be_linked"),
        postgresql_where=text("to_be_linked"),
    ),
    Index(
        "ix_sessions_main",
        "organization_id",
        "started_ms",
        "id",
        sqlite_where=text("parent_id IS NULL"),
        postgresql_where=text("parent_id IS NULL"),
    ),
)

session_changes = Table(
    # One row: the number of the last transaction that wrote sessions, and of the last that removed some.
    "session_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("last_removal", BigInteger, nullable=False),
)

saved_filters = Table(
    "saved_filters",
    metadata,
    Column("id", String(32), primary_key=True),  # random
    _organization(),
    Column("name_digest", LargeBinary(16), nullable=False),  # keyed, of the name without upper and lower case
    Column("sealed", LargeBinary, nullable=False),  # name, filter and sort: see saved_filters.SavedFilter
    Column("created_ms", BigInteger, nullable=False),
    UniqueConstraint("organization_id", "name_digest"),
)

session_names = Table(
    "session_names",
    metadata,
    Column("session_id", String(400), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("name_id", RowId, ForeignKey("names.id"), nullable=False),
    Index("ix_session_names_name_id", "name_id", "session_id"),
)

recorded_ids = Table(
    # Which stream counts an API message or tool call: forks and copies repeat their ids.
    "recorded_ids",
    metadata,
    Column("organization_id", Integer, primary_key=True, autoincrement=False),
    Column("id_digest", BigInteger, primary_key=True, autoincrement=False),
    Column("stream_id", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

shared_messages = Table(
    # What streams recorded of an API message that another stream counts: the largest of each counter is what counts.
    "shared_messages",
    metadata,
    Column("organization_id", Integer, primary_key=True, autoincrement=False),
    Column("id_digest", BigInteger, primary_key=True, autoincrement=False),
    Column("stream_id", BigInteger, primary_key=True, autoincrement=False, index=True),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cache_creation_tokens", BigInteger, nullable=False),
    Column("cache_read_tokens", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
