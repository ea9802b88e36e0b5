"""The demo's first level: a village on a path round a lake, in a bowl of wooded hills, the same every time.

Builds a scene of the worlds and paints the ground as it is seen from above. What moves is in `walk.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np

from engine.worlds.scene import (
    BOX,
    CONE,
    CYLINDER,
    ELLIPSOID,
    FOLIAGE,
    GLOW,
    GROUND,
    PROP,
    RIDGE_SAMPLES,
    ROCK,
    ROOF,
    STRUCTURE,
    Scene,
)
from engine.worlds.sprites_plants import draw_bush
from reskin.demo.figures import person
from reskin.demo.stage import Color, Stage, StageBuilder
from reskin.demo.textures import fractal

GRID, CELL_M = 256, 1.2
SIDE_M = GRID * CELL_M
GROUND_PX, TEXEL_M = 2048, SIDE_M / 2048
BAKED_PX = 1024  # the ground's picture is computed at this size and enlarged: a quarter of the time
WATER_M = 0.0
SUN = np.array([-0.52, 0.62, -0.58]) / np.linalg.norm([-0.52, 0.62, -0.58])
SUN_XZ = SUN[[0, 2]] / SUN[1]
WALLS: tuple[Color, ...] = ((232, 220, 196), (222, 203, 170), (205, 190, 178), (238, 232, 220), (214, 186, 150))
ROOFS: tuple[Color, ...] = ((186, 66, 48), (172, 54, 46), (198, 84, 54), (160, 60, 52))
LEAVES: tuple[Color, ...] = ((74, 138, 52), (92, 154, 58), (60, 122, 58), (118, 160, 56), (52, 112, 62))
Angle = TypeVar("Angle", float, np.ndarray)


@dataclass(frozen=True, kw_only=True)
class Level:
    stage: Stage
    ground_rgb: np.ndarray  # (GROUND_PX, GROUND_PX, 3) float32, lit, rows along z
    water: np.ndarray  # (GROUND_PX, GROUND_PX) uint8
    blocks: np.ndarray  # (n, 3) x z radius: what nobody walks through


def path_point(angle: float) -> tuple[float, float]:
    """The path round the lake: x, z at an angle, 0 in the south."""
    radius = float(_path_radius(angle))
    return -radius * math.sin(angle), -radius * math.cos(angle)


def _path_radius(angle: Angle) -> Angle:
    """In metres from the middle of the lake."""
    return 41 + 5 * np.sin(3 * angle + 0.6) + 2.5 * np.sin(5 * angle)


def hills() -> Level:
    rng = np.random.default_rng(20)
    heights = _heights(rng)
    material = np.full((GRID, GRID), GROUND, np.uint8)
    gz, gx = np.gradient(heights, CELL_M)
    material[np.hypot(gx, gz) > 0.8] = ROCK
    bare = Scene(
        solids=np.zeros((0, 16)), sprites=np.zeros((1, 64, 64), np.uint8), heights=heights, ground_material=material,
        ground_instance=np.ones((GRID, GRID), np.int32), cell_m=CELL_M, water_level=WATER_M,
        ridges=np.zeros((0, RIDGE_SAMPLES), np.float32), ridge_material=np.zeros(0, np.uint8), seed=20,
    )  # fmt: skip
    builder = StageBuilder(rng)
    shadow = np.zeros((GROUND_PX, GROUND_PX), np.float32)
    blocks: list[tuple[float, float, float]] = []
    _people(builder, bare)
    _houses(builder, bare, shadow, blocks)
    _things(builder, bare, shadow, blocks)
    _forest(builder, bare, shadow, blocks)
    scene = Scene(**{**bare.__dict__, "solids": builder.build.solids(), "sprites": builder.build.sprite_stack()})
    ground, water = _ground_picture(rng, heights, shadow)
    return Level(stage=builder.stage(scene), ground_rgb=ground, water=water, blocks=np.array(blocks))


def _polar(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every cell: distance from the middle and from the path in metres, and the angle round the lake."""
    axis = ((np.arange(size) + 0.5 - size / 2) * (SIDE_M / size)).astype(np.float32)
    x, z = np.meshgrid(axis, axis)
    angle = np.arctan2(-x, -z)
    radius = np.hypot(x, z)
    return radius, radius - _path_radius(angle), angle


