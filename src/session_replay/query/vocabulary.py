"""The words of the filter: one table, from which come the SQL, the page's properties and docs/filter.md.

A property here is one that can be asked for; adding a row adds it everywhere.
``python -m session_replay.query.vocabulary > docs/filter.md`` writes the reference anew, and
``python -m session_replay.query.vocabulary --page > web/src/filter/vocabulary.json`` what the page offers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from session_replay.store.names import NameKind
from session_replay.wire import ENTRY_TYPES

Operator = Literal["=", "!=", ":", "!:", "^", "!^", ">", ">=", "<", "<="]
ValueKind = Literal["name", "text", "id", "choice", "number", "time", "boolean"]

SEVERITIES = ("critical", "high", "medium", "low", "informational")

OPERATORS: Mapping[ValueKind, tuple[Operator, ...]] = MappingProxyType(
    {
        "name": ("=", "!=", ":", "!:", "^", "!^"),
        "text": ("=", "!=", ":", "!:", "^", "!^"),
        "id": ("=", "!=", ":", "!:", "^", "!^"),
        "choice": ("=", "!="),
        "number": ("=", "!=", ">", ">=", "<", "<="),
        "time": ("=", "!=", ">", ">=", "<", "<="),
        "boolean": ("=", "!="),
    }
)

MEANINGS: Mapping[Operator, str] = MappingProxyType(
    {
        "=": "equals",
        "!=": "does not equal",
        ":": "contains",
        "!:": "does not contain",
        "^": "starts with",
        "!^": "does not start with",
        ">": "greater than, after",
        ">=": "greater than or equal, at or after",
        "<": "less than, before",
        "<=": "less than or equal, at or before",
    }
)

ADDRESS_WORDS: Mapping[Operator, str] = MappingProxyType(
    {
        "=": "is",
        "!=": "not",
        ":": "has",
        "!:": "lacks",
        "^": "starts",
        "!^": "starts-not",
        ">": "gt",
        ">=": "ge",
        "<": "lt",
        "<=": "le",
    }
)
"""How an address of the page has an operator (web/src/filter/address.ts); symbols would be percent-encoded."""


class Property(NamedTuple):
    """One property of a session that can be asked for.

    Attributes:
        name: The word in a filter.
        kind: What its values are; says which operators fit and how a value is written.
        label: The word on the page.
        group: Heading under which the page lists it.
        meaning: One sentence for the reference.
        names: Dictionary that holds its values, for kind ``name``; suggestions come from it too. A name or choice
            without dictionary and columns is one that no session has yet.
        columns: Columns of ``sessions`` that hold it: a dictionary number, or figures that are summed.
        listed: A session may have several of these names; they are in ``session_names``.
        by_client: The name belongs to the session's client.
        choices: All its values, for kind ``choice``.
        operators: The operators of the kind that make sense here; empty stands for all of them.
        of_tree: One value for the main session and all below it: that of the ``main`` session, or what holds for
            ``any`` of them.
        may_lack: A session may have none, which ``= ""`` finds.
        shown: The page offers it; false while no data can have it.
    """

    name: str
    kind: ValueKind
    label: str
    group: str
    meaning: str
    names: NameKind | None = None
    columns: tuple[str, ...] = ()
    listed: bool = False
    by_client: bool = False
    choices: tuple[str, ...] = ()
    operators: tuple[Operator, ...] = ()
    of_tree: Literal["", "main", "any"] = ""
    may_lack: bool = False
    shown: bool = True

    def allowed(self) -> tuple[Operator, ...]:
        """The operators that can stand between this property and a value."""
        return self.operators or OPERATORS[self.kind]


_PROPERTIES = (
    Property(
        "host",
        "name",
        "Agent (host)",
        "Where",
        "Name of the machine that the session ran on.",
        "host",
        by_client=True,
    ),
    Property("user", "name", "User", "Where", "User of that machine.", "user", by_client=True),
    Property(
        "project",
        "name",
        "Project",
        "Where",
        "Working directory.",
        "project",
        ("project_id",),
        may_lack=True,
    ),
    Property(
        "git_branch",
        "name",
        "Git branch",
        "Where",
        "Every git branch that the session was on.",
        "git_branch",
        ("git_branch_id",),
        listed=True,
        may_lack=True,
    ),
    Property(
        "model",
        "name",
        "Model",
        "What",
        "Every model that answered.",
        "model",
        listed=True,
        may_lack=True,
    ),
    Property("tool", "name", "Tool used", "What", "Every tool that was called.", "tool", listed=True, may_lack=True),
    Property(
        "rule",
        "name",
        "Rule triggered",
        "Security",
        "Detection rule that matched an entry.",
        may_lack=True,
        shown=False,
    ),
    Property(
        "severity",
        "choice",
        "Severity",
        "Security",
        "Severity of a finding.",
        choices=SEVERITIES,
        may_lack=True,
        shown=False,
    ),
    Property(
        "entry_type",
        "choice",
        "Entry type present",
        "What",
        "Type of an entry that occurs in the session.",
        columns=("entry_types",),
        choices=ENTRY_TYPES,
        may_lack=True,
    ),
    Property(
        "client_version",
        "name",
        "Client version",
        "What",
        "Every version of the coding agent that wrote the session.",
        "client_version",
        ("client_version_id",),
        listed=True,
        may_lack=True,
    ),
    Property(
        "permission_mode",
        "name",
        "Permission mode",
        "Security",
        "Every permission mode that the session was in.",
        "permission_mode",
        listed=True,
        may_lack=True,
    ),
    Property(
        "started_at",
        "time",
        "Started",
        "When",
        "Start of the main session; all that it spawned belongs to this moment.",
        columns=("started_ms",),
        of_tree="main",
    ),
    Property(
        "duration_ms",
        "number",
        "Duration",
        "When",
        "Milliseconds from the first to the last line.",
        columns=("duration_ms",),
    ),
    Property(
        "messages", "number", "Messages", "Figures", "Human prompts and assistant messages.", columns=("messages",)
    ),
    Property(
        "tokens",
        "number",
        "Tokens",
        "Figures",
        "Input, output, cache creation and cache read tokens together.",
        columns=("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens"),
    ),
    Property("session_id", "id", "Session id", "Text", "Id of the session.", columns=("id",)),
    Property("first_prompt", "text", "First prompt", "Text", "What was asked first.", may_lack=True),
    Property(
        "has_subagents",
        "boolean",
        "Has subagents",
        "Figures",
        "The main session spawned subagents.",
        columns=("subagents",),
        of_tree="main",
    ),
    Property(
        "live",
        "boolean",
        "Live",
        "When",
        "The session, or one that it spawned, grew within the last 5 minutes.",
        columns=("grown_ms",),
        of_tree="any",
    ),
    Property(
        "text",
        "text",
        "Text",
        "Text",
        "Free text: title and first prompt for now, the contents of the session later.",
        operators=(":", "!:"),
        may_lack=True,
    ),
)

VOCABULARY: Mapping[str, Property] = MappingProxyType({one.name: one for one in _PROPERTIES})

_VALUES: Mapping[ValueKind, str] = MappingProxyType(
    {
        "name": "text",
        "text": "text",
        "id": "text",
        "choice": "text",
        "number": "whole number",
        "time": "`YYYY-MM-DD`, RFC 3339, or `-7d`",
        "boolean": "`true` or `false`",
    }
)

_HEAD = """\
# The filter

