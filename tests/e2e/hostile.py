"""Sessions that attack their reader by what they make it compile, lay out or colour; made anew for each run.

Each attack is one entry, or a call with its result.  ``window.__ran`` is set by whatever should not have run.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

HEAVY = "e2e00000-0000-4000-8000-00000000bad2"
LONG_LINE = "e2e00000-0000-4000-8000-00000000bad3"
ENTITIES = "e2e00000-0000-4000-8000-00000000bad4"
PROJECT = "/home/dev/heavy"
RUN = "window.__ran=(window.__ran||0)+1"
SCRIPT = f"<script>{RUN}</script><img src=x onerror='{RUN}'><style>*{{background:url(//evil.example/c)}}</style>"
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'><script>{RUN}</script></svg>"
LONG_LINE_BYTES = 100_000_000
DIFF_LINES = 50_000
OUTPUT_BYTES = 5_000_000
TOOLS_IN_A_MESSAGE = 10_000

MARKDOWN = {
    "links": " ".join(
        f"[l{n}]({scheme}{RUN})"
        for n, scheme in enumerate(
            ("javascript:", "JaVa\tScRiPt:", "data:text/html,", "vbscript:", "blob:", "file:///")
        )
    )
    + " <javascript:alert(1)> [x]: javascript:alert(1)\n[x] ![i](https://evil.example/i.png) ![s](data:image/svg+xml,x)"
    + " [bank](https://\u0440\u0430\u0443\u0440\u0430l.example/) [user](https://github.com@evil.example/)",
    "quotes": "> " * 100_000 + "x",
    "brackets": "[" * 100_000 + "]" * 100_000,
    "short brackets": "[](" * 13_000,
    "emphasis": "*a_ " * 9_500,
    "stars": "**a *b " * 5_000,
    "backticks": " ".join("`" * (n % 180 + 1) for n in range(400)),
    "references": "".join(f"[a{n}]: x\n" for n in range(1_500)) + "[a1]" * 3_000,
    "table": "|a" * 600 + "|\n" + "|-" * 600 + "|\n" + "|\n" * 300,
    "list": "".join(" " * (2 * n) + "- x\n" for n in range(150)),
    "html": f"<details open ontoggle='{RUN}'><a href='javascript:{RUN}'>{SCRIPT}{SVG}</a>" * 60,
    "entities": "&lt;script&gt;&#x6a;&Tab;" * 1_500,
    "footnotes": "".join(f"[^{n}]" for n in range(900)) + "".join(f"\n[^{n}]: x" for n in range(900)),
    "addresses": "www." * 9_000 + " " + "a@b." * 300,
    "one line": "word " * 200_000,
    "long word": "W" * 39_000,
    "code": f"```javascript\n{'/*' * 9_000}\n{'a=b?' * 2_000}\n```\n```html\n{SCRIPT * 50}\n```\n```no-such\nx\n```",
    "strings": "```python\n"
    + "'''\"\"\"" * 3_000
    + "\n```\n```bash\n"
    + "$(" * 4_000
    + "\n```\n```sql\n"
    + "(" * 9_000
    + "\n```",
    "templates": "${{constructor.constructor('" + RUN + "')()}} {{7*7}} `${" + RUN + "}` <%= 1 %> #{1}",
    "characters": "\u202egpj.exe\u202c \u2066x\u2069 a\u200bb\ufeff \U000e0041\U000e0042 "
    "\u0000 \ud800 \u0440\u0430\u0443\u0440\u0430l Z" + "\u0301" * 3_000,
    "right to left": "קובץ.exe \u061c " * 400,
}
TERMINAL = {
    "colours": "".join(f"\x1b[38;5;{n % 256}mx" for n in range(60_000)),
    "sgr": "\x1b[" + "1;" * 90_000 + "31mred\x1b[0m",
    "unended": "\x1b[" + "9" * 300_000,
    "every kind": "\x1b[2J\x1b[H\x1b[9999;9999H\x1b]0;title\x07\x1b]8;;javascript:"
    + RUN
    + "\x07x\x1b]8;;\x07\x1b]52;c;eA==\x07"
    "\x1bP1$r\x1b\\\x1b[?1049h\x1bc\x9b31m\x1b_x\x1b\\\x1b^y\x1b\\\x1b]1337;File=inline=1:AAAA\x07\x1b[6n" * 300,
    "one line": "o" * OUTPUT_BYTES,
    "returns": "progress\r" * 60_000,
}


class _Session:
    def __init__(self, session: str) -> None:
        self.session = session
        self.count = 0

    def line(self, **fields: object) -> bytes:
        self.count += 1
        line = {
            "sessionId": self.session, "cwd": PROJECT, "version": "2.1.330", "gitBranch": f"feature/{SCRIPT}",
            "uuid": f"e2e0bad2-0000-4000-8000-{self.count:012d}",
            "timestamp": f"2026-05-01T00:{self.count // 60 % 60:02d}:{self.count % 60:02d}.000Z", **fields,
        }  # fmt: skip
        # A lone surrogate is written as its escape, as clients do.
        return json.dumps(line, ensure_ascii=True).encode() + b"\n"

    def said(self, *blocks: dict[str, object]) -> bytes:
        message = {"id": f"msg_{self.count}", "type": "message", "role": "assistant", "model": "claude-opus-4-5"}
        return self.line(type="assistant", message=message | {"content": list(blocks)})

    def called(self, name: str, given: object, result: object, outcome: object = None) -> Iterator[bytes]:
        call = f"toolu_{self.count}"
        yield self.said({"type": "tool_use", "id": call, "name": name, "input": given})
        content = [{"type": "tool_result", "tool_use_id": call, "content": result}]
        yield self.line(type="user", message={"role": "user", "content": content}, toolUseResult=outcome)


def _nested(depth: int) -> bytes:
    return b'{"a":[' * depth + b"1" + b"]}" * depth


def _lines() -> Iterator[bytes]:
    at = _Session(HEAVY)
    yield at.line(type="user", message={"role": "user", "content": f"Heavy prompt {SCRIPT}"})
    for name, text in MARKDOWN.items():
        yield at.said({"type": "text", "text": f"Heavy {name}\n\n{text}"})
    for name, text in TERMINAL.items():
        yield from at.called(
            "Bash", {"command": f"echo '{name}'", "description": SVG}, text, {"stdout": text, "stderr": text[:200]}
        )
    patch = {
        "oldStart": 1, "oldLines": DIFF_LINES, "newStart": 1, "newLines": DIFF_LINES,
        "lines": [f"{'+-'[n % 2]}{SCRIPT if n % 1000 == 0 else n}" for n in range(DIFF_LINES)],
    }  # fmt: skip
    path = f"{PROJECT}/קובץ{SCRIPT}.js"
    edited = {"filePath": path, "oldString": "a", "newString": "b", "structuredPatch": [patch]}
    yield from at.called("Edit", {"file_path": path, "old_string": "a", "new_string": "b"}, "Updated.", edited)
    wide = {"filePath": path, "structuredPatch": [patch | {"lines": ["-" + "x" * 400_000, "+" + "y" * 400_000]}]}
    yield from at.called("Edit", {"file_path": path, "old_string": "a", "new_string": "b"}, "Updated.", wide)
    yield from at.called("Read", {"file_path": f"{PROJECT}/a.json"}, json.dumps({"a": ["b"] * 20_000}))
    image = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(SVG.encode()).decode()}
    yield from at.called("mcp__page__shot", {"url": f"data:image/svg+xml,{SVG}"}, [{"type": "image", "source": image}])
    polluting = {"__proto__": {"polluted": True}, "constructor": {"prototype": {"polluted": True}}, "toString": SCRIPT}
    yield from at.called("mcp__x__y", json.loads(json.dumps(polluting)), "done", polluting)
    for depth in (100, 190, 5_000):
        filled = at.said({"type": "tool_use", "id": f"toolu_deep_{depth}", "name": "Deep", "input": {"a": "@"}})
        yield filled.replace(b'"@"', _nested(depth // 2))
    yield at.line(type="system", subtype=SCRIPT, content=SCRIPT).replace(b"system", b"sys\xff\xfe\xc0tem", 1)
    many = [{"type": "tool_use", "id": f"t{n}", "name": f"Tool{n}", "input": {}} for n in range(TOOLS_IN_A_MESSAGE)]
    yield at.said(*many)
    yield at.said({"type": "text", "text": "Heavy end"})


def write(folder: Path) -> None:
    """Both sessions, into a projects folder."""
    folder.mkdir(parents=True)
    (folder / f"{HEAVY}.jsonl").write_bytes(b"".join(_lines()))
    at = _Session(LONG_LINE)
    before = at.line(type="user", message={"role": "user", "content": "Before the long line"})
    with (folder / f"{LONG_LINE}.jsonl").open("wb") as file:
        file.write(before)
        head, tail = at.line(type="user", message={"role": "user", "content": "@"}).split(b"@")
        file.write(head)
        for _ in range(LONG_LINE_BYTES // 1_000_000):
            file.write(b"x" * 1_000_000)
        file.write(tail)
        file.write(at.said({"type": "text", "text": "After the long line"}))


def write_entities(folder: Path, text: str) -> None:
    """A session of a prompt, a long answer and a plan that say the same."""
    folder.mkdir(parents=True)
    at = _Session(ENTITIES)
    lines = [
        at.line(type="user", message={"role": "user", "content": text}),
        at.said({"type": "text", "text": f"{text}\n\n" + "- and more\n" * 60}),
        at.said({"type": "tool_use", "id": "toolu_plan", "name": "ExitPlanMode", "input": {"plan": text}}),
    ]
    (folder / f"{ENTITIES}.jsonl").write_bytes(b"".join(lines))
