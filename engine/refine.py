"""Settles the Reader's materials: edges move onto the frame's own edges, and still pixels stop flickering.

First the picture's colours vote (`engine.color_vote`). Then one pass at the model's size: each pixel averages its
neighbours' materials by how alike their colours are (a joint bilateral filter, 13 taps), and keeps a share of what it
was in the frame before if its own colour has not changed. About 1.7 ms at 256x144 on one core.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from engine.color_vote import OUTVOTED, OUTVOTED_FAR, colors_of, outvote, tally
from engine.votes import planes

ALIKE = 0.006  # squared colour distance at which a neighbour counts half
STILL = 0.002  # squared colour change at which the past counts half
CARRY = 0.7  # share of the past where nothing changed
FOLLOW_STEP = 3  # pixels between taps where materials follow a frame that was not read: they reach six pixels
BORDER = 2 * FOLLOW_STEP

# Weights by ring that average any pattern of period two away: the Reader's last layer leaves one (pixel shuffle).
_RING = {(0, 0): 2.0, (0, 1): 2.0, (1, 1): 1.0, (0, 2): 0.5}
_TAPS = [
    (y, x, _RING[min(abs(y), abs(x)), max(abs(y), abs(x))])
    for y in range(-2, 3) for x in range(-2, 3) if abs(y) + abs(x) <= 2
]  # fmt: skip
_TAP_Y = np.array([y for y, _, _ in _TAPS])
_TAP_X = np.array([x for _, x, _ in _TAPS])
_TAP_WEIGHT = np.array([weight for _, _, weight in _TAPS], np.float32)


class Settled(NamedTuple):
    """A frame that was read: its colours (3, h, w), its settled materials (k, h, w), its colours' votes."""

    rgb: np.ndarray
    materials: np.ndarray
    votes: np.ndarray


class Refiner:
    """Remembers the last frame that was read. One per stream; `settle` may run in another thread than `follow`."""

    def __init__(self) -> None:
        self._last: Settled | None = None

    def reset(self) -> None:
        self._last = None

    def __call__(self, rgb: np.ndarray, materials: np.ndarray) -> np.ndarray:
        """rgb (h, w, 3) in [0, 1] and materials (h, w, k) probabilities to settled materials, a new array."""
        self.remember(self.settle(rgb, materials))
        assert self._last is not None
        return self._last.materials.transpose(1, 2, 0)

    def settle(self, rgb: np.ndarray, materials: np.ndarray) -> Settled:
        """The same without remembering it."""
        seen, here = planes(materials), planes(rgb)
        last = self._last if self._last is not None and self._last.rgb.shape == here.shape else None
        colors = colors_of(here)
        votes = tally(colors, seen, None if last is None else last.votes)
        now = outvote(colors, votes, seen, np.ones(colors.shape, np.float32), OUTVOTED)
        settled, counts = np.empty_like(now), np.empty(colors.shape, np.float32)
        rgb_before, before, carry = (here, now, 0.0) if last is None else (last.rgb, last.materials, CARRY)
        _refine(here, here, now, 1, rgb_before, before, np.float32(carry), settled, counts)
        return Settled(here, settled, votes)

    def remember(self, settled: Settled) -> None:
        self._last = settled

    def follow(self, rgb: np.ndarray) -> np.ndarray:
        """Materials of a frame that the Reader did not see: each pixel takes them from where its colour was before.

        What its colour voted counts beside these, and alone where nothing of the colour is near: what a thing that
        passed had covered would keep that thing's material.
        Not remembered: a guess must not become what the next reading is compared with, or it leaves ghosts behind.
        """
        assert self._last is not None, "follow() needs a frame that was read"
        before, materials, votes = self._last
        here, followed, counts = planes(rgb), np.empty_like(materials), np.empty(rgb.shape[:2], np.float32)
        _refine(here, before, materials, FOLLOW_STEP, before, materials, np.float32(0.0), followed, counts)
        return outvote(colors_of(here), votes, followed, counts, OUTVOTED_FAR).transpose(1, 2, 0)


@njit(cache=True, fastmath=True, error_model="numpy")
def _pad(rows, padded):
    """Planes (c, h, w) with their edge repeated BORDER pixels outwards, so that no tap asks where the border is."""
    c, h, w = rows.shape
    for i in range(c):
        for y in range(h + 2 * BORDER):
            row = min(h - 1, max(0, y - BORDER))
            for x in range(w):
                padded[i, y, x + BORDER] = rows[i, row, x]
            for x in range(BORDER):
                padded[i, y, x] = rows[i, row, 0]
                padded[i, y, w + BORDER + x] = rows[i, row, w - 1]


