"""Puts a reading to the vote of its colours: what has one colour in a picture is mostly made of one thing.

The Reader sees each place by itself and doubts; the pixels of one colour, counted together, rarely do. Materials
are tallied by colour (24 steps a channel) in the upper and the lower half of the picture, by p * p: who is unsure says
little, and what is voted is squared once more: few do not tint the rest. Votes count for some readings more, ever
less. A HUD neither votes nor is outvoted: its letters are white as snow is. Some 0.7 ms at 256x144 on one core.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.config import HUD

BANDS = 2  # of rows: what is above may be of another thing than what is below
LEVELS = 24  # steps of each channel
PLACES = BANDS * LEVELS**3
KEPT = 0.8  # share of the votes that count again at the next reading
FEW = 1e-6  # votes below this are none: numbers that shrink for ever are slow
OUTVOTED = 3.0  # how much the colour counts for every pixel that was read, whose own reading counts 1
OUTVOTED_FAR = 0.2  # the same where a reading follows to another frame, beside neighbours of like colour: 16 at most


def places_of(rgb: np.ndarray) -> np.ndarray:
    """Where each pixel's votes are counted: planes (3, h, w) in [0, 1] -> (h, w) int32 below `PLACES`."""
    places = np.empty(rgb.shape[1:], np.int32)
    _find_places(rgb, places)
    return places


def tally(places: np.ndarray, materials: np.ndarray, before: np.ndarray | None) -> np.ndarray:
    """(PLACES, k): the votes of materials (k, h, w) for what each colour is, and what is left of those `before`."""
    votes = np.zeros((PLACES, materials.shape[0]), np.float32)
    if before is not None:
        _keep(before.reshape(-1), votes.reshape(-1))
    _tally(places, materials, votes)
    return votes


def outvote(places: np.ndarray, votes: np.ndarray, materials: np.ndarray, counts: np.ndarray,
            against: float) -> np.ndarray:  # fmt: skip
    """Materials (k, h, w) with what their colours say, a new array: `counts` (h, w) to `against` a pixel."""
    voted = np.empty_like(materials)
    _outvote(places, votes, counts, np.float32(against), materials, voted)
    return voted


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
def _keep(before, votes):
    for i in range(votes.shape[0]):
        left = np.float32(KEPT) * before[i]
        votes[i] = left if left > np.float32(FEW) else np.float32(0.0)


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
def _tally(places, materials, votes):
    k, h, w = materials.shape
    for i in range(k):
        if i == HUD:
            continue
        for y in range(h):
            for x in range(w):
                votes[places[y, x], i] += materials[i, y, x] * materials[i, y, x]


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)
def _outvote(places, votes, counts, against, materials, voted):
    k, h, w = materials.shape
    color, own = np.empty(w, np.float32), np.empty(w, np.float32)
    for y in range(h):
        for x in range(w):
            all_votes = np.float32(0.0)
            for i in range(k):
                all_votes += votes[places[y, x], i] * votes[places[y, x], i]
            own[x], color[x] = np.float32(1.0), np.float32(0.0)
            if all_votes > 0.0:
                own[x] = counts[y, x] / (counts[y, x] + against)
                color[x] = (np.float32(1.0) - own[x]) * (np.float32(1.0) - materials[HUD, y, x]) / all_votes
        for i in range(k):
            if i == HUD:
                for x in range(w):
                    voted[i, y, x] = materials[i, y, x]
                continue
            for x in range(w):
                voted[i, y, x] = (
                    own[x] * materials[i, y, x] + color[x] * votes[places[y, x], i] * votes[places[y, x], i]
                )
