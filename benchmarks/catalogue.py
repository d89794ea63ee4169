"""The session browser over a fleet: 100,000 sessions of 1,000 machines, as rows of the catalogue made directly.

Sessions without transcripts: what is measured reads the catalogue alone.  Everything is drawn from one seed,
skewed as in fleets: few busy machines, projects, tools and models, many rare ones.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from rich.console import Console
from sqlalchemy import Connection, insert

import measure
from session_replay.query.mirror.keeper import Mirror
from session_replay.query.vocabulary import VOCABULARY, Operator, Property
from session_replay.store import schema
from session_replay.store.clients import enter
from session_replay.store.installation import Installation, open_installation
from session_replay.store.names import NameKind
from session_replay.store.sessions import SessionText
from session_replay.store.streams import seal_path
from session_replay.transcript.entry import PARSER_VERSION
from session_replay.vault.source import KeySource

SESSIONS, HOSTS = 100_000, 1_000
MAIN_SHARE = 0.6
END_MS = 1_795_176_000_000
"""2026-11-20T12:00:00Z."""
PERIOD_MS = 180 * 86_400_000
ROWS_AT_ONCE = 2_000
MIRRORED_SECONDS_MAX = 120
MIRRORED_ANSWER_SECONDS = 0.03
"""A suggestion that is counted in SQL over so many sessions takes several times as long."""

MODELS = tuple(f"claude-{name}" for name in ("opus-4-1", "sonnet-4-5", "haiku-4-5", "opus-4-5", "sonnet-4", "3-7"))
TOOLS = (
    *("Bash", "Read", "Edit", "Grep", "Write", "Glob", "TodoWrite", "Task", "WebFetch", "WebSearch", "MultiEdit"),
    *(
        f"mcp__{server}__{tool}"
        for server in ("github", "jira", "slack", "db")
        for tool in ("list", "get", "set", "run")
    ),
    *(f"mcp__internal__tool_{number}" for number in range(40)),
)
VERSIONS = tuple(f"2.{minor}.{patch}" for minor in (1, 0) for patch in range(40, 0, -1))
MODES = ("default", "acceptEdits", "plan", "bypassPermissions")
WORDS = tuple(
    "add fix the a test for login payment cache retry flaky build deploy schema query page slow memory leak in of to "  # noqa: SIM905 - words
    "review explain refactor migrate rename delete update docs type error null check user order cart search index why "
    "does this fail please make sure that all tests pass and keep changes small Überprüfung ошибка 测试".split(" ")
)


class Fleet(NamedTuple):
    """What the rows are drawn from."""

    chance: random.Random
    hosts: list[str]
    users: list[str]
    projects: list[str]
    branches: list[str]


def fleet(seed: int = 7, hosts: int = HOSTS) -> Fleet:
    """The same one for the same seed."""
    chance = random.Random(seed)
    names = [f"{kind}-{number:04}" for kind in ("build", "laptop") for number in range((hosts + 1) // 2)]
    return Fleet(
        chance,
        names[:hosts],
        [f"user{number:03}" for number in range(max(1, hosts // 3))],
        [f"/home/user{number % 300:03}/src/{WORDS[number % 40]}-{number:04}" for number in range(2_000)],
        ["main", *(f"{chance.choice(('feat', 'fix'))}/{WORDS[number % 44]}-{number}" for number in range(4_000))],
    )


def skewed(chance: random.Random, of: Sequence[str]) -> str:
    """One of them: the first ones often, the last ones hardly ever."""
    return of[min(len(of) - 1, int(len(of) * chance.random() ** 3))]


def sentence(chance: random.Random, words_max: int) -> str:
    """Words of a title or prompt."""
    return " ".join(chance.choices(WORDS, k=chance.randint(3, words_max)))


def fill(at: Installation, of: Fleet, count: int) -> None:
    """Enter ``count`` sessions, subagents among them."""
    chance = of.chance
    clients = at.database.write(lambda tx: _enter_clients(tx, at, of))
    numbers = at.database.write(lambda tx: _enter_names(tx, at, of))
    mains: list[str] = []
    for start in range(0, count, ROWS_AT_ONCE):
        batch: dict[Any, list[dict[str, Any]]] = {
            table: [] for table in (schema.session_keys, schema.streams, schema.sessions, schema.session_names)
        }
        for _ in range(min(ROWS_AT_ONCE, count - start)):
            is_main = not mains or chance.random() < MAIN_SHARE
            session_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            root_id = session_id if is_main else chance.choice(mains[-200:])
            if is_main:
                mains.append(session_id)
            else:
                session_id = f"{root_id}.a{chance.getrandbits(64):016x}"
            _draw(at, of, batch, session_id, None if is_main else root_id, skewed(chance, list(clients)), numbers)

        def write(tx: Connection, batch: dict[Any, list[dict[str, Any]]] = batch) -> None:
            for table, rows in batch.items():
                tx.execute(insert(table), rows)

        at.database.write(write)


def _enter_clients(tx: Connection, at: Installation, of: Fleet) -> dict[str, None]:
    clients: dict[str, None] = {}
    for host in of.hosts:
        user = of.chance.choice(of.users)
        host_id = at.names.numbers(tx, "host", [host])[host]
        user_id = at.names.numbers(tx, "user", [user])[user]
        clients[enter(tx, at.key.organization, host_id, user_id, END_MS - PERIOD_MS)] = None
    return clients


def _enter_names(tx: Connection, at: Installation, of: Fleet) -> dict[NameKind, dict[str, int]]:
    values: dict[NameKind, Sequence[str]] = {
        "project": of.projects,
        "git_branch": of.branches,
        "model": MODELS,
        "tool": TOOLS,
        "client_version": VERSIONS,
        "permission_mode": MODES,
    }
    return {
        kind: {
            text: number
            for start in range(0, len(texts), 500)
            for text, number in at.names.numbers(tx, kind, texts[start : start + 500]).items()
        }
        for kind, texts in values.items()
    }


def _draw(
    at: Installation,
    of: Fleet,
    batch: dict[Any, list[dict[str, Any]]],
    session_id: str,
    parent_id: str | None,
    client: str,
    numbers: dict[NameKind, dict[str, int]],
) -> None:
    """One session's rows."""
    chance, organization = of.chance, at.key.organization
    secret, wrapped = at.key.make_session_key(session_id)
    stream_id, address = chance.getrandbits(63), chance.randbytes(16)
    lists: dict[NameKind, list[str]] = {
        "git_branch": [skewed(chance, of.branches)],
        "model": [skewed(chance, MODELS) for _ in range(chance.randint(1, 2))],
        "tool": [skewed(chance, TOOLS) for _ in range(chance.randint(1, 14))],
        "client_version": [skewed(chance, VERSIONS)],
        "permission_mode": [skewed(chance, MODES) for _ in range(chance.randint(1, 2))],
    }
    started_ms = END_MS - int(PERIOD_MS * chance.random() ** 1.3)
    duration_ms = int(60_000 * chance.paretovariate(0.8)) % 30_000_000
    lines = int(20 * chance.paretovariate(1.0)) % 20_000 + 2
    tokens = {part: int(lines * chance.random() * scale) for part, scale in _TOKENS.items()}
    text = SessionText(
        sentence(chance, 9) if chance.random() < 0.8 else None,  # noqa: PLR2004 - a share
        sentence(chance, 60),
    )
    path = seal_path(at.key, secret, address, f"-home-{client}/{session_id}.jsonl")
    batch[schema.session_keys].append({"session_id": session_id, "key_version": 1, "wrapped": wrapped})
    batch[schema.streams].append(
        {
            "id": stream_id,
            "organization_id": organization,
            "client_id": client,
            "address": address,
            "sealed_path": path,
            "name_digest": address,
            "followed": True,
            "session_id": session_id,
            "generation": 0,
            "length": lines * 900,
            "leaves": b"",
            "file_mtime_ns": started_ms * 1_000_000,
            "file_size": lines * 900,
            "received_ms": started_ms,
            "parsed_to": lines * 900,
            "parser_version": PARSER_VERSION,
            "inherits": "",
        }
    )
    batch[schema.sessions].append(
        {
            "id": session_id,
            "organization_id": organization,
            "stream_id": stream_id,
            "client_id": client,
            "root_id": parent_id or session_id,
            "parent_id": parent_id,
            "orphan": False,
            "warmup": False,
            "agent_id": session_id.partition(".")[2] or None,
            "spawned_by_seq": None,
            "to_be_linked": False,
            "project_id": numbers["project"][skewed(chance, of.projects)],
            "git_branch_id": numbers["git_branch"][lists["git_branch"][0]],
            "client_version_id": numbers["client_version"][lists["client_version"][0]],
            "sealed_text": at.session_keys.seal_text(secret, session_id, text),
            "started_ms": started_ms,
            "ended_ms": started_ms + duration_ms,
            "duration_ms": duration_ms,
            "active_ms": duration_ms // 2,
            "grown_ms": started_ms + duration_ms,
            "first_line_ms": started_ms,
            "messages": lines // 2,
            "prompts": lines // 20,
            "tool_calls": lines // 3,
            "entries": lines,
            "lines": lines,
            "lines_with_entries": lines,
            "inherited_lines": 0,
            "size_bytes": lines * 900,
            "counted_messages": lines // 2,
            "counted_tool_calls": lines // 3,
            "subagents": 0,
            **tokens,
            **{f"counted_{part}": number for part, number in tokens.items()},
            "entry_types": chance.choice((7, 15, 47, 255, 3)),
        }
    )
    for kind, values in lists.items():
        distinct = dict.fromkeys(numbers[kind][value] for value in values)
        batch[schema.session_names] += [
            {"session_id": session_id, "kind": kind, "position": position, "name_id": number}
            for position, number in enumerate(distinct)
        ]


