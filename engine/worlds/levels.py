"""Random levels: what stands where, and how the camera moves through it. Everything follows from the seed.

The kinds in this file, and the table of all kinds; `levels_*.py` hold the others.

Each builder returns a `Shot`. Knows nothing of colours; `shade.py` gives a shot its look.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine.worlds import sprites as draw
from engine.worlds.levels_blocks import block_world
from engine.worlds.levels_flat import side_scroller
from engine.worlds.levels_indoors import cave, hall
from engine.worlds.levels_isometric import isometric
from engine.worlds.levels_nature import desert, forest, sea, snow_country
from engine.worlds.levels_overhead import overhead, tile_map
from engine.worlds.levels_space import space
from engine.worlds.levels_streets import canyon, track
from engine.worlds.scene import (
    BILLBOARD,
    CHARACTER,
    COLUMNS,
    FOLIAGE,
    PROP,
    RIDGE_SAMPLES,
    Scene,
    SceneBuilder,
)
from engine.worlds.shots import Rng, Shot, follow, unblocked
from engine.worlds.sprites_plants import draw_bush
from engine.worlds.terrain import CELL_M, GRID, landscape, mark_road, rough_terrain
from engine.worlds.things import (
    DRAWN_WINTER_TREES,
    TREES,
    WINTER_TREES,
    add_building,
    add_item,
    add_tree,
    add_treeline,
    add_vehicle,
)
from engine.worlds.things_alive import FEW_FOES, add_person


def open_world(rng: Rng) -> Shot:
    """Hills with trees, stones, houses, animals and people; lakes and sea in a third."""
    heights = rough_terrain(rng, hills_m=float(rng.choice([2.0, 8.0, 20.0, 40.0])))
    water = float(np.quantile(heights, rng.uniform(0.2, 0.6))) if rng.random() < 0.4 else -np.inf
    build = SceneBuilder(rng)
    probe = Scene(solids=np.zeros((0, COLUMNS)), sprites=np.zeros((1, 64, 64), np.uint8), heights=heights,
                  ground_material=np.zeros((GRID, GRID), np.uint8), ground_instance=np.zeros((GRID, GRID), np.int32),
                  cell_m=CELL_M, water_level=water, ridges=np.zeros((0, RIDGE_SAMPLES), np.float32),
                  ridge_material=np.zeros(0, np.uint8), seed=0)  # fmt: skip
    x0, z0 = 0.0, -20.0
    if math.isfinite(water):  # start on the shore, not in the sea
        dry = np.argwhere(heights[60:120, 90:160] > water + 0.5)
        if len(dry):
            row, column = dry[int(rng.integers(len(dry)))]
            x0, z0 = (column + 90 - GRID / 2) * CELL_M, (row + 60 - GRID / 2) * CELL_M
    kinds = rng.choice(["conifer", "round", "tree", "bare_tree"], size=int(rng.integers(1, 3)))
    size = rng.uniform(3, 12)

    def ground(x: float, z: float) -> float:
        return probe.height_at(x, z)

    for _ in range(int(rng.choice([4, 15, 40, 70]))):
        x, z = x0 + rng.normal(0, 22), z0 + abs(rng.normal(0, 30)) + 4
        if (abs(x - x0) < 2.0 and z - z0 < 10) or ground(x, z) < water:
            continue
        add_tree(rng, build, x, ground(x, z), z, str(rng.choice(kinds)), size)
    for _ in range(int(rng.choice([0, 2, 5, 10]))):
        x, z = x0 + rng.normal(0, 15), z0 + rng.uniform(11, 60)
        if ground(x, z) > water:
            add_building(rng, build, x, ground(x, z), z, tower=rng.random() < 0.2)
    for _ in range(int(rng.integers(2, 14))):
        x, z = x0 + rng.normal(0, 7), z0 + rng.uniform(3, 30)
        if rng.random() < 0.3:
            picture = build.sprite(draw_bush(rng))
            wide = rng.uniform(0.4, 1.5)
            build.solid(BILLBOARD, FOLIAGE, (x, ground(x, z) + wide * 0.9, z), (wide, wide, 0.05), sprite=picture)
        else:
            add_item(rng, build, x, max(ground(x, z), water), z, rng.uniform(0.4, 1.6))
    third = rng.random() < 0.6
    speed = rng.uniform(0, 6)
    if third:
        ahead = rng.uniform(3.5, 8.0)
        add_person(rng, build, x0 + rng.uniform(-0.6, 0.6), ground(x0, z0 + ahead), z0 + ahead, rng.uniform(1.2, 2.2),
                (0.0, 0.0, speed), hero=True)  # fmt: skip
    for _ in range(int(rng.integers(0, 5))):
        x, z = x0 + rng.normal(0, 6), z0 + rng.uniform(5, 28)
        add_person(rng, build, x, max(ground(x, z), water), z, rng.uniform(1.0, 3.0),
                (rng.uniform(-2, 2), 0.0, rng.uniform(-2, 2)))  # fmt: skip
    scene = landscape(rng, build, heights, water_level=water)
    if rng.random() < 0.4:
        mark_road(scene, rng, rng.uniform(1.5, 4.0), rng.uniform(0, 10))
    return Shot(scene=scene, camera_at=follow(rng, scene, x0, z0, third_person=third, speed=speed))


def downhill(rng: Rng) -> Shot:
    """A slope or track raced down: snow, sand or tarmac, trees and flags at the sides, a racer in the middle."""
    slope = rng.uniform(0.0, 0.4)
    z_rows = (np.arange(GRID) - GRID / 2) * CELL_M
    x_columns = (np.arange(GRID) - GRID / 2) * CELL_M
    bowl = 0.004 * rng.uniform(0, 3) * np.abs(x_columns) ** 1.6
    hills = rough_terrain(rng, hills_m=rng.uniform(1, 10))
    heights = (hills - slope * z_rows[:, None] + bowl[None, :]).astype(np.float32)
    build = SceneBuilder(rng)
    draft = landscape(rng, build, heights)
    z0, speed = -100.0, rng.uniform(6, 22)
    winter = rng.random() < 0.6
    kinds = [str(kind) for kind in rng.choice(WINTER_TREES if winter else TREES, size=2)]
    for _ in range(int(rng.choice([0, 1, 3, 5])) if winter else 0):
        x = float(rng.choice([-1, 1])) * rng.uniform(5, 16)
        add_treeline(rng, build, draft.height_at, x, z0 + rng.uniform(4, 50), long=rng.uniform(10, 60),
                     kinds=[str(rng.choice(DRAWN_WINTER_TREES))], size=rng.uniform(3, 9))  # fmt: skip
    for _ in range(int(rng.integers(8, 40 if winter else 70))):
        x = float(rng.choice([-1, 1])) * (rng.uniform(5, 9) + abs(rng.normal(0, 18)))
        z = z0 + rng.uniform(2, 110)
        add_tree(rng, build, x, draft.height_at(x, z) - 0.2, z, str(rng.choice(kinds)), rng.uniform(3, 10))
    marks = [
        build.sprite(draw.draw_prop(rng, str(rng.choice(["flag", "fish", "sign", "coin", "gem"])))) for _ in range(2)
    ]
    for _ in range(int(rng.integers(3, 20))):
        x, z = rng.normal(0, 7), z0 + rng.uniform(4, 70)
        tall = rng.uniform(0.5, 2.0)
        if rng.random() < 0.3:
            add_item(rng, build, x, draft.height_at(x, z), z, tall)
        else:
            build.solid(BILLBOARD, PROP, (x, draft.height_at(x, z) + tall / 2, z), (tall / 2, tall / 2, 0.05),
                        sprite=int(rng.choice(marks)))  # fmt: skip
    racers = int(rng.integers(1, 4))
    car = rng.random() < (0.1 if winter else 0.5)
    for racer in range(racers):
        x, z = (rng.uniform(-0.5, 0.5), z0 + rng.uniform(3.5, 6)) if racer == 0 else (rng.normal(0, 4), z0 + 16)
        if car:
            add_vehicle(rng, build, x, draft.height_at(x, z), z + 2, material=PROP if racer else CHARACTER)
        else:
            add_person(rng, build, x, draft.height_at(x, z), z, rng.uniform(0.8, 1.6), (0.0, -slope * speed, speed),
                       drawn=0.7, hero=True)  # fmt: skip
    scene = landscape(rng, build, heights, rocky=not winter or rng.random() < 0.3, winter=winter)
    if car or rng.random() < (0.1 if winter else 0.3):
        mark_road(scene, rng, rng.uniform(4, 7), rng.uniform(0, 4))
    third, looks_down = rng.random() < 0.7, (slope + 0.02) * rng.uniform(0.3, 1.0)
    camera_at = follow(rng, scene, 0.0, z0, third_person=third, speed=speed, slope=looks_down)
    return Shot(scene=scene, camera_at=camera_at)


def town(rng: Rng) -> Shot:
    """A street between houses or towers, with people, vehicles, lamps and signs."""
    heights = rough_terrain(rng, hills_m=rng.uniform(0, 1.5))
    build = SceneBuilder(rng)
    tower, half = rng.random() < 0.3, rng.uniform(4, 9)
    for row in range(8):
        for side in (-1.0, 1.0):
            if rng.random() < 0.85:
                add_building(rng, build, side * (half + rng.uniform(5, 8)), 0.0, -20 + row * 13 + rng.uniform(-2, 2),
                          tower=tower and rng.random() < 0.7)  # fmt: skip
    for _ in range(int(rng.integers(3, 12))):
        add_item(rng, build, float(rng.choice([-1, 1])) * half * rng.uniform(0.8, 1.0), 0.0, -18 + rng.uniform(0, 50),
              rng.uniform(0.6, 2.2))  # fmt: skip
    for _ in range(int(rng.integers(1, 7))):
        add_person(rng, build, rng.normal(0, half * 0.5), 0.0, -16 + rng.uniform(0, 30), rng.uniform(1.5, 2.1),
                (0.0, 0.0, rng.uniform(-1.5, 1.5)), foes=FEW_FOES)  # fmt: skip
    for _ in range(int(rng.integers(0, 4))):
        add_vehicle(rng, build, rng.normal(0, half * 0.4), 0.0, -10 + rng.uniform(0, 40), speed=rng.uniform(0, 6))
    for _ in range(int(rng.integers(0, 8))):
        x, z = float(rng.choice([-1, 1])) * half * 0.95, -18 + rng.uniform(0, 50)
        add_tree(rng, build, x, 0.0, z, str(rng.choice(["round", "conifer", "tree"])), rng.uniform(3, 6))
    scene = landscape(rng, build, heights, rocky=False)
    mark_road(scene, rng, half * rng.uniform(0.4, 0.8), 0.0)
    camera_at = follow(rng, scene, rng.uniform(-1, 1), -20.0, third_person=rng.random() < 0.5, speed=rng.uniform(0, 8))
    return Shot(scene=scene, camera_at=camera_at)


# Every builder, and its share of all levels.
BUILDERS: dict[Callable[[Rng], Shot], float] = {
    open_world: 0.09,
    side_scroller: 0.13,
    downhill: 0.08,
    town: 0.05,
    overhead: 0.08,
    tile_map: 0.07,
    hall: 0.06,
    block_world: 0.06,
    isometric: 0.06,
    cave: 0.04,
    canyon: 0.04,
    track: 0.05,
    forest: 0.04,
    desert: 0.03,
    snow_country: 0.05,
    sea: 0.04,
    space: 0.03,
}


def random_level(rng: Rng) -> Shot:
    """One level of a random kind, with nothing in the camera's way."""
    shares = np.array(list(BUILDERS.values()))
    build = list(BUILDERS)[int(rng.choice(len(shares), p=shares))]
    return unblocked(build(rng))
