"""The tree of a main session: which entry spawned which subagent, and how many there are below each.

Sources in the order of TRANSCRIPTS: the agent's ``.meta.json``, the result or progress line that names
the agent's id (of a workflow's agents: the run, whose folder they lie in), and at last the prompt, equal in
the call and in the agent's first line.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from session_replay.errors import Tampered
from session_replay.store.attachments import found_attachments
from session_replay.store.installation import Installation
from session_replay.store.schema import sessions, streams
from session_replay.store.sessions import SessionText
from session_replay.store.streams import open_path
from session_replay.transcript.session import Spawn

_RUN_FOLDER = re.compile(r"/subagents/workflows/([^/]+)/[^/]+$")

# Made once: building a statement costs more than executing it.
_OF_TREE = sessions.c.root_id == bindparam("root")
_TREE = (
    select(
        sessions.c.id,
        sessions.c.client_id,
        sessions.c.agent_id,
        sessions.c.parent_id,
        sessions.c.orphan,
        sessions.c.spawned_by_seq,
        sessions.c.subagents,
        sessions.c.sealed_text,
        streams.c.address,
        streams.c.sealed_path,
    )
    .join(streams, streams.c.id == sessions.c.stream_id)
    .where(_OF_TREE)
)
_LEAVE_UNLINKED = update(sessions).where(_OF_TREE).values(to_be_linked=True)
_LINKED = update(sessions).where(_OF_TREE, sessions.c.to_be_linked).values(to_be_linked=False)
_UPDATE = update(sessions).where(sessions.c.id == bindparam("session"))


class _Meta(msgspec.Struct):
    toolUseId: object = None  # noqa: N815 - the transcript's words
    parentAgentId: object = None  # noqa: N815
    agentType: object = None  # noqa: N815
    description: object = None


class _Node:
    """One session of the tree while it is being linked."""

    def __init__(self, at: Installation, row: Any, secret: bytes | None) -> None:  # noqa: ANN401 - has what was asked for
        self.id: str = row.id
        self.agent_id: str | None = row.agent_id
        self.row = row
        self.secret = secret
        """None: its key is damaged."""
        text = None if secret is None else at.session_keys.open_text(secret, row.id, row.sealed_text)
        self.is_damaged = text is None
        self.text = text or SessionText()
        self.run: str | None = None
        """Of a workflow's agent: the run that it belongs to."""
        self.parent: _Node | None = None
        self.spawned_by_seq: int | None = None
        self.agent_type: str | None = None
        self.description: str | None = None
        self.subagents = 0


def unlinked_trees(connection: Connection) -> list[str]:
    """Main sessions of trees where something was spawned, named or entered since they were linked."""
    return list(connection.execute(select(sessions.c.root_id).where(sessions.c.to_be_linked).distinct()).scalars())


def leave_unlinked(tx: Connection, root_id: str) -> None:
    """Let a tree be linked again."""
    tx.execute(_LEAVE_UNLINKED, {"root": root_id})


def link_tree(tx: Connection, at: Installation, root_id: str) -> set[str]:
    """Set parent, spawning entry, description and number of descendants of every session of a tree.

    What is damaged of a session says nothing of it; the others are linked without.

    Returns:
        The sessions that look different now, or whose entries lead elsewhere.
    """
    rows = tx.execute(_TREE, {"root": root_id}).all()
    secrets, damaged = at.session_keys.find_readable(tx, [row.id for row in rows])
    nodes = [_Node(at, row, secrets.get(row.id)) for row in rows if row.id in secrets or row.id in damaged]
    root = next((node for node in nodes if node.id == root_id), None)
    agents = {node.agent_id: node for node in nodes if node.agent_id}
    paths = {node.id: path for node in nodes if node is not root and (path := _path(at, node)) is not None}
    metas = _metas(tx, at, nodes[0].row.client_id, paths) if paths else {}
    for node in nodes:
        if node is not root:
            run = _RUN_FOLDER.search(paths.get(node.id, ""))
            node.run = run[1] if run is not None else None
            _link(node, metas.get(node.id, _Meta()), root, agents, nodes)
    for node in nodes:
        _count(node)
    changed: set[str] = set()
    for node in nodes:
        if _write(tx, at, node, is_orphan=root is None):
            changed.update((node.id, node.parent.id if node.parent else node.id))
    tx.execute(_LINKED, {"root": root_id})
    return changed


