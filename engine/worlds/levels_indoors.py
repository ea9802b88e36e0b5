"""Levels under a roof: corridors and halls with what stands and hangs in them, and caves of rough rock.

Each builder returns a `Shot`. Knows nothing of colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine.worlds.scene import (
    BOX,
    CONE,
    CYLINDER,
    ELLIPSOID,
    PROP,
    PYRAMID,
    ROCK,
    STRUCTURE,
    Camera,
    Scene,
    SceneBuilder,
)
from engine.worlds.shots import Rng, Shot, glide
from engine.worlds.terrain import GRID, landscape, rough_terrain
from engine.worlds.things import add_item, add_light, add_rocks, assembly
from engine.worlds.things_alive import add_person

LONG_M = 55.0  # how far a corridor goes before its end wall


def hall(rng: Rng) -> Shot:
    """A corridor or hall: walls with doors, niches and signs, beams or pillars, shelves, lamps, goods and foes."""
    build = SceneBuilder(rng)
    half, tall = rng.uniform(1.5, 9), rng.uniform(2.6, 7)
    wall, other, trim = (build.new_instance() for _ in range(3))
    step = rng.uniform(3, 7)
    for side in (-1.0, 1.0):
        build.solid(BOX, STRUCTURE, (side * (half + 0.5), tall / 2, LONG_M / 2), (0.5, tall, LONG_M), instance=wall)
        if rng.random() < 0.5:  # a skirting or a rail along the wall
            y = float(rng.choice([0.15, 1.0]))
            build.solid(BOX, rng.choice([PROP, STRUCTURE]), (side * (half - 0.05), y, LONG_M / 2),
                        (0.1, 0.15, LONG_M), instance=trim)  # fmt: skip
    end = rng.uniform(12, LONG_M)
    build.solid(BOX, STRUCTURE, (0.0, tall / 2, end), (half + 1, tall, 0.5), instance=other)
    build.solid(BOX, STRUCTURE, (0.0, tall + 0.5, LONG_M / 2), (half + 1, 0.5, LONG_M))
    shape = int(rng.choice([CYLINDER, BOX]))
    pillars, beams = rng.random() < 0.5 and half > 2.5, rng.random() < 0.4
    for i in range(int(end / step)):
        z = 2.0 + i * step
        for side in (-1.0, 1.0):
            if pillars:
                build.solid(shape, STRUCTURE, (side * half * 0.65, tall / 2, z), (0.35, tall / 2, 0.35),
                            instance=other + 1)  # fmt: skip
            _on_wall(rng, build, side, half, tall, z + step / 2)
        if beams:
            build.solid(BOX, rng.choice([STRUCTURE, PROP]), (0.0, tall - 0.15, z), (half, 0.2, 0.2), instance=trim + 1)
        if rng.random() < 0.5:  # a lamp or panel of light at the ceiling
            add_light(rng, build, rng.choice([-0.4, 0.0, 0.4]) * half, tall - rng.uniform(0.4, 1.2), z,
                      rng.uniform(0.3, 1.3))  # fmt: skip
    for _ in range(int(rng.integers(4, 16))):
        add_item(rng, build, rng.uniform(-0.85, 0.85) * half, 0.0, rng.uniform(2, end), rng.uniform(0.4, 1.3))
    scene, camera_at = _inhabited(rng, build, np.zeros((GRID, GRID), np.float32), half, end, tall)
    return Shot(scene=scene, camera_at=camera_at)


def _on_wall(rng: Rng, build: SceneBuilder, side: float, half: float, tall: float, z: float) -> None:
    """One thing at the wall: a door in its frame, a shelf with goods, a sign, a window, a lamp, a ledge, or nothing."""
    kind = str(rng.choice(["door", "door", "shelf", "shelf", "sign", "window", "lamp", "pier", "none"]))
    piece = assembly(build, side * half, 0.0, z, side * math.pi / 2)  # local -z is into the room
    number = build.new_instance()
    if kind == "door":
        wide, high = rng.uniform(0.5, 1.3), min(tall * 0.9, rng.uniform(1.9, 3.2)) / 2
        piece(BOX, STRUCTURE, (0.0, high, 0.0), (wide + 0.2, high + 0.15, 0.12), instance=number + 1)
        piece(BOX, PROP, (0.0, high, -0.05), (wide, high, 0.12), instance=number)
    elif kind == "shelf":
        wide, boards = rng.uniform(0.6, 1.4), int(rng.integers(2, 5))
        for edge in (-1, 1):
            piece(BOX, PROP, (edge * wide, boards * 0.3, -0.25), (0.05, boards * 0.3, 0.25), instance=number)
        for board in range(boards):
            piece(BOX, PROP, (0.0, 0.6 * board + 0.3, -0.25), (wide, 0.04, 0.25), instance=number)
            for _ in range(int(rng.integers(0, 4))):
                size = rng.uniform(0.08, 0.2)
                local = (rng.uniform(-0.8, 0.8) * wide, 0.6 * board + 0.34 + size, -0.25)
                piece(rng.choice([BOX, CYLINDER, ELLIPSOID]), PROP, local, (size, size, size))
    elif kind == "sign":
        piece(BOX, PROP, (0.0, min(1.8, tall * 0.6), 0.0), (rng.uniform(0.3, 1.0), rng.uniform(0.2, 0.7), 0.08),
              instance=number)  # fmt: skip
    elif kind == "window":
        piece(BOX, STRUCTURE, (0.0, tall * 0.55, 0.0), (0.8, tall * 0.25, 0.08), instance=number)
    elif kind == "lamp":
        add_light(rng, build, side * (half - 0.2), rng.uniform(1.4, tall * 0.8), z, rng.uniform(0.25, 0.7))
    elif kind == "pier":
        piece(BOX, STRUCTURE, (0.0, tall / 2, 0.0), (0.4, tall / 2, 0.35), instance=number)


def cave(rng: Rng) -> Shot:
    """A cave or mine: lumps of rock for walls and ceiling, stalactites, ledges, crystals, pools, props and foes."""
    half, tall, end = rng.uniform(2.5, 8), rng.uniform(3, 8), rng.uniform(18, 45)
    heights = rough_terrain(rng, hills_m=rng.uniform(0, 0.8))
    build = SceneBuilder(rng)
    bed, ceiling, lumps = (build.new_instance() for _ in range(3))
    for side in (-1.0, 1.0):
        build.solid(BOX, ROCK, (side * (half + 1.5), tall / 2, end / 2), (0.5, tall + 2, end), instance=bed)
    build.solid(BOX, ROCK, (0.0, tall + 1.5, end / 2), (half + 2, 0.6, end), instance=ceiling)
    build.solid(BOX, ROCK, (0.0, tall / 2, end + 1), (half + 2, tall + 2, 1.0), instance=bed)
    shape = int(rng.choice([ELLIPSOID, ELLIPSOID, PYRAMID, BOX]))
    for i in range(int(rng.integers(24, 44))):  # lumps from floor to ceiling along both walls, and above
        z, size = rng.uniform(-4, end), rng.uniform(0.8, 2.6)
        out = size * rng.uniform(0.7, 1.5, 3)
        if i % 3 == 2:
            center = (rng.uniform(-half, half), tall + 1.0, z)
        else:
            center = ((-1.0, 1.0)[i % 2] * (half + 0.9), rng.uniform(0, tall), z)
        build.solid(shape, ROCK, center, tuple(out), yaw=rng.uniform(0, 3.1), instance=lumps + i % 3)
    build.solid(BOX, ROCK, (0.0, tall / 2, end), (half + 2, tall, 1.0), instance=bed + 1)
    for _ in range(int(rng.integers(0, 14))):  # hanging and standing stone
        x, z, wide, long = rng.uniform(-half, half), rng.uniform(3, end), rng.uniform(0.2, 0.7), rng.uniform(0.4, 1.6)
        if rng.random() < 0.4:
            build.solid(ELLIPSOID, ROCK, (x, tall + 0.6, z), (wide, long, wide), instance=lumps)
        else:
            build.solid(CONE, ROCK, (x, long * 0.8, z), (wide * 1.5, long, wide * 1.5), instance=lumps + 1)
    if rng.random() < 0.35:  # a mine's props and rails
        frame = build.new_instance()
        for z in np.arange(3, end, rng.uniform(4, 8)):
            for side in (-0.8, 0.8):
                build.solid(BOX, PROP, (side * half, tall / 2, z), (0.15, tall / 2, 0.15), instance=frame)
            build.solid(BOX, PROP, (0.0, tall - 0.3, z), (half * 0.9, 0.18, 0.18), instance=frame)
        for side in (-0.6, 0.6):
            build.solid(BOX, PROP, (side, 0.15, end / 2), (0.06, 0.1, end / 2), instance=frame + 1)
    for _ in range(int(rng.integers(2, 10))):
        add_rocks(rng, build, rng.normal(0, half * 0.5), 0.0, rng.uniform(4, end), rng.uniform(0.5, 2.0))
    for _ in range(int(rng.integers(3, 12))):
        side = float(rng.choice([-1, 1]))
        add_light(rng, build, side * half * rng.uniform(0.3, 0.9), rng.uniform(0, tall * 0.7), rng.uniform(3, end),
                  rng.uniform(0.4, 2.2))  # fmt: skip
    for _ in range(int(rng.integers(2, 9))):
        add_item(rng, build, rng.uniform(-0.7, 0.7) * half, 0.0, rng.uniform(3, end), rng.uniform(0.4, 1.2))
    pool = float(np.quantile(heights, rng.uniform(0.3, 0.6))) if rng.random() < 0.35 else -np.inf
    scene, camera_at = _inhabited(rng, build, heights, half, end, tall, water_level=pool)
    return Shot(scene=scene, camera_at=camera_at)


def _inhabited(rng: Rng, build: SceneBuilder, heights: np.ndarray, half: float, end: float, tall: float, *,
               water_level: float = -np.inf) -> tuple[Scene, Callable[[float], Camera]]:  # fmt: skip
    """Adds foes and, in third person, the hero; the scene, and a camera that walks in."""
    speed = rng.uniform(0, 2.5)
    third = rng.random() < 0.4
    for _ in range(int(rng.integers(1, 6))):
        moves = (rng.uniform(-0.5, 0.5), 0.0, rng.uniform(-1.5, 1.0))
        add_person(
            rng, build, rng.uniform(-0.6, 0.6) * half, 0.0, rng.uniform(3, end * 0.7), rng.uniform(1.0, 2.2), moves
        )
    if third:
        ahead = rng.uniform(2.5, 5)
        add_person(rng, build, rng.uniform(-0.5, 0.5), 0.0, ahead, rng.uniform(1.2, 2.0), (0.0, 0.0, speed), hero=True)
    eye = min(tall * 0.8, rng.uniform(1.8, 4.0) if third else rng.uniform(1.2, 1.9))
    scene = landscape(rng, build, heights, water_level=water_level, rocky=False, ridges=False)
    start = (rng.uniform(-0.4, 0.4) * half, eye + scene.height_at(0.0, 0.0), 0.0)
    pitch = -rng.uniform(0.1, 0.4) if third else rng.uniform(-0.15, 0.2)
    return scene, glide(rng, start, speed=speed, pitch=pitch, turn=0.5, bob=0.03)
