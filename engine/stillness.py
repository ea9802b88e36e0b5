"""A HUD stays where it is while the world moves behind it: what moves with the world is no HUD, whatever it looks like.

The Reader judges single frames and at times takes a bright foreground for a HUD, which would keep it out of the theme.
Where pixels change whenever the picture as a whole changes, belief in a HUD falls within about a second of motion and
stays low; nothing is learnt from a still picture. Works on luminance at the model's size; 0.2 ms at 256x144.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.config import MATERIALS

HUD = MATERIALS.index("hud")
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
        """Materials (h, w, k) with doubtful HUD taken back, in place; luminance is (h, w) in [0, 1]."""
        if self._last is None or self._still is None or self._last.shape != luminance.shape:
            self._last, self._still = luminance, np.ones_like(luminance)
            return materials
        # Text and bars have calm pixels between their edges; a blur lets a neighbourhood speak together.
        changed = cv2.blur(np.abs(luminance - self._last), (5, 5)) > CHANGED
        self._last = luminance
        moving = float(changed.mean())
        if moving > MOVING:
            cv2.accumulateWeighted(np.where(changed, np.float32(0), np.float32(1)), self._still, 1 / MEMORY_FRAMES)
        belief = np.clip((self._still - DOUBTED) / (BELIEVED - DOUBTED), 0, 1)
        hud = materials[..., HUD].copy()
        doubted = hud * (1 - belief)
        if doubted.max() > 0.0:
            # What is taken from the HUD goes to the pixel's other materials in proportion.
            more = 1 + doubted / np.maximum(1 - hud, 1e-4)
            for plane in materials.transpose(2, 0, 1):
                plane *= more
            materials[..., HUD] = hud - doubted
        return materials
