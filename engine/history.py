"""The Painter's past on a CPU: its last output, and the first frame since a cut, the anchor.

Pictures (h, w, 3) float32 in [-1, 1].
"""

from __future__ import annotations

import numpy as np


class History:
    """One stream. What is missing has a known noise level of 1, at which it is not seen."""

    def __init__(self) -> None:
        self.last: np.ndarray | None = None
        self.anchor: np.ndarray | None = None

    def restart(self) -> None:
        """What comes next has nothing to do with what was."""
        self.last = self.anchor = None

    def push(self, picture: np.ndarray) -> None:
        """Remembers an output; the first after a restart is the anchor."""
        self.last = picture
        if self.anchor is None:
            self.anchor = picture

    def replace(self, picture: np.ndarray) -> None:
        """Puts another picture in the place of everything remembered: what recovery is measured with."""
        self.last = self.anchor = picture

    def levels(self) -> tuple[float, float]:
        """How much of the last output and of the anchor is noise: 0, or 1 where there is none."""
        return float(self.last is None), float(self.anchor is None)
