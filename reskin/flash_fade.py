"""Moves a picture some way towards the next one, in each cell of a grid as far as it is told: one compiled pass."""

from __future__ import annotations

import numpy as np
from numba import njit

WHOLE = 256  # a share of 1
BITS, PAIR, HALF = np.uint32(8), np.uint32(0x00FF00FF), np.uint32(0x00800080)


@njit(cache=True, error_model="numpy")
def fade(new, shares, kept):
    """kept (h, w) uint32 BGRA += share * (new - kept); shares (rows, w) uint32, of `WHOLE`, of rows of cells.

    Two bytes at a time: they have 16 bits each, and what is borrowed from the next one is given back by the sum.
    """
    (h, w), rows = kept.shape, len(shares)
    for y in range(h):
        at = min(rows - 1.0, max(0.0, (y + 0.5) * (rows / h) - 0.5))
        upper = int(at)
        part = np.uint32((at - upper) * WHOLE)
        above, below = shares[upper], shares[min(rows - 1, upper + 1)]
        for x in range(w):
            share = np.uint32(above[x] * np.uint32(WHOLE - part) + below[x] * part) >> BITS
            was, now = kept[y, x], new[y, x]
            even, odd = was & PAIR, (was >> BITS) & PAIR
            even = np.uint32((even << BITS) + ((now & PAIR) - even) * share + HALF)
            odd = np.uint32((odd << BITS) + (((now >> BITS) & PAIR) - odd) * share + HALF)
            kept[y, x] = ((even >> BITS) & PAIR) | (odd & ~PAIR)
