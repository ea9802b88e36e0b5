"""Levels of blocks: a land of cubes to walk through, dig in and build on.

Each builder returns a `Shot`. Knows nothing of colours.
"""

from __future__ import annotations

import math

import numpy as np

from engine.worlds.scene import (
    ACCENT_PART,
    BLOCK_INSTANCE,
    BLOCK_M,
    BOX,
    FOLIAGE,
    GLOW,
    GROUND,
    PROP,
    ROCK,
    ROOF,
    SKY,
    STRUCTURE,
    WATER,
    SceneBuilder,
)
from engine.worlds.shots import Rng, Shot, glide
from engine.worlds.terraces import Terraces, stepped
from engine.worlds.terrain import GRID, landscape
from engine.worlds.things_alive import add_block_figure

CELLS = (28, 26)  # rows ahead, columns across


def block_world(rng: Rng) -> Shot:
    """Terraces of blocks with trees, huts, ore, ponds, torches, beasts and people of blocks; now and then a cave."""
    build = SceneBuilder(rng, first=BLOCK_INSTANCE)
    levels = int(rng.integers(2, 7))
    heights = stepped(rng, CELLS, hills=rng.uniform(1.5, 3.5), levels=levels)
    land = Terraces(heights=heights, x=-CELLS[1] / 2 * BLOCK_M, z=-6 * BLOCK_M, cell_m=BLOCK_M, step_m=BLOCK_M)
    cave = rng.random() < 0.15
    body = ROCK if cave or rng.random() < 0.35 else GROUND
    soil, crust = build.new_instance() + ACCENT_PART * (body == GROUND), build.new_instance()
    land.build(build, body, soil, GROUND, crust, foot_m=-3.0, crust_m=rng.uniform(0.15, 1.0) * BLOCK_M)
    cubes = _Cubes(rng, build, land)
    flooded = levels > 2 and rng.random() < 0.45
    level = BLOCK_M * (heights.min() + 0.8) if flooded else -math.inf
    if flooded:
        liquid = GLOW if rng.random() < 0.1 else WATER  # lava
        build.solid(BOX, liquid, (0.0, level - 1.5, 10.0), (18.0, 1.5, 20.0))
    if cave:
        cubes.ceiling()
    else:
        for _ in range(int(rng.choice([0, 3, 8, 14]))):
            cubes.tree(level)
        for _ in range(int(rng.integers(0, 3))):
            cubes.hut(level)
        cubes.clouds()
    for _ in range(int(rng.integers(3, 16))):
        cubes.single(level)
    speed, third = rng.uniform(0, 4), rng.random() < 0.35
    z0 = land.z + 0.5 * BLOCK_M
    way = [land.top(0.0, z0 + ahead) for ahead in np.arange(0.0, speed * 2.5 + 2.0, 0.5 * BLOCK_M)]
    eye = max(*way, level) + rng.uniform(1.5, 2.0) + (rng.uniform(0.8, 3.0) if third else 0.0)
    for other in range(int(rng.integers(1, 6))):
        x, z = float(rng.choice([-1, 1])) * rng.uniform(1.8, 8), z0 + rng.uniform(4, 20)
        moves = (rng.uniform(-0.3, 0.3), 0.0, rng.uniform(-1, 1)) if rng.random() < 0.6 else (0.0, 0.0, 0.0)
        if other == 0 and third:
            x, z, moves = rng.uniform(-0.5, 0.5), z0 + rng.uniform(3.5, 6), (0.0, 0.0, speed)
        add_block_figure(rng, build, x, max(land.top(x, z), level), z, rng.uniform(1.0, 2.2), moves,
                         foes=0.0 if other == 0 and third else 0.6)  # fmt: skip
    build.solid(BOX, GROUND, (0.0, -0.5 * BLOCK_M - 1.0, 0.0), (350.0, 1.0, 350.0), instance=crust)  # the land beyond
    scene = landscape(
        rng, build, np.full((GRID, GRID), -900.0, np.float32), rocky=False, ridges=not cave and rng.random() < 0.5
    )
    pitch = -rng.uniform(0.2, 0.45) if third else rng.uniform(-0.35, 0.1)
    return Shot(scene=scene, camera_at=glide(rng, (0.0, eye, z0), speed=speed, pitch=pitch, turn=0.5, bob=0.04))


