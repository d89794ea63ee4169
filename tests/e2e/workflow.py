"""A session whose one call runs a workflow of several agents, one of which runs a workflow of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

SESSION = "e2e00000-0000-4000-8000-00000000f10b"
FOLDER = "-home-dev-harbor"
REVIEWS = ("Review the basket", "Review the orders", "Review the loyalty points", "Sum up the reviews")
"""What the agents of the session's call are told, in the order in which they start."""
NESTED_IN = REVIEWS[1]
CHECKS = ("Check the states", "Check the refunds")
"""What the agents of the workflow are told that one of them runs."""
FOUND = "The total is rounded twice"
"""Only one of the agents says so."""
TALK = 30
"""Messages of the session before its call and after it: more than a screen holds."""


def write_workflow(projects: Path, agents: tuple[str, ...] = REVIEWS) -> None:
    """Write the session, its agents and theirs into a projects folder."""
    folder = projects / FOLDER / SESSION / "subagents" / "workflows"
    own = _Lines()
    own.prompt("Review the shop before we publish it")
    for number in range(TALK):
        own.say(f"Before the reviews: note {number}")
    own.run("wf_reviews", "Workflow launched in background")
    for number, name in enumerate(agents):
        lines = _Lines(f"a{number:016d}")
        lines.prompt(f"{name}: read it and report.")
        lines.call("Bash", {"command": f"cat {name.split()[-1]}.py"}, "def total(lines): ...")
        if name == NESTED_IN:
            lines.run("wf_checks", "Workflow launched in background")
        lines.call("Bash", {"command": "pytest -q"}, "1 failed", is_error=True)
        lines.say(FOUND if number == 0 else f"{name}: nothing to change.")
        lines.write(folder / "wf_reviews", name)
    for number, name in enumerate(CHECKS):
        lines = _Lines(f"b{number:016d}")
        lines.prompt(f"{name} in depth.")
        lines.say(f"{name}: all is well.")
        lines.write(folder / "wf_checks", name)
    for number in range(TALK):
        own.say(f"After the reviews: note {number}")
    own.write(projects / FOLDER)


class _Lines:
    """A transcript in the making; each line is a second later than the one before, whoever writes it."""

    _clock: Iterator[int] = count()

    def __init__(self, agent: str | None = None) -> None:
        self._agent = agent
        self._lines: list[dict] = []

    def prompt(self, text: str) -> None:
        self._add("user", {"role": "user", "content": text})

    def say(self, text: str) -> None:
        self._add("assistant", self._message({"type": "text", "text": text}))

    def call(self, tool: str, given: dict, output: str, *, is_error: bool = False, **outcome: object) -> None:
        name = f"toolu_{self._agent or 'main'}_{len(self._lines)}"
        self._add("assistant", self._message({"type": "tool_use", "id": name, "name": tool, "input": given}))
        answer = {"type": "tool_result", "tool_use_id": name, "content": output, "is_error": is_error}
        self._add("user", {"role": "user", "content": [answer]}, toolUseResult=outcome or {"stdout": output})

    def run(self, run: str, output: str) -> None:
        script = "await Promise.all(reviews.map(agent))"
        self.call("Workflow", {"script": script}, output, status="async_launched", runId=run, taskType="local_workflow")

    def write(self, folder: Path, description: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = SESSION if self._agent is None else f"agent-{self._agent}"
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in self._lines))
        if description is not None:
            meta = {"agentType": "workflow-subagent", "description": description}
            (folder / f"{name}.meta.json").write_text(json.dumps(meta))

    def _message(self, block: dict) -> dict:
        usage = {"input_tokens": 1_200, "output_tokens": 80}
        name = f"msg_{self._agent or 'main'}_{len(self._lines)}"
        return {"id": name, "role": "assistant", "model": "claude-opus-5-5", "content": [block], "usage": usage}

    def _add(self, kind: str, message: dict, **more: object) -> None:
        second = next(self._clock)
        self._lines.append(
            {
                "type": kind,
                "message": message,
                "uuid": f"{self._agent or 'main'}-{len(self._lines)}",
                "timestamp": f"2026-11-12T10:{second // 60 % 60:02d}:{second % 60:02d}.000Z",
                "sessionId": SESSION,
                "cwd": "/home/dev/harbor",
                "version": "2.1.330",
                "isSidechain": self._agent is not None,
                **({} if self._agent is None else {"agentId": self._agent}),
                **more,
            }
        )
