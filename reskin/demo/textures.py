"""Bakes what the demo's renderer looks up: the ground seen from above, grass, ripples, surfaces, and the panorama.

Everything follows from a seed and takes about a second, once. Colours are 0xAARRGGBB; A is 1 on water.
"""

from __future__ import annotations

import cv2
import numpy as np

from reskin.demo.mesh import TEXTURES
from reskin.demo.raster import DETAIL, GRAIN_MEAN, SKY_BOTTOM, SKY_TOP, TILE

Rng = np.random.Generator
TILE_SCALE = np.array([24.0, 42.0, 40.0, 40.0, 60.0, 32.0])  # texels a metre, as TEXTURES
FOG = (196, 219, 238)  # r g b: the air at the horizon


def fractal(rng: Rng, size: tuple[int, int], cells: int, octaves: int = 4, *, wrap: bool = False) -> np.ndarray:
    """(h, w) float32 smooth noise in [0, 1], `cells` features along the shorter side; `wrap`: it tiles."""
    h, w = size
    out = np.zeros(size, np.float32)
    weight, total = 1.0, 0.0
    for _ in range(octaves):
        rows, columns = max(1, cells * h // min(h, w)), max(1, cells * w // min(h, w))
        grid = rng.random((rows, columns), dtype=np.float32)
        if wrap:
            tiled = cv2.resize(np.tile(grid, (3, 3)), (3 * w, 3 * h), interpolation=cv2.INTER_CUBIC)
            out += weight * tiled[h : 2 * h, w : 2 * w]
        else:
            out += weight * cv2.resize(grid, (w, h), interpolation=cv2.INTER_CUBIC)
        total += weight
        weight *= 0.5
        cells *= 2
    return np.clip(out / total, 0, 1)


def packed(rgb: np.ndarray, alpha: np.ndarray | None = None) -> np.ndarray:
    """(h, w, 3) 0..255 to (h, w) uint32."""
    r, g, b = np.moveaxis(np.clip(rgb, 0, 255).astype(np.uint32), -1, 0)
    out = (r << 16) | (g << 8) | b
    return out if alpha is None else out | (alpha.astype(np.uint32) << 24)


def mip_levels(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(3, n, n): the ground at its size, a half and a quarter, each in the corner of its own sheet.

    The first is drawn times the grain, and water of all times the ripples.
    """
    n = rgb.shape[0]
    brighter = 256 / GRAIN_MEAN
    out = np.zeros((3, n, n), np.uint32)
    for level in range(3):
        side = n >> level
        small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
        wet = cv2.resize(alpha, (side, side), interpolation=cv2.INTER_NEAREST)
        gain = np.where(wet[..., None] > 0, brighter, brighter if level == 0 else 1.0)
        out[level, :side, :side] = packed(small * gain, wet)
    return out


def grass_detail(rng: Rng) -> np.ndarray:
    """(DETAIL, DETAIL) uint8 about GRAIN_MEAN: short strokes, lighter and darker."""
    sheet = fractal(rng, (DETAIL, DETAIL), 40, 2, wrap=True) * 120 + 60
    for _ in range(2600):
        x, y = rng.integers(0, DETAIL, 2)
        lean, tall = rng.integers(-3, 4), rng.integers(3, 9)
        value = float(rng.normal(128, 48))
        for dx in (-DETAIL, 0, DETAIL):
            for dy in (-DETAIL, 0, DETAIL):
                if -20 < x + dx < DETAIL + 20 and -20 < y + dy < DETAIL + 20:
                    cv2.line(sheet, (int(x + dx), int(y + dy)), (int(x + dx + lean), int(y + dy - tall)), value, 1)
    sheet = (sheet - sheet.mean()) / sheet.std() * 22 + GRAIN_MEAN
    return np.clip(sheet, 0, 255).astype(np.uint8)


def ripples(rng: Rng) -> np.ndarray:
    """(256, 256) uint8 about GRAIN_MEAN that tiles."""
    sheet = fractal(rng, (256, 256), 16, 3, wrap=True)
    sheet = (sheet - sheet.mean()) / sheet.std()
    crest = np.exp(-((np.abs(sheet) * 3.0) ** 2))
    return np.clip(174 + 62 * crest + 10 * sheet, 0, 255).astype(np.uint8)


def surface_tiles(rng: Rng) -> np.ndarray:
    """(textures, TILE, TILE) uint8 brightness about 128, in the order of TEXTURES."""
    grain = fractal(rng, (TILE, TILE), 12, 4, wrap=True)
    fine = rng.normal(0, 1, (TILE, TILE))
    y, x = np.mgrid[:TILE, :TILE]
    plain = 126 + 14 * (grain - 0.5) + 2 * fine
    leaves = np.full((TILE, TILE), 110, np.float32)
    for _ in range(420):
        place = rng.integers(0, TILE, 2)
        value, turn = float(rng.uniform(82, 172)), float(rng.uniform(0, 180))
        for dx in (-TILE, 0, TILE):
            for dy in (-TILE, 0, TILE):
                center = (int(place[0] + dx), int(place[1] + dy))
                if -12 < center[0] < TILE + 12 and -12 < center[1] < TILE + 12:
                    cv2.ellipse(leaves, center, (6, 3), turn, 0, 360, value, -1)
    plaster = 128 + 26 * (grain - 0.5) + 3 * fine
    row = y // 16
    shift = (x + (row & 1) * 11) % 22
    shingles = 116 + 26 * ((y % 16) / 16.0) + 12 * np.sin((x + row * 37) // 22 * 2.4 + row)
    shingles[(y % 16 < 2) | (shift < 2)] -= 42
    planks = 122 + 20 * np.sin(y // 21 * 2.1) + 20 * (fractal(rng, (TILE, TILE), 10, 3, wrap=True) - 0.5)
    planks[y % 21 < 2] -= 46
    stone = 128 + 80 * (fractal(rng, (TILE, TILE), 8, 4, wrap=True) - 0.5) + 4 * fine
    sheets = {"plain": plain, "leaves": leaves, "plaster": plaster, "shingles": shingles, "planks": planks,
              "stone": stone}  # fmt: skip
    return np.stack([np.clip(sheets[name], 20, 250).astype(np.uint8) for name in TEXTURES])


def panorama(rng: Rng, size: tuple[int, int] = (540, 5120)) -> np.ndarray:
    """(w, h) uint32: sky, clouds and far ridges all round, from SKY_TOP down to SKY_BOTTOM (tangents)."""
    h, w = size
    slope = np.linspace(SKY_TOP, SKY_BOTTOM, h, dtype=np.float32)[:, None]
    per_slope = h / (SKY_TOP - SKY_BOTTOM)
    high = np.clip(slope / 0.6, 0, 1) ** 0.6
    sky = (
        np.array(FOG, np.float32) + (np.array((74, 142, 222), np.float32) - np.array(FOG, np.float32)) * high[..., None]
    )
    rgb = np.broadcast_to(sky, (h, w, 3)).copy()
    _clouds(rng, rgb, per_slope)
    angle = np.linspace(0, 2 * np.pi, w, endpoint=False)
    layers = ((0.26, (139, 160, 190), True), (0.15, (112, 150, 150), False), (0.075, (88, 140, 96), False))
    for layer, (top, color, snow) in enumerate(layers):
        line = np.zeros(w)
        for octave in range(7):
            turns = (3 + layer * 2) * 2**octave + octave
            wave = np.sin(turns * angle + rng.uniform(0, 6.28))
            line += 0.56**octave * ((1 - 1.7 * np.abs(wave)) if snow else wave)
        line = top * (0.62 + 0.22 * line)
        face = fractal(rng, (h, w), 26, 4) - np.float32(0.5)
        below = (line[None, :] - slope).astype(np.float32)  # how far under the crest
        inside = below > 0
        lean = cv2.GaussianBlur(np.gradient(line)[None, :] * w / 9.0, (0, 0), 14).astype(np.float32)
        lean = np.clip(lean + face * 3.4, -1, 1)[inside][:, None]
        body = np.array(color, np.float32) * (1 + 0.16 * lean)
        if snow:
            white = (slope + 0.09 * face > 0.150)[inside][:, None]
            body = np.where(white, np.array((236, 242, 250), np.float32) * (0.93 + 0.07 * lean), body)
        air = np.clip(0.36 - 0.10 * layer + 0.45 * below[inside] / top * (0.9 - 0.15 * layer), 0, 0.85)[:, None]
        rgb[inside] = body + (np.array(FOG, np.float32) - body) * air
    return np.ascontiguousarray(packed(rgb).T)


def _clouds(rng: Rng, rgb: np.ndarray, per_slope: float) -> None:
    """Heaps of round puffs with a flat, bluish underside."""
    h, w, _ = rgb.shape
    px = w / (2 * np.pi)  # a radian
    for _ in range(46):
        cx, base = rng.uniform(0, w), 0.1 + 0.6 * rng.random() ** 1.7
        wide = px * rng.uniform(0.07, 0.24)
        floor = (SKY_TOP - base) * per_slope
        top, bottom = max(0, int(floor - wide)), min(h, int(floor + 2))
        left, right = max(0, int(cx - 1.5 * wide)), min(w, int(cx + 1.5 * wide))
        if bottom <= top or right <= left:
            continue
        shape = np.zeros((bottom - top, right - left), np.float32)
        for _ in range(int(rng.integers(9, 20))):
            part = rng.uniform(-1, 1)
            radius = wide * rng.uniform(0.14, 0.30) * (1.15 - abs(part))
            center = (int(cx + part * wide) - left, int(floor - radius * rng.uniform(0.1, 0.9)) - top)
            cv2.ellipse(shape, center, (int(radius * 1.25) + 1, int(radius) + 1), 0, 0, 360, 1.0, -1)
        strip = cv2.GaussianBlur(shape, (0, 0), 2.2)[..., None] * 0.93
        under = np.linspace(0, 1, bottom - top, dtype=np.float32)[:, None, None] ** 2
        color = (
            np.array((252, 253, 255), np.float32)
            + (np.array((198, 212, 232), np.float32) - np.array((252, 253, 255), np.float32)) * under
        )
        part_of_sky = rgb[top:bottom, left:right]
        part_of_sky += (color - part_of_sky) * strip
