"""What several columns are made and counted with."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

SPAN_MAX = 4_000_000

Number = TypeVar("Number", bound=np.generic)


def enlarged(array: NDArray[Number], size: int, fill: Any) -> NDArray[Number]:  # noqa: ANN401 - a number of the array's kind
    """The array itself where it has ``size`` places, else a copy that has, and room for more."""
    if size <= len(array):
        return array
    larger = np.full(max(size, len(array) * 5 // 4 + 64), fill, array.dtype)
    larger[: len(array)] = array
    return larger


def numbered(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct values in ascending order, and the place of each value among them."""
    if not len(values):
        return values, values
    first = int(values.min())
    span = int(values.max()) - first + 1
    if span > SPAN_MAX:
        return np.unique(values, return_inverse=True)
    # Ticking them off takes a tenth of the time of sorting them.
    present = np.zeros(span, np.bool_)
    present[values - first] = True
    return np.flatnonzero(present) + first, (np.cumsum(present) - 1)[values - first]