class _Cubes:
    """Places things of whole blocks on terraces."""

    def __init__(self, rng: Rng, build: SceneBuilder, land: Terraces) -> None:
        self._rng, self._build, self._land = rng, build, land
        self._bark, self._leaf = build.new_instance() + ACCENT_PART, build.new_instance()
        self._wall, self._roof, self._stone = (build.new_instance() for _ in range(3))
        self._tall = float(rng.integers(2, 5))

    def _somewhere(self, above: float) -> tuple[float, float, float]:
        """A cell's top off the camera's way and out of the water; after some tries any."""
        rows, columns = self._land.heights.shape
        for _ in range(6):
            x, y, z = self._land.middle(int(self._rng.integers(6, rows)), int(self._rng.integers(columns)))
            if y > above and abs(x) > 1.5 * BLOCK_M:
                break
        return x, max(y, above), z

    def _cube(self, material: int, x: float, y: float, z: float, half: tuple[float, float, float],
              instance: int) -> None:  # fmt: skip
        """A box of so many half blocks, whose foot is y."""
        size = (half[0] * BLOCK_M / 2, half[1] * BLOCK_M / 2, half[2] * BLOCK_M / 2)
        self._build.solid(BOX, material, (x, y + size[1], z), size, instance=instance)

    def tree(self, above: float) -> None:
        x, y, z = self._somewhere(above)
        tall = self._tall + float(self._rng.integers(0, 2))
        self._cube(FOLIAGE, x, y, z, (1, tall, 1), self._bark)
        top = y + (tall - 1) * BLOCK_M
        if self._rng.random() < 0.6:  # a leafy crown
            self._cube(FOLIAGE, x, top, z, (5, 2, 3), self._leaf)
            self._cube(FOLIAGE, x, top, z, (3, 2, 5), self._leaf)
            self._cube(FOLIAGE, x, top + 2 * BLOCK_M, z, (3, 1, 3), self._leaf)
        else:  # a fir
            for tier, wide in enumerate((5, 3, 1)):
                self._cube(FOLIAGE, x, top + tier * BLOCK_M, z, (wide, 1, wide), self._leaf)

    def hut(self, above: float) -> None:
        """Walls with a door and windows under a stepped or flat roof."""
        rng = self._rng
        x, y, z = self._somewhere(above)
        wide, tall, deep = (float(v) for v in rng.integers((4, 3, 4), (9, 5, 8)))
        self._cube(STRUCTURE, x, y - BLOCK_M, z, (wide, tall + 1, deep), self._wall)
        front = z - deep * BLOCK_M / 2
        self._cube(PROP, x, y, front, (1, 2, 0.15), self._wall + 1)
        for side in (-1, 1):
            kind, number = (GLOW, self._wall + 2) if rng.random() < 0.3 else (STRUCTURE, self._roof + ACCENT_PART)
            self._cube(kind, x + side * wide * 0.3 * BLOCK_M, y + BLOCK_M, front, (1, 1, 0.12), number)
        steps = 1 if rng.random() < 0.3 else 3
        for step in range(steps):
            size = (wide + 1 - 2 * step, 1.0, deep + 1 - 2 * step)
            if min(size) > 0:
                self._cube(ROOF, x, y + (tall + step) * BLOCK_M, z, size, self._roof)

    def single(self, above: float) -> None:
        """A chest, crate, torch, lantern, ore in a lump of rock, flower or leaf block."""
        x, y, z = self._somewhere(above)
        kind = str(self._rng.choice(["crate", "chest", "torch", "lantern", "ore", "rock", "bush"]))
        if kind == "crate":
            self._cube(PROP, x, y, z, (1, 1, 1), self._build.new_instance())
        elif kind == "chest":
            number = self._build.new_instance()
            self._cube(PROP, x, y, z, (0.8, 0.7, 0.6), number)
            self._cube(PROP, x, y + 0.35 * BLOCK_M, z - 0.3 * BLOCK_M, (0.15, 0.2, 0.1), number + 1)
        elif kind == "torch":
            self._cube(PROP, x, y, z, (0.15, 0.6, 0.15), self._wall + 4)
            self._cube(GLOW, x, y + 0.6 * BLOCK_M, z, (0.2, 0.2, 0.2), self._wall + 5)
        elif kind == "lantern":
            self._cube(GLOW, x, y, z, (1, 1, 1), self._build.new_instance())
        elif kind == "bush":
            self._cube(FOLIAGE, x, y, z, (1, 1, 1), self._leaf)
        else:
            wide, tall, deep = (float(v) for v in self._rng.integers(1, 4, 3))
            self._cube(ROCK, x, y, z, (wide, tall, deep), self._stone)
            if kind == "ore":
                shine = GLOW if self._rng.random() < 0.5 else PROP
                self._cube(shine, x, y + 0.2 * BLOCK_M, z, (1.04, 0.6, 1.04), self._build.new_instance())

    def ceiling(self) -> None:
        """Rock above and at the sides, with lumps hanging down."""
        high = (float(self._land.heights.max()) + float(self._rng.integers(4, 7))) * BLOCK_M
        self._build.solid(BOX, ROCK, (0.0, high + 1.0, 10.0), (24.0, 1.0, 28.0), instance=self._stone)
        for side in (-1, 1):
            self._build.solid(BOX, ROCK, (side * 17.0, high / 2, 10.0), (1.5, high, 28.0), instance=self._stone + 1)
        self._build.solid(BOX, ROCK, (0.0, high / 2, 37.0), (24.0, high, 1.5), instance=self._stone + 1)
        for _ in range(int(self._rng.integers(8, 24))):
            x, _, z = self._somewhere(-math.inf)
            wide, tall, deep = (float(v) for v in self._rng.integers((1, 1, 1), (5, 4, 5)))
            self._cube(ROCK, x, high - tall * BLOCK_M, z, (wide, tall, deep), self._stone)

    def clouds(self) -> None:
        """Flat ones of blocks."""
        if self._rng.random() < 0.5:
            return
        number = self._build.new_instance()
        for _ in range(int(self._rng.integers(3, 10))):
            wide, deep = self._rng.uniform(3, 9, 2)
            center = (self._rng.uniform(-60, 60), 26.0, self._rng.uniform(20, 90))
            self._build.solid(BOX, SKY, center, (wide, 0.8, deep), instance=number, velocity=(0.4, 0.0, 0.0))