<!-- Written by `python -m session_replay.query.vocabulary`: change src/session_replay/query/vocabulary.py instead. -->

`filter` is one JSON value, URL-encoded. A group joins tokens and further groups by `and` or by `or`:

```json
{"and": [
  {"property": "host", "operator": "=", "value": "build-7"},
  {"or": [
    {"property": "tool", "operator": "=", "value": "Bash"},
    {"property": "duration_ms", "operator": ">", "value": 3600000}
  ]}
]}
```

Groups nest at most 8 deep, and a filter has at most 100 tokens. A filter that cannot be understood is refused with
`invalid-filter` and a sentence that says what is allowed; the outermost group alone may be empty,
`{"and": []}`, and is then no filter.
"""

_RULES = """\
## What matches

- The whole filter is asked of each session of a tree by itself: of the main session and of every subagent session below
  it. **A main session matches if any session of its tree does.** So `tool != Bash` finds trees in which at least one
  session never called Bash, and two tokens joined by `and` must both hold for one and the same session.
- *Started*, *Has subagents* and *Live* are the exception: they have one value for the whole tree, so that the sessions
  of a day are those that started on it.
- Where a session has several values (branches, models, tools, …), `=` `:` `^` hold if one of the values fits.
- `!=` `!:` `!^` are the exact opposite of `=` `:` `^` for one session: they also find sessions that lack the property.
- `= ""` finds sessions that lack the property, `!= ""` those that have it.

