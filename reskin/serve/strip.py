"""A frame number that survives any video codec: 16 rows under the picture, in cells of black and white.

22 cells side by side: one white and one black (what these came out as is the scale for the others), the number's 16
bits, the highest first, and 4 bits that check them. Grey only, so that halved colour planes carry it, and read in the
middle half of each cell. Knows nothing of codecs or of the network.
"""

from __future__ import annotations

import numpy as np

STRIP_ROWS = 16  # a macroblock: the picture above keeps its own
NUMBERS = 1 << 16  # a number is below this
NO_NUMBER = 0  # under a picture that is the painting of no frame: clients count from 1 to NUMBERS - 1, and again
CELLS = 22
NARROWEST = 8 * CELLS  # pixels
_LEAST_CONTRAST = 64


def add_strip(bgra_u8: np.ndarray, number: int) -> np.ndarray:
    """(h, w, 4) -> (h + 16, w, 4), a copy with `number` modulo 65,536 under it; at least 176 pixels wide."""
    h, w = bgra_u8.shape[:2]
    assert w >= NARROWEST, "a cell of less than 8 pixels does not come through"
    out = np.empty((h + STRIP_ROWS, w, 4), np.uint8)
    out[:h] = bgra_u8
    bits = _bits(number % NUMBERS)
    row = np.repeat(bits * np.uint8(255), np.diff(_edges(w)))
    out[h:] = row[None, :, None]
    out[h:, :, 3] = 255
    return out


def read_strip(bgra_u8: np.ndarray) -> tuple[np.ndarray, int | None]:
    """(h + 16, w, 4) -> the picture (h, w, 4), a view, and the number under it; None where it cannot be read."""
    h, w = bgra_u8.shape[0] - STRIP_ROWS, bgra_u8.shape[1]
    if h < 1 or w < NARROWEST:
        return bgra_u8, None
    strip = bgra_u8[h + STRIP_ROWS // 4 : h + 3 * STRIP_ROWS // 4, :, 1]
    edges = _edges(w)
    margin = np.diff(edges) // 4
    means = np.array([strip[:, a + m : b - m].mean() for a, b, m in zip(edges[:-1], edges[1:], margin, strict=True)])
    white, black = means[:2]
    if white - black < _LEAST_CONTRAST:
        return bgra_u8[:h], None
    bits = means > (white + black) / 2
    number = int(bits[2:18] @ (1 << np.arange(15, -1, -1)))
    return bgra_u8[:h], number if np.array_equal(_bits(number), bits) else None


def _bits(number: int) -> np.ndarray:
    """All 22 cells, uint8 0 or 1."""
    check = (number ^ number >> 4 ^ number >> 8 ^ number >> 12 ^ 0b0101) & 0b1111
    value = (0b10 << 20) | (number << 4) | check
    return (value >> np.arange(CELLS - 1, -1, -1) & 1).astype(np.uint8)


def _edges(w: int) -> np.ndarray:
    return np.arange(CELLS + 1) * w // CELLS
