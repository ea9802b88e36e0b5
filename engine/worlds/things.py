"""Things that stand in a level: trees, buildings, people, vehicles and small items, each a few solids or a drawing.

Each function adds one thing to a `SceneBuilder` with its foot at (x, y, z), in metres. Knows nothing of colours.
"""

from __future__ import annotations

import math

import numpy as np

from engine.worlds import sprites as draw
from engine.worlds.scene import (
    BILLBOARD,
    BOX,
    CHARACTER,
    CONE,
    CYLINDER,
    ELLIPSOID,
    FOLIAGE,
    GLOW,
    PROP,
    ROCK,
    ROOF,
    STRUCTURE,
    SceneBuilder,
)

Rng = np.random.Generator


def add_tree(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, kind: str, size: float) -> None:
    tall = size * rng.uniform(0.7, 1.4)
    if kind in ("tree", "bare_tree"):
        picture = build.sprite(draw.DRAWINGS[kind](rng))
        wide = tall * rng.uniform(0.4, 0.55)
        build.solid(BILLBOARD, FOLIAGE, (x, y + tall / 2, z), (wide, tall / 2, 0.05), sprite=picture)
        return
    build.solid(CYLINDER, FOLIAGE, (x, y + tall * 0.15, z), (tall * 0.05, tall * 0.2, tall * 0.05))
    ragged = rng.uniform(0.0, 0.42)
    if kind == "conifer":
        tiers = int(rng.integers(2, 5))
        for tier in range(tiers):
            wide = tall * 0.3 * (1 - tier / (tiers + 1))
            height = y + tall * (0.35 + 0.6 * tier / tiers)
            build.solid(CONE, FOLIAGE, (x, height, z), (wide, tall * 0.3, wide), ragged=ragged)
    else:
        for _ in range(int(rng.integers(1, 5))):
            wide = tall * rng.uniform(0.18, 0.35)
            dx, dy, dz = rng.uniform(-0.2, 0.2, 3) * tall
            build.solid(ELLIPSOID, FOLIAGE, (x + dx, y + tall * 0.7 + dy * 0.6, z + dz),
                        (wide, wide * rng.uniform(0.6, 1.1), wide), ragged=ragged)  # fmt: skip


def add_building(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, *, tower: bool) -> None:
    hx, hz = rng.uniform(2, 6, 2)
    hy = rng.uniform(5, 22) if tower else rng.uniform(1.5, 4)
    yaw = rng.choice([0.0, 0.0, rng.uniform(0, 3.1)])
    walls = build.new_instance()
    build.solid(BOX, STRUCTURE, (x, y + hy - 1, z), (hx, hy + 1, hz), yaw=yaw, instance=walls)
    style = rng.random()
    top = y + 2 * hy
    if style < 0.45:
        build.solid(CONE, ROOF, (x, top + hy * 0.3, z), (hx * 1.35, hy * 0.35 + 0.8, hz * 1.35), yaw=yaw)
    elif style < 0.85:
        build.solid(BOX, ROOF, (x, top + 0.25, z), (hx * 1.1, 0.35, hz * 1.1), yaw=yaw)
    window, door = build.new_instance(), build.new_instance()
    lit = rng.random() < 0.35
    cos, sin = math.cos(yaw), math.sin(yaw)
    for floor in range(1, int(hy) + 1, 2):
        for side in (-0.5, 0.5):
            for face in (-1.0, 1.0):
                lx, lz = side * hx, face * hz
                center = (x + lx * cos + lz * sin, y + floor + 0.6, z - lx * sin + lz * cos)
                kind = GLOW if lit and rng.random() < 0.6 else STRUCTURE
                build.solid(BOX, kind, center, (0.5, 0.55, 0.12), yaw=yaw, instance=window + (kind == GLOW))
    if rng.random() < 0.7:
        lz = -hz
        build.solid(BOX, PROP, (x + lz * sin, y + 0.9, z + lz * cos), (0.6, 1.1, 0.12), yaw=yaw, instance=door)


