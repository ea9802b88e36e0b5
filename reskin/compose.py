"""Compose: the underpainting evaluated at full resolution with the game's own detail. Crisp, one fused pass.

Each screen pixel takes its ramp from the four model pixels around it, weighted by how near they are *and* by how
alike their colour is to the game's own there (joint bilateral upsampling, Kopf et al. 2007): a material's edge lies
where the game drew it. The maps are laid out for x at the model's rows only, tile by tile so that a tile stays in the
first-level cache; everything else is one contiguous pass that vectorises. Knows nothing of themes or networks.
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

from engine.underpaint import PaintMaps

TILE_PX = 128
# Rows of a tile: the guide's colour in 0-2, then what `PaintMaps` holds.
BASE, SHADE, SHINE, MEAN, GAIN, KEEP, PLANES = 3, 6, 9, 12, 13, 14, 15
LIKENESS = 0.004  # squared colour distance at which a neighbour's weight has fallen to a quarter


class Composer:
    """Keeps the buffers of one window size. Not thread-safe."""

    def __init__(self, seed: int = 0) -> None:
        self._planes = np.empty((0, 0, 0), np.float32)
        self._noise = np.random.default_rng(seed).normal(0, 0.08, (8, 4096)).astype(np.float32)
        self._no_lines = np.zeros((0, 0), np.uint8)

    def compose(self, bgra_u8: np.ndarray, guide: np.ndarray, maps: PaintMaps, out: np.ndarray, *, strength: float,
                outline: float = 0.0, grain: float = 0.0, frame_index: int = 0) -> None:  # fmt: skip
        """Paints `bgra_u8` (h, w, 4) into `out`; `guide` is the game's frame at the model's size, (h, w, 3) sRGB.

        `outline` and `grain` in [0, 1] are the theme's finish; strength 0 gives the game's bytes unchanged.
        """
        if strength <= 0.0:
            np.copyto(out, bgra_u8)
            return
        h, w, _ = guide.shape
        if self._planes.shape != (h, PLANES, w):
            self._planes = np.empty((h, PLANES, w), np.float32)
        _interleave(guide, maps.base, maps.shade, maps.shine, maps.mean, maps.gain, maps.keep, self._planes)
        lines = _lines(bgra_u8, outline) if outline > 0.0 else self._no_lines
        # Painted in place on a copy: the copy runs through memory in order and leaves one buffer in the cache, where
        # the tiles would wait for every line of two (18 ms instead of 11 on frames fresh from another process).
        np.copyto(out, bgra_u8)
        words = out.view(np.uint32)[..., 0]
        _compose(words, self._planes, np.float32(strength), lines, np.float32(grain), self._noise, frame_index, words)


def _lines(bgra_u8: np.ndarray, outline: float) -> np.ndarray:
    """(h, w) uint8, how dark a drawn line is at every pixel: where the game's own luminance jumps."""
    gray = cv2.cvtColor(bgra_u8, cv2.COLOR_BGRA2GRAY)
    jump = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    curve = np.clip((np.arange(256) - 26) * 3.2 * outline, 0, 235 * min(1.0, 0.4 + outline))
    return cv2.LUT(jump, curve.astype(np.uint8))


@njit(cache=True, fastmath=True, error_model="numpy")
def _interleave(guide, base, shade, shine, mean, gain, keep, planes):
    h, _, w = planes.shape
    for y in range(h):
        for x in range(w):
            for c in range(3):
                planes[y, c, x] = guide[y, x, c]
                planes[y, 3 + c, x] = base[y, x, c]
                planes[y, 6 + c, x] = shade[y, x, c]
                planes[y, 9 + c, x] = shine[y, x, c]
            planes[y, 12, x] = mean[y, x]
            planes[y, 13, x] = gain[y, x]
            planes[y, 14, x] = keep[y, x]


# One scratch array holds all that a tile needs, at constant offsets: with separate arrays LLVM cannot prove that they
# do not overlap and leaves the pixel loop scalar (52 ms instead of 5 ms at 1280x720).
# Indices are unsigned: a signed one costs numba a branch for negative ones, and the loop its SIMD.
LOW_BYTE, EIGHT, SIXTEEN, OPAQUE = np.uint32(255), np.uint32(8), np.uint32(16), np.uint32(0xFF000000)  # stays 32-bit
LANES = 8  # columns are laid out this many at a time; a row has room for what the last of them writes too much
ROW = np.uintp(TILE_PX + LANES)
ABOVE_LEFT, ABOVE_RIGHT, BELOW_LEFT, BELOW_RIGHT, RED = (np.uintp(corner * PLANES * int(ROW)) for corner in range(5))
GREEN, BLUE, WEIGHT_X, MIX, SCRATCH = (np.uintp(RED + row * ROW) for row in range(1, 6))


