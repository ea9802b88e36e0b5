"""Settles the Reader's materials: edges move onto the frame's own edges, and still pixels stop flickering.

One pass at the model's size: each pixel averages its neighbours' materials by how alike their colours are (a joint
bilateral filter, 13 taps), then keeps a share of what it was in the frame before if its own colour has not changed.
About 1 ms at 256x144 on one core.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.votes import planes

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


class Refiner:
    """Remembers the last frame and its materials. One per stream; not thread-safe."""

    def __init__(self) -> None:
        self._rgb: np.ndarray | None = None
        self._materials: np.ndarray | None = None

    def reset(self) -> None:
        self._rgb = self._materials = None

    def __call__(self, rgb: np.ndarray, materials: np.ndarray) -> np.ndarray:
        """rgb (h, w, 3) in [0, 1] and materials (h, w, k) probabilities to settled materials, a new array."""
        now, colors = planes(materials), planes(rgb)
        settled = np.empty_like(now)
        if self._rgb is None or self._rgb.shape != colors.shape or self._materials is None:
            _refine(colors, now, colors, now, np.float32(0.0), settled)
        else:
            _refine(colors, now, self._rgb, self._materials, np.float32(CARRY), settled)
        self._rgb, self._materials = colors, settled
        return settled.transpose(1, 2, 0)


@njit(cache=True, fastmath=True, error_model="numpy")
def _pad(rows, padded):
    """Planes (c, h, w) with a border of two pixels repeated on every side, so that no tap asks where the border is."""
    c, h, w = rows.shape
    for i in range(c):
        for y in range(h + 4):
            row = min(h - 1, max(0, y - 2))
            for x in range(w):
                padded[i, y, x + 2] = rows[i, row, x]
            for x in range(2):
                padded[i, y, x] = rows[i, row, 0]
                padded[i, y, w + 2 + x] = rows[i, row, w - 1]


@njit(cache=True, fastmath=True, error_model="numpy")
def _weigh(rgb, y, row, shift, tap_weight, weight, total):
    """How much one neighbour counts for every pixel of a row, and the running sum. `rgb` is padded."""
    alike, center = np.float32(ALIKE), np.uintp(2)
    for column in range(weight.shape[0]):
        x = np.uintp(column)
        r = rgb[0, row, x + shift] - rgb[0, y, x + center]
        g = rgb[1, row, x + shift] - rgb[1, y, x + center]
        b = rgb[2, row, x + shift] - rgb[2, y, x + center]
        ratio = alike / (alike + r * r + g * g + b * b)
        weight[x] = tap_weight * ratio * ratio
    for x in range(weight.shape[0]):
        total[x] += weight[x]


@njit(cache=True, fastmath=True, error_model="numpy")
def _gather(materials, i, row, shift, weight, settled, y):
    """Adds a neighbour's row of one material."""
    for column in range(weight.shape[0]):
        x = np.uintp(column)
        settled[i, y, x] += weight[x] * materials[i, row, x + shift]


@njit(cache=True, fastmath=True, error_model="numpy")
def _refine(rgb, materials, rgb_before, materials_before, carry, settled):
    k, h, w = materials.shape
    padded_rgb = np.empty((3, h + 4, w + 4), np.float32)
    padded = np.empty((k, h + 4, w + 4), np.float32)
    _pad(rgb, padded_rgb)
    _pad(materials, padded)
    weight, total = np.empty(w, np.float32), np.empty(w, np.float32)
    past = np.empty(w, np.float32)
    for y in range(h):
        total[:] = 0.0
        settled[:, y, :] = 0.0
        for tap in range(_TAP_Y.shape[0]):
            row, shift = y + 2 + _TAP_Y[tap], np.uintp(2 + _TAP_X[tap])
            _weigh(padded_rgb, y + 2, row, shift, _TAP_WEIGHT[tap], weight, total)
            for i in range(k):
                _gather(padded, i, row, shift, weight, settled, y)
        for x in range(w):
            r, g = rgb_before[0, y, x] - rgb[0, y, x], rgb_before[1, y, x] - rgb[1, y, x]
            b = rgb_before[2, y, x] - rgb[2, y, x]
            past[x] = carry * np.float32(STILL) / (np.float32(STILL) + r * r + g * g + b * b)
        for x in range(w):
            total[x] = (np.float32(1.0) - past[x]) / total[x]
        for i in range(k):
            for x in range(w):
                settled[i, y, x] = settled[i, y, x] * total[x] + past[x] * materials_before[i, y, x]
