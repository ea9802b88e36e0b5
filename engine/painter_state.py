"""The Painter's memory at run time: its noise, its last output, and its residual laid into the paint maps.

Runs the exported Painter; knows nothing of torch. One step from pure noise, the same noise in every frame: fresh noise
would make a still picture shimmer. A drift in colour shows as a residual whose mean leaves zero for whole frames; it is
measured and pulled back, so that a tint cannot feed itself through the history.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnxruntime
from numba import njit

from engine.style import Style
from engine.underpaint import LUMA, PaintMaps
from engine.votes import planes

PATCH = 4  # as in engine.painter
DRIFT_LIMIT = 0.06  # mean residual of a channel, in [0, 1] units, beyond which the history is started anew


class PainterState:
    """One stream. Not thread-safe."""

    def __init__(self, session: onnxruntime.InferenceSession, seed: int = 0) -> None:
        self._session = session
        self._seed = seed
        self._noise: np.ndarray | None = None
        self._last: np.ndarray | None = None
        self.anchored = 0  # times that the history was started anew

    def reset(self) -> None:
        self._last = None

    def paint(self, rgb: np.ndarray, materials: np.ndarray, maps: PaintMaps, style: Style) -> PaintMaps:
        """The maps with the Painter's residual in their base."""
        if self._noise is None or self._noise.shape != rgb.shape:
            self._noise = np.random.default_rng(self._seed).standard_normal(rgb.shape, np.float32)
            self._last = None
        under = underpainting(rgb, maps)
        fresh = self._last is None
        history = self._noise if self._last is None else self._last
        table = np.ascontiguousarray(style.per_material()[:, 9:])  # scale, glow and patterns, behind the colours
        h, w, _ = rgb.shape
        surface = 12 * PATCH**2  # the first channel behind the pictures
        channels = -(-(surface + table.shape[1]) // 8) * 8  # the last few stay zero, as in engine.painter
        patches = np.zeros((channels, h // PATCH, w // PATCH), np.float32)
        for i, (picture, scale, shift) in enumerate(
            ((self._noise, 1, 0), (under, 2, -1), (rgb, 2, -1), (history, 1, 0))
        ):
            _cut(picture, np.float32(scale), np.float32(shift), patches[3 * i * PATCH**2 : 3 * (i + 1) * PATCH**2])
        _average(planes(materials), table, patches[surface : surface + table.shape[1]])
        levels = np.array([1.0, 1.0 if fresh else 0.0], np.float32)  # sigma; the history's noise
        condition = np.concatenate([style.light_vector(), levels])
        (residual_patches,) = self._session.run(None, {"patches": patches, "condition": condition})
        base, last = np.empty_like(rgb), np.empty_like(rgb)
        _lay(residual_patches, maps.base, under, base, last)
        self._last = last
        if np.abs(residual_patches.reshape(3, -1).mean(1)).max() > 2 * DRIFT_LIMIT and not fresh:
            self._last = None
            self.anchored += 1
        return replace(maps, base=base)


def underpainting(rgb: np.ndarray, maps: PaintMaps) -> np.ndarray:
    """(h, w, 3) in [0, 1]: what the maps alone show, kept pixels included."""
    under = maps.evaluate(rgb @ LUMA)
    _keep(rgb, maps.keep, under)
    return under


@njit(cache=True, fastmath=True, error_model="numpy")
def _keep(rgb, keep, under):
    """Mixes the game's own pixels in, where they are kept, and clips."""
    h, w, _ = rgb.shape
    for y in range(h):
        for x in range(w):
            for c in range(3):
                mixed = under[y, x, c] + keep[y, x] * (rgb[y, x, c] - under[y, x, c])
                under[y, x, c] = min(np.float32(1.0), max(np.float32(0.0), mixed))


@njit(cache=True, fastmath=True, error_model="numpy")
def _cut(picture, scale, shift, patches):
    """A picture (h, w, 3) into 4x4 patches (48, h/4, w/4), channel by channel, times `scale` plus `shift`."""
    for row in range(patches.shape[1]):
        for channel in range(3 * PATCH * PATCH):
            c, dy, dx = channel // (PATCH * PATCH), channel // PATCH % PATCH, channel % PATCH
            y = PATCH * row + dy
            for column in range(patches.shape[2]):
                patches[channel, row, column] = picture[y, PATCH * column + dx, c] * scale + shift


@njit(cache=True, fastmath=True, error_model="numpy")
def _average(materials, table, surface):
    """What the surface is in each patch on average: materials (k, h, w), table (k, n), surface (n, h/4, w/4)."""
    k, _, w = materials.shape
    n, rows, columns = surface.shape
    total, mean = np.empty(w, np.float32), np.empty(columns, np.float32)
    share = np.float32(1.0 / (PATCH * PATCH))
    surface[:] = 0.0
    for row in range(rows):
        for i in range(k):
            total[:] = 0.0
            for y in range(PATCH * row, PATCH * (row + 1)):
                for x in range(w):
                    total[x] += materials[i, y, x]
            for column in range(columns):
                at = PATCH * column
                mean[column] = (total[at] + total[at + 1] + total[at + 2] + total[at + 3]) * share
            for j in range(n):
                if table[i, j] != 0.0:  # patterns are one-hot
                    for column in range(columns):
                        surface[j, row, column] += mean[column] * table[i, j]


@njit(cache=True, fastmath=True, error_model="numpy")
def _lay(patches, base, under, painted_base, last):
    """Adds the residual, patches in [-1, 1] units, to the maps' base; `last` is the output in those units."""
    h, w, _ = base.shape
    zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
    for y in range(h):
        for x in range(w):
            for c in range(3):
                at = c * PATCH * PATCH + (y % PATCH) * PATCH + x % PATCH
                residual = half * patches[at, y // PATCH, x // PATCH]
                painted_base[y, x, c] = base[y, x, c] + residual
                last[y, x, c] = np.float32(2.0) * min(one, max(zero, under[y, x, c] + residual)) - one