@njit(cache=True, fastmath=True, error_model="numpy")
def _widen(planes, row, first_cell, starts, tile):
    """Lays one model row out over the tile's columns: every map left and right of each column, as the rows below.

    Cell j's columns begin at starts[j]; it writes whole lanes, and the next cell overwrites what was too much.
    """
    last = planes.shape[2] - 1
    for m in range(PLANES):
        at = np.uintp(m) * ROW
        for j in range(starts.shape[0] - 1):
            left = planes[row, m, min(last, max(0, first_cell + j))]
            right = planes[row, m, min(last, max(0, first_cell + j + 1))]
            for start in range(starts[j], starts[j + 1], LANES):
                begin = at + np.uintp(start)
                for lane in range(LANES):
                    tile[BELOW_LEFT + begin + np.uintp(lane)] = left
                for lane in range(LANES):
                    tile[BELOW_RIGHT + begin + np.uintp(lane)] = right


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _unlike(tile, corner, i):
    """Squared, squared colour distance of pixel i to one of its four neighbours."""
    red = tile[RED + i] - tile[corner + i]
    green = tile[GREEN + i] - tile[corner + ROW + i]
    blue = tile[BLUE + i] - tile[corner + ROW + ROW + i]
    distance = np.float32(LIKENESS) + red * red + green * green + blue * blue
    return distance * distance


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _blend(tile, m, i, w0, w1, w2, w3):
    """One map at pixel i: its four neighbours by their weights."""
    at = np.uintp(m) * ROW + i
    above = w0 * tile[ABOVE_LEFT + at] + w1 * tile[ABOVE_RIGHT + at]
    return above + w2 * tile[BELOW_LEFT + at] + w3 * tile[BELOW_RIGHT + at]


@njit(cache=True, fastmath=True, error_model="numpy")
def _paint(tile, weight_y, strength, count):
    """The tile's pixels, painted in place."""
    zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
    for column in range(count):
        i = np.uintp(column)
        red, green, blue, weight_x = tile[RED + i], tile[GREEN + i], tile[BLUE + i], tile[WEIGHT_X + i]
        u0, u1 = _unlike(tile, ABOVE_LEFT, i), _unlike(tile, ABOVE_RIGHT, i)
        u2, u3 = _unlike(tile, BELOW_LEFT, i), _unlike(tile, BELOW_RIGHT, i)
        # Near over unlike, the four divisions brought to one denominator.
        w0 = (one - weight_x) * (one - weight_y) * u1 * (u2 * u3)
        w1 = weight_x * (one - weight_y) * u0 * (u2 * u3)
        w2 = (one - weight_x) * weight_y * u3 * (u0 * u1)
        w3 = weight_x * weight_y * u2 * (u0 * u1)
        norm = one / (w0 + w1 + w2 + w3)
        w0, w1, w2, w3 = w0 * norm, w1 * norm, w2 * norm, w3 * norm
        luminance = np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue
        x = (luminance - _blend(tile, MEAN, i, w0, w1, w2, w3)) * _blend(tile, GAIN, i, w0, w1, w2, w3)
        x = min(one, max(-one, x))
        x = x * (one + half - half * x * x)
        lower, upper = min(x, zero) + one, max(x, zero)
        mix = strength * (one - _blend(tile, KEEP, i, w0, w1, w2, w3))
        painted_red = (
            _blend(tile, BASE, i, w0, w1, w2, w3)
            + lower * _blend(tile, SHADE, i, w0, w1, w2, w3)
            + upper * _blend(tile, SHINE, i, w0, w1, w2, w3)
        )
        painted_green = (
            _blend(tile, BASE + 1, i, w0, w1, w2, w3)
            + lower * _blend(tile, SHADE + 1, i, w0, w1, w2, w3)
            + upper * _blend(tile, SHINE + 1, i, w0, w1, w2, w3)
        )
        painted_blue = (
            _blend(tile, BASE + 2, i, w0, w1, w2, w3)
            + lower * _blend(tile, SHADE + 2, i, w0, w1, w2, w3)
            + upper * _blend(tile, SHINE + 2, i, w0, w1, w2, w3)
        )
        tile[MIX + i] = mix
        tile[RED + i] = red + mix * (painted_red - red)
        tile[GREEN + i] = green + mix * (painted_green - green)
        tile[BLUE + i] = blue + mix * (painted_blue - blue)


