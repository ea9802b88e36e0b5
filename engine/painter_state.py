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
        fresh = self._last is None or self._last.shape != rgb.shape
        history = self._noise if fresh else self._last
        table = np.ascontiguousarray(style.per_material()[:, 9:])  # scale, glow and patterns, behind the colours
        h, w, _ = rgb.shape
        patches = np.empty((12 * PATCH**2 + table.shape[1], h // PATCH, w // PATCH), np.float32)
        _cut(self._noise, under, rgb, history, materials, table, patches)
        levels = np.array([1.0, 1.0 if fresh else 0.0], np.float32)  # sigma; the history's noise
        condition = np.concatenate([style.light_vector(), levels])
        (residual_patches,) = self._session.run(None, {"patches": patches, "condition": condition})
        residual = np.empty_like(rgb)
        _lay(residual_patches, residual)
        self._last = 2 * np.clip(under + residual, 0, 1) - 1
        if np.abs(residual.mean((0, 1))).max() > DRIFT_LIMIT and not fresh:
            self._last = None
            self.anchored += 1
        return replace(maps, base=maps.base + residual)


def underpainting(rgb: np.ndarray, maps: PaintMaps) -> np.ndarray:
    """(h, w, 3) in [0, 1]: what the maps alone show, kept pixels included."""
    painted = maps.evaluate(rgb @ LUMA)
    return np.clip(painted + maps.keep[..., None] * (rgb - painted), 0, 1)


@njit(cache=True, fastmath=True, error_model="numpy")
def _cut(noise, under, rgb, history, materials, table, patches):
    """Four pictures into 4x4 patches, channel by channel in [-1, 1]; behind them the patch's mean surface."""
    h, w, k = materials.shape
    width = table.shape[1]
    total = np.empty(k, np.float32)
    for row in range(h // PATCH):
        for dy in range(PATCH):
            for dx in range(PATCH):
                y, at = PATCH * row + dy, dy * PATCH + dx
                for c in range(3):
                    for column in range(w // PATCH):
                        x = PATCH * column + dx
                        patches[16 * c + at, row, column] = noise[y, x, c]
                        patches[16 * (3 + c) + at, row, column] = 2 * under[y, x, c] - 1
                        patches[16 * (6 + c) + at, row, column] = 2 * rgb[y, x, c] - 1
                        patches[16 * (9 + c) + at, row, column] = history[y, x, c]
        for column in range(w // PATCH):
            total[:] = 0.0
            for dy in range(PATCH):
                for dx in range(PATCH):
                    for i in range(k):
                        total[i] += materials[PATCH * row + dy, PATCH * column + dx, i]
            for j in range(width):
                value = np.float32(0.0)
                for i in range(k):
                    value += total[i] * table[i, j]
                patches[12 * PATCH * PATCH + j, row, column] = value * np.float32(1.0 / (PATCH * PATCH))


@njit(cache=True, fastmath=True, error_model="numpy")
def _lay(patches, residual):
    """Patches of a picture in [-1, 1] units to the picture in [0, 1] units."""
    h, w, _ = residual.shape
    for y in range(h):
        for x in range(w):
            for c in range(3):
                at = c * PATCH * PATCH + (y % PATCH) * PATCH + x % PATCH
                residual[y, x, c] = np.float32(0.5) * patches[at, y // PATCH, x // PATCH]