_TOKENS = {"input_tokens": 30, "output_tokens": 200, "cache_creation_tokens": 900, "cache_read_tokens": 9_000}


class Questions:
    """Filters over every property and operator, drawn evenly, with values as people would pick them."""

    def __init__(self, of: Fleet, chance: random.Random) -> None:
        self._chance = chance
        self._words: dict[str, Sequence[str]] = {
            "host": of.hosts,
            "user": of.users,
            "project": of.projects,
            "git_branch": of.branches,
            "model": MODELS,
            "tool": TOOLS,
            "client_version": VERSIONS,
            "permission_mode": MODES,
        }
        self.pairs: list[tuple[Property, Operator]] = [
            (one, operator) for one in VOCABULARY.values() for operator in one.allowed()
        ]

    def token(self, of: Property, operator: Operator) -> dict[str, Any]:
        """One condition."""
        return {"property": of.name, "operator": operator, "value": self._value(of, operator)}

    def two(self, pairs: Sequence[tuple[Property, Operator]], first: int) -> dict[str, Any]:
        """Two conditions, of which the first is of the pair with that number: so that each pair comes."""
        parts = [self.token(*pairs[first % len(pairs)]), self.token(*self._chance.choice(pairs))]
        return {self._chance.choice(("and", "and", "or")): parts}

    def _value(  # noqa: PLR0911 - one for each kind of value
        self, of: Property, operator: Operator
    ) -> str | int | bool:
        chance = self._chance
        match of.kind:
            case "number":
                return chance.choice((0, 10, 100, 60_000, 3_600_000, 1_000_000))
            case "time":
                return time.strftime("%Y-%m-%d", time.gmtime(END_MS / 1000 - chance.randrange(180) * 86_400))
            case "boolean":
                return chance.choice((True, False))
            case "choice":
                return chance.choice(of.choices)
            case "id":
                return f"{chance.getrandbits(12):03x}"
            case "text":
                return chance.choice(("payment", "Flaky", "fix the", "überprüfung", "no such words", "e"))
            case "name":
                name = skewed(chance, self._words.get(of.name, ("none",)))
                return name if operator in {"=", "!="} else name[: chance.randint(2, 6)]


