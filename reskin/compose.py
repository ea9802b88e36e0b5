"""Compose: the underpainting evaluated at full resolution with the game's own detail. Crisp, one fused pass.

Each screen pixel takes its ramp from the four model pixels around it, weighted by how near they are *and* by how
alike their colour is to the game's own there (joint bilateral upsampling, Kopf et al. 2007): a material's edge lies
where the game drew it. Painted in bands, the screen rows between two model rows, and within a band in tiles that stay
in the first-level cache: a tile's maps are laid out once for all of its rows, the rest is one contiguous pass that
vectorises. Knows nothing of themes or networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from engine.underpaint import PaintMaps

TILE_PX = 128
# Rows of a tile: the guide's colour in 0-2, then what `PaintMaps` holds.
BASE, SHADE, SHINE, MEAN, GAIN, KEEP, PLANES = 3, 6, 9, 12, 13, 14, 15
GRAIN_STARTS = 4096 - TILE_PX  # of a strip of `grain_noise`, so that a tile never reads beyond it
LIKENESS = 0.004  # squared colour distance at which a neighbour's weight has fallen to a quarter


class Composer:
    """Keeps the buffers of one window size. Not thread-safe."""

    def __init__(self, seed: int = 0) -> None:
        self._planes = np.empty((0, 0, 0), np.float32)
        self._noise = grain_noise(seed)

    def compose(self, bgra_u8: np.ndarray, guide: np.ndarray, maps: PaintMaps, out: np.ndarray, *, strength: float,
                outline: float = 0.0, grain: float = 0.0, frame_index: int = 0) -> None:  # fmt: skip
        """Paints `bgra_u8` (h, w, 4) into `out`, another array; `guide` is it at the model's size, (h, w, 3).

        `outline` and `grain` in [0, 1] are the theme's finish; strength 0 gives the game's bytes unchanged.
        """
        if strength <= 0.0:
            np.copyto(out, bgra_u8)
            return
        h, w, _ = guide.shape
        if self._planes.shape != (h, w, PLANES):
            self._planes = np.empty((h, w, PLANES), np.float32)
        _interleave(guide, maps.base, maps.shade, maps.shine, maps.mean, maps.gain, maps.keep, self._planes)
        pixels, painted = bgra_u8.view(np.uint32)[..., 0], out.view(np.uint32)[..., 0]
        rows, columns = _Axis.of(h, len(out)), _Axis.of(w, out.shape[1])
        _compose(pixels, self._planes, rows.begins, rows.weights, columns.begins, columns.weights, np.float32(strength),
                 np.float32(outline), np.float32(grain), self._noise, frame_index, painted)  # fmt: skip


def grain_noise(seed: int = 0) -> np.ndarray:
    """(8, 4096) float32: strips of specks that the rows of a picture start anywhere in."""
    return np.random.default_rng(seed).normal(0, 0.08, (8, 4096)).astype(np.float32)


@dataclass(frozen=True)
class _Axis:
    """Where screen pixels lie between model pixels, along one axis."""

    begins: np.ndarray  # (model + 2,): the first screen pixel whose left neighbour is model pixel index - 1
    weights: np.ndarray  # (screen,) float32: of the right neighbour

    @classmethod
    @lru_cache(maxsize=8)
    def of(cls, model: int, screen: int) -> _Axis:
        at = (np.arange(screen) + 0.5) * (model / screen) - 0.5
        left = np.floor(at)
        return cls(np.searchsorted(left, np.arange(-1, model + 1)), (at - left).astype(np.float32))


@njit(cache=True, fastmath=True, error_model="numpy")
def _interleave(guide, base, shade, shine, mean, gain, keep, planes):
    h, w, _ = planes.shape
    for y in range(h):
        for x in range(w):
            for c in range(3):
                planes[y, x, c] = guide[y, x, c]
                planes[y, x, BASE + c] = base[y, x, c]
                planes[y, x, SHADE + c] = shade[y, x, c]
                planes[y, x, SHINE + c] = shine[y, x, c]
            planes[y, x, MEAN] = mean[y, x]
            planes[y, x, GAIN] = gain[y, x]
            planes[y, x, KEEP] = keep[y, x]


# One scratch array holds all that a tile needs, at constant offsets: with separate arrays LLVM cannot prove that they
# do not overlap and leaves the pixel loop scalar (52 ms instead of 5 ms at 1280x720).
# Indices are unsigned: a signed one costs numba a branch for negative ones, and the loop its SIMD.
LOW_BYTE, EIGHT, SIXTEEN, OPAQUE = np.uint32(255), np.uint32(8), np.uint32(16), np.uint32(0xFF000000)  # stays 32-bit
RED_SHARE, GREEN_SHARE, BLUE_SHARE, ONE = np.uint32(77), np.uint32(150), np.uint32(29), np.uintp(1)
LINE_FROM = 26  # a jump of luminance, of 255, from which on it is a line
LANES = 8  # columns are laid out this many at a time; a row has room for what the last of them writes too much
ROW = np.uintp(TILE_PX + LANES)
ABOVE_LEFT, ABOVE_RIGHT, BELOW_LEFT, BELOW_RIGHT, RED = (np.uintp(corner * PLANES * int(ROW)) for corner in range(5))
GREEN, BLUE, WEIGHT_X, MIX, SCRATCH = (np.uintp(RED + row * ROW) for row in range(1, 6))


@intrinsic
def _fill_lanes(typing_context, tile, at, value):
    """Eight copies of float32 `value` from tile[at] on, as one vector store: numba's own loop makes eight stores, and
    whoever then loads eight floats at once waits for all of them (compose took twice as long)."""

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        lanes = ir.VectorType(ir.FloatType(), LANES)
        first = builder.insert_element(ir.Constant(lanes, ir.Undefined), arguments[2], ir.Constant(ir.IntType(32), 0))
        splat = builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))
        pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), lanes.as_pointer())
        builder.store(splat, pointer, align=4)
        return context.get_dummy_value()

    return types.void(tile, types.uintp, types.float32), generate


@njit(cache=True, fastmath=True, error_model="numpy")
def _widen(planes, above, below, begins, cell, first, count, tile):
    """Lays the maps of two model rows out over the tile's columns: left and right of each column, above and below.

    A model pixel's columns are filled whole lanes at a time; the next one overwrites what was too much.
    """
    last = planes.shape[1] - 1
    while cell <= last and begins[cell + 1] < first + count:
        left, right = max(0, cell), min(last, cell + 1)
        for start in range(max(0, begins[cell + 1] - first), min(count, begins[cell + 2] - first), LANES):
            at = np.uintp(start)
            for m in range(PLANES):
                _fill_lanes(tile, ABOVE_LEFT + at, planes[above, left, m])
                _fill_lanes(tile, ABOVE_RIGHT + at, planes[above, right, m])
                _fill_lanes(tile, BELOW_LEFT + at, planes[below, left, m])
                _fill_lanes(tile, BELOW_RIGHT + at, planes[below, right, m])
                at += ROW
        cell += 1


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _unlike(tile, corner, i):
    """(LIKENESS + squared colour distance), squared: what the weight of one of pixel i's neighbours is divided by."""
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
        i = np.uintp(column)
        word = pixels[y, first + i]
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
        pixels[y, first + i] = color | OPAQUE


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _gray(word):
    """0 to 255, in whole numbers."""
    red, green, blue = (word >> SIXTEEN) & LOW_BYTE, (word >> EIGHT) & LOW_BYTE, word & LOW_BYTE
    return np.float32(np.int32((RED_SHARE * red + GREEN_SHARE * green + BLUE_SHARE * blue) >> EIGHT))