def add_person(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, size: float,
            velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> None:  # fmt: skip
    """A figure of solids, or a drawn one; `size` is its height in metres."""
    sway = 0.06 * size * float(any(velocity))
    if rng.random() < 0.45:
        picture = build.sprite(draw.draw_character(rng))
        build.solid(BILLBOARD, CHARACTER, (x, y + size / 2, z), (size / 2, size / 2, 0.05), sprite=picture,
                    velocity=velocity, sway=sway, ragged=rng.choice([-0.01, 0.0]))  # fmt: skip
        return
    body, skin, cloth = build.new_instance(), build.new_instance(), build.new_instance()
    yaw, wide = rng.uniform(0, 6.28), size * rng.uniform(0.13, 0.26)
    cos, sin = math.cos(yaw), math.sin(yaw)

    def piece(kind: int, lx: float, ly: float, half: tuple[float, float, float], instance: int) -> None:
        center = (x + lx * cos, y + ly, z - lx * sin)
        build.solid(kind, CHARACTER, center, half, yaw=yaw, instance=instance, velocity=velocity, sway=sway)

    for side in (-1, 1):
        piece(CYLINDER, side * wide * 0.5, size * 0.2, (wide * 0.35, size * 0.22, wide * 0.35), cloth)
        piece(ELLIPSOID, side * wide * 1.2, size * 0.55, (wide * 0.3, size * 0.2, wide * 0.3), skin)
    blocky = rng.random() < 0.3
    piece(BOX if blocky else ELLIPSOID, 0.0, size * 0.58, (wide, size * 0.24, wide * 0.75), body)
    piece(BOX if blocky else ELLIPSOID, 0.0, size * 0.88, (wide * 0.7, size * 0.13, wide * 0.7), skin)
    if rng.random() < 0.5:
        piece(CONE, 0.0, size * 1.02, (wide * 0.8, size * 0.1, wide * 0.8), cloth)


def add_vehicle(rng: Rng, build: SceneBuilder, x: float, y: float, z: float) -> None:
    body, glass = build.new_instance(), build.new_instance()
    speed = (0.0, 0.0, rng.uniform(0, 6))
    build.solid(BOX, CHARACTER, (x, y + 0.7, z), (0.95, 0.4, 2.0), instance=body, velocity=speed)
    build.solid(BOX, CHARACTER, (x, y + 1.3, z - 0.2), (0.75, 0.3, 1.1), instance=glass, velocity=speed)
    for wheel_x, wheel_z in ((-1, -1.2), (1, -1.2), (-1, 1.2), (1, 1.2)):
        build.solid(ELLIPSOID, CHARACTER, (x + wheel_x * 0.9, y + 0.35, z + wheel_z), (0.15, 0.36, 0.36),
                    instance=glass + 1, velocity=speed)  # fmt: skip


def add_item(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, size: float) -> None:
    """Something small: a drawn prop or lamp, a crate, a barrel, a boulder, a post with a light."""
    kind = int(rng.integers(0, 7))
    if kind < 3:
        picture = build.sprite(draw.draw_prop(rng))
        build.solid(BILLBOARD, PROP, (x, y + size / 2, z), (size / 2, size / 2, 0.05), sprite=picture)
    elif kind == 3:
        build.solid(BOX, PROP, (x, y + size * 0.4, z), (size * 0.5,) * 3, yaw=rng.uniform(0, 3))
    elif kind == 4:
        build.solid(CYLINDER, PROP, (x, y + size * 0.5, z), (size * 0.35, size * 0.5, size * 0.35))
    elif kind == 5:
        half = rng.uniform(0.5, 2.0, 3) * size
        build.solid(ELLIPSOID, ROCK, (x, y + half[1] * 0.3, z), tuple(half), ragged=0.0)
    else:
        build.solid(CYLINDER, PROP, (x, y + size, z), (0.07 * size, size, 0.07 * size))
        build.solid(ELLIPSOID, GLOW, (x, y + 2 * size, z), (0.25 * size,) * 3)
