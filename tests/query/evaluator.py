"""A second opinion about filters, written apart from the product: plain Python over plain dicts.

A row is a dict as ``catalogue.plain_session`` makes it.  Nothing here imports the product.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

FIVE_MINUTES_MS = 300_000
SECOND = timedelta(seconds=1)
SINCE = datetime(1970, 1, 1, tzinfo=UTC)

SEVERAL = {
    "git_branch": "git_branches",
    "model": "models",
    "tool": "tools",
    "client_version": "client_versions",
    "permission_mode": "permission_modes",
    "entry_type": "entry_types",
}


def matching_ids(asked, rows, now_ms):
    """Ids of the listed sessions (those without a parent) whose tree has a session for which the filter is true."""
    return {
        top["id"]
        for top in rows
        if top["parent_id"] is None and any(true_for(asked, row, rows, now_ms) for row in tree_of(top, rows))
    }


def tree_of(top, rows):
    below = [row for row in rows if row["parent_id"] == top["id"]]
    return [top, *(one for child in below for one in tree_of(child, rows))]


def top_of(row, rows):
    while row["parent_id"] is not None:
        row = next(one for one in rows if one["id"] == row["parent_id"])
    return row


def true_for(asked, row, rows, now_ms):
    if "and" in asked:
        return all(true_for(part, row, rows, now_ms) for part in asked["and"])
    if "or" in asked:
        return any(true_for(part, row, rows, now_ms) for part in asked["or"])
    return token_true_for(asked["property"], asked["operator"], asked["value"], row, rows, now_ms)


def token_true_for(name, operator, wanted, row, rows, now_ms):
    if operator.startswith("!"):
        opposite = {"!=": "=", "!:": ":", "!^": "^"}[operator]
        return not token_true_for(name, opposite, wanted, row, rows, now_ms)
    if name in {"duration_ms", "messages", "tokens"}:
        have = sum(row["tokens"]) if name == "tokens" else row[name]
        return compare(operator, have, int(wanted))
    if name == "started_at":
        first, last = range_of(wanted, now_ms)
        return compare_time(operator, SINCE + timedelta(milliseconds=top_of(row, rows)["started_ms"]), first, last)
    if name == "has_subagents":
        return yes(wanted) == any(one["parent_id"] == top_of(row, rows)["id"] for one in rows)
    if name == "live":
        tree = tree_of(top_of(row, rows), rows)
        return yes(wanted) == any(abs(now_ms - one["grown_ms"]) <= FIVE_MINUTES_MS for one in tree)
    return words_fit(operator, wanted, words_of(name, row), exact=name not in {"first_prompt", "text", "session_id"})


def words_of(name, row):
    """Every value that a session has of a property whose values are words."""
    if name in {"rule", "severity"}:
        return []
    if name == "text":
        words = [row["title"], row["first_prompt"]]
    elif name == "session_id":
        words = [row["id"]]
    else:
        words = [row.get(name), *row.get(SEVERAL.get(name), [])]
    return [word for word in words if word is not None]


def words_fit(operator, wanted, words, *, exact):
    if operator == "=" and wanted == "":
        return not words
    if operator == "=":
        return any(word == wanted if exact else word.casefold() == wanted.casefold() for word in words)
    if operator == ":":
        return any(wanted.casefold() in word.casefold() for word in words)
    assert operator == "^"
    return any(word.casefold()[: len(wanted.casefold())] == wanted.casefold() for word in words)


def compare(operator, have, wanted):
    return {
        "=": have == wanted,
        ">": have > wanted,
        ">=": have >= wanted,
        "<": have < wanted,
        "<=": have <= wanted,
    }[operator]


def compare_time(operator, have, first, last):
    """``first`` and ``last``: first and last millisecond of the wanted day or instant."""
    return {
        "=": first <= have <= last,
        ">": have > last,
        ">=": have >= first,
        "<": have < first,
        "<=": have <= last,
    }[operator]


def range_of(wanted, now_ms):
    if wanted.startswith("-"):
        unit = {"m": 60, "h": 3600, "d": 86400, "w": 604800}[wanted[-1]] * SECOND
        time = SINCE + timedelta(milliseconds=now_ms) - int(wanted[1:-1]) * unit
        return time, time
    if len(wanted) == 10:
        day = date.fromisoformat(wanted)
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return midnight, midnight + 24 * 3600 * SECOND - SECOND / 1000
    time = datetime.fromisoformat(wanted)
    return time, time


def yes(wanted):
    return wanted in {True, "true"}
