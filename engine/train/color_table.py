"""The best that one table of colours could do for a theme: fitted to true renderings, as no user of a filter can.

Lookup tables (LUTs) are what shader filters have. Pictures are (h, w, 3) sRGB in [0, 1].
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

SIDE = 9  # colours along each axis of the table
SPREAD = 0.8  # of a colour into its neighbours, in cells: most of the table is seldom seen


class ColorTable:
    """What a game's colour becomes, wherever it stands in the picture."""

    def __init__(self, pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> None:
        """Means of the true colours over the game's, of pictures and their true renderings."""
        sums = np.zeros((SIDE**3, 4))  # colours, and how many
        for rgb, truth in pairs:
            cells = np.rint(rgb.reshape(-1, 3) * (SIDE - 1)).astype(int) @ (SIDE * SIDE, SIDE, 1)
            for c in range(3):
                sums[:, c] += np.bincount(cells, truth[..., c].ravel(), SIDE**3)
            sums[:, 3] += np.bincount(cells, minlength=SIDE**3)
        near = _spread(sums.reshape(SIDE, SIDE, SIDE, 4), SPREAD)
        far = _spread(sums.reshape(SIDE, SIDE, SIDE, 4), SIDE / 3)  # where nothing was seen near by
        both = near + 1e-3 * far
        self.table = (both[..., :3] / np.maximum(both[..., 3:], 1e-9)).astype(np.float32)

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """(h, w, 3) by trilinear interpolation."""
        at = np.clip(rgb, 0, 1) * (SIDE - 1)
        low = np.minimum(at.astype(int), SIDE - 2)
        part = at - low
        out = np.zeros(rgb.shape, np.float32)
        for corner in np.ndindex(2, 2, 2):
            weight = np.prod(np.where(corner, part, 1 - part), axis=2)
            r, g, b = np.moveaxis(low + corner, 2, 0)
            out += weight[..., None] * self.table[r, g, b]
        return out


def _spread(sums: np.ndarray, cells: float) -> np.ndarray:
    """(n, n, n, channels) smoothed by a Gaussian along the first three axes."""
    for axis in range(3):
        lines = np.moveaxis(sums, axis, 0)
        shape = lines.shape
        smooth = cv2.GaussianBlur(lines.reshape(shape[0], -1), (1, 2 * SIDE - 1), sigmaX=1e-6, sigmaY=cells,
                                  borderType=cv2.BORDER_REFLECT)  # fmt: skip
        sums = np.moveaxis(smooth.reshape(shape), 0, axis)
    return sums
