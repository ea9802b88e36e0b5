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

from engine.config import FAR_LOG, HUD, MATERIALS, SKY
from engine.style import Style
from engine.votes import exp_below_zero, planes

CELL = 4  # statistics are taken on cells of 4x4 model pixels
WINDOW = 13  # cells: a local mean spans about a third of the picture's height
SPREAD_FLOOR = 0.07  # luminance; below it contrast is not amplified: it would be noise
SKY_SPREAD_FLOOR = 0.15  # more for the sky: a smooth one has steps of one byte, and eightfold they are bands
RANGE = 1.7  # deviations from mean to either end of the ramp
ABSENT = 0.02  # of a material counts as none of it
FAINT = 0.08  # a material this unlikely has no say in what stays the game's own; the likeliest of 11 has 1/11 at least
BROAD = 0.55  # how much of the slow change of light within a material is kept
CALM = 0.8  # share of the light's statistics carried over from the frame before
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, kw_only=True)
class PaintMaps:
    """(h, w) or (h, w, 3) float32 each."""

    base: np.ndarray  # (h, w, 3) colour at x = -1
    shade: np.ndarray  # (h, w, 3) added from x = -1 to 0
    shine: np.ndarray  # (h, w, 3) added from x = 0 to 1
    mean: np.ndarray  # (h, w) luminance at x = 0
    gain: np.ndarray  # (h, w)
    keep: np.ndarray  # (h, w) 1 where the game's own pixels stay (HUD, materials of strength 0)

    def evaluate(self, luminance: np.ndarray) -> np.ndarray:
        """The painted colour of every pixel, (h, w, 3), for luminance (h, w) in [0, 1]."""
        painted = np.empty_like(self.base)
        _evaluate(luminance, self.base, self.shade, self.shine, self.mean, self.gain, painted)
        return painted


