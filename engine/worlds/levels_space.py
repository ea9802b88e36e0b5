"""Levels in space: planets, asteroids, ships, a station, bolts of light and explosions before the stars.

The builder returns a `Shot`. Knows nothing of colours.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from engine.worlds.scene import (
    ACCENT_PART,
    BOX,
    CHARACTER,
    CONE,
    CYLINDER,
    ELLIPSOID,
    GABLE,
    GLOW,
    PROP,
    PYRAMID,
    ROCK,
    STRUCTURE,
    SceneBuilder,
)
from engine.worlds.shots import Rng, Shot, glide
from engine.worlds.terrain import GRID, landscape
from engine.worlds.things import Point, add_rocks, assembly


def space(rng: Rng) -> Shot:
    """A flight or a battle: the own ship before the camera, or a cockpit's view."""
    build = SceneBuilder(rng)
    speed = rng.uniform(0, 15)
    for _ in range(int(rng.integers(0, 4))):
        radius = rng.uniform(8, 90)
        x, y, z = _somewhere(rng, rng.uniform(180, 380))
        build.solid(ELLIPSOID, ROCK, (x, y, z), (radius,) * 3)
        if rng.random() < 0.3:  # a ring
            build.solid(CYLINDER, ROCK, (x, y, z), (radius * 1.8, radius * 0.02, radius * 1.8), ragged=0.3)
    if rng.random() < 0.4:
        radius = rng.uniform(5, 30)
        build.solid(ELLIPSOID, GLOW, _somewhere(rng, 390.0), (radius,) * 3)
    for _ in range(int(rng.choice([0, 6, 25]))):
        x, y, z = _somewhere(rng, rng.uniform(12, 90))
        add_rocks(rng, build, x, y, z, rng.uniform(1, 9))
    if rng.random() < 0.5:
        _station(rng, build, _somewhere(rng, rng.uniform(35, 110)), rng.uniform(5, 20))
    for _ in range(int(rng.integers(1, 10))):
        away = rng.uniform(8, 60)
        forward = speed + rng.uniform(-4, 4)
        _craft(rng, build, _somewhere(rng, away), rng.uniform(0.8, 4.0), PROP, rng.uniform(0, 6.28), forward)
    for _ in range(int(rng.choice([0, 5, 20]))):  # bolts
        thin, long = rng.uniform(0.04, 0.2), rng.uniform(0.6, 3)
        build.solid(int(rng.choice([BOX, ELLIPSOID])), GLOW, _somewhere(rng, rng.uniform(5, 50)), (thin, thin, long),
                    yaw=rng.normal(0, 0.4), velocity=(0.0, 0.0, rng.choice([-30.0, 30.0 + speed])))  # fmt: skip
    for _ in range(int(rng.choice([0, 1, 4]))):  # explosions
        x, y, z = _somewhere(rng, rng.uniform(15, 60))
        size, number = rng.uniform(0.6, 4), build.new_instance()
        for puff in range(5):
            dx, dy, dz = rng.normal(0, 0.6, 3) * size
            half = size * rng.uniform(0.3, 1.0)
            build.solid(ELLIPSOID, GLOW, (x + dx, y + dy, z + dz), (half,) * 3, ragged=0.3, instance=number + puff)
    third = rng.random() < 0.6
    if third:
        _craft(rng, build, (rng.uniform(-1, 1), -rng.uniform(1, 2.5), rng.uniform(7, 11)), rng.uniform(0.8, 1.6),
               CHARACTER, rng.normal(0, 0.15), speed)  # fmt: skip
    scene = replace(
        landscape(rng, build, np.full((GRID, GRID), -500.0, np.float32), rocky=False, ridges=False), in_space=True
    )
    pitch = rng.uniform(-0.25, 0.15)
    return Shot(scene=scene, camera_at=glide(rng, (0.0, 0.0, 0.0), speed=speed, pitch=pitch, turn=0.5))


def _somewhere(rng: Rng, away: float) -> Point:
    """A point ahead, `away` metres off."""
    azimuth, elevation = rng.normal(0, 0.6), rng.normal(0, 0.3)
    flat = away * math.cos(elevation)
    return flat * math.sin(azimuth), away * math.sin(elevation), flat * math.cos(azimuth)


def _craft(rng: Rng, build: SceneBuilder, at: Point, size: float, material: int, yaw: float, forward: float) -> None:
    """A fighter or freighter, `size` half its length: body, cabin, wings or pods, and engines that glow behind."""
    piece = assembly(build, *at, yaw, velocity=(math.sin(yaw) * forward, 0.0, math.cos(yaw) * forward))
    body, wings = build.new_instance(), build.new_instance()
    wide = size * rng.uniform(0.2, 0.45)
    piece(rng.choice([ELLIPSOID, BOX, GABLE]), material, (0.0, 0.0, 0.0), (wide, wide * rng.uniform(0.5, 1.0), size),
          instance=body)  # fmt: skip
    piece(ELLIPSOID, material, (0.0, wide * 0.7, size * 0.2), (wide * 0.5, wide * 0.5, size * 0.35), instance=body + 1)
    span, up = size * rng.uniform(0.5, 1.4), rng.uniform(-0.3, 0.3) * size
    upright = rng.random() < 0.3
    for side in (-1.0, 1.0):
        half = (0.06 * size, span * 0.6, size * 0.5) if upright else (span * 0.5, 0.06 * size, size * 0.4)
        piece(BOX, material, (side * (wide + span * 0.45), up, -size * 0.3), half, instance=wings)
        glow = size * rng.uniform(0.1, 0.22)
        piece(ELLIPSOID, GLOW, (side * wide * 0.8, 0.0, -size * 1.02), (glow, glow, glow * 1.5), instance=wings + 2)
    if rng.random() < 0.5:
        piece(BOX, material, (0.0, wide + size * 0.2, -size * 0.7), (0.05 * size, size * 0.25, size * 0.25),
              instance=wings)  # fmt: skip


def _station(rng: Rng, build: SceneBuilder, at: Point, size: float) -> None:
    """Hulls, towers, dishes and rows of lit windows."""
    piece = assembly(build, *at, rng.uniform(0, 3.1))
    hull, lights = build.new_instance(), build.new_instance()
    for part in range(int(rng.integers(3, 9))):
        shape = int(rng.choice([BOX, BOX, CYLINDER, ELLIPSOID, CONE, PYRAMID]))
        local = tuple(rng.uniform(-0.6, 0.6, 3) * size) if part else (0.0, 0.0, 0.0)
        half = tuple(size * rng.uniform(0.1, 0.6, 3))
        piece(shape, STRUCTURE, local, half, instance=hull + part % ACCENT_PART)
        for window in range(int(rng.integers(0, 4))):
            place = (local[0] + (window - 1.5) * half[0] * 0.5, local[1] + half[1] * 0.3, local[2])
            piece(BOX, GLOW, place, (half[0] * 0.12, half[1] * 0.1, half[2] * 1.02), instance=lights)
