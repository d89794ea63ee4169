"""Texts of many sessions in one run of bytes, which is searched as a whole.

Each text stands between two bytes 0xFF, which occur in no UTF-8: so nothing is found across two texts,
and what begins a text, or is all of it, is found by searching for the separators too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from session_replay.query.mirror.arrays import enlarged

SEPARATOR = b"\xff"
COMPACTED_FROM_BYTES = 1 << 20


class Packed:
    """One text for each row, or none; rows are numbered from 0.

    Args:
        ignores_case: Search as if the texts were in lower case; theirs must be ASCII then.
    """

    def __init__(self, *, ignores_case: bool = False) -> None:
        self._ignores_case = ignores_case
        self._begin()

    def _begin(self) -> None:
        self._bytes = bytearray(SEPARATOR)
        self._lowered = bytearray()
        self._texts = 0
        # Of every text that was ever put, in their order:
        self._starts: NDArray[np.int64] = np.zeros(64, np.int64)
        self._rows: NDArray[np.int32] = np.zeros(64, np.int32)  # whose it is; -1 once it was replaced
        self._of_row: NDArray[np.int32] = np.full(64, -1, np.int32)  # number of each row's text, -1 for none
        self._garbage_bytes = 0

    @property
    def size_bytes(self) -> int:
        """Memory that it takes."""
        return len(self._bytes) + self._starts.nbytes + self._rows.nbytes + self._of_row.nbytes

    def put(self, row: int, text: bytes) -> None:
        """Set the text of a row; an empty one is none."""
        number = int(self._of_row[row]) if row < len(self._of_row) else -1
        if number >= 0:
            before = self._text(number)
            if before == text:
                return
            self._rows[number] = self._of_row[row] = -1
            self._garbage_bytes += len(before) + 1
        if text:
            self._append(row, text)
        if self._garbage_bytes > max(COMPACTED_FROM_BYTES, len(self._bytes) // 2):
            self._compact()

    def get(self, row: int) -> bytes:
        """The text of a row."""
        number = int(self._of_row[row]) if row < len(self._of_row) else -1
        return self._text(number) if number >= 0 else b""

    def lacking(self, count: int) -> NDArray[np.bool_]:
        """Which of the first ``count`` rows have no text."""
        lacking = np.ones(count, np.bool_)
        lacking[: len(self._of_row)] = self._of_row[:count] < 0
        return lacking

    def containing(self, part: bytes, count: int) -> NDArray[np.bool_]:
        """Which of the first ``count`` rows have a text with ``part`` in it."""
        return self._having(part, count)

    def starting(self, part: bytes, count: int) -> NDArray[np.bool_]:
        """Which have one that begins with ``part``."""
        return self._having(SEPARATOR + part, count)

    def equal(self, text: bytes, count: int) -> NDArray[np.bool_]:
        """Which have exactly this one."""
        return self._having(SEPARATOR + text + SEPARATOR, count)

    def _having(self, wanted: bytes, count: int) -> NDArray[np.bool_]:
        searched = self._searched()
        found: list[int] = []
        at = searched.find(wanted)
        while at >= 0:
            found.append(at)
            # One place of a text is enough: go on at its end.
            end = searched.find(SEPARATOR, at + 1)
            at = searched.find(wanted, end) if end >= 0 else -1
        having = np.zeros(count + 1, np.bool_)
        # A separator at the beginning is the one before the text.
        places = np.array(found, np.int64) + wanted.startswith(SEPARATOR)
        rows = self._rows[np.searchsorted(self._starts[: self._texts], places, side="right") - 1]
        having[rows[rows < count]] = True  # the last place is for texts that were replaced
        return having[:count]

    def _searched(self) -> bytearray:
        if not self._ignores_case:
            return self._bytes
        if len(self._lowered) != len(self._bytes):  # texts are only ever added at the end
            self._lowered = self._bytes.lower()
        return self._lowered

    def _text(self, number: int) -> bytes:
        end = int(self._starts[number + 1]) if number + 1 < self._texts else len(self._bytes)
        return bytes(self._bytes[int(self._starts[number]) : end - 1])

    def _append(self, row: int, text: bytes) -> None:
        if self._texts == len(self._starts):
            self._starts = enlarged(self._starts, self._texts + 1, 0)
            self._rows = enlarged(self._rows, self._texts + 1, -1)
        if row >= len(self._of_row):
            self._of_row = enlarged(self._of_row, row + 1, -1)
        self._starts[self._texts] = len(self._bytes)
        self._rows[self._texts] = row
        self._of_row[row] = self._texts
        self._texts += 1
        self._bytes += text + SEPARATOR

    def _compact(self) -> None:
        """Leave out what was replaced."""
        numbers = np.flatnonzero(self._rows[: self._texts] >= 0).tolist()
        kept = [(int(self._rows[number]), self._text(number)) for number in numbers]
        self._begin()
        for row, text in kept:
            self._append(row, text)
