"""Notices when what is grabbed is our own overlay: painting our paint again and again, while the game stays unseen.

Compares a coarse grid of samples of each grab with the frames shown just before. Only frames whose painting clearly
differs from the game they were made from say anything: with strength 0, or in a still menu under a faint theme, the
grab equals what was shown without any loop. Pure numpy, 0.15 ms a frame; knows nothing of screens.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from reskin.errors import SelfCaptureError
from reskin.frame import Frame

_GRID = (24, 32)  # samples down and across
_REMEMBERED = 6  # frames; a loop comes back after one or two, more with a slow compositor
_SAME_LEVELS = 1.0  # mean difference in 0..255 up to which two frames are one picture
_PAINTED_LEVELS = 6.0  # mean difference from which a painting clearly is not its game frame
_RUN = 4  # grabs in a row that equal something shown, the first of them clearly painted


class SelfCaptureGuard:
    """Tell it of every grab and every frame shown (by index, as a painting carries its game frame's index)."""

    def __init__(self) -> None:
        self._grabs: deque[tuple[int, np.ndarray]] = deque(maxlen=2 * _REMEMBERED)
        self._shown: deque[tuple[np.ndarray, bool]] = deque(maxlen=_REMEMBERED)  # and whether clearly painted
        self._run = 0

    def grabbed(self, frame: Frame) -> None:
        """SelfCaptureError once several grabs in a row were frames of ours.

        Only the first of them must be a clear painting: painted again and again, a picture comes close to the theme
        and hardly changes any more.
        """
        grid = _samples(frame.bgra_u8)
        self._grabs.append((frame.index, grid))
        equal = [painted for shown, painted in self._shown if _difference(grid, shown) <= _SAME_LEVELS]
        if not equal:
            self._run = 0
        elif self._run or any(equal):
            self._run += 1
        if self._run >= _RUN:
            raise SelfCaptureError(
                f"grabbing the game: the last {_RUN} grabs show Reskin's own overlay, not the game. Capture the game "
                "by its window (`reskin windows` lists them) instead of by a screen region."
            )

    def shown(self, frame: Frame) -> None:
        game = next((grid for index, grid in reversed(self._grabs) if index == frame.index), None)
        if game is not None:
            grid = _samples(frame.bgra_u8)
            self._shown.append((grid, _difference(grid, game) >= _PAINTED_LEVELS))

    def reset(self) -> None:
        """Forget all: after a pause, or when another window is captured."""
        self._grabs.clear()
        self._shown.clear()
        self._run = 0


def _samples(bgra_u8: np.ndarray) -> np.ndarray:
    """(rows, columns, 3) int16, the middles of a coarse grid."""
    h, w = bgra_u8.shape[:2]
    rows = (np.arange(_GRID[0]) * 2 + 1) * h // (2 * _GRID[0])
    columns = (np.arange(_GRID[1]) * 2 + 1) * w // (2 * _GRID[1])
    return bgra_u8[rows[:, None], columns[None, :], :3].astype(np.int16)


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).mean())
