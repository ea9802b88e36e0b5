"""Hash and value noise, and the named patterns, as scalar functions that numba inlines into the tracer and shader.

Each pattern maps a point of a surface (world units) to [0, 1]: 0 takes the material's dark colour, 1 its light one.
"""

from __future__ import annotations

import math

from numba import njit

from engine.config import PATTERNS


@njit(cache=True, inline="always")
def hash01(ix: int, iy: int, seed: int) -> float:
    """A lattice point's random number in [0, 1): integer mixing, the same on every platform."""
    n = (ix * 374761393 + iy * 668265263 + seed * 974711) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFFFF) / 16777216.0


@njit(cache=True)
def value_noise(x: float, y: float, seed: int) -> float:
    """Smooth noise in [0, 1] with one feature a unit."""
    fx = math.floor(x)
    fy = math.floor(y)
    ix = int(fx)
    iy = int(fy)
    u = x - fx
    v = y - fy
    u = u * u * (3.0 - 2.0 * u)
    v = v * v * (3.0 - 2.0 * v)
    top = hash01(ix, iy, seed) * (1.0 - u) + hash01(ix + 1, iy, seed) * u
    bottom = hash01(ix, iy + 1, seed) * (1.0 - u) + hash01(ix + 1, iy + 1, seed) * u
    return top * (1.0 - v) + bottom * v


@njit(cache=True)
def fractal_noise(x: float, y: float, seed: int, octaves: int) -> float:
    """Value noise summed over octaves, halving in size and weight; in [0, 1]."""
    total = 0.0
    weight = 0.5
    for octave in range(octaves):
        total += weight * value_noise(x, y, seed + octave * 17)
        x = x * 2.03 + 5.1
        y = y * 2.03 + 9.7
        weight *= 0.5
    return total / (1.0 - weight * 2.0)


@njit(cache=True)
def nearest_cell(x: float, y: float, seed: int) -> tuple[float, float]:
    """Distances to the nearest and second nearest jittered lattice point (Worley noise)."""
    ix = math.floor(x)
    iy = math.floor(y)
    first = 9.0
    second = 9.0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            px = ix + dx + hash01(ix + dx, iy + dy, seed)
            py = iy + dy + hash01(ix + dx, iy + dy, seed + 7)
            d = math.sqrt((px - x) ** 2 + (py - y) ** 2)
            if d < first:
                second = first
                first = d
            elif d < second:
                second = d
    return first, second


PLAIN, NOISE, CLOUDS, TILES, BRICKS, STRIPES, DOTS, CRACKS, WAVES = range(len(PATTERNS))


@njit(cache=True)
def pattern_value(kind: int, x: float, y: float, seed: int) -> float:
    """The pattern `PATTERNS[kind]` at a surface point (x, y), in [0, 1]."""
    if kind == NOISE:
        return fractal_noise(x * 1.5, y * 1.5, seed, 4)
    if kind == CLOUDS:
        n = fractal_noise(x * 0.5, y * 0.9, seed, 5)
        return min(1.0, max(0.0, (n - 0.42) * 4.0))
    if kind == TILES:
        fx = x - math.floor(x)
        fy = y - math.floor(y)
        if min(fx, 1.0 - fx, fy, 1.0 - fy) < 0.06:
            return 0.0
        return 0.55 + 0.45 * hash01(math.floor(x), math.floor(y), seed)
    if kind == BRICKS:
        row = math.floor(y * 2.0)
        bx = x + 0.5 * (int(row) & 1)
        fx = bx - math.floor(bx)
        fy = y * 2.0 - row
        if min(fx, 1.0 - fx) < 0.05 or min(fy, 1.0 - fy) < 0.1:
            return 0.05
        return 0.5 + 0.5 * hash01(math.floor(bx), int(row), seed)
    if kind == STRIPES:
        return 0.5 + 0.5 * math.sin(6.2832 * (x + 0.15 * value_noise(x, y, seed)))
    if kind == DOTS:
        first, _ = nearest_cell(x, y, seed)
        return 1.0 if first < 0.28 else 0.25
    if kind == CRACKS:
        first, second = nearest_cell(x, y, seed)
        edge = second - first
        return min(1.0, 0.1 + edge * 3.0) * (0.7 + 0.3 * value_noise(x * 3.0, y * 3.0, seed))
    if kind == WAVES:
        bend = 1.5 * value_noise(x * 0.7, y * 0.7, seed)
        return 0.5 + 0.35 * math.sin(4.0 * y + bend * 4.0) + 0.15 * math.sin(9.0 * y + 3.0 * x + bend * 7.0)
    return 0.6
