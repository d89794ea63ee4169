"""Which transaction wrote a session last: what is derived from sessions in memory asks whether it is still true.

The law: a transaction that writes rows of ``sessions`` takes one number and writes it to each of them, and
numbers become visible in their order.  So a snapshot whose last number is N shows exactly the
transactions 1 to N, and what changed since M are the rows with a number above M.

The order holds because the number is taken by an update of one row, which is locked until the transaction
ends: on SQLite writers follow each other anyway, on PostgreSQL those that write sessions do.  A transaction
that is undone gives its number back.  Nobody has to remember any of it: the column ``sessions.change`` fills
itself in, with inserts and with updates; only who deletes sessions, or destroys their
keys, calls ``note_removal``.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.engine.interfaces import ExecutionContext

_TAKEN = "session_change"
_TAKE = text(
    "INSERT INTO session_changes (id, last, last_removal) VALUES (1, 1, 0) "
    "ON CONFLICT (id) DO UPDATE SET last = session_changes.last + 1 RETURNING last"
)
_NOTE_REMOVAL = text("UPDATE session_changes SET last_removal = last")
_READ = text("SELECT last, last_removal FROM session_changes")


class Changes(NamedTuple):
    """What a snapshot shows.

    Attributes:
        last: Number of the last transaction that wrote sessions, 0 before the first.
        last_removal: Number of the last one that removed some.
    """

    last: int
    last_removal: int


def visible_changes(connection: Connection) -> Changes:
    """The last numbers in the connection's snapshot, which begins here where nothing was read before."""
    row = connection.execute(_READ).one_or_none()
    return Changes(row.last, row.last_removal) if row else Changes(0, 0)


def note_removal(tx: Connection) -> None:
    """Say that this transaction deletes sessions or their keys, which leave nothing to be found by."""
    _change_of(tx)
    tx.execute(_NOTE_REMOVAL)


def next_change(context: ExecutionContext) -> int:
    """The number of the transaction under way; fills in ``sessions.change``."""
    return _change_of(context.root_connection)


def _change_of(tx: Connection) -> int:
    """The transaction's number, taken with its first write of a session."""
    under_way = tx.get_transaction()
    taken = tx.info.get(_TAKEN)
    # The connection goes on to other transactions; the one that is kept here is no other's.
    if taken is None or taken[0] is not under_way:
        taken = tx.info[_TAKEN] = (under_way, int(tx.execute(_TAKE).scalar_one()))
    return taken[1]
