"""Times over a window of a fixed size: the newest values of something measured, so that a day costs what a minute does.

Knows nothing of what is measured. Not thread-safe.
"""

from __future__ import annotations

import numpy as np

WINDOW = 2048  # values kept of each time: 85 s at 24 Hz


class Rolling:
    """The last `size` values, in memory allocated once."""

    def __init__(self, size: int = WINDOW) -> None:
        self._values = np.full(size, np.nan, dtype=np.float32)
        self._count = 0

    def add(self, value: float) -> None:
        self._values[self._count % self._values.size] = value
        self._count += 1

    def clear(self) -> None:
        self._count = 0

    @property
    def added(self) -> int:
        """How many values there ever were, those since overwritten too."""
        return self._count

    def __len__(self) -> int:
        return min(self._count, self._values.size)

    def percentile(self, percent: float) -> float:
        """The smallest value that `percent` of them do not exceed; 0 when there is none."""
        n = len(self)
        if n == 0:
            return 0.0
        rank = min(n - 1, max(0, int(np.ceil(percent / 100 * n)) - 1))
        return float(np.partition(self._values[:n], rank)[rank])

    def recent(self, count: int, percent: float = 50) -> float:
        """What `percent` of the last `count` values lie below, between neighbours; 0 when there is none."""
        count = min(count, len(self))
        places = np.arange(self._count - count, self._count) % self._values.size
        return float(np.percentile(self._values[places], percent)) if count else 0.0
