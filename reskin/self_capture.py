"""Notices when what is grabbed is our own overlay: painting our paint again and again, while the game stays unseen.

Compares a coarse grid of samples of each grab with the frames shown just before. Only frames whose painting clearly
differs from the game they were made from say anything: with strength 0, or in a still menu under a faint theme, the
grab equals what was shown without any loop. Pure numpy, 0.03 ms a frame; knows nothing of screens.
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
_HITS = 3  # in a row; a feedback loop of a theme at half strength fades below _PAINTED_LEVELS after about four


class SelfCaptureGuard:
    """Tell it of every grab and every frame shown (by index, as a painting carries its game frame's index)."""

    def __init__(self) -> None:
        self._grabs: deque[tuple[int, np.ndarray]] = deque(maxlen=2 * _REMEMBERED)
        self._paintings: deque[np.ndarray] = deque(maxlen=_REMEMBERED)  # shown, and clearly not their game frame
        self._hits = 0

    def grabbed(self, frame: Frame) -> None:
        """SelfCaptureError once several grabs in a row were paintings of ours."""
        grid = _samples(frame.bgra_u8)
        self._grabs.append((frame.index, grid))
        if not self._paintings:
            return  # nothing to compare with: neither for nor against
        looped = any(_difference(grid, painting) <= _SAME_LEVELS for painting in self._paintings)
        self._hits = self._hits + 1 if looped else 0
        if self._hits >= _HITS:
            raise SelfCaptureError(
                f"grabbing the game: the last {_HITS} grabs show Reskin's own overlay, not the game. Capture the game "
                "by its window (`reskin windows` lists them) instead of by a screen region."
            )

    def shown(self, frame: Frame) -> None:
        game = next((grid for index, grid in reversed(self._grabs) if index == frame.index), None)
        painting = _samples(frame.bgra_u8)
        if game is not None and _difference(painting, game) >= _PAINTED_LEVELS:
            self._paintings.append(painting)

    def reset(self) -> None:
        """Forget all: after a pause, or when another window is captured."""
        self._grabs.clear()
        self._paintings.clear()
        self._hits = 0


def _samples(bgra_u8: np.ndarray) -> np.ndarray:
    """(rows, columns, 3) int16, the middles of a coarse grid."""
    h, w = bgra_u8.shape[:2]
    rows = (np.arange(_GRID[0]) * 2 + 1) * h // (2 * _GRID[0])
    columns = (np.arange(_GRID[1]) * 2 + 1) * w // (2 * _GRID[1])
    return bgra_u8[rows[:, None], columns[None, :], :3].astype(np.int16)


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).mean())