def _path(at: Installation, node: _Node) -> str | None:
    """Where its file lies; None where that is damaged."""
    if node.secret is None:
        return None
    try:
        return open_path(at.key, node.secret, node.row.address, node.row.sealed_path)
    except Tampered:
        at.session_keys.tell_damage(node.id, "path")
        return None


def _link(node: _Node, meta: _Meta, root: _Node | None, agents: dict[str, _Node], nodes: list[_Node]) -> None:
    node.agent_type, node.description = _text(meta.agentType), _text(meta.description)
    parent, spawn = _spawn_of(node, _text(meta.toolUseId), nodes)
    named = agents.get(_text(meta.parentAgentId) or "")
    node.parent = parent or (named if named is not node else None) or root
    if node.parent is node or _is_below(node.parent, node):
        node.parent = root
    if spawn:
        node.spawned_by_seq = spawn.seq
        node.agent_type = node.agent_type or spawn.agent_type
        node.description = node.description or spawn.description


def _spawn_of(node: _Node, tool_use_id: str | None, nodes: list[_Node]) -> tuple[_Node | None, Spawn | None]:
    """The session and the call that spawned a subagent; of a workflow's the result that names its run."""
    others = [other for other in nodes if other is not node]
    for other in others if node.run is not None else []:
        for spawn in other.text.spawns:
            if spawn.agent_id == node.run:
                return other, spawn
    if not tool_use_id:
        named = (spawn for other in others for spawn in other.text.spawns if spawn.agent_id == node.agent_id)
        tool_use_id = next((spawn.tool_use_id for spawn in named if spawn.tool_use_id), None)
    prompt = node.text.first_user_text_hash
    for other in others:
        for spawn in other.text.spawns:
            if spawn.role != "call":
                continue
            same_call = tool_use_id is not None and spawn.tool_use_id == tool_use_id
            same_prompt = tool_use_id is None and prompt is not None and spawn.prompt_hash == prompt
            if same_call or same_prompt:
                return other, spawn
    return None, None


def _is_below(node: _Node | None, top: _Node) -> bool:
    seen: set[str] = set()
    while node is not None and node.id not in seen:
        if node is top:
            return True
        seen.add(node.id)
        node = node.parent
    return False


def _count(node: _Node) -> None:
    ancestor = node.parent
    while ancestor is not None:
        ancestor.subagents += 1
        ancestor = ancestor.parent


def _write(tx: Connection, at: Installation, node: _Node, *, is_orphan: bool) -> bool:
    values: dict[str, Any] = {
        "parent_id": node.parent.id if node.parent else None,
        "orphan": is_orphan,
        "spawned_by_seq": node.spawned_by_seq,
        "subagents": node.subagents,
    }
    changed = {name: value for name, value in values.items() if getattr(node.row, name) != value}
    text = node.text
    is_described = (text.agent_type, text.description) == (node.agent_type, node.description)
    # Damaged words are left as they are: sealed anew they would look whole, and lack the title.
    if not is_described and not node.is_damaged and node.secret is not None:
        text.agent_type, text.description = node.agent_type, node.description
        changed["sealed_text"] = at.session_keys.seal_text(node.secret, node.id, text)
    if changed:
        tx.execute(_UPDATE, changed | {"session": node.id})
    return bool(changed)


def _metas(tx: Connection, at: Installation, client_id: str, paths: dict[str, str]) -> dict[str, _Meta]:
    """What the ``.meta.json`` beside each transcript says, by session id."""
    beside = {path.removesuffix(".jsonl") + ".meta.json": session for session, path in paths.items()}
    found = found_attachments(tx, at, client_id, list(beside))
    return {beside[path]: _parsed(raw) for path, raw in found.items() if raw is not None}


def _parsed(raw: bytes) -> _Meta:
    try:
        return msgspec.json.decode(raw, type=_Meta)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _Meta()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
