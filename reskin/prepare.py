"""Prepare: screen bytes to what the model sees. One pass: area average to the model's size, BGRA to RGB, to floats.

Area, since a plain linear resize of a 1080p frame skips six pixels of seven and the picture shimmers.
"""

from __future__ import annotations

import numpy as np
from numba import njit


def prepare(bgra_u8: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w, 4) uint8 of any size to (size[0], size[1], 3) float32 RGB in [0, 1]."""
    rgb = np.empty((*size, 3), np.float32)
    _area(bgra_u8.reshape(bgra_u8.shape[0], -1), rgb)
    return rgb


@njit(cache=True, fastmath=True, error_model="numpy")
def _add_row(line, weight, total):
    for i in range(line.shape[0]):
        total[i] += weight * np.float32(line[i])


@njit(cache=True, fastmath=True, error_model="numpy")
def _area(rows, rgb):
    height, width = rows.shape[0], rows.shape[1] // 4
    h, w, _ = rgb.shape
    tall, wide = height / h, width / w
    scale = np.float32(1.0 / (255.0 * tall * wide))
    total = np.empty(width * 4, np.float32)
    for y in range(h):
        top, bottom = y * tall, (y + 1) * tall
        total[:] = 0.0
        for row in range(int(top), min(height, int(np.ceil(bottom - 1e-6)))):
            _add_row(rows[row], np.float32(min(bottom, row + 1.0) - max(top, float(row))), total)
        for x in range(w):
            left, right = x * wide, (x + 1) * wide
            r = g = b = np.float32(0.0)
            for column in range(int(left), min(width, int(np.ceil(right - 1e-6)))):
                weight = np.float32(min(right, column + 1.0) - max(left, float(column)))
                b += weight * total[4 * column]
                g += weight * total[4 * column + 1]
                r += weight * total[4 * column + 2]
            rgb[y, x, 0] = r * scale
            rgb[y, x, 1] = g * scale
            rgb[y, x, 2] = b * scale
