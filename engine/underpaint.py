"""The underpainting: what the Reader saw, laid out in the theme's colours and shaded with the game's own light.

Everything here is at the model's size and costs no network. The result is a `PaintMaps`: for every pixel the ramp of
colours it may take and how the game's luminance runs along it, so that composing (`reskin/compose.py`) can evaluate the
same formula at full resolution, and the Painter can add its residual to the ramp:

    x = (luminance - mean) * gain, softly clipped to [-1, 1]
    colour = base + shade * (x + 1 below 0, else 1) + shine * (x above 0)

Colours are sRGB in [0, 1]; materials are soft, so are the maps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numba import njit

from engine.config import MATERIALS
from engine.style import Style

SKY, GLOW, HUD = (MATERIALS.index(name) for name in ("sky", "glow", "hud"))
CELL = 4  # statistics are taken on cells of 4x4 model pixels
WINDOW = 13  # cells: a local mean spans about a third of the picture's height
SPREAD_FLOOR = 0.07  # luminance; below it contrast is not amplified: it would be noise
RANGE = 1.7  # deviations from mean to either end of the ramp
BROAD = 0.55  # how much of the slow change of light within a material is kept
FAR_LOG = 6.9  # as in engine.reader
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, kw_only=True)
class PaintMaps:
    """(h, w) or (h, w, 3) float32 each."""

    base: np.ndarray  # (h, w, 3) colour at x = -1
    shade: np.ndarray  # (h, w, 3) added from x = -1 to 0
    shine: np.ndarray  # (h, w, 3) added from x = 0 to 1
    mean: np.ndarray  # (h, w) luminance at x = 0
    gain: np.ndarray  # (h, w)
    keep: np.ndarray  # (h, w) 1 where the game's own pixels stay (HUD)

    def evaluate(self, luminance: np.ndarray) -> np.ndarray:
        """The painted colour of every pixel, (h, w, 3), for luminance (h, w) in [0, 1]."""
        x = np.clip((luminance - self.mean) * self.gain, -1, 1)
        x = x * (1.5 - 0.5 * x * x)
        below, above = np.minimum(x, 0) + 1, np.maximum(x, 0)
        return self.base + self.shade * below[..., None] + self.shine * above[..., None]


@dataclass
class Underpainter:
    """Keeps slow statistics between frames so that light does not pump. One per stream; not thread-safe."""

    calm: float = 0.8  # share of the statistics carried over from the frame before
    _slow: np.ndarray | None = field(default=None, repr=False)
    _near_m: float = 0.0

    def reset(self) -> None:
        self._slow = None

    def paint(self, rgb: np.ndarray, materials: np.ndarray, depth: np.ndarray, style: Style, *,
              keep_hud: bool = True) -> PaintMaps:  # fmt: skip
        """Maps of one frame: rgb (h, w, 3) in [0, 1], materials (h, w, k) probabilities, depth (h, w) in [0, 1]."""
        luminance = rgb @ LUMA
        local, whole = self._statistics(luminance, materials)
        h, w = luminance.shape
        base, shade, shine = (np.empty((h, w, 3), np.float32) for _ in range(3))
        mean, gain, keep = (np.empty((h, w), np.float32) for _ in range(3))
        _lay_out(
            materials, depth, local, whole, *_lit_ramps(style), style.fog_color.astype(np.float32),
            np.float32(style.fog_density), np.float32(self._near_m), keep_hud, base, shade, shine, mean, gain, keep,
        )  # fmt: skip
        shining = materials @ style.glow.astype(np.float32)
        if shining.max() > 0.05:
            base += _halo(shining, materials @ style.light.astype(np.float32))
        return PaintMaps(base=base, shade=shade, shine=shine, mean=mean, gain=gain, keep=keep)

    def _statistics(self, luminance: np.ndarray, materials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Local (cells y, cells x, k, 2) mean and deviation of luminance per material, and whole-frame means (k,)."""
        h, w = luminance.shape
        k = len(MATERIALS)
        sums = np.empty((h // CELL, w // CELL, 3 * k), np.float32)
        _cell_sums(luminance, materials, sums)
        whole = sums.sum((0, 1))
        # A little of the whole frame's mean stands in where a material is missing nearby.
        blurred = cv2.blur(sums, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT_101) + whole * (1e-3 / whole[:k].sum())
        before = blurred if self._slow is None or self._slow.shape != blurred.shape else self._slow
        self._slow = self.calm * before + (1 - self.calm) * blurred
        weight, first, second = np.split(self._slow, 3, axis=2)
        mean = first / (weight + 1e-6)
        deviation = np.sqrt(np.maximum(second / (weight + 1e-6) - mean * mean, 0))
        totals = self._slow.sum((0, 1)) + 1e-6
        return np.ascontiguousarray(np.stack([mean, deviation], axis=3)), totals[k : 2 * k] / totals[:k]


def _lit_ramps(style: Style) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each material's ramp (k, 3) with the theme's ambient in its shadows and the theme's sun in its lights."""

    def tint(color: np.ndarray, amount: float) -> np.ndarray:
        own = color / max(float(color @ LUMA), 0.05)
        return 1 - amount + amount * np.clip(own, 0.3, 2.0)

    shadow, sunlight = tint(style.ambient, 0.22), tint(style.sun_color, 0.16)
    lit = 1.0 - style.glow[:, None]  # what glows is lit by itself
    dark = style.dark * (1 + lit * (shadow - 1))
    middle = style.middle * (1 + 0.5 * lit * (shadow * sunlight - 1))
    light = style.light * (1 + lit * (sunlight - 1))
    return dark.astype(np.float32), middle.astype(np.float32), light.astype(np.float32)


def _halo(shining: np.ndarray, color: np.ndarray) -> np.ndarray:
    """(h, w, 3) light around what glows: a tight and a wide blur, at half the size."""
    h, w = shining.shape
    source = cv2.resize(shining[..., None] ** 2 * color, (w // 2, h // 2), interpolation=cv2.INTER_AREA)
    tight, wide = cv2.GaussianBlur(source, (0, 0), 2.0), cv2.GaussianBlur(source, (0, 0), 7.0)
    return cv2.resize(0.35 * tight + 0.5 * wide, (w, h), interpolation=cv2.INTER_LINEAR)


@njit(cache=True, fastmath=True, error_model="numpy")
def _cell_sums(luminance, materials, sums):
    rows, columns, width = sums.shape
    k = width // 3
    for row in range(rows):
        for column in range(columns):
            for i in range(width):
                sums[row, column, i] = 0.0
            for dy in range(CELL):
                for dx in range(CELL):
                    y, x = row * CELL + dy, column * CELL + dx
                    value = luminance[y, x]
                    for i in range(k):
                        p = materials[y, x, i]
                        p = p * p  # uncertain pixels say little
                        sums[row, column, i] += p
                        sums[row, column, k + i] += p * value
                        sums[row, column, 2 * k + i] += p * value * value


@njit(cache=True, fastmath=True, error_model="numpy")
def _lay_out(materials, depth, local, whole, dark, middle, light, fog_color, fog_density, near_m, keep_hud, base, shade,
             shine, mean, gain, keep):  # fmt: skip
    h, w, k = materials.shape
    rows, columns = local.shape[0], local.shape[1]
    for y in range(h):
        fy = min(rows - 1.001, max(0.0, (y + 0.5) / CELL - 0.5))
        cy = int(fy)
        vy = fy - cy
        high = 1.0 - y / (0.75 * h)  # 1 at the top, 0 a little below the middle: where a horizon mostly is
        for x in range(w):
            fx = min(columns - 1.001, max(0.0, (x + 0.5) / CELL - 0.5))
            cx = int(fx)
            vx = fx - cx
            total = 0.0
            center, spread = 0.0, 0.0
            d0 = d1 = d2 = m0 = m1 = m2 = l0 = l1 = l2 = 0.0
            for i in range(k):
                p = materials[y, x, i]
                if p < 0.02:
                    continue
                p = p * p
                total += p
                a, b = local[cy, cx, i], local[cy, cx + 1, i]
                c, d = local[cy + 1, cx, i], local[cy + 1, cx + 1, i]
                own = (a[0] * (1 - vx) + b[0] * vx) * (1 - vy) + (c[0] * (1 - vx) + d[0] * vx) * vy
                deviation = (a[1] * (1 - vx) + b[1] * vx) * (1 - vy) + (c[1] * (1 - vx) + d[1] * vx) * vy
                deviation = max(deviation, SPREAD_FLOOR) * RANGE
                own -= BROAD * (own - whole[i])
                if i == SKY:
                    own += 0.75 * deviation * (2.0 * min(1.0, max(0.0, high)) - 1.0)  # light at the horizon
                center += p * own
                spread += p * deviation
                d0 += p * dark[i, 0]
                d1 += p * dark[i, 1]
                d2 += p * dark[i, 2]
                m0 += p * middle[i, 0]
                m1 += p * middle[i, 1]
                m2 += p * middle[i, 2]
                l0 += p * light[i, 0]
                l1 += p * light[i, 1]
                l2 += p * light[i, 2]
            scale = 1.0 / (total + 1e-6)
            mean[y, x] = center * scale
            gain[y, x] = 1.0 / (spread * scale + 1e-3)
            sky = materials[y, x, SKY]
            haze = 0.0
            if fog_density > 0.0:
                metres = max(0.0, math.exp(FAR_LOG * depth[y, x]) - 1.0 - near_m)
                haze = 0.9 * (1.0 - math.exp(-fog_density * 0.02 * metres)) * (1.0 - sky)
                low = min(1.0, max(0.0, 1.0 - high))
                haze += sky * min(0.75, 1.2 * fog_density) * low * low
            clear = (1.0 - haze) * scale
            base[y, x, 0] = d0 * clear + fog_color[0] * haze
            base[y, x, 1] = d1 * clear + fog_color[1] * haze
            base[y, x, 2] = d2 * clear + fog_color[2] * haze
            shade[y, x, 0] = (m0 - d0) * clear
            shade[y, x, 1] = (m1 - d1) * clear
            shade[y, x, 2] = (m2 - d2) * clear
            shine[y, x, 0] = (l0 - m0) * clear
            shine[y, x, 1] = (l1 - m1) * clear
            shine[y, x, 2] = (l2 - m2) * clear
            hud = materials[y, x, HUD]
            keep[y, x] = min(1.0, max(0.0, (hud - 0.3) * 2.5)) if keep_hud else 0.0
