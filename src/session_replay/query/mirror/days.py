"""The local day of many times at once.

A zone's offset is asked once an hour of time that occurs, at both ends; the times of an hour in which it
changes are asked one by one.  So every rule of every zone holds, days of 23 and 25 hours included.
"""

from __future__ import annotations

from datetime import tzinfo

import numpy as np
from numpy.typing import NDArray

from session_replay.query.instant import MS_MAX, MS_MIN, offset_ms
from session_replay.query.mirror.arrays import numbered

HOUR_MS = 3_600_000
DAY_MS = 86_400_000


def local_days(times_ms: NDArray[np.int64], zone: tzinfo) -> NDArray[np.int64]:
    """Days since 1970-01-01 on the wall calendar of ``zone``, of epoch milliseconds."""
    times = np.clip(times_ms, MS_MIN, MS_MAX)
    hours, places = numbered(times // HOUR_MS)
    starts = [offset_ms(hour * HOUR_MS, zone) for hour in hours.tolist()]
    ends = [offset_ms(hour * HOUR_MS + HOUR_MS - 1, zone) for hour in hours.tolist()]
    offsets = np.array(starts, np.int64)[places]
    changing = np.flatnonzero((np.array(starts, np.int64) != np.array(ends, np.int64))[places])
    for place in changing.tolist():
        offsets[place] = offset_ms(int(times[place]), zone)
    return (times + offsets) // DAY_MS
