"""A HUD stays where it is while the world moves behind it: what moves with the world is no HUD, whatever it looks like.

The Reader judges single frames and at times takes a bright foreground for a HUD, which would keep it out of the theme.
Where pixels change whenever the picture as a whole changes, belief in a HUD falls within about a second of motion and
stays low; nothing is learnt from a still picture. Works on luminance at the model's size.
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

from engine.config import HUD
from engine.votes import planes

CHANGED = 0.02  # of luminance, from one frame to the next
MOVING = 0.2  # share of changed pixels from which on the picture counts as moving
MEMORY_FRAMES = 16  # of motion, until a belief has gone two thirds of its way
DOUBTED, BELIEVED = 0.35, 0.65  # share of still frames at which a HUD is given up, and fully trusted


class Stillness:
    """Remembers, per pixel, how often it stood still while the picture moved. One per stream."""

    def __init__(self) -> None:
        self._last: np.ndarray | None = None
        self._still: np.ndarray | None = None

    def reset(self) -> None:
        self._last = self._still = None

    def __call__(self, luminance: np.ndarray, materials: np.ndarray) -> np.ndarray:
        """Materials (h, w, k) with doubtful HUD taken back, may be the same array; luminance is (h, w) in [0, 1]."""
        if self._last is None or self._still is None or self._last.shape != luminance.shape:
            self._last, self._still = luminance, np.ones_like(luminance)
            return materials
        # Text and bars have calm pixels between their edges; a blur lets a neighbourhood speak together.
        changed = cv2.blur(np.abs(luminance - self._last), (5, 5)) > CHANGED
        self._last = luminance
        moving = float(changed.mean())
        if moving > MOVING:
            cv2.accumulateWeighted(np.where(changed, np.float32(0), np.float32(1)), self._still, 1 / MEMORY_FRAMES)
        settled = planes(materials)
        _doubt(self._still, settled)
        return settled.transpose(1, 2, 0)


@njit(cache=True, fastmath=True, error_model="numpy")
def _doubt(still, materials):
    """What is taken from the HUD goes to the pixel's other materials in proportion."""
    k, h, w = materials.shape
    zero, one = np.float32(0.0), np.float32(1.0)
    more, taken = np.empty(w, np.float32), np.empty(w, np.float32)
    for y in range(h):
        most = zero
        for x in range(w):
            belief = min(one, max(zero, (still[y, x] - np.float32(DOUBTED)) * np.float32(1.0 / (BELIEVED - DOUBTED))))
            hud = materials[HUD, y, x]
            taken[x] = hud * (one - belief)
            more[x] = one + taken[x] / max(one - hud, np.float32(1e-4))
            most = max(most, taken[x])
        if most == zero:
            continue
        for i in range(k):
            if i != HUD:
                for x in range(w):
                    materials[i, y, x] *= more[x]
        for x in range(w):
            materials[HUD, y, x] -= taken[x]
