"""Moves a picture some way towards the next one, in each cell of a grid as far as it is told: one compiled pass."""

from __future__ import annotations

import numpy as np
from numba import njit

WHOLE = 256  # a share of 1
ROWS = 4  # of pixels, at most, that have the same shares: a fifth of a cell at 720p
BITS, PAIR, HALF = np.uint32(8), np.uint32(0x00FF00FF), np.uint32(0x00800080)


@njit(cache=True, error_model="numpy")
def fade(new, shares, kept):
    """kept (h, w) uint32 BGRA += share * (new - kept); shares (rows, w) uint16, of `WHOLE`, of rows of cells."""
    h, w = kept.shape
    row, step = np.empty(w, np.uint32), _step(shares, h)
    for y in range(h):
        if y % step == 0:
            above, below, part = _between(shares, y, step, h)
            for x in range(w):
                row[x] = _share(shares[above, x], shares[below, x], part)
        for x in range(w):
            kept[y, x] = _mix(kept[y, x], new[y, x], row[x])


@njit(cache=True, error_model="numpy")
def faded(new, shares, kept, ys, xs, h):
    """(n,) uint32: what `fade` makes of the pixels new, kept (n,) that lie at ys, xs (n,) of a picture h high."""
    out, step = np.empty_like(kept), _step(shares, h)
    for n in range(len(ys)):
        above, below, part = _between(shares, ys[n] - ys[n] % step, step, h)
        out[n] = _mix(kept[n], new[n], _share(shares[above, xs[n]], shares[below, xs[n]], part))
    return out


@njit(cache=True, error_model="numpy", inline="always")
def _step(shares, h):
    """Rows of pixels with the same shares: no more than a cell has, or a cell that stands still would move."""
    return min(ROWS, max(1, h // len(shares)))


@njit(cache=True, error_model="numpy", inline="always")
def _between(shares, y, step, h):
    """The rows of cells above and below `step` rows from y on, of h, and the part of `WHOLE` that the lower one has."""
    rows = len(shares)
    at = min(rows - 1.0, max(0.0, (y + 0.5 * step) * (rows / h) - 0.5))
    above = int(at)
    return above, min(rows - 1, above + 1), np.uint32((at - above) * WHOLE)


@njit(cache=True, error_model="numpy", inline="always")
def _share(above, below, part):
    return np.uint32(above * np.uint32(WHOLE - part) + below * part) >> BITS


@njit(cache=True, error_model="numpy", inline="always")
def _mix(was, now, share):
    """Two bytes at a time: they have 16 bits each, and what is borrowed from the next one is given back by the sum."""
    even, odd = was & PAIR, (was >> BITS) & PAIR
    even = np.uint32((even << BITS) + ((now & PAIR) - even) * share + HALF)
    odd = np.uint32((odd << BITS) + (((now >> BITS) & PAIR) - odd) * share + HALF)
    return ((even >> BITS) & PAIR) | (odd & ~PAIR)