@njit(cache=True, fastmath=True, error_model="numpy")
def _draw_lines(pixels, y, first, outline, tile, count):
    """Darkens where the game's own luminance jumps between a pixel and the four around it."""
    height, width = pixels.shape
    above, below = np.uintp(max(1, y) - 1), np.uintp(min(height - 1, y + 1))
    darkest = np.float32(235.0 / 255.0) * min(np.float32(1.0), np.float32(0.4) + outline)
    slope = np.float32(3.2 / 255.0) * outline
    left, right = (1 if first == 0 else 0), (count - 1 if first + count == width else count)
    for column in range(left, right):
        i = np.uintp(column)
        x = first + i
        here, up, down = _gray(pixels[y, x]), _gray(pixels[above, x]), _gray(pixels[below, x])
        west, east = _gray(pixels[y, x - ONE]), _gray(pixels[y, x + ONE])
        highest = max(max(max(here, up), max(down, west)), east)
        lowest = min(min(min(here, up), min(down, west)), east)
        line = min(darkest, max(np.float32(0.0), (highest - lowest - np.float32(LINE_FROM)) * slope))
        rest = np.float32(1.0) - line * tile[MIX + i]
        tile[RED + i] *= rest
        tile[GREEN + i] *= rest
        tile[BLUE + i] *= rest


@njit(cache=True, fastmath=True, error_model="numpy")
def _add_grain(tile, grain, noise, row, start, count):
    for column in range(count):
        i = np.uintp(column)
        speck = grain * noise[row, start + i] * tile[MIX + i]
        tile[RED + i] += speck
        tile[GREEN + i] += speck
        tile[BLUE + i] += speck


@njit(cache=True, fastmath=True, error_model="numpy")
def _compose(
    pixels, planes, row_begins, row_weights, begins, weights, strength, outline, grain, noise, frame_index, out
):
    width = pixels.shape[1]
    h = planes.shape[0]
    tile = np.empty(SCRATCH, np.float32)
    for cell_y in range(-1, h):
        if row_begins[cell_y + 1] == row_begins[cell_y + 2]:
            continue
        cell = -1
        for first in range(0, width, TILE_PX):
            count, left = min(TILE_PX, width - first), np.uintp(first)
            while begins[cell + 2] <= first:
                cell += 1
            _widen(planes, max(0, cell_y), min(h - 1, cell_y + 1), begins, cell, first, count, tile)
            for i in range(count):
                tile[WEIGHT_X + np.uintp(i)] = weights[left + np.uintp(i)]
            for row in range(row_begins[cell_y + 1], row_begins[cell_y + 2]):
                y = np.uintp(row)
                _load(pixels, y, left, tile, count)
                _paint(tile, row_weights[y], strength, count)
                if outline > 0.0:
                    _draw_lines(pixels, y, left, outline, tile, count)
                if grain > 0.0:
                    # odd steps, so that neighbouring rows and frames take other strips
                    strip = (row * 97 + frame_index * 31 + first) & 7
                    start = (row * 131 + frame_index * 517) % GRAIN_STARTS
                    _add_grain(tile, grain, noise, np.uintp(strip), np.uintp(start), count)
                _store(tile, out, y, left, count)
