"""Settles the Reader's materials: edges move onto the frame's own edges, and still pixels stop flickering.

One pass at the model's size: each pixel averages its neighbours' materials by how alike their colours are (a joint
bilateral filter, 13 taps), then keeps a share of what it was in the frame before if its own colour has not changed.
About 2 ms at 256x144 on one core.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.config import MATERIALS

ALIKE = 0.006  # squared colour distance at which a neighbour counts half
STILL = 0.002  # squared colour change at which the past counts half
CARRY = 0.7  # share of the past where nothing changed

# Weights by ring that average any pattern of period two away: the Reader's last layer leaves one (pixel shuffle).
_RING = {(0, 0): 2.0, (0, 1): 2.0, (1, 1): 1.0, (0, 2): 0.5}
_TAPS = [
    (y, x, _RING[min(abs(y), abs(x)), max(abs(y), abs(x))])
    for y in range(-2, 3) for x in range(-2, 3) if abs(y) + abs(x) <= 2
]  # fmt: skip
_TAP_Y = np.array([y for y, _, _ in _TAPS])
_TAP_X = np.array([x for _, x, _ in _TAPS])
_TAP_WEIGHT = np.array([weight for _, _, weight in _TAPS], np.float32)
_MATERIALS = len(MATERIALS)


class Refiner:
    """Remembers the last frame and its materials. One per stream; not thread-safe."""

    def __init__(self) -> None:
        self._rgb: np.ndarray | None = None
        self._materials: np.ndarray | None = None

    def reset(self) -> None:
        self._rgb = self._materials = None

    def __call__(self, rgb: np.ndarray, materials: np.ndarray) -> np.ndarray:
        """rgb (h, w, 3) in [0, 1] and materials (h, w, k) probabilities to settled materials, a new array."""
        settled = np.empty_like(materials)
        if self._rgb is None or self._rgb.shape != rgb.shape or self._materials is None:
            _refine(rgb, materials, rgb, materials, np.float32(0.0), settled)
        else:
            _refine(rgb, materials, self._rgb, self._materials, np.float32(CARRY), settled)
        self._rgb, self._materials = rgb, settled
        return settled


@njit(cache=True, fastmath=True, error_model="numpy")
def _refine(rgb, materials, rgb_before, materials_before, carry, settled):
    h, w, _ = materials.shape
    total = np.empty(_MATERIALS, np.float32)
    for y in range(h):
        for x in range(w):
            r, g, b = rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2]
            for i in range(_MATERIALS):
                total[i] = 0.0
            weights = np.float32(0.0)
            for tap in range(_TAP_Y.shape[0]):
                ny = min(h - 1, max(0, y + _TAP_Y[tap]))
                nx = min(w - 1, max(0, x + _TAP_X[tap]))
                d = (rgb[ny, nx, 0] - r) ** 2 + (rgb[ny, nx, 1] - g) ** 2 + (rgb[ny, nx, 2] - b) ** 2
                weight = np.float32(ALIKE) / (np.float32(ALIKE) + d)
                weight = weight * weight * _TAP_WEIGHT[tap]
                weights += weight
                for i in range(_MATERIALS):
                    total[i] += weight * materials[ny, nx, i]
            change = (rgb_before[y, x, 0] - r) ** 2 + (rgb_before[y, x, 1] - g) ** 2 + (rgb_before[y, x, 2] - b) ** 2
            past = carry * np.float32(STILL) / (np.float32(STILL) + change)
            scale = (np.float32(1.0) - past) / weights
            for i in range(_MATERIALS):
                settled[y, x, i] = scale * total[i] + past * materials_before[y, x, i]