def _heights(rng: np.random.Generator) -> np.ndarray:
    radius, off_path, _ = _polar(GRID)
    rough = fractal(rng, (GRID, GRID), 7, 4)
    wide = fractal(rng, (GRID, GRID), 4, 2)
    rise = np.clip((radius - 52) / 70, 0, 1) ** 1.3
    hills_m = rise * (8 + 40 * np.clip(wide - 0.2, 0, 1)) + (rough - 0.5) * (1.2 + 16 * rise)
    shore = np.clip((radius - 20 - 14 * (rough - 0.5)) / 11, -1.0, 1.0)  # -1 in the lake, 1 on the land
    heights = 1.3 * shore + hills_m
    flat = np.exp(-((off_path / 4.0) ** 2))
    heights = heights * (1 - flat) + cv2.GaussianBlur(heights, (0, 0), 4) * flat
    near = np.exp(-((off_path / 3.0) ** 2))
    return np.maximum(heights, near * 0.55 - 4 * (1 - near)).astype(np.float32)


def _ground_picture(rng: np.random.Generator, heights: np.ndarray, shadow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lit ground seen from above, and where it is water."""
    n = BAKED_PX
    fine = cv2.resize(heights, (n, n), interpolation=cv2.INTER_CUBIC)
    gz, gx = np.gradient(fine, SIDE_M / n)
    steep = np.hypot(gx, gz)
    lambert = np.clip((-gx * SUN[0] + SUN[1] - gz * SUN[2]) / np.sqrt(steep * steep + 1), 0, 1).astype(np.float32)
    patch, spots, small = (fractal(rng, (n, n), cells, octaves) for cells, octaves in ((14, 5), (60, 4), (260, 2)))
    _, off_path, _ = _polar(n)

    def mix(rgb: np.ndarray, color: Color, share: np.ndarray, grain: float = 0.0) -> np.ndarray:
        """Paint `color`, made uneven by `grain`, over a share of each pixel."""
        uneven = np.array(color, np.float32) * (1 + grain * (small - 0.5))[..., None]
        return rgb + (uneven - rgb) * np.clip(share, 0, 1)[..., None]

    rgb = np.broadcast_to(np.array((98, 158, 62), np.float32), (n, n, 3))
    rgb = mix(rgb, (134, 180, 72), (patch - 0.45) * 4)
    rgb = mix(rgb, (70, 132, 56), (0.45 - patch) * 4)
    rgb = mix(rgb, (152, 182, 84), (spots - 0.56) * 5)
    flowers = (rng.random((n, n), dtype=np.float32) > 0.9) & (spots > 0.55)
    rgb[flowers & (patch > 0.5)] = (246, 236, 130)
    rgb[flowers & (patch < 0.42)] = (236, 226, 244)
    rgb = mix(rgb, (142, 138, 130), (steep - 0.75 + 0.5 * (spots - 0.5)) * 5, grain=0.5)
    edge = np.abs(off_path) - 2.1 - 1.3 * (spots - 0.5) - 0.7 * (small - 0.5)
    rgb = mix(rgb, (150, 142, 84), (1 - edge / 0.8) * 0.6)
    rgb = mix(rgb, (184, 150, 104), 0.5 - edge * 3, grain=0.35)
    for offset in (-0.75, 0.75):  # cart ruts
        rgb = np.where((np.abs(off_path - offset - 0.5 * (patch - 0.5)) < 0.2)[..., None], rgb * np.float32(0.88), rgb)
    rgb = mix(rgb, (226, 208, 152), (0.75 - fine + 0.9 * (spots - 0.5)) * 3, grain=0.2)
    shade = cv2.resize(cv2.GaussianBlur(shadow, (0, 0), 1.5), (n, n), interpolation=cv2.INTER_AREA)
    light = (0.56 + 0.62 * lambert) * (1 - 0.42 * shade)
    rgb = rgb * light[..., None]
    shore = np.clip(-fine / 1.6, 0, 1)
    sea = (
        np.array((84, 178, 190), np.float32)
        + (np.array((38, 112, 172), np.float32) - np.array((84, 178, 190), np.float32)) * shore[..., None]
    )
    sea[fine > WATER_M - 0.07] = (214, 238, 240)  # foam
    size_px = (GROUND_PX, GROUND_PX)
    tall = cv2.resize(heights, size_px, interpolation=cv2.INTER_CUBIC)
    water = tall < WATER_M
    ground = cv2.resize(rgb, size_px, interpolation=cv2.INTER_LINEAR)
    ground[water] = cv2.resize(sea, size_px, interpolation=cv2.INTER_LINEAR)[water]
    return ground, water.astype(np.uint8)


def _cast(shadow: np.ndarray, x: float, y: float, z: float, wide: float, tall: float, ground: float) -> None:
    """The shadow of a ball-like thing at height y on flat ground."""
    lift = y - ground
    cx, cz = x - SUN_XZ[0] * lift, z - SUN_XZ[1] * lift
    center = (int(cx / TEXEL_M + GROUND_PX / 2), int(cz / TEXEL_M + GROUND_PX / 2))
    stretch = wide + tall * float(np.hypot(*SUN_XZ)) * 0.5
    angle = math.degrees(math.atan2(SUN_XZ[1], SUN_XZ[0]))
    axes = (int(stretch / TEXEL_M), int(wide / TEXEL_M))
    cv2.ellipse(shadow, center, axes, angle, 0, 360, 1.0, -1)


def _houses(b: StageBuilder, bare: Scene, shadow: np.ndarray, blocks: list[tuple[float, float, float]]) -> None:
    rng = b.rng
    for i, angle in enumerate((-0.42, -0.16, 0.16, 0.42, 0.72, -0.75, 2.2, 2.5, 3.3, 4.3)):
        path_x, path_z = path_point(angle)
        out = 1 + (9.5 + 2.5 * rng.random()) / math.hypot(path_x, path_z)
        x, z = path_x * out, path_z * out
        hx, hz = rng.uniform(2.4, 3.4), rng.uniform(2.2, 2.9)
        hy = 1.7 if i % 3 else 2.6
        y = bare.height_at(x, z) - 0.2
        yaw = math.atan2(path_x - x, path_z - z)
        house(b, x, y, z, (hx, hy, hz), yaw, WALLS[i % 5], ROOFS[i % 4], chimney=i % 2 == 0)
        blocks.append((x, z, max(hx, hz) + 0.9))
        ground = y + 0.2
        for part in (0.0, 0.5, 1.0):
            _cast(shadow, x, ground + part * 2 * hy, z, hx * (1.05 - 0.3 * (part == 1.0)), hy, ground)


def house(b: StageBuilder, x: float, y: float, z: float, half: tuple[float, float, float], yaw: float, wall: Color,
          roof: Color, *, chimney: bool) -> None:  # fmt: skip
    """Walls, a roof, a stone foot, a door, windows with frames; the front looks along +z turned by `yaw`."""
    hx, hy, hz = half
    sin, cos = math.sin(yaw), math.cos(yaw)
    b.group()

    def at(lx: float, ly: float, lz: float) -> tuple[float, float, float]:
        return x + lx * cos + lz * sin, y + ly, z - lx * sin + lz * cos

    def box(material: int, place: tuple[float, float, float], size: tuple[float, float, float], color: Color) -> None:
        b.add(BOX, material, at(*place), size, color, yaw=yaw)

    box(STRUCTURE, (0, hy, 0), (hx, hy, hz), wall)
    box(ROCK, (0, 0.25, 0), (hx + 0.12, 0.35, hz + 0.12), (150, 146, 140))
    for lx in (-hx, hx):
        for lz in (-hz, hz):
            box(PROP, (lx, hy, lz), (0.12, hy, 0.12), (112, 78, 50))
    b.add(CONE, ROOF, at(0, 2 * hy + 1.15, 0), (hx * 1.72, 1.25, hz * 1.72), roof, yaw=yaw)
    if chimney:
        box(ROCK, (hx * 0.45, 2 * hy + 1.3, 0.2), (0.3, 0.9, 0.3), (142, 126, 118))
    box(PROP, (0, 1.0, hz + 0.03), (0.55, 1.0, 0.06), (122, 80, 46))
    box(GLOW, (0.32, 1.0, hz + 0.1), (0.06, 0.06, 0.04), (246, 214, 110))
    for floor in range(round(hy / 1.3)):
        for lx in (-0.58 * hx, 0.58 * hx):
            for face in (1.0, -1.0):
                place = (lx, 1.35 + 2.1 * floor, face * (hz + 0.03))
                box(PROP, place, (0.5, 0.55, 0.05), (240, 236, 226))
                box(STRUCTURE, (place[0], place[1], place[2] + face * 0.04), (0.4, 0.45, 0.04), (96, 140, 176))


def _things(b: StageBuilder, bare: Scene, shadow: np.ndarray, blocks: list[tuple[float, float, float]]) -> None:
    """Lamps, crates and barrels along the path, stones, bushes."""
    rng = b.rng
    for i in range(16):
        angle = i * 2 * math.pi / 16 + 0.06
        x, z = path_point(angle)
        out = 1 + (3.1 if i % 2 else -3.1) / math.hypot(x, z)
        x, z = x * out, z * out
        y = bare.height_at(x, z)
        b.group()
        b.add(CYLINDER, PROP, (x, y + 1.35, z), (0.08, 1.4, 0.08), (64, 58, 60))
        b.add(BOX, PROP, (x, y + 2.72, z), (0.2, 0.05, 0.2), (58, 52, 54))
        b.add(ELLIPSOID, GLOW, (x, y + 2.98, z), (0.2, 0.25, 0.2), (255, 232, 150))
        b.add(CONE, PROP, (x, y + 3.27, z), (0.26, 0.13, 0.26), (58, 52, 54))
        _cast(shadow, x, y + 1.4, z, 0.14, 2.8, y)
        blocks.append((x, z, 0.45))
    for _ in range(26):
        angle = rng.normal(0, 0.6) if rng.random() < 0.6 else rng.uniform(0, 6.28)
        x, z = path_point(angle)
        out = 1 + rng.choice([-1, 1]) * rng.uniform(3.4, 5.5) / math.hypot(x, z)
        x, z = x * out, z * out
        y = bare.height_at(x, z)
        if y < WATER_M + 0.3:
            continue
        b.group()
        if rng.random() < 0.5:
            size = rng.uniform(0.35, 0.55)
            b.add(BOX, PROP, (x, y + size, z), (size,) * 3, (176, 128, 74), yaw=rng.uniform(0, 3))
        else:
            b.add(CYLINDER, PROP, (x, y + 0.5, z), (0.36, 0.52, 0.36), (146, 98, 58))
            b.add(CYLINDER, PROP, (x, y + 0.75, z), (0.38, 0.05, 0.38), (88, 84, 88))
            b.add(CYLINDER, PROP, (x, y + 0.25, z), (0.38, 0.05, 0.38), (88, 84, 88))
        _cast(shadow, x, y + 0.4, z, 0.5, 0.9, y)
        blocks.append((x, z, 0.75))
    for _ in range(60):
        x, z = rng.uniform(-95, 95, 2)
        y = bare.height_at(x, z)
        if y < WATER_M - 0.25 or _on_path(x, z):
            continue
        b.group()
        size = rng.uniform(0.3, 1.5)
        shade = rng.uniform(120, 160)
        b.add(
            ELLIPSOID,
            ROCK,
            (x, y + 0.15 * size, z),
            (size * 1.1, size * 0.75, size),
            (shade, shade * 0.98, shade * 0.94),
        )
        _cast(shadow, x, y + 0.3 * size, z, size, size, y)
        if size > 0.6:
            blocks.append((x, z, size + 0.3))
    bushes = [b.picture(draw_bush(rng), {1: (78, 142, 50), 2: (116, 172, 64)}) for _ in range(6)]
    for _ in range(420):
        x, z = rng.uniform(-75, 75, 2)
        y = bare.height_at(x, z)
        if y < WATER_M + 0.15 or _on_path(x, z):
            continue
        size = rng.uniform(0.25, 0.6)
        b.board(
            FOLIAGE, (x, y + size * 0.9, z), (size, size), int(rng.choice(bushes)), mirrored=bool(rng.random() < 0.5)
        )


def _on_path(x: float, z: float, room_m: float = 3.0) -> bool:
    px, pz = path_point(math.atan2(-x, -z))
    return abs(math.hypot(x, z) - math.hypot(px, pz)) < room_m


def _forest(b: StageBuilder, bare: Scene, shadow: np.ndarray, blocks: list[tuple[float, float, float]]) -> None:
    rng = b.rng
    planted = 0
    while planted < 190:
        angle, radius = rng.uniform(0, 2 * math.pi), 24 + 86 * rng.random() ** 0.8
        x, z = -radius * math.sin(angle), -radius * math.cos(angle)
        y = bare.height_at(x, z)
        close = np.array(blocks)
        if y < 0.7 or _on_path(x, z, 5.0) or np.any(np.hypot(close[:, 0] - x, close[:, 1] - z) < close[:, 2] + 1.6):
            continue
        planted += 1
        tall = rng.uniform(3.8, 7.5)
        b.group()
        if radius > 58 or rng.random() < 0.3:
            conifer(b, x, y, z, tall * 1.25)
            _cast(shadow, x, y + tall * 0.5, z, tall * 0.22, tall * 0.9, y)
        else:
            leafy(b, x, y, z, tall)
            _cast(shadow, x, y + tall * 0.68, z, tall * 0.36, tall * 0.3, y)
        _cast(shadow, x, y + tall * 0.1, z, tall * 0.06, tall * 0.5, y)
        blocks.append((x, z, 0.7))


def leafy(b: StageBuilder, x: float, y: float, z: float, tall: float) -> None:
    rng = b.rng
    b.add(CYLINDER, PROP, (x, y + tall * 0.22, z), (tall * 0.055, tall * 0.26, tall * 0.055), (112, 80, 54))
    color = LEAVES[int(rng.integers(len(LEAVES)))]
    wide = tall * 0.3
    b.add(ELLIPSOID, FOLIAGE, (x, y + tall * 0.68, z), (wide, wide * 0.9, wide), color)
    for _ in range(3):
        turn, size = rng.uniform(0, 6.28), wide * rng.uniform(0.55, 0.75)
        place = (x + wide * 0.7 * math.sin(turn), y + tall * rng.uniform(0.55, 0.82), z + wide * 0.7 * math.cos(turn))
        b.add(ELLIPSOID, FOLIAGE, place, (size, size * 0.85, size), color)


def conifer(b: StageBuilder, x: float, y: float, z: float, tall: float) -> None:
    b.add(CYLINDER, PROP, (x, y + tall * 0.1, z), (tall * 0.035, tall * 0.12, tall * 0.035), (104, 74, 52))
    green = b.rng.uniform(0.85, 1.15)
    for tier in range(3):
        wide = tall * (0.24 - 0.055 * tier)
        color = (40 * green, (92 + 9 * tier) * green, 62 * green)
        b.add(CONE, FOLIAGE, (x, y + tall * (0.34 + 0.22 * tier), z), (wide, tall * 0.2, wide), color)


def _people(b: StageBuilder, bare: Scene) -> None:
    """The hero first, then villagers; each stands where it starts, feet on the ground."""
    clothes: tuple[tuple[Color, Color, Color], ...] = (
        ((48, 92, 176), (92, 66, 48), (120, 72, 38)), ((176, 62, 84), (70, 62, 78), (60, 44, 36)),
        ((226, 172, 60), (84, 88, 60), (150, 116, 60)), ((96, 150, 92), (96, 72, 56), (40, 36, 36)),
        ((150, 96, 170), (62, 66, 92), (170, 120, 66)), ((206, 112, 60), (74, 82, 96), (86, 56, 40)),
    )  # fmt: skip
    starts = (-0.02, 0.14, 0.36, -0.5, 2.35, 3.4)
    for (shirt, trousers, hair), angle in zip(clothes, starts, strict=True):
        x, z = path_point(angle)
        out = 1 + b.rng.uniform(-1.2, 1.2) / math.hypot(x, z) if b.actors else 1.0
        x, z = x * out, z * out
        person(b, x, bare.height_at(x, z), z, shirt, trousers, hair, cape=not b.actors)
