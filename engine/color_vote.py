"""Puts a reading to the vote of its colours: what has one colour in a picture is mostly made of one thing.

The Reader sees each place by itself and doubts; the pixels of one colour, counted together, rarely do. Materials
are tallied by colour (24 steps a channel) in the upper and the lower half of the picture, by p * p: who is unsure says
little. A HUD neither votes nor is outvoted: its letters are white as snow is. Some 0.5 ms at 256x144 on one core.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.config import HUD

BANDS = 2  # of rows: what is above may be of another thing than what is below
LEVELS = 24  # steps of each channel
PLACES = BANDS * LEVELS**3
OUTVOTED = 3.0  # how much the colour counts for every pixel that was read, whose own reading counts 1
OUTVOTED_FAR = 0.2  # the same where a reading follows to another frame, beside neighbours of like colour: 16 at most


def places_of(rgb: np.ndarray) -> np.ndarray:
    """Where each pixel's votes are counted: planes (3, h, w) in [0, 1] -> (h, w) int32 below `PLACES`."""
    places = np.empty(rgb.shape[1:], np.int32)
    _find_places(rgb, places)
    return places


def tally(places: np.ndarray, materials: np.ndarray) -> np.ndarray:
    """(PLACES, k): what the pixels of a colour say they are, HUD left out; zeros where no pixel has voted."""
    shares = np.zeros((PLACES, materials.shape[0]), np.float32)
    _tally(places, materials, shares)
    return shares


def outvote(places: np.ndarray, shares: np.ndarray, materials: np.ndarray, counts: np.ndarray,
            against: float) -> None:  # fmt: skip
    """Mixes into materials (k, h, w) what their colours say, in place: `counts` (h, w) to `against` a pixel."""
    _outvote(places, shares, counts, np.float32(against), materials)


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
def _find_places(rgb, places):
    h, w = places.shape
    top, levels = LEVELS - 1, np.float32(LEVELS)
    for y in range(h):
        band = y * BANDS // h
        for x in range(w):
            r, g, b = int(rgb[0, y, x] * levels), int(rgb[1, y, x] * levels), int(rgb[2, y, x] * levels)
            r, g, b = max(0, min(top, r)), max(0, min(top, g)), max(0, min(top, b))
            places[y, x] = ((band * LEVELS + r) * LEVELS + g) * LEVELS + b


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
def _tally(places, materials, shares):
    k, h, w = materials.shape
    for i in range(k):
        if i == HUD:
            continue
        for y in range(h):
            for x in range(w):
                shares[places[y, x], i] += materials[i, y, x] * materials[i, y, x]
    for place in range(shares.shape[0]):
        total = np.float32(0.0)
        for i in range(k):
            total += shares[place, i]
        if total > 0.0:
            for i in range(k):
                shares[place, i] /= total


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
def _outvote(places, shares, counts, against, materials):
    k, h, w = materials.shape
    color, own = np.empty(w, np.float32), np.empty(w, np.float32)
    for y in range(h):
        for x in range(w):
            has_voted = np.float32(0.0)
            for i in range(k):
                has_voted += shares[places[y, x], i]
            own[x] = counts[y, x] / (counts[y, x] + against * has_voted)
            color[x] = (np.float32(1.0) - own[x]) * (np.float32(1.0) - materials[HUD, y, x])
        for i in range(k):
            if i == HUD:
                continue
            for x in range(w):
                materials[i, y, x] = own[x] * materials[i, y, x] + color[x] * shares[places[y, x], i]
