"""Random levels: what stands where, and how the camera moves through it. Everything follows from the seed.

The kinds in this file, and the table of all kinds; `levels_*.py` hold the others.

Each builder returns a `Shot`. Knows nothing of colours; `shade.py` gives a shot its look.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine.worlds import sprites as draw
from engine.worlds.levels_indoors import cave, hall
from engine.worlds.levels_nature import desert, forest, sea, snow_country
from engine.worlds.levels_overhead import overhead, tile_map
from engine.worlds.levels_space import space
from engine.worlds.levels_streets import canyon, track
from engine.worlds.scene import (
    BILLBOARD,
    BOX,
    CHARACTER,
    CONE,
    ELLIPSOID,
    FOLIAGE,
    GLOW,
    GROUND,
    PROP,
    RIDGE_SAMPLES,
    ROCK,
    ROOF,
    SKY,
    STRUCTURE,
    WATER,
    Scene,
    SceneBuilder,
)
from engine.worlds.shots import Rng, Shot, follow, slide, unblocked
from engine.worlds.terrain import CELL_M, GRID, landscape, mark_road, rough_terrain
from engine.worlds.things import (
    DRAWN_WINTER_TREES,
    TREES,
    WINTER_TREES,
    add_building,
    add_item,
    add_person,
    add_tree,
    add_treeline,
    add_vehicle,
)


def open_world(rng: Rng) -> Shot:
    """Hills with trees, stones, houses, animals and people; lakes and sea in a third."""
    heights = rough_terrain(rng, hills_m=float(rng.choice([2.0, 8.0, 20.0, 40.0])))
    water = float(np.quantile(heights, rng.uniform(0.2, 0.6))) if rng.random() < 0.4 else -np.inf
    build = SceneBuilder(rng)
    probe = Scene(solids=np.zeros((0, 16)), sprites=np.zeros((1, 64, 64), np.uint8), heights=heights,
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
            picture = build.sprite(draw.draw_bush(rng))
            wide = rng.uniform(0.4, 1.5)
            build.solid(BILLBOARD, FOLIAGE, (x, ground(x, z) + wide * 0.9, z), (wide, wide, 0.05), sprite=picture)
        else:
            add_item(rng, build, x, max(ground(x, z), water), z, rng.uniform(0.4, 1.6))
    third = rng.random() < 0.6
    speed = rng.uniform(0, 6)
    if third:
        ahead = rng.uniform(3.5, 8.0)
        add_person(rng, build, x0 + rng.uniform(-0.6, 0.6), ground(x0, z0 + ahead), z0 + ahead, rng.uniform(1.2, 2.2),
                (0.0, 0.0, speed))  # fmt: skip
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
                (0.0, 0.0, rng.uniform(-1.5, 1.5)))  # fmt: skip
    for _ in range(int(rng.integers(0, 4))):
        add_vehicle(rng, build, rng.normal(0, half * 0.4), 0.0, -10 + rng.uniform(0, 40), speed=rng.uniform(0, 6))
    for _ in range(int(rng.integers(0, 8))):
        x, z = float(rng.choice([-1, 1])) * half * 0.95, -18 + rng.uniform(0, 50)
        add_tree(rng, build, x, 0.0, z, str(rng.choice(["round", "conifer", "tree"])), rng.uniform(3, 6))
    scene = landscape(rng, build, heights, rocky=False)
    mark_road(scene, rng, half * rng.uniform(0.4, 0.8), 0.0)
    camera_at = follow(rng, scene, rng.uniform(-1, 1), -20.0, third_person=rng.random() < 0.5, speed=rng.uniform(0, 8))
    return Shot(scene=scene, camera_at=camera_at)


def side_scroller(rng: Rng) -> Shot:
    """Platforms, blocks, coins, foes and a hero, seen flat from far away; hills, walls and clouds behind."""
    build = SceneBuilder(rng)
    far = 70.0  # the camera's distance: with a narrow lens nearly a flat projection
    tile = rng.uniform(0.9, 1.3)
    view_half = rng.uniform(9, 16)  # half the picture's width in metres
    reach = view_half * 1.9
    ground_y = -view_half * rng.uniform(0.15, 0.45)
    ground_kind = GROUND if rng.random() < 0.85 else ROCK
    soil, crust = build.new_instance(), build.new_instance()
    has_crust = rng.random() < 0.75

    def slab(x_left: float, x_right: float, top: float, bottom: float) -> None:
        cx, hx = (x_left + x_right) / 2, (x_right - x_left) / 2
        build.solid(BOX, ground_kind, (cx, (top + bottom) / 2, 0.0), (hx, (top - bottom) / 2, 1.0), instance=soil)
        if has_crust:
            thick = tile * 0.22
            build.solid(BOX, GROUND, (cx, top - thick / 2, -0.2), (hx + 0.1, thick / 2 + 0.05, 1.0), instance=crust)

    x, tops = -reach, []
    step = ground_y
    while x < reach:
        wide = tile * int(rng.integers(3, 12))
        if rng.random() < 0.4:
            step = ground_y + tile * float(rng.integers(-1, 4))
        if rng.random() < 0.88:
            slab(x, x + wide, step, -view_half * 1.2)
            tops.append((x + wide / 2, step))
        x += wide
    if rng.random() < 0.35:
        level = ground_y - tile * rng.uniform(0.3, 1.5)
        build.solid(BOX, WATER, (0.0, level - view_half, 0.6), (reach * 1.5, view_half, 1.0))
    for _ in range(int(rng.integers(0, 7))):
        cx, top = rng.uniform(-reach, reach), ground_y + tile * rng.uniform(2, 7)
        half = tile * int(rng.integers(1, 5))
        slab(cx - half, cx + half, top, top - tile * rng.choice([0.5, 1.0, 2.0]))
        if rng.random() < 0.45:
            _pillar(rng, build, cx, top - tile * 0.4, half, ground_y - view_half, int(rng.choice([ground_kind, ROCK])))
        tops.append((cx, top))
    _backdrop(rng, build, view_half, reach, ground_y, tile)
    _floating(rng, build, reach, ground_y, tile)
    tops = tops or [(0.0, ground_y)]
    for _ in range(int(rng.integers(2, 10))):
        cx, top = tops[int(rng.integers(len(tops)))]
        thing = str(rng.choice(["bush", "bush", "tree", "bare_tree", "boulder", "boulder", "prop", "lamp"]))
        size = tile * (rng.uniform(2, 5) if "tree" in thing else rng.uniform(0.7, 1.8))
        material = {"boulder": ROCK, "prop": PROP, "lamp": GLOW}.get(thing, FOLIAGE)
        picture = build.sprite(draw.DRAWINGS[thing](rng))
        build.solid(BILLBOARD, material, (cx + rng.uniform(-3, 3) * tile * 0.6, top + size * 0.48, 0.3),
                    (size / 2, size / 2, 0.05), sprite=picture)  # fmt: skip
    hero = 0.0
    for person in range(int(rng.integers(2, 8))):
        cx, top = tops[int(rng.integers(len(tops)))]
        size = tile * (rng.uniform(0.8, 1.9) if person == 0 or rng.random() < 0.8 else rng.uniform(1.8, 4.0))
        picture = build.sprite(draw.DRAWINGS[str(rng.choice(FIGURES))](rng))
        lift = size / 2 + (rng.uniform(0, 3) * tile if rng.random() < 0.35 else 0.0)
        place = (hero if person == 0 else cx + rng.uniform(-2, 2), top + lift, -0.6)
        build.solid(BILLBOARD, CHARACTER, place, (size / 2, size / 2, 0.05), sprite=picture,
                    velocity=(rng.uniform(-2, 4), 0.0, 0.0), ragged=rng.choice([-0.01, 0.0]))  # fmt: skip
    heights = np.full((GRID, GRID), -500.0, np.float32)
    scene = landscape(rng, build, heights, rocky=False, ridges=rng.random() < 0.3)
    speed, x0 = rng.uniform(-1, 5), rng.uniform(-0.3, 0.3) * view_half
    camera_at = slide((x0, 0.0, -far), (speed, 0.0, 0.0), fov=2 * math.atan(view_half / far))
    return Shot(scene=scene, camera_at=camera_at)


FIGURES = ("character", "character", "character", "from_behind", "animal")


def _pillar(rng: Rng, build: SceneBuilder, x: float, top: float, half: float, foot: float, material: int) -> None:
    """What a platform stands on: raw stone or ice, wide under the platform, rough, down into the ground."""
    number, wide = build.new_instance(), half * rng.uniform(0.25, 0.6)
    build.solid(BOX, material, (x, (top + foot) / 2, 0.5), (wide, (top - foot) / 2, 0.8), instance=number)
    for _ in range(int(rng.choice([0, 3, 6]))):  # lumps at its sides, and more below the platform
        high = rng.random() ** 2
        y, out = top - high * min(top - foot, 5 * half), wide + (half - wide) * 0.8 * max(0.0, 1 - 4 * high)
        build.solid(ELLIPSOID, material, (x + rng.uniform(-1, 1) * out, y, 0.5),
                    (half * rng.uniform(0.15, 0.35), half * rng.uniform(0.2, 0.6), 0.8), instance=number)  # fmt: skip


def _floating(rng: Rng, build: SceneBuilder, reach: float, ground_y: float, tile: float) -> None:
    """Rows in mid-air: bricks and bonus blocks are built, coins, crates and other finds are props, some shine."""
    drawings = [build.sprite(draw.draw_prop(rng, name)) for name in ("crate", "coin", str(rng.choice(draw.PROPS)))]
    for _ in range(int(rng.integers(1, 7))):
        cx, cy = rng.uniform(-reach, reach), ground_y + tile * rng.uniform(2, 7)
        number, second = build.new_instance(), build.new_instance()
        kind, style = (PROP if rng.random() < 0.85 else GLOW), rng.random()
        picture = int(rng.choice(drawings))
        for i in range(int(rng.integers(1, 7))):
            center, half = (cx + i * tile, cy, -0.3), tile / 2 * 0.96
            if style < 0.5:  # a block, which may bear a picture
                build.solid(BOX, STRUCTURE, center, (half, half, 0.2), instance=second if i % 3 == 1 else number)
                if style < 0.3 and i % 3 != 1:
                    build.solid(BOX, STRUCTURE, (center[0], cy, -0.55), (half * 0.7, half * 0.7, 0.1),
                                instance=number + 2)  # fmt: skip
            else:
                size = half if style < 0.8 else half * 0.7
                build.solid(BILLBOARD, kind, center, (size, size, 0.2), instance=number, sprite=picture)


def _backdrop(rng: Rng, build: SceneBuilder, view_half: float, reach: float, ground_y: float, tile: float) -> None:
    """Behind the platforms: mountains, hills, walls of blocks, pillars and clouds, each layer its own distance."""
    for layer in range(int(rng.integers(0, 4))):
        z = 60.0 - layer * 18.0
        grow = (70.0 + z) / 70.0
        kind = int(rng.choice([ROCK, ROCK, FOLIAGE, GROUND, STRUCTURE, STRUCTURE]))
        number = build.new_instance()
        base = ground_y * grow - view_half * 0.3
        if kind == ROCK and rng.random() < 0.35:  # pillars and stepped walls of raw stone or ice
            wide = rng.uniform(0.8, 3.0) * tile * grow
            for x in np.arange(-reach * grow, reach * grow, wide * rng.uniform(1.6, 6.0)):
                tall = tile * rng.uniform(0, 6) * grow
                half = (wide * rng.uniform(0.6, 1.0), view_half + tall / 2, 1.0)
                build.solid(BOX, kind, (x, base - view_half + tall / 2, z), half, instance=number)
                if rng.random() < 0.5:  # a round or snowy cap
                    build.solid(
                        ELLIPSOID, kind, (x, base + tall, z), (half[0], half[0] * 0.6, 1.0), instance=number + 1
                    )
            continue
        if kind == STRUCTURE:
            x = -reach * grow
            while x < reach * grow:
                wide = tile * int(rng.integers(1, 7)) * grow * 0.6
                tall = tile * rng.uniform(0, 7) * grow
                build.solid(BOX, kind, (x + wide, base - view_half + tall / 2, z), (wide, view_half + tall / 2, 1.0),
                            instance=number)  # fmt: skip
                if rng.random() < 0.15:
                    build.solid(CONE, ROOF, (x + wide, base + tall + tile, z), (wide * 1.2, tile * 1.5, 1.0))
                x += 2 * wide
            continue
        for _ in range(int(rng.integers(3, 9))):
            cx, wide = rng.uniform(-reach, reach) * grow, rng.uniform(3, 14) * grow
            tall = wide * rng.uniform(0.4, 1.4)
            shape = CONE if kind == ROCK and rng.random() < 0.6 else ELLIPSOID
            build.solid(shape, kind, (cx, base, z), (wide, tall, 1.0), instance=number,
                        ragged=rng.choice([0.0, 0.3]) if kind == FOLIAGE else 0.0)  # fmt: skip
    if rng.random() < 0.25:  # streaks of cloud along the top
        number = build.new_instance()
        for _ in range(int(rng.integers(3, 14))):
            center = (rng.uniform(-reach, reach) * 2, view_half * rng.uniform(0.55, 1.2), 75.0)
            build.solid(ELLIPSOID, SKY, center, (rng.uniform(3, 16), rng.uniform(0.15, 0.8), 1.0), instance=number)
    elif rng.random() < 0.4:  # clouds are sky
        for _ in range(int(rng.integers(1, 6))):
            cx, cy = rng.uniform(-reach, reach) * 2, rng.uniform(0.1, 1.0) * view_half * 1.2
            number = build.new_instance()
            for puff in range(int(rng.integers(2, 5))):
                build.solid(ELLIPSOID, SKY, (cx + puff * 2.2, cy + rng.uniform(-0.4, 0.4), 75.0),
                            (rng.uniform(2, 4), rng.uniform(0.8, 1.8), 1.0), instance=number)  # fmt: skip


# Every builder, and its share of all levels.
BUILDERS: dict[Callable[[Rng], Shot], float] = {
    open_world: 0.10,
    side_scroller: 0.14,
    downhill: 0.09,
    town: 0.06,
    overhead: 0.11,
    tile_map: 0.08,
    hall: 0.07,
    cave: 0.05,
    canyon: 0.05,
    track: 0.05,
    forest: 0.05,
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
