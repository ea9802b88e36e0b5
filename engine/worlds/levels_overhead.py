"""Levels seen from above: land and towns below a high camera, and drawn tile maps as in two-dimensional adventures.

Each builder returns a `Shot`. Knows nothing of colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine.worlds import sprites as draw
from engine.worlds.scene import (
    ACCENT_PART,
    BILLBOARD,
    BOX,
    CHARACTER,
    CYLINDER,
    ELLIPSOID,
    FOLIAGE,
    GABLE,
    GLOW,
    GROUND,
    PROP,
    ROCK,
    ROOF,
    STILL,
    STRUCTURE,
    WATER,
    SceneBuilder,
)
from engine.worlds.shots import Rng, Shot, look_down, slide
from engine.worlds.sprites_figures import FIGURES
from engine.worlds.terrain import GRID, landscape, mark_road, rough_terrain
from engine.worlds.things import (
    add_building,
    add_fence,
    add_item,
    add_light,
    add_rocks,
    add_tree,
    add_vehicle,
)
from engine.worlds.things_alive import add_person, drawn_figure

EARTHEN = 0.6  # of a map's patches of ground: of another colour than the rest
FAR_M = 40.0  # a tile map's camera: with a narrow lens nearly a flat projection


def overhead(rng: Rng) -> Shot:
    """A village, camp, field or town with what lives in it, from 45 to 90 degrees above; now and then rooms without
    a roof."""
    wide = rng.uniform(12, 55)
    reach = wide * 0.55 + 8
    heights = rough_terrain(rng, hills_m=float(rng.choice([0.0, 2.0, 6.0])))
    flooded = rng.random() < 0.45 and bool(np.ptp(heights))
    water = float(np.quantile(heights[112:144, 112:144], rng.uniform(0.1, 0.5))) if flooded else -np.inf
    build = SceneBuilder(rng)
    draft = landscape(rng, build, heights, water_level=water)

    def spots(count: int) -> list[tuple[float, float, float]]:
        found = []
        for x, z in rng.uniform(-reach, reach, (count, 2)):
            y = draft.height_at(x, z)
            if y > water:
                found.append((x, y, z))
        return found

    indoors = wide < 36 and rng.random() < 0.3
    if indoors:
        _open_rooms(rng, build, reach)
    else:
        grid_yaw = rng.choice([0.0, 0.0, rng.uniform(0, 1.57)])
        for x, y, z in spots(int(rng.choice([0, 6, 14, 26]))):
            half = (rng.uniform(2, 5), rng.uniform(2, 5))
            add_building(rng, build, x, y, z, tower=wide > 40 and rng.random() < 0.3, half=half, yaw=grid_yaw)
        kinds = [str(kind) for kind in rng.choice(["conifer", "round", "round"], size=2)]
        for x, y, z in spots(int(rng.choice([4, 20, 60]))):
            add_tree(rng, build, x, y, z, str(rng.choice(kinds)), rng.uniform(2, 6))
        for x, y, z in spots(int(rng.integers(0, 14))):
            add_rocks(rng, build, x, y, z, rng.uniform(1, 5))
        for x, y, z in spots(int(rng.integers(0, 7))):
            add_fence(rng, build, x, y, z, grid_yaw + rng.choice([0.0, math.pi / 2]), rng.uniform(4, 15))
        for x, y, z in spots(int(rng.choice([0, 0, 4, 10]))):
            add_vehicle(rng, build, x, y, z, yaw=grid_yaw + float(rng.integers(0, 4)) * math.pi / 2,
                        speed=float(rng.choice([0.0, rng.uniform(1, 6)])))  # fmt: skip
    size = rng.uniform(0.05, 0.12) * wide
    for x, y, z in spots(int(rng.integers(6, 26))):
        add_item(rng, build, x, y, z, size * rng.uniform(0.4, 1.0))
    for x, y, z in [(rng.uniform(-2, 2), draft.height_at(0, 0), 0.0), *spots(int(rng.integers(3, 14)))]:
        add_person(rng, build, x, y, z, size * rng.uniform(0.8, 1.5), (rng.uniform(-2, 2), 0.0, rng.uniform(-2, 2)),
                   drawn=0.25)  # fmt: skip
    for x, y, z in spots(int(rng.choice([1, 4, 9]))):
        add_light(rng, build, x, y + rng.uniform(0, 1), z, size * rng.uniform(0.3, 1.2))
    scene = landscape(rng, build, heights, water_level=water, rocky=not indoors, ridges=False)
    if not indoors and rng.random() < 0.6:
        mark_road(scene, rng, rng.uniform(1.2, 5.0), rng.uniform(0, 12))
    steepness = math.radians(rng.choice([rng.uniform(40, 65), rng.uniform(65, 90), 90.0], p=[0.6, 0.25, 0.15]))
    camera_at = look_down(rng, scene, width_m=wide, steepness=steepness, speed=rng.uniform(0, 8))
    return Shot(scene=scene, camera_at=camera_at, free=False)


def _open_rooms(rng: Rng, build: SceneBuilder, reach: float) -> None:
    """Walls of rooms on a grid, with gaps for doors, and pillars: a dungeon or a house without its roof."""
    pitch, tall, thick = rng.uniform(6, 12), rng.uniform(1.0, 3.0), rng.uniform(0.2, 1.0)
    material = int(rng.choice([STRUCTURE, STRUCTURE, ROCK]))
    number = build.new_instance()
    lines = np.arange(-math.ceil(reach / pitch), math.ceil(reach / pitch) + 1) * pitch
    for line in lines:
        for start in lines:
            for turn in (0.0, math.pi / 2):
                gap = rng.choice([0.0, rng.uniform(1, 3), pitch], p=[0.3, 0.5, 0.2])
                half = (pitch - gap) / 4
                for middle in (half, pitch - half) if half > 0.2 else ():
                    x, z = (line, start + middle) if turn == 0 else (start + middle, line)
                    high = tall * rng.uniform(0.48, 0.5)  # where walls cross, one is the higher
                    build.solid(BOX, material, (x, high, z), (thick, high, half + thick / 2), yaw=turn,
                                instance=number)  # fmt: skip
            if rng.random() < 0.3:
                build.solid(CYLINDER, material, (line + pitch / 2, tall / 2, start + pitch / 2), (0.5, tall / 2, 0.5))


def tile_map(rng: Rng) -> Shot:
    """A map of square tiles with things drawn upright upon it: paths, ponds, cliffs, houses with their roofs."""
    build = SceneBuilder(rng)
    columns = int(rng.integers(12, 31))  # tiles across the picture
    half = columns / 2
    rows = round(columns * 9 / 16)
    reach_x, reach_y = round(half) + 6, rows // 2 + 4
    floor = build.new_instance()

    def slab(material: int, left: float, top: float, wide: float, tall: float, nearer: float, number: int) -> None:
        """A flat rectangle that faces the camera, `nearer` metres before the ground; later ones lie over earlier."""
        center = (left + wide / 2, top - tall / 2, 1.5 - nearer - 0.001 * len(build.rows))
        build.solid(BOX, material, center, (wide / 2, tall / 2, 0.5), instance=number)

    def anywhere() -> tuple[float, float]:
        return float(rng.integers(-reach_x, reach_x)), float(rng.integers(-reach_y, reach_y))

    dungeon = rng.random() < 0.3
    slab(GROUND, -60.0, 60.0, 120.0, 120.0, 0.0, floor)
    for _ in range(int(rng.integers(3, 14))):  # paths, meadows, ponds, cliffs
        material = int(rng.choice([GROUND, GROUND, GROUND, GROUND, WATER, WATER, ROCK]))
        number = build.new_instance()
        if material == GROUND and rng.random() < EARTHEN:
            number += ACCENT_PART
        x, y = anywhere()
        along = rng.random() < 0.5
        for _ in range(int(rng.integers(1, 7))):
            wide, tall = (int(rng.integers(2, 9)), int(rng.integers(1, 4)))[:: 1 if along else -1]
            slab(material, x, y, wide, tall, 0.02, number)
            if material == ROCK:  # a cliff's face below its top
                slab(ROCK, x, y - tall, wide, 1.0, 0.02, number + 1)
            x, y = x + int(rng.integers(-2, 3)), y + int(rng.integers(-2, 3))
    if dungeon:
        _tile_walls(rng, build, slab, reach_x, reach_y)
    for _ in range(0 if dungeon else int(rng.choice([0, 2, 5, 9]))):
        _tile_house(rng, build, slab, *anywhere())
    _tile_things(rng, build, anywhere, in_rows=rng.random() < 0.5)
    heights = np.full((GRID, GRID), -500.0, np.float32)
    scene = landscape(rng, build, heights, rocky=False, ridges=False)
    pan = (rng.uniform(-4, 4), rng.uniform(-2, 2), 0.0) if rng.random() < 0.6 else (0.0, 0.0, 0.0)
    return Shot(scene=scene, camera_at=slide((0.0, 0.0, -FAR_M), pan, fov=2 * math.atan(half / FAR_M)), free=False)


def _tile_walls(rng: Rng, build: SceneBuilder, slab: Callable[..., None], reach_x: int, reach_y: int) -> None:
    """Rooms of a dungeon: solid rock or masonry about them, a front face below each wall, torches on it."""
    material, top, face = int(rng.choice([ROCK, STRUCTURE])), build.new_instance(), build.new_instance()
    for x in range(-reach_x, reach_x, int(rng.integers(5, 10))):
        if rng.random() < 0.75:
            tall = int(rng.integers(3, 2 * reach_y))
            slab(material, x, rng.integers(-reach_y + 2, reach_y), int(rng.integers(1, 4)), tall, 0.05, top)
    for y in range(-reach_y, reach_y, int(rng.integers(4, 8))):
        for _ in range(2):
            x, wide = int(rng.integers(-reach_x, reach_x)), int(rng.integers(4, 14))
            slab(material, x, y, wide, 1.0, 0.06, top)
            slab(material, x, y - 1.0, wide, rng.choice([0.5, 1.0, 1.5]), 0.06, face)
            if rng.random() < 0.6:
                picture = build.sprite(draw.draw_lamp(rng))
                build.solid(BILLBOARD, GLOW, (x + 1.5, y - 1.4, 0.6), (0.4, 0.5, 0.05), sprite=picture)


def _tile_house(rng: Rng, build: SceneBuilder, slab: Callable[..., None], x: float, y: float) -> None:
    """A house as such games draw it: the roof above, the front wall with door and windows below it."""
    wide, deep, tall = int(rng.integers(3, 9)), rng.uniform(1, 4), rng.uniform(1, 3)
    roof, wall, holes = build.new_instance(), build.new_instance(), build.new_instance()
    slab(STRUCTURE, x, y, wide, tall, 0.1, wall)
    style = rng.random()
    if style < 0.5:
        slab(ROOF, x - 0.3, y + deep, wide + 0.6, deep + 0.3, 0.2, roof)
        if rng.random() < 0.5:
            slab(ROOF, x - 0.3, y + deep * 0.55, wide + 0.6, 0.2, 0.25, roof + 1)
    else:
        kind = GABLE if style < 0.8 else ELLIPSOID
        center = (x + wide / 2, y + deep / 2 - 0.2 if kind == GABLE else y, 1.2)
        build.solid(kind, ROOF, center, (wide / 2 + 0.5, deep / 2 if kind == GABLE else deep, 0.5), instance=roof)
    door = x + float(rng.integers(0, wide)) + 0.1
    slab(PROP, door, y - tall + min(tall, 1.3), 0.8, min(tall, 1.3), 0.15, holes)
    for place in range(wide):
        if abs(x + place - door) > 0.6 and rng.random() < 0.5:
            kind, part = (GLOW, 1) if rng.random() < 0.3 else (STRUCTURE, ACCENT_PART)
            slab(kind, x + place + 0.2, y - 0.3, 0.6, 0.6, 0.14, holes + part)


def _tile_things(rng: Rng, build: SceneBuilder, anywhere: Callable[[], tuple[float, float]], *, in_rows: bool) -> None:
    """Trees, bushes, stones, lamps, finds and figures, each a tile or more; sorted so that the lower stands before."""
    kinds = {"tree": FOLIAGE, "bush": FOLIAGE, "boulder": ROCK, "prop": PROP, "lamp": GLOW}
    drawings = {kind: [(build.sprite(draw.DRAWINGS[kind](rng)), STILL) for _ in range(2)] for kind in kinds}
    kinds["character"] = CHARACTER
    drawings["character"] = [drawn_figure(rng, build, name) for name in ("character", str(rng.choice(list(FIGURES))))]
    common = str(rng.choice(["tree", "bush", "boulder", "prop"]))
    for _ in range(int(rng.integers(25, 90))):
        kind = common if rng.random() < 0.35 else str(rng.choice(list(kinds)))
        size = rng.uniform(1.5, 3.5) if kind == "tree" else rng.uniform(0.8, 1.8)
        x, y = anywhere()
        picture, cycle = drawings[kind][int(rng.integers(2))]
        number = build.new_instance()
        moves = (rng.uniform(-2, 2), rng.uniform(-2, 2), 0.0) if kind == "character" else (0.0, 0.0, 0.0)
        for place in range(int(rng.integers(2, 8)) if in_rows and kind == common else 1):
            foot = y + 0.1
            center = (x + 0.5 + place * max(1.0, size * 0.8), foot + size / 2, 0.01 * foot)
            build.solid(BILLBOARD, kinds[kind], center, (size / 2, size / 2, 0.05), sprite=picture, instance=number,
                        velocity=moves, cycle=cycle)  # fmt: skip