@njit(cache=True, fastmath=True, error_model="numpy")
def _weigh(rgb, y, near, row, shift, tap_weight, tap, weights, total):
    """How much one neighbour counts for every pixel of row y, and the running sum. `near` is padded."""
    alike = np.float32(ALIKE)
    for column in range(total.shape[0]):
        x = np.uintp(column)
        r = near[0, row, x + shift] - rgb[0, y, x]
        g = near[1, row, x + shift] - rgb[1, y, x]
        b = near[2, row, x + shift] - rgb[2, y, x]
        ratio = alike / (alike + r * r + g * g + b * b)
        weights[tap, x] = tap_weight * ratio * ratio
    for column in range(total.shape[0]):
        total[column] += weights[tap, column]


@njit(cache=True, fastmath=True, error_model="numpy")
def _gather(padded, i, y, step, weights, settled):
    """Row y of material i from its 13 neighbours, as `_TAPS` lists them: one expression, so that the sum stays in
    registers (tap by tap through memory took 2.2 ms a frame instead of 0.9)."""
    row, middle = y + BORDER, np.uintp(BORDER)
    above, below, left, right = row - step, row + step, np.uintp(BORDER - step), np.uintp(BORDER + step)
    top, bottom, west, east = above - step, below + step, np.uintp(BORDER - 2 * step), np.uintp(BORDER + 2 * step)
    for column in range(settled.shape[2]):
        x = np.uintp(column)
        settled[i, y, x] = (
            weights[0, x] * padded[i, top, x + middle]
            + weights[1, x] * padded[i, above, x + left]
            + weights[2, x] * padded[i, above, x + middle]
            + weights[3, x] * padded[i, above, x + right]
            + weights[4, x] * padded[i, row, x + west]
            + weights[5, x] * padded[i, row, x + left]
            + weights[6, x] * padded[i, row, x + middle]
            + weights[7, x] * padded[i, row, x + right]
            + weights[8, x] * padded[i, row, x + east]
            + weights[9, x] * padded[i, below, x + left]
            + weights[10, x] * padded[i, below, x + middle]
            + weights[11, x] * padded[i, below, x + right]
            + weights[12, x] * padded[i, bottom, x + middle]
        )


@njit(cache=True, fastmath=True, error_model="numpy", nogil=True)  # the Reader's thread runs beside the Painter
def _refine(rgb, near, materials, step, rgb_before, materials_before, carry, settled, counts):
    """`near` holds the colours that go with `materials`: this frame's own, or those of the frame that was read.

    `counts` gets how much the neighbours counted, 16 where all are of one colour.
    """
    k, h, w = materials.shape
    near_padded = np.empty((3, h + 2 * BORDER, w + 2 * BORDER), np.float32)
    padded = np.empty((k, h + 2 * BORDER, w + 2 * BORDER), np.float32)
    _pad(near, near_padded)
    _pad(materials, padded)
    weights = np.empty((_TAP_WEIGHT.shape[0], w), np.float32)
    total, past = np.empty(w, np.float32), np.empty(w, np.float32)
    for y in range(h):
        total[:] = 0.0
        for tap in range(_TAP_WEIGHT.shape[0]):
            row, shift = y + BORDER + step * _TAP_Y[tap], np.uintp(BORDER + step * _TAP_X[tap])
            _weigh(rgb, y, near_padded, row, shift, _TAP_WEIGHT[tap], tap, weights, total)
        for x in range(w):
            r, g = rgb_before[0, y, x] - rgb[0, y, x], rgb_before[1, y, x] - rgb[1, y, x]
            b = rgb_before[2, y, x] - rgb[2, y, x]
            past[x] = carry * np.float32(STILL) / (np.float32(STILL) + r * r + g * g + b * b)
        for x in range(w):
            counts[y, x] = total[x]
            total[x] = (np.float32(1.0) - past[x]) / total[x]
        for i in range(k):
            _gather(padded, i, y, step, weights, settled)
            for x in range(w):
                settled[i, y, x] = settled[i, y, x] * total[x] + past[x] * materials_before[i, y, x]