## How values are compared

- Names (agent, user, project, …): `=` compares exactly; `:` and `^` do not distinguish upper and lower case.
- *First prompt*, *Session id* and *Text*: no operator distinguishes upper and lower case.
- *Text* looks into the title and the first prompt of a session, not yet into its contents.
- A date stands for its whole day in UTC: `= 2026-11-22` is that day, `> 2026-11-22` begins with the next one and
  `<= 2026-11-22` ends with it. A time needs an offset (`2026-11-22T19:16:44Z`, `…+02:00`) and is exact to the
  millisecond. `-90m`, `-24h`, `-7d` and `-4w` are so many minutes, hours, days or weeks before the moment at which the
  filter is asked: a link or a saved filter that says `>= -7d` goes on to mean the last seven days. Ranges are two
  tokens.
- Durations are milliseconds. Numbers and booleans may be written as JSON text too.

## In an address of the page

`?filter=host.is.build-7,or(tool.is.Bash,duration_ms.gt.3600000)` is the filter above. Conditions are joined by commas,
all of which must hold; groups are `and(…)` and `or(…)`. Within a property or a value `,` `(` and `)` are
percent-encoded, a space is `+`, and a text that would be read as a number, as `true` or `false`, or as nothing stands
behind a `~`. The page reads the JSON there, too.
"""


def reference() -> str:
    """The page docs/filter.md, as markdown."""
    operators = [f"| `{one}` | `{ADDRESS_WORDS[one]}` | {meaning} |" for one, meaning in MEANINGS.items()]
    return (
        "\n".join(
            (
                _HEAD,
                "## Properties\n",
                "| property | on the page | means | value | operators |",
                "|---|---|---|---|---|",
                *(_property_row(one) for one in VOCABULARY.values()),
                "",
                "Suggestions (`GET /api/facets/{property}`) exist for names, for properties with fixed values and for",
                "booleans; the count is that of the list filtered by the value.\n",
                "## Operators\n",
                "| operator | in an address of the page | means |",
                "|---|---|---|",
                *operators,
                "",
                _RULES,
            )
        ).rstrip()
        + "\n"
    )


def page_words() -> str:
    """What the page needs to know of the properties that it offers, as JSON (web/src/filter/vocabulary.json)."""
    offered = [
        {
            "key": one.name,
            "label": one.label,
            "kind": one.kind,
            "group": one.group,
            "operators": one.allowed(),
            **({"choices": one.choices} if one.choices else {}),
            **({"may_lack": True} if one.may_lack else {}),
        }
        for one in VOCABULARY.values()
        if one.shown
    ]
    return json.dumps(offered, indent=2, ensure_ascii=False) + "\n"


def _property_row(one: Property) -> str:
    value = _code(one.choices) if one.choices else _VALUES[one.kind]
    label = one.label if one.shown else f"{one.label} (nothing has it yet)"
    return f"| `{one.name}` | {label} | {one.meaning} | {value} | {_code(one.allowed())} |"


def _code(words: tuple[str, ...]) -> str:
    return " ".join(f"`{word}`" for word in words)


if __name__ == "__main__":
    sys.stdout.write(page_words() if "--page" in sys.argv else reference())
