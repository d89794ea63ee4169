"""Titles and first prompts in memory, for the questions that the database cannot answer about sealed bytes.

A text is opened once and kept folded (without upper and lower case) as long as its sealed bytes stay
the same and there is room; what is gone from the database is gone from here with the next question.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection, LargeBinary, func, select

from session_replay.store.schema import sessions
from session_replay.store.sessions import SessionKeys

KEPT_CHARACTERS_MAX = 32 * 1024 * 1024
BATCH_SESSIONS = 500
SEAL_ID_BYTES = 13
"""Format byte and nonce: random for every sealing, so equal ones mean equal sealed bytes."""


class FoldedText(NamedTuple):
    """The words of one session, case-folded.

    Attributes:
        seal_id: First bytes of the sealed text that they were opened from.
        title: None where it has none.
        first_prompt: None where it has none.
    """

    seal_id: bytes
    title: str | None
    first_prompt: str | None

    @property
    def characters(self) -> int:
        """What keeping it costs."""
        return len(self.title or "") + len(self.first_prompt or "")


_NOTHING = FoldedText(b"", None, None)
"""Of a session whose key was destroyed, or whose words or key are damaged."""


class Texts:
    """The words of one organization's sessions; safe to use from several threads.

    Args:
        keys: Opens them.
        kept_characters_max: Room in memory; beyond it the oldest are opened again when they are asked for.
    """

    def __init__(self, keys: SessionKeys, *, kept_characters_max: int = KEPT_CHARACTERS_MAX) -> None:
        self._keys = keys
        self._organization = keys.organization_key.organization
        self._kept: dict[int, FoldedText] = {}
        self._kept_characters = 0
        self._kept_characters_max = kept_characters_max
        self._lock = threading.Lock()

    def matching(self, connection: Connection, fits: Callable[[FoldedText], bool]) -> list[int]:
        """Ids of the streams of all sessions whose words fit."""
        current = {
            stream_id: bytes(seal_id)
            for stream_id, seal_id in connection.execute(
                select(
                    sessions.c.stream_id,
                    func.substr(sessions.c.sealed_text, 1, SEAL_ID_BYTES, type_=LargeBinary),
                ).where(sessions.c.organization_id == self._organization)
            ).all()
        }
        with self._lock:
            self._forget(stream_id for stream_id in list(self._kept) if stream_id not in current)
            found: list[int] = []
            missing: list[int] = []
            for stream_id, seal_id in current.items():
                text = self._kept.get(stream_id)
                if text is None or text.seal_id != seal_id:
                    missing.append(stream_id)
                elif fits(text):
                    found.append(stream_id)
            return found + self._matching_unopened(connection, missing, fits)

    def clear(self) -> None:
        """Keep none in memory."""
        with self._lock:
            self._forget(list(self._kept))

    def _matching_unopened(
        self, connection: Connection, stream_ids: list[int], fits: Callable[[FoldedText], bool]
    ) -> list[int]:
        found: list[int] = []
        for start in range(0, len(stream_ids), BATCH_SESSIONS):
            opened = self._open(connection, stream_ids[start : start + BATCH_SESSIONS])
            found += [stream_id for stream_id, text in opened.items() if fits(text)]
            self._keep(opened)
        return found

    def _open(self, connection: Connection, stream_ids: list[int]) -> dict[int, FoldedText]:
        rows = connection.execute(
            select(sessions.c.stream_id, sessions.c.id, sessions.c.sealed_text).where(
                sessions.c.stream_id.in_(stream_ids)
            )
        ).all()
        secrets, _ = self._keys.find_readable(connection, [session_id for _, session_id, _ in rows])
        return {
            stream_id: self._folded(session_id, secrets.get(session_id), bytes(sealed))
            for stream_id, session_id, sealed in rows
        }

    def _folded(self, session_id: str, secret: bytes | None, sealed: bytes) -> FoldedText:
        seal_id = sealed[:SEAL_ID_BYTES]
        if secret is None:
            return _NOTHING._replace(seal_id=seal_id)
        text = self._keys.open_text(secret, session_id, sealed)
        if text is None:
            return _NOTHING._replace(seal_id=seal_id)
        return FoldedText(seal_id, fold(text.title), fold(text.first_prompt))

    def _keep(self, opened: dict[int, FoldedText]) -> None:
        self._forget(stream_id for stream_id in opened if stream_id in self._kept)
        self._kept |= opened
        self._kept_characters += sum(text.characters for text in opened.values())
        while self._kept_characters > self._kept_characters_max and self._kept:
            self._forget(list(islice(self._kept, BATCH_SESSIONS)))

    def _forget(self, stream_ids: Iterable[int]) -> None:
        for stream_id in list(stream_ids):
            self._kept_characters -= self._kept.pop(stream_id).characters


def fold(text: str | None) -> str | None:
    """A text without upper and lower case, None for an empty one."""
    return text.casefold() if text else None
