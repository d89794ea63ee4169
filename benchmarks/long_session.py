"""Made-up sessions for the page: one of 100,000 entries, and others of equal size beside it.

The law: the same arguments give the same bytes.  The mix is that of real sessions: prompts, answers, thinking, calls of
Bash, Edit and Read with their results, progress reports, runs of machine records, errors, and pauses between them.
"""

# ruff: noqa: PLR2004 - the numbers are the shares of the mix
from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

START = dt.datetime(2026, 10, 1, 8, tzinfo=dt.UTC)
PROJECT = "/home/dev/warehouse"
MODEL = "claude-opus-4-5-20251101"
WORDS = [
    "order", "stock", "shelf", "basket", "parcel", "invoice", "carrier", "label", "return", "refund", "queue",
    "worker", "retry", "cache", "index", "schema", "migration", "column", "total", "currency", "rounding", "customer",
    "address", "batch", "import", "export", "report", "login", "token", "session", "permission", "endpoint",
    "handler", "request", "response", "timeout", "header", "cookie", "test", "fixture", "snapshot", "coverage",
    "branch",
]  # fmt: skip
NEEDLE = "marmalade"
"""A word that about one entry in 400 holds."""


def session_id(number: int) -> str:
    """The id of the made-up session with this number."""
    return f"be9c0000-0000-4000-8000-{number:012d}"


class _Writer:
    """Lines of one session: each knows the one before, and time goes on from line to line."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(number)
        self.session = session_id(number)
        self.number = number
        self.count = 0
        self.at = START + dt.timedelta(hours=number)
        self.parent: str | None = None

    def words(self, least: int, most: int) -> str:
        chosen = self.random.choices(WORDS, k=self.random.randint(least, most))
        if self.random.random() < 0.0025:
            chosen.append(NEEDLE)
        return " ".join(chosen)

    def text(self, lines: int) -> str:
        return "\n".join(self.words(4, 14) for _ in range(lines))

    def line(self, **fields: Any) -> bytes:  # noqa: ANN401 - JSON
        self.count += 1
        self.at += dt.timedelta(seconds=self.random.uniform(0.2, 9))
        uuid = f"be9c0000-0000-4000-{0x9000 + self.number % 0xFFF:04x}-{self.count:012d}"
        line = {
            "parentUuid": self.parent,
            "isSidechain": False,
            "userType": "external",
            "cwd": PROJECT,
            "sessionId": self.session,
            "version": "2.1.330",
            "gitBranch": "main",
            "uuid": uuid,
            "timestamp": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **fields,
        }
        self.parent = uuid
        return json.dumps(line).encode() + b"\n"

    def prompt(self) -> bytes:
        return self.line(type="user", message={"role": "user", "content": self.text(2)}, promptSource="typed")

    def block(self, message: str, **block: Any) -> bytes:  # noqa: ANN401 - JSON
        usage = {"input_tokens": 12, "output_tokens": 240, "cache_read_input_tokens": 41_000}
        said = {"id": message, "type": "message", "role": "assistant", "model": MODEL, "content": [block]}
        return self.line(type="assistant", message=said | {"usage": usage}, requestId=f"req_{message}")

    def call(self, message: str) -> Generator[bytes]:
        call = f"toolu_{self.number}_{self.count}"
        tool = self.random.choices(("Bash", "Read", "Edit"), (5, 4, 2))[0]
        path = f"{PROJECT}/src/{self.random.choice(WORDS)}/{self.random.choice(WORDS)}.py"
        output, result = self.text(self.random.randint(1, 30)), {}
        given: dict[str, Any] = {"file_path": path}
        if tool == "Bash":
            given = {"command": f"pytest -k {self.random.choice(WORDS)}", "description": self.words(3, 6)}
            result = {"stdout": output, "stderr": "", "interrupted": False}
        elif tool == "Edit":
            old, new = self.words(4, 9), self.words(4, 9)
            given |= {"old_string": old, "new_string": new}
            patch = {"oldStart": 3, "oldLines": 1, "newStart": 3, "newLines": 1, "lines": [f"-{old}", f"+{new}"]}
            result = {"filePath": path, "oldString": old, "newString": new, "structuredPatch": [patch]}
            output = f"The file {path} has been updated."
        yield self.block(message, type="tool_use", id=call, name=tool, input=given)
        if tool == "Bash" and self.random.random() < 0.2:
            yield self.line(
                type="progress", toolUseID=f"bash-progress-{self.count}", parentToolUseID=call,
                data={"type": "bash_progress", "output": self.words(3, 8), "elapsedTimeSeconds": 3},
            )  # fmt: skip
        is_error = tool == "Bash" and self.random.random() < 0.06
        content = [{"type": "tool_result", "tool_use_id": call, "content": output, "is_error": is_error}]
        yield self.line(
            type="user", message={"role": "user", "content": content},
            toolUseResult=f"Error: {output}" if is_error else result,
        )  # fmt: skip

    def turn(self) -> Generator[bytes]:
        if self.random.random() < 0.1:
            self.at += dt.timedelta(minutes=self.random.uniform(6, 90))
        yield self.prompt()
        for _ in range(self.random.randint(2, 7)):
            message = f"msg_{self.number}_{self.count}"
            if self.random.random() < 0.4:
                yield self.block(message, type="thinking", thinking=self.text(3), signature="c2lnbmVk")
            if self.random.random() < 0.5:
                yield self.block(message, type="text", text=self.text(self.random.randint(1, 8)))
            yield from self.call(message)
        for _ in range(self.random.choice((0, 0, 2, 5))):
            yield self.line(type="attachment", attachment={"type": "prompt_snapshot", "text": self.words(20, 40)})
        yield self.line(type="system", subtype="turn_duration", durationMs=self.random.randint(900, 90_000))


def lines(number: int, entries: int) -> Generator[bytes]:
    """The first ``entries`` lines of session ``number``; each gives one entry."""
    writer = _Writer(number)
    while True:
        for line in writer.turn():
            if writer.count > entries:
                return
            yield line


def write(projects: Path, sessions: Iterable[tuple[int, int]]) -> None:
    """Write sessions, each given by its number and its entries, as a projects folder."""
    folder = projects / PROJECT.replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    for number, entries in sessions:
        with path(projects, number).open("wb") as file:
            file.writelines(lines(number, entries))


def path(projects: Path, number: int) -> Path:
    """Where the session with this number lies."""
    return projects / PROJECT.replace("/", "-") / f"{session_id(number)}.jsonl"
