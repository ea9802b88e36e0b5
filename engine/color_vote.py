"""Puts a reading to the vote of its colours: what has one colour in a picture is mostly made of one thing.

The Reader sees each place by itself and doubts; the pixels of one colour, counted together, rarely do. Materials are
tallied by colour (24 steps a channel), above and below the middle of the picture apart, by p * p: who is unsure says
little, and what is voted is squared once more: few do not tint the rest. Votes count for some readings more, ever less.
A HUD neither votes nor is outvoted: its letters are white as snow is. At 256x144 on one core 1 ms for a frame that is
read, 0.6 ms for one that follows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.config import HUD

LEVELS = 24  # steps of each channel
COLORS = LEVELS**3
PLACES = 2 * COLORS  # where votes are counted: of what is above, then of what is below
BLENDED = 0.2  # share of the picture's height, round its middle, where both count: a seam would show
KEPT = 0.8  # share of the votes that count again at the next reading
FEW = 1e-6  # votes below this are none: numbers that shrink for ever are slow
OUTVOTED = 3.0  # how much the colour counts for every pixel that was read, whose own reading counts 1
OUTVOTED_FAR = 0.2  # the same where a reading follows to another frame, beside neighbours of like colour: 16 at most


def lowness(h: int) -> np.ndarray:
    """(h,) float32: how much each row belongs to the lower half, 0 above and 1 below."""
    middle = (np.arange(h) + 0.5) / h - 0.5
    return np.clip(middle / BLENDED + 0.5, 0, 1).astype(np.float32)


def colors_of(rgb: np.ndarray) -> np.ndarray:
    """The number of each pixel's colour: planes (3, h, w) in [0, 1] -> (h, w) int32 below `COLORS`."""
    colors = np.empty(rgb.shape[1:], np.int32)
    _number(rgb, colors)
    return colors


def tally(colors: np.ndarray, materials: np.ndarray, before: np.ndarray | None) -> np.ndarray:
    """(PLACES, k): the votes of materials (k, h, w) for what each colour is, and what is left of those `before`."""
    votes = np.zeros((PLACES, materials.shape[0]), np.float32)
    if before is not None:
        _keep(before.reshape(-1), votes.reshape(-1))
    _tally(colors, lowness(len(colors)), materials, votes)
    return votes


def outvote(colors: np.ndarray, votes: np.ndarray, materials: np.ndarray, counts: np.ndarray,
            against: float) -> np.ndarray:  # fmt: skip
    """Materials (k, h, w) with what their colours say, a new array: `counts` (h, w) to `against` a pixel."""
    voted = np.empty_like(materials)
    _outvote(colors, lowness(len(colors)), votes, counts, np.float32(against), materials, voted)
    return voted


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
def _number(rgb, colors):
    h, w = colors.shape
    top, levels = LEVELS - 1, np.float32(LEVELS)
    for y in range(h):
        for x in range(w):
            r, g, b = int(rgb[0, y, x] * levels), int(rgb[1, y, x] * levels), int(rgb[2, y, x] * levels)
            r, g, b = max(0, min(top, r)), max(0, min(top, g)), max(0, min(top, b))
            colors[y, x] = (r * LEVELS + g) * LEVELS + b


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
def _keep(before, votes):
    for i in range(votes.shape[0]):
        left = np.float32(KEPT) * before[i]
        votes[i] = left if left > np.float32(FEW) else np.float32(0.0)


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
def _tally(colors, low, materials, votes):
    k, h, w = materials.shape
    one = np.float32(1.0)
    for i in range(k):
        if i == HUD:
            continue
        for y in range(h):
            if low[y] < one:
                for x in range(w):
                    votes[colors[y, x], i] += (one - low[y]) * materials[i, y, x] * materials[i, y, x]
            if low[y] > 0.0:
                for x in range(w):
                    votes[COLORS + colors[y, x], i] += low[y] * materials[i, y, x] * materials[i, y, x]


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
def _outvote(colors, low, votes, counts, against, materials, voted):
    k, h, w = materials.shape
    color, own, one = np.empty(w, np.float32), np.empty(w, np.float32), np.float32(1.0)
    said = np.empty((w, k), np.float32)
    for y in range(h):
        for x in range(w):
            above, below, total = colors[y, x], COLORS + colors[y, x], np.float32(0.0)
            for i in range(k):
                said[x, i] = (one - low[y]) * votes[above, i] + low[y] * votes[below, i]
                said[x, i] *= said[x, i]
                total += said[x, i]
            own[x], color[x] = one, np.float32(0.0)
            if total > 0.0:
                own[x] = counts[y, x] / (counts[y, x] + against)
                color[x] = (one - own[x]) * (one - materials[HUD, y, x]) / total
        for i in range(k):
            if i == HUD:
                for x in range(w):
                    voted[i, y, x] = materials[i, y, x]
                continue
            for x in range(w):
                voted[i, y, x] = own[x] * materials[i, y, x] + color[x] * said[x, i]
