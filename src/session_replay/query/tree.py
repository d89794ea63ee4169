"""Which sessions belong together: a listed session and all subagent sessions below it.

The tree of a main session is everything under its ``root_id``.  Subagent sessions whose main session is
not stored share the ``root_id`` of the missing one and are listed each by itself, so theirs is found by
following ``parent_id``: they are few.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, FromClause, func, select

from session_replay.store.schema import sessions


class Member(NamedTuple):
    """A session as part of its tree, inside a statement.

    Attributes:
        row: Its row of ``sessions``.
        tree: Id of the listed session at the top of its tree.
        source: What to select from to have both.
    """

    row: FromClause
    tree: ColumnElement[str]
    source: FromClause


@cache
def member(name: str) -> Member:
    """A session under an alias of its own, which a statement must not nest in itself.

    Kept, because the columns of an alias cost more to make than the rest of a statement.
    """
    row, orphan = sessions.alias(name), _ORPHANS.alias(f"{name}_orphan")
    tree = func.coalesce(orphan.c.top_id, row.c.root_id)
    return Member(row, tree, row.outerjoin(orphan, orphan.c.id == row.c.id))


def _orphans() -> FromClause:
    top, below = sessions.alias("orphan_top"), sessions.alias("orphan_below")
    orphans = (
        select(top.c.id, top.c.id.label("top_id"))
        .where(top.c.orphan, top.c.parent_id.is_(None))
        .cte("orphans", recursive=True)
    )
    return orphans.union(select(below.c.id, orphans.c.top_id).join(orphans, below.c.parent_id == orphans.c.id))


_ORPHANS = _orphans()
