"""Arrays that grow at their end."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)


def enlarged(array: NDArray[Number], size: int, fill: Any) -> NDArray[Number]:  # noqa: ANN401 - a number of the array's kind
    """The array itself where it has ``size`` places, else a copy that has, and room for more."""
    if size <= len(array):
        return array
    larger = np.full(max(size, len(array) * 5 // 4 + 64), fill, array.dtype)
    larger[: len(array)] = array
    return larger
