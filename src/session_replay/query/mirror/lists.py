"""Names of which a session has several, for many sessions: two arrays of pairs, each row's pairs side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from session_replay.query.mirror.arrays import enlarged

COMPACTED_FROM_PAIRS = 50_000


class Lists:
    """The codes that each row has, without doubles.

    Attributes:
        holders: The row of each pair; -1 where the row has it no more.
        codes: The code of each pair.
    """

    def __init__(self) -> None:
        self._pairs = 0
        self._dead_pairs = 0
        self._holders: NDArray[np.int32] = np.zeros(0, np.int32)
        self._codes: NDArray[np.int32] = np.zeros(0, np.int32)
        self._starts: NDArray[np.int32] = np.zeros(0, np.int32)  # of each row's pairs
        self._lengths: NDArray[np.int32] = np.zeros(0, np.int32)

    @property
    def size_bytes(self) -> int:
        """Memory that it takes."""
        return self._holders.nbytes + self._codes.nbytes + self._starts.nbytes + self._lengths.nbytes

    @property
    def holders(self) -> NDArray[np.int32]:
        """The row of each pair; -1 where the row has it no more."""
        return self._holders[: self._pairs]

    @property
    def codes(self) -> NDArray[np.int32]:
        """The code of each pair."""
        return self._codes[: self._pairs]

    def lacking(self, count: int) -> NDArray[np.bool_]:
        """Which of the first ``count`` rows have none."""
        lacking = np.ones(count, np.bool_)
        lacking[: len(self._lengths)] = self._lengths[:count] == 0
        return lacking

    def replace(self, rows: NDArray[np.int32], holders: NDArray[np.int32], codes: NDArray[np.int32]) -> None:
        """Give ``rows`` these codes and no others; ``holders`` are of ``rows``, equal ones side by side."""
        if not len(rows):
            return
        self._starts = enlarged(self._starts, int(rows.max()) + 1, 0)
        self._lengths = enlarged(self._lengths, int(rows.max()) + 1, 0)
        for row in rows[self._lengths[rows] > 0]:
            start, length = self._starts[row], self._lengths[row]
            self._holders[start : start + length] = -1
            self._dead_pairs += int(length)
        self._lengths[rows] = 0
        end = self._pairs + len(holders)
        self._holders = enlarged(self._holders, end, -1)
        self._codes = enlarged(self._codes, end, 0)
        self._holders[self._pairs : end] = holders
        self._codes[self._pairs : end] = codes
        self._place(self._pairs, end)
        self._pairs = end
        if self._dead_pairs > max(COMPACTED_FROM_PAIRS, self._pairs // 2):
            self._compact()

    def _place(self, start: int, end: int) -> None:
        """Note where the pairs of each row begin and how many they are."""
        holders = self._holders[start:end]
        if not len(holders):
            return
        firsts = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), holders[1:] != holders[:-1])))
        self._starts[holders[firsts]] = start + firsts
        self._lengths[holders[firsts]] = np.diff(firsts, append=len(holders))

    def _compact(self) -> None:
        alive = self.holders >= 0
        self._holders, self._codes = self.holders[alive], self.codes[alive]
        self._pairs, self._dead_pairs = len(self._holders), 0
        self._place(0, self._pairs)