@dataclass
class Underpainter:
    """Keeps slow statistics between frames so that light does not pump. One per stream; not thread-safe."""

    _slow: np.ndarray | None = field(default=None, repr=False)

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
            planes(materials), depth, local, whole, lit_ramps(style), style.fog_color.astype(np.float32),
            np.float32(style.fog_density), keep_hud, base, shade, shine, mean, gain, keep,
        )  # fmt: skip
        if (style.strength != 1.0).any():
            _leave(planes(materials), (1 - style.strength).astype(np.float32), keep)
        shining = materials @ style.glow.astype(np.float32)
        if shining.max() > 0.05:
            base += halo(shining, materials @ style.light.astype(np.float32))
        return PaintMaps(base=base, shade=shade, shine=shine, mean=mean, gain=gain, keep=keep)

    def _statistics(self, luminance: np.ndarray, materials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Local (cells y, cells x, k, 2) mean and deviation of luminance per material, and whole-frame means (k,)."""
        h, w = luminance.shape
        k = len(MATERIALS)
        sums = np.empty((h // CELL, w // CELL, 3 * k), np.float32)
        _cell_sums(luminance, planes(materials), sums)
        whole = sums.sum((0, 1))
        blurred = cv2.blur(sums, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT_101)
        calm = CALM
        if self._slow is None or self._slow.shape != blurred.shape:
            self._slow, calm = np.zeros_like(blurred), 0.0
        local, totals = np.empty((*blurred.shape[:2], k, 2), np.float32), np.zeros(3 * k)
        # A little of the whole frame's mean stands in where a material is missing nearby.
        _blend(self._slow, blurred, whole * (1e-3 / whole[:k].sum()), np.float32(calm), local, totals)
        return local, ((totals[k : 2 * k] + 1e-6) / (totals[:k] + 1e-6)).astype(np.float32)


def lit_ramps(style: Style) -> np.ndarray:
    """(9, k): dark, middle and light RGB of each material; the theme's ambient tints shadows, its sun lights."""

    def tint(color: np.ndarray, amount: float) -> np.ndarray:
        own = color / max(float(color @ LUMA), 0.05)
        return 1 - amount + amount * np.clip(own, 0.3, 2.0)

    shadow, sunlight = tint(style.ambient, 0.22), tint(style.sun_color, 0.16)
    lit = 1.0 - style.glow[:, None]  # what glows is lit by itself
    dark = style.dark * (1 + lit * (shadow - 1))
    middle = style.middle * (1 + 0.5 * lit * (shadow * sunlight - 1))
    light = style.light * (1 + lit * (sunlight - 1))
    return np.ascontiguousarray(np.concatenate([dark, middle, light], axis=1).T, np.float32)


def halo(shining: np.ndarray, color: np.ndarray) -> np.ndarray:
    """(h, w, 3) light around what glows: a tight blur at half the size, a wide one at a quarter."""
    h, w = shining.shape
    source = cv2.resize(shining[..., None] ** 2 * color, (w // 2, h // 2), interpolation=cv2.INTER_AREA)
    tight = cv2.GaussianBlur(source, (0, 0), 2.0)
    wide = cv2.GaussianBlur(cv2.resize(source, (w // 4, h // 4), interpolation=cv2.INTER_AREA), (0, 0), 3.5)
    both = 0.35 * tight + 0.5 * cv2.resize(wide, (w // 2, h // 2), interpolation=cv2.INTER_LINEAR)
    return cv2.resize(both, (w, h), interpolation=cv2.INTER_LINEAR)


@njit(cache=True, fastmath=True, error_model="numpy")
def _evaluate(luminance, base, shade, shine, mean, gain, painted):
    h, w = luminance.shape
    zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
    for y in range(h):
        for column in range(w):
            x = np.uintp(column)
            at = min(one, max(-one, (luminance[y, x] - mean[y, x]) * gain[y, x]))
            at = at * (one + half - half * at * at)
            below, above = min(at, zero) + one, max(at, zero)
            for c in range(3):
                painted[y, x, c] = base[y, x, c] + shade[y, x, c] * below + shine[y, x, c] * above


@njit(cache=True, fastmath=True, error_model="numpy")
def _cell_sums(luminance, materials, sums):
    """Per cell and material: the sum of p * p, and of that times luminance, and times its square."""
    rows, columns, _ = sums.shape
    k, _, w = materials.shape
    weight, first, second = np.empty(w, np.float32), np.empty(w, np.float32), np.empty(w, np.float32)
    for row in range(rows):
        for i in range(k):
            weight[:] = 0.0
            first[:] = 0.0
            second[:] = 0.0
            for y in range(row * CELL, (row + 1) * CELL):
                for x in range(w):
                    weight[x] += materials[i, y, x] * materials[i, y, x]  # squared: uncertain pixels say little
                for x in range(w):
                    first[x] += materials[i, y, x] * materials[i, y, x] * luminance[y, x]
                for x in range(w):
                    second[x] += materials[i, y, x] * materials[i, y, x] * luminance[y, x] * luminance[y, x]
            for column in range(columns):
                a = b = c = np.float32(0.0)
                for x in range(column * CELL, (column + 1) * CELL):
                    a += weight[x]
                    b += first[x]
                    c += second[x]
                sums[row, column, i] = a
                sums[row, column, k + i] = b
                sums[row, column, 2 * k + i] = c


@njit(cache=True, fastmath=True, error_model="numpy")
def _blend(slow, blurred, everywhere, calm, local, totals):
    """Moves the slow statistics on by a frame; mean and deviation of every cell and material, sums over all cells."""
    rows, columns, _ = slow.shape
    k = local.shape[2]
    tiny = np.float32(1e-6)
    for y in range(rows):
        for x in range(columns):
            for c in range(3 * k):
                now = blurred[y, x, c] + everywhere[c]
                slow[y, x, c] = now + calm * (slow[y, x, c] - now)
                totals[c] += slow[y, x, c]
            for i in range(k):
                weight = np.float32(1.0) / (slow[y, x, i] + tiny)
                mean = slow[y, x, k + i] * weight
                local[y, x, i, 0] = mean
                local[y, x, i, 1] = math.sqrt(max(np.float32(0.0), slow[y, x, 2 * k + i] * weight - mean * mean))


@njit(cache=True, fastmath=True, error_model="numpy")
def _widen(local, i, y, cells, parts, mean, deviation):
    """One material's local mean and deviation along row y, expanded from cells to pixels."""
    rows = local.shape[0]
    fy = min(rows - 1.001, max(0.0, (y + 0.5) / CELL - 0.5))
    cy = int(fy)
    below = np.float32(fy - cy)
    above = np.float32(1.0) - below
    for x in range(cells.shape[0]):
        left, right = cells[x], cells[x] + 1
        u = parts[x]
        v = np.float32(1.0) - u
        mean[x] = (local[cy, left, i, 0] * v + local[cy, right, i, 0] * u) * above + (
            local[cy + 1, left, i, 0] * v + local[cy + 1, right, i, 0] * u
        ) * below
        deviation[x] = (local[cy, left, i, 1] * v + local[cy, right, i, 1] * u) * above + (
            local[cy + 1, left, i, 1] * v + local[cy + 1, right, i, 1] * u
        ) * below


@njit(cache=True, fastmath=True, error_model="numpy")
def _mix_materials(materials, ramps, local, whole, y, high, cells, parts, mixed):
    """Row y of everything that is a mean over materials: weight, centre, spread and the nine ramp channels."""
    k, _, w = materials.shape
    own, deviation, weight = np.empty(w, np.float32), np.empty(w, np.float32), np.empty(w, np.float32)
    span, broad, absent = np.float32(RANGE), np.float32(BROAD), np.float32(ABSENT)
    mixed[:] = 0.0
    for i in range(k):
        most = np.float32(0.0)
        for x in range(w):
            most = max(most, materials[i, y, x])
        if most < ABSENT:
            continue
        _widen(local, i, y, cells, parts, own, deviation)
        # The sky is light at the horizon and deep above: the game's own flat sky gets the theme's whole ramp.
        lift = np.float32(0.75 * (2.0 * high - 1.0)) if i == SKY else np.float32(0.0)
        floor = np.float32(SKY_SPREAD_FLOOR if i == SKY else SPREAD_FLOOR)
        for x in range(w):
            deviation[x] = max(deviation[x], floor) * span
        for x in range(w):
            own[x] += lift * deviation[x] - broad * (own[x] - whole[i])
        for x in range(w):
            weight[x] = max(np.float32(0.0), materials[i, y, x] - absent)
        for x in range(w):
            mixed[0, x] += weight[x]
        for x in range(w):
            mixed[1, x] += weight[x] * own[x]
        for x in range(w):
            mixed[2, x] += weight[x] * deviation[x]
        for channel in range(9):
            color = ramps[channel, i]
            for x in range(w):
                mixed[3 + channel, x] += weight[x] * color
    for x in range(w):
        mixed[0, x] = np.float32(1.0) / (mixed[0, x] + np.float32(1e-6))


@njit(cache=True, fastmath=True, error_model="numpy")
def _haze(depth, sky, y, high, density, haze):
    """How much of row y the fog takes: by distance, and by height in the sky."""
    one, zero = np.float32(1.0), np.float32(0.0)
    thick = np.float32(-0.02) * density
    low = min(1.0, 1.0 - high)
    veil = np.float32(min(0.75, 1.2 * density) * low * low)
    for x in range(haze.shape[0]):
        metres = max(zero, one / exp_below_zero(np.float32(-FAR_LOG) * depth[y, x]) - one)
        fog = np.float32(0.9) * (one - exp_below_zero(thick * metres))
        haze[x] = fog * (one - sky[y, x]) + veil * sky[y, x]


@njit(cache=True, fastmath=True, error_model="numpy")
def _lay_out(materials, depth, local, whole, ramps, fog_color, fog_density, keep_hud, base, shade, shine, mean,
             gain, keep):  # fmt: skip
    _, h, w = materials.shape
    columns = local.shape[1]
    cells, parts = np.empty(w, np.int64), np.empty(w, np.float32)
    for x in range(w):
        fx = min(columns - 1.001, max(0.0, (x + 0.5) / CELL - 0.5))
        cells[x] = int(fx)
        parts[x] = fx - int(fx)
    mixed, haze = np.empty((12, w), np.float32), np.zeros(w, np.float32)
    for y in range(h):
        high = min(1.0, max(0.0, 1.0 - y / (0.75 * h)))  # 1 at the top, 0 where a horizon mostly is
        _mix_materials(materials, ramps, local, whole, y, high, cells, parts, mixed)
        if fog_density > 0.0:
            _haze(depth, materials[SKY], y, high, fog_density, haze)
        for x in range(w):
            mean[y, x] = mixed[1, x] * mixed[0, x]
        for x in range(w):
            gain[y, x] = np.float32(1.0) / (mixed[2, x] * mixed[0, x] + np.float32(1e-3))
        for c in range(3):
            for x in range(w):
                clear = (np.float32(1.0) - haze[x]) * mixed[0, x]
                base[y, x, c] = mixed[3 + c, x] * clear + fog_color[c] * haze[x]
                shade[y, x, c] = (mixed[6 + c, x] - mixed[3 + c, x]) * clear
                shine[y, x, c] = (mixed[9 + c, x] - mixed[6 + c, x]) * clear
        for x in range(w):
            hud = min(np.float32(1.0), max(np.float32(0.0), (materials[HUD, y, x] - np.float32(0.3)) * np.float32(2.5)))
            keep[y, x] = hud if keep_hud else np.float32(0.0)


@njit(cache=True, fastmath=True, error_model="numpy")
def _leave(materials, left, keep):
    """Keeps of every pixel the shares `left` (k,) of what it may be; where the Reader is sure, exactly that."""
    k, h, w = materials.shape
    faint, one = np.float32(FAINT), np.float32(1.0)
    likely, kept = np.empty(w, np.float32), np.empty(w, np.float32)
    for y in range(h):
        likely[:] = 0.0
        kept[:] = 0.0
        for i in range(k):
            for x in range(w):
                weight = max(np.float32(0.0), materials[i, y, x] - faint)
                likely[x] += weight
                kept[x] += weight * left[i]
        for x in range(w):
            keep[y, x] = min(one, keep[y, x] + (one - keep[y, x]) * kept[x] / likely[x])