SORTS = ("-started_at", "-started_at", "-started_at", "started_at", "-duration_ms", "-messages", "-tokens", "-findings")


def figures(
    product: Any,  # noqa: ANN401 - run.Product, which imports this module
    scratch: Path,
    requests: int,
    say: Console,
    *,
    sessions: int = SESSIONS,
) -> dict[str, float]:
    """Make the catalogue, serve it, ask; gives the rows of the table.

    Raises:
        measure.RunFailed: The server answered something else than 200, or never mirrored.
    """
    data = scratch / "catalogue-data"
    key_file = Path(product.environment(data)["SESSION_REPLAY_KEY_FILE"])
    of = fleet()
    found: dict[str, float] = {}
    with open_installation(data, KeySource(scratch, file=key_file)) as at:
        fill(at, of, sessions)
        mirror = Mirror(at.names, at.session_keys, from_sessions=0)
        started = time.perf_counter()
        with at.database.read() as connection:
            mirror.make(connection)
            found["fleet_mirror_seconds"] = time.perf_counter() - started
            with mirror.answers(connection, now_ms=END_MS) as answers:
                if answers is None:
                    raise measure.RunFailed("the mirror does not answer")
                found["fleet_mirror_bytes_per_session"] = answers.size_bytes / sessions
    questions = Questions(of, random.Random(11))
    plain = [pair for pair in questions.pairs if pair[0].kind != "text"]
    texts = [pair for pair in questions.pairs if pair[0].kind == "text"]
    say.print(f"  {sessions} sessions, {len(questions.pairs)} pairs of property and operator")
    with product.serving(data) as server:
        _wait_until_mirrored(server)

        def ask(path: str, **parameters: object) -> bytes:
            return server.get(f"{path}?{urlencode(parameters)}" if parameters else path)

        def p95(count: int, act: Callable[[int], object]) -> float:
            return 1000 * measure.percentile(measure.timed(count, act), 0.95)

        found["fleet_list_p95_ms"] = p95(requests, lambda _: ask("/api/sessions", limit=50))
        pages = _pages(questions, plain, ask, 2 * requests)
        found["fleet_filtered_list_p95_ms"] = p95(2 * requests, lambda _: ask("/api/sessions", **next(pages)))
        pages = _pages(questions, texts, ask, requests)
        found["fleet_text_list_p95_ms"] = p95(requests, lambda _: ask("/api/sessions", **next(pages)))
        zones = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata")
        suggested = [one.name for one in VOCABULARY.values() if one.kind in {"name", "choice", "boolean"}]
        asked = {
            "stats": ["/api/stats?"],
            "activity": [f"/api/activity?tz={zone}&" for zone in zones],
            "facets": [f"/api/facets/{name}?" for name in suggested],
        }
        for name, paths in asked.items():
            # Each path without a filter, then with one.
            urls = [
                paths[number // 2 % len(paths)]
                + (urlencode({"filter": json.dumps(questions.two(plain, number))}) if number % 2 else "")
                for number in range(2 * requests)
            ]
            found[f"fleet_{name}_p95_ms"] = p95(len(urls), lambda number, urls=urls: server.get(urls[number]))
        found["fleet_server_peak_mb"] = server.memory.peak_bytes / 1e6
    return found


def _pages(
    questions: Questions, pairs: Sequence[tuple[Property, Operator]], ask: Callable[..., bytes], count: int
) -> Iterator[dict[str, object]]:
    """Parameters of pages, every other one behind a cursor; asked for before they are measured."""
    made: list[dict[str, object]] = []
    for number in range(count + 1):
        page: dict[str, object] = {
            "limit": 50,
            "filter": json.dumps(questions.two(pairs, number)),
            "sort": SORTS[number % len(SORTS)],
        }
        if number % 2:
            cursor = json.loads(ask("/api/sessions", **page))["next_cursor"]
            page |= {"cursor": cursor} if cursor else {}
        made.append(page)
    return iter(made)


def _wait_until_mirrored(server: measure.Server) -> None:
    deadline = time.monotonic() + MIRRORED_SECONDS_MAX
    while time.monotonic() < deadline:
        if measure.timed(3, lambda _: server.get("/api/facets/model"))[0] < MIRRORED_ANSWER_SECONDS:
            return
        time.sleep(0.5)
    raise measure.RunFailed("the server's column mirror is not there after two minutes")
