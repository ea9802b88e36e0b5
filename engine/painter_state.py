"""The Painter's memory at run time: its past, and its outputs laid into the paint maps.

Runs the exported Painter; knows nothing of torch. It sees noise only between steps, where there are several: every
frame starts from the same, since fresh noise would make a still picture shimmer. A drift meter starts the history anew
when colours or sharpness leave what the maps ask for; a theme change does so too, since the past then shows another
theme.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import onnxruntime
from numba import njit

from engine.config import PATCH, PICTURES
from engine.drift import DriftMeter
from engine.history import History
from engine.sampler import schedule, stepped
from engine.style import Style
from engine.underpaint import LUMA, PaintMaps
from engine.votes import planes

PICTURE = 3 * PATCH**2  # channels of a picture cut into patches
SURFACE_AT = PICTURES * PICTURE  # the first channel behind the pictures


class PainterState:
    """One stream. Not thread-safe."""

    def __init__(self, session: onnxruntime.InferenceSession, steps: int = 1, seed: int = 0) -> None:
        self._session = session
        self._schedule = schedule(steps)
        self._seed = seed
        self._noise: np.ndarray | None = None
        self._table: np.ndarray | None = None  # of the style of the frame before
        self._strength = np.empty(0)  # of the same
        self.history = History()
        self.drift = DriftMeter()
        self.anchored = 0  # times that a drift started the history anew

    def reset(self) -> None:
        self.history.restart()
        self.drift.restart()

    def paint(self, rgb: np.ndarray, materials: np.ndarray, depth: np.ndarray, maps: PaintMaps,
              style: Style) -> PaintMaps:  # fmt: skip
        """The maps with the Painter's outputs in them: its moves of light in `mean`, its residual in `base`."""
        if self._noise is None or self._noise.shape != rgb.shape:
            self._noise = np.random.default_rng(self._seed).standard_normal(rgb.shape, np.float32)
            self.reset()
        table, strength = style.per_material(), style.strength
        if self._table is not None and not (
            np.array_equal(table, self._table) and np.array_equal(strength, self._strength)
        ):
            self.reset()
        self._table, self._strength = table, strength
        luminance = rgb @ LUMA
        under = underpainting(rgb, maps)
        patches = self._patches(rgb, materials, depth, maps, under)
        mean, base, output = np.empty_like(maps.mean), np.empty_like(rgb), np.empty_like(rgb)
        noisy = self._noise
        for sigma, step in self._schedule:
            if sigma < 1:  # else it is noise alone, and zeros are there
                _cut(noisy, np.float32(1 - sigma), np.float32(0), patches[:PICTURE])
            levels = np.array([sigma, step, *self.history.levels()], np.float32)
            condition = np.concatenate([style.light_vector(), levels])
            (outputs,) = self._session.run(None, {"patches": patches, "condition": condition})
            _lay(outputs, rgb, luminance, maps.base, maps.shade, maps.shine, maps.mean, maps.gain, maps.keep,
                 mean, base, output)  # fmt: skip
            if sigma > step:
                noisy = stepped(noisy, output, np.float32(sigma), np.float32(step))
        self.history.push(output)
        if self.drift.watch(under, output):
            self.reset()
            self.anchored += 1
        return replace(maps, mean=mean, base=base)

    def _patches(self, rgb: np.ndarray, materials: np.ndarray, depth: np.ndarray, maps: PaintMaps,
                 under: np.ndarray) -> np.ndarray:  # fmt: skip
        """What the Painter looks at beside the noisy picture, (channels, h/4, w/4); zeros up to a multiple of 8."""
        assert self._table is not None
        table = np.ascontiguousarray(self._table[:, 9:])  # scale, glow and patterns, behind the colours
        h, w, _ = rgb.shape
        k, n = table.shape
        channels = -(-(SURFACE_AT + n + k + 7) // 8) * 8
        patches = np.zeros((channels, h // PATCH, w // PATCH), np.float32)
        pictures = [(under, 2, -1), (rgb, 2, -1), (self.history.last, 1, 0), (self.history.anchor, 1, 0)]
        for i, (picture, scale, shift) in enumerate(pictures, 1):
            if picture is not None:  # else zeros: there is no past
                _cut(picture, np.float32(scale), np.float32(shift), patches[i * PICTURE : (i + 1) * PICTURE])
        at = SURFACE_AT + n
        _average(planes(materials), table, patches[SURFACE_AT:at], patches[at : at + k])
        size_px = (w // PATCH, h // PATCH)
        at += k
        patches[at] = cv2.resize(depth, size_px, interpolation=cv2.INTER_AREA)
        for i, slope in enumerate((maps.shade, maps.shine)):
            cells = cv2.resize(slope, size_px, interpolation=cv2.INTER_AREA)
            patches[at + 1 + 3 * i : at + 4 + 3 * i] = cells.transpose(2, 0, 1)
        return patches


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
def _average(materials, table, surface, means):
    """Of each patch: the materials' means (k, h/4, w/4), and what the table (k, n) says of them (n, h/4, w/4)."""
    k, _, w = materials.shape
    n, rows, columns = surface.shape
    total = np.empty(w, np.float32)
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
                means[i, row, column] = (total[at] + total[at + 1] + total[at + 2] + total[at + 3]) * share
            for j in range(n):
                if table[i, j] != 0.0:  # patterns are one-hot
                    for column in range(columns):
                        surface[j, row, column] += means[i, row, column] * table[i, j]


@njit(cache=True, fastmath=True, error_model="numpy")
def _lay(patches, rgb, luminance, base, shade, shine, mean, gain, keep, moved_mean, painted_base, output):
    """Lays a patch's outputs into new maps `moved_mean` and `painted_base`; `output` is what they show, in [-1, 1]."""
    h, w, _ = base.shape
    zero, half, one, two = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(2.0)
    plane = PATCH * PATCH
    for y in range(h):
        for x in range(w):
            inside = (y % PATCH) * PATCH + x % PATCH
            row, column = y // PATCH, x // PATCH
            moved_mean[y, x] = mean[y, x] - patches[inside, row, column] / gain[y, x]
            at = min(one, max(-one, (luminance[y, x] - moved_mean[y, x]) * gain[y, x]))
            at = at * (one + half - half * at * at)
            below, above = min(at, zero) + one, max(at, zero)
            for c in range(3):
                painted_base[y, x, c] = base[y, x, c] + half * patches[(c + 1) * plane + inside, row, column]
                color = painted_base[y, x, c] + shade[y, x, c] * below + shine[y, x, c] * above
                color += keep[y, x] * (rgb[y, x, c] - color)
                output[y, x, c] = two * min(one, max(zero, color)) - one
