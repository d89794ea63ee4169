"""What an entry names in full where its preview is cut: programs, hosts, files; and who allowed it.

The law: a call names, its result only adds what the call could not know; each
kind of name is bounded, and where names were left out the entry says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import cast

import msgspec
from msgspec import Raw

from session_replay.transcript.hosts import argument_hosts, host_of, url_hosts
from session_replay.transcript.kinds import tool_act
from session_replay.transcript.line import (
    NO_RAW,
    PATH_CHARS_MAX,
    Line,
    ToolFacts,
    json_value,
    read_part,
)
from session_replay.transcript.permission import permission
from session_replay.transcript.shell import program_name, script_of
from session_replay.wire import Facts

NAMES_MAX = 32
"""More distinct programs, hosts or files of one entry are not told."""
PROGRAM_CHARS_MAX = 80
_ARGUMENT_CHARS_MAX = 4_000_000
_HOST_KEYS = frozenset(("host", "hostname", "domain", "url", "uri", "endpoint", "server", "baseurl", "base_url"))
_NULL_DEVICES = ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty")
_POWERSHELL_END = re.compile(r"[;|\n{}()&]+")
_NO_FACTS = Facts()


class _Command(msgspec.Struct, gc=False):
    """Parameters of a tool that runs commands."""

    command: str | None = None


class _Write(msgspec.Struct, gc=False):
    """Parameters of a tool that changes files."""

    file_path: str | None = None
    notebook_path: str | None = None
    content: str | None = None


class _Fetch(msgspec.Struct, gc=False):
    """Parameters of a tool that goes to the network."""

    url: str | None = None
    allowed_domains: list[str] = []


def call_facts(name: str, raw_input: Raw) -> Facts | None:
    """What a tool call names; None for nothing."""
    act = tool_act(name)
    if not act or raw_input == NO_RAW:
        return None
    if act == "mcp":
        facts = _named_in_json(raw_input)
    elif act == "command":
        command = read_part(raw_input, _Command).command or ""
        facts = powershell_facts(command) if name == "PowerShell" else command_facts(command)
    elif act == "file-write":
        facts = _written(read_part(raw_input, _Write))
    elif act == "network":
        facts = _fetched(raw_input)
    else:
        return None
    return said(facts)


def command_facts(command: str) -> Facts:
    """What a shell command names.  Of files only those that it sends output into."""
    script = script_of(command)
    hosts = [*url_hosts(command), *(host for words in script.commands for host in argument_hosts(words))]
    facts = Facts(truncated=script.is_cut)
    facts.programs = _bounded(facts, (_program(words[0]) for words in script.commands))
    facts.hosts = _bounded(facts, hosts)
    facts.paths = _bounded(facts, _output_files(script.targets, script.commands))
    return facts


def powershell_facts(command: str) -> Facts:
    """What a PowerShell command names: the first word of each part, and URLs."""
    facts = Facts()
    parts = (part.split(maxsplit=1) for part in _POWERSHELL_END.split(command))
    words = (part[0] for part in parts if part)
    facts.programs = _bounded(
        facts, (_program(word) for word in words if not word.startswith(("$", "#", "-", "'", '"')))
    )
    facts.hosts = _bounded(facts, url_hosts(command))
    return facts


def result_facts(line: Line, text: str, *, is_error: bool, changes: bool) -> Facts | None:
    """What a tool result says beyond its call: the file that was changed, and who allowed or refused the call."""
    result = line.tool_use_result
    path = result.file_path if changes and isinstance(result, ToolFacts) else None
    verdict = permission(line, text, is_error=is_error)
    if verdict is None and not path:
        return None
    return Facts(paths=[path[:PATH_CHARS_MAX]] if path else [], permission=verdict)


def said(facts: Facts) -> Facts | None:
    """``facts``, or None where they say nothing."""
    return None if facts == _NO_FACTS else facts


def _program(word: str) -> str:
    name = program_name(word).partition("\n")[0]
    return name if len(name) <= PROGRAM_CHARS_MAX else f"{name[: PROGRAM_CHARS_MAX - 1]}…"


def _output_files(targets: list[str], commands: list[list[str]]) -> Iterator[str]:
    for target in targets:
        if target and target not in _NULL_DEVICES and not target.startswith(("/dev/tcp/", "/dev/udp/", "/dev/fd/")):
            yield target[:PATH_CHARS_MAX]
    for words in commands:
        if program_name(words[0]) == "tee":
            yield from (word[:PATH_CHARS_MAX] for word in words[1:] if not word.startswith("-"))


def _written(given: _Write) -> Facts:
    path = given.file_path or given.notebook_path
    facts = Facts(paths=[path[:PATH_CHARS_MAX]] if path else [])
    if given.content is not None:
        facts.lines = given.content.count("\n") + (not given.content.endswith("\n") and given.content != "")
    return facts


def _fetched(raw_input: Raw) -> Facts:
    given = read_part(raw_input, _Fetch)
    facts = Facts()
    hosts = url_hosts(given.url or "")
    if not hosts and given.url:
        hosts = _plain(given.url)
    facts.hosts = _bounded(facts, [*hosts, *(host for domain in given.allowed_domains for host in _plain(domain))])
    return facts


def _plain(written: str) -> list[str]:
    """The host of an address that lacks its scheme."""
    host = host_of(re.split(r"[/?#\s]", written[:PATH_CHARS_MAX].strip(), maxsplit=1)[0])
    return [host] if host is not None and ("." in host or host.startswith(("localhost", "["))) else []


def _named_in_json(raw_input: Raw) -> Facts:
    """Hosts anywhere in the arguments of an MCP call."""
    facts = Facts(truncated=len(memoryview(raw_input)) > _ARGUMENT_CHARS_MAX)
    if facts.truncated:
        facts.hosts = _bounded(facts, url_hosts(bytes(raw_input).decode("utf-8", "replace")))
        return facts
    try:
        value = json_value(raw_input)
    except (ValueError, RecursionError):
        return facts
    facts.hosts = _bounded(facts, _hosts_in(value))
    return facts


def _hosts_in(value: object) -> Iterator[str]:
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        key, one = waiting.pop()
        if isinstance(one, str):
            hosts = url_hosts(one)
            yield from hosts or (_plain(one) if key.lower() in _HOST_KEYS else ())
        elif isinstance(one, list):
            waiting += [(key, member) for member in reversed(cast("list[object]", one))]
        elif isinstance(one, dict):
            waiting += reversed(cast("dict[str, object]", one).items())


def _bounded(facts: Facts, names: Iterable[str]) -> list[str]:
    """The first distinct names; ``facts`` are told if there are more."""
    kept: dict[str, None] = {}
    for name in names:
        if name in kept:
            continue
        if len(kept) == NAMES_MAX:
            facts.truncated = True
            break
        kept[name] = None
    return list(kept)