@njit(cache=True, fastmath=True, error_model="numpy")
def _load(pixels, y, first, tile, count):
    """Bytes to floats; a whole pixel is one little-endian word, so that the loop reads contiguously."""
    byte = np.float32(1.0 / 255.0)
    for column in range(count):
        i, word = np.uintp(column), pixels[y, first + column]
        tile[BLUE + i] = np.float32(np.int32(word & LOW_BYTE)) * byte
        tile[GREEN + i] = np.float32(np.int32((word >> EIGHT) & LOW_BYTE)) * byte
        tile[RED + i] = np.float32(np.int32((word >> SIXTEEN) & LOW_BYTE)) * byte


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _byte(value):
    level = value * np.float32(255.0) + np.float32(0.5)
    return np.uint32(np.int32(min(np.float32(255.0), max(np.float32(0.0), level))))


@njit(cache=True, fastmath=True, error_model="numpy")
def _store(tile, pixels, y, first, count):
    for column in range(count):
        i = np.uintp(column)
        color = _byte(tile[BLUE + i]) | (_byte(tile[GREEN + i]) << EIGHT) | (_byte(tile[RED + i]) << SIXTEEN)
        pixels[y, first + column] = color | OPAQUE


@njit(cache=True, fastmath=True, error_model="numpy")
def _draw_lines(tile, lines, y, first, count):
    for column in range(count):
        i = np.uintp(column)
        left = np.float32(1.0) - np.float32(lines[y, first + column]) * np.float32(1.0 / 255.0) * tile[MIX + i]
        tile[RED + i] *= left
        tile[GREEN + i] *= left
        tile[BLUE + i] *= left


@njit(cache=True, fastmath=True, error_model="numpy")
def _add_grain(tile, grain, noise, row, start, count):
    for column in range(count):
        i = np.uintp(column)
        speck = grain * noise[row, start + column] * tile[MIX + i]
        tile[RED + i] += speck
        tile[GREEN + i] += speck
        tile[BLUE + i] += speck


@njit(cache=True, fastmath=True, error_model="numpy")
def _cells(first, count, sx, tile):
    """The model column left of the tile's first pixel, and where each next one begins; sets the weights in x."""
    starts = np.empty(int(count * sx) + 4, np.int32)
    cell = first_cell = int(np.floor((first + np.float32(0.5)) * sx - np.float32(0.5)))
    starts[0] = 0
    cells = 1
    for i in range(count):
        at = (first + i + np.float32(0.5)) * sx - np.float32(0.5)
        tile[WEIGHT_X + np.uintp(i)] = at - np.floor(at)
        while int(np.floor(at)) > cell:  # more than once only where the window is smaller than the model
            cell += 1
            starts[cells] = i
            cells += 1
    starts[cells] = count
    return first_cell, starts[: cells + 1]


@njit(cache=True, fastmath=True, error_model="numpy")
def _compose(pixels, planes, strength, lines, grain, noise, frame_index, out):
    height, width = pixels.shape
    h, w = planes.shape[0], planes.shape[2]
    sx, sy = np.float32(w / width), np.float32(h / height)
    tile = np.empty(SCRATCH, np.float32)
    for first in range(0, width, TILE_PX):
        count = min(TILE_PX, width - first)
        first_cell, starts = _cells(first, count, sx, tile)
        band = -9
        for y in range(height):
            at_y = (y + np.float32(0.5)) * sy - np.float32(0.5)
            cell_y = int(np.floor(at_y))
            if cell_y != band:
                if cell_y != band + 1:  # the first row; any row where the window is smaller than the model
                    _widen(planes, max(0, cell_y), first_cell, starts, tile)
                band = cell_y
                tile[ABOVE_LEFT:BELOW_LEFT] = tile[BELOW_LEFT:RED]
                _widen(planes, min(h - 1, cell_y + 1), first_cell, starts, tile)
            _load(pixels, y, first, tile, count)
            _paint(tile, np.float32(at_y - cell_y), strength, count)
            if lines.size:
                _draw_lines(tile, lines, y, first, count)
            if grain > 0.0:
                row, start = (y * 97 + frame_index * 31 + first) & 7, (y * 131 + frame_index * 517) % 3968
                _add_grain(tile, grain, noise, row, start, count)
            _store(tile, out, y, first, count)
