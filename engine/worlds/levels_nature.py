"""Levels out of doors: dense forest, desert, snow country, and the sea with ships and islands.

Each builder returns a `Shot`. Knows nothing of colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine.worlds.scene import (
    ACCENT_PART,
    BILLBOARD,
    BOX,
    CHARACTER,
    CONE,
    CYLINDER,
    ELLIPSOID,
    FOLIAGE,
    GABLE,
    GROUND,
    PROP,
    PYRAMID,
    ROCK,
    ROOF,
    STRUCTURE,
    SceneBuilder,
)
from engine.worlds.shots import Rng, Shot, follow, glide
from engine.worlds.sprites_plants import draw_bush
from engine.worlds.terrain import landscape, mark_road, ripples, rough_terrain
from engine.worlds.things import (
    DRAWN_WINTER_TREES,
    WINTER_TREES,
    add_building,
    add_fence,
    add_item,
    add_light,
    add_rocks,
    add_tree,
    add_treeline,
    assembly,
)
from engine.worlds.things_alive import add_person

Z0 = -30.0  # where walks start
# What people have left in a desert: a pyramid, tents, a house, a column.
RUINS = ((PYRAMID, STRUCTURE), (GABLE, ROOF), (PYRAMID, ROOF), (BOX, STRUCTURE), (CYLINDER, STRUCTURE))


def forest(rng: Rng) -> Shot:
    """Among trunks: near and thick ones, undergrowth, logs, stones, mushrooms, lights, now and then a hut or a path."""
    build = SceneBuilder(rng)
    heights = rough_terrain(rng, hills_m=rng.uniform(0.5, 12))
    draft = landscape(rng, build, heights)
    girth, tall = rng.uniform(0.15, 0.6), rng.uniform(6, 14)
    kinds = [str(kind) for kind in rng.choice(["conifer", "round", "tree", "bare_tree"], size=2)]
    clear = rng.uniform(1.0, 2.5)
    for _ in range(int(rng.integers(15, 45))):  # trunks whose crowns are far above
        x, z = _beside(rng, clear, 12), Z0 + rng.uniform(1, 40)
        _trunk(rng, build, x, draft.height_at(x, z), z, tall, girth)
    for _ in range(int(rng.integers(15, 50))):
        x, z = _beside(rng, clear + 2, 20), Z0 + rng.uniform(8, 70)
        add_tree(rng, build, x, draft.height_at(x, z) - 0.2, z, str(rng.choice(kinds)), rng.uniform(4, 10))
    for _ in range(int(rng.integers(5, 40))):
        x, z = _beside(rng, 0.6, 7), Z0 + rng.uniform(3, 25)
        _undergrowth(rng, build, x, draft.height_at(x, z), z)
    _scattered(rng, build, draft.height_at, stones=8, items=8)
    if rng.random() < 0.3:
        x, z = _beside(rng, 6, 4), Z0 + rng.uniform(14, 30)
        add_building(rng, build, x, draft.height_at(x, z), z, tower=False)
    return _walked(rng, build, heights, road=0.4)


def desert(rng: Rng) -> Shot:
    """Dunes, mesas and spires, cacti and dry bushes, ruins, pyramids, tents and bones."""
    build = SceneBuilder(rng)
    heights = (rough_terrain(rng, hills_m=rng.uniform(1, 14)) + ripples(rng, rng.uniform(0, 5))).astype(np.float32)
    draft = landscape(rng, build, heights)
    for _ in range(int(rng.integers(2, 14))):  # towers and tables of rock
        x, z, size = _beside(rng, 9, 30), Z0 + rng.uniform(15, 100), rng.uniform(2, 12)
        y, number, turn = draft.height_at(x, z), build.new_instance(), rng.uniform(0, 3.1)
        shape = int(rng.choice([BOX, CYLINDER, CONE, PYRAMID, ELLIPSOID]))
        for step in range(int(rng.integers(1, 4))):
            wide = size * (1 - 0.25 * step) * rng.uniform(0.7, 1.2)
            build.solid(shape, ROCK, (x, y + size * step, z), (wide, size * 0.8, wide * rng.uniform(0.6, 1.4)),
                        yaw=turn, instance=number + step)  # fmt: skip
    for _ in range(int(rng.integers(0, 25))):
        x, z = _beside(rng, 1.2, 10), Z0 + rng.uniform(4, 40)
        (_cactus if rng.random() < 0.6 else _undergrowth)(rng, build, x, draft.height_at(x, z), z)
    for _ in range(int(rng.choice([0, 2, 5]))):  # ruins, pyramids, tents
        x, z, size = _beside(rng, 5, 15), Z0 + rng.uniform(10, 70), rng.uniform(1.2, 6)
        kind, material = RUINS[int(rng.integers(len(RUINS)))]
        half = (size, size * 0.7, size * rng.uniform(0.5, 1.2)) if kind != CYLINDER else (size * 0.2, size, size * 0.2)
        build.solid(kind, material, (x, draft.height_at(x, z) + half[1] * 0.9, z), half, yaw=rng.uniform(0, 3.1))
    if rng.random() < 0.4:
        x, z = _beside(rng, 8, 8), Z0 + rng.uniform(14, 40)
        add_building(rng, build, x, draft.height_at(x, z), z, tower=False)
    _scattered(rng, build, draft.height_at, stones=14, items=8)
    return _walked(rng, build, heights, road=0.2)


def snow_country(rng: Rng) -> Shot:
    """A village in the hills: deep roofs, fences, firs, rocks, drifts, a frozen or open lake, lit lamps."""
    build = SceneBuilder(rng)
    heights = rough_terrain(rng, hills_m=rng.uniform(1, 16))
    lake = float(np.quantile(heights[95:128, 112:144], rng.uniform(0.05, 0.3))) if rng.random() < 0.4 else -np.inf
    draft = landscape(rng, build, heights)

    def dry(x: float, z: float) -> float:
        return max(draft.height_at(x, z), lake)

    for _ in range(int(rng.integers(3, 12))):
        x, z = _beside(rng, 6, 12), Z0 + rng.uniform(10, 60)
        if rng.random() < 0.15:  # a round hut of snow or hides
            size = rng.uniform(1.5, 3)
            build.solid(ELLIPSOID, STRUCTURE, (x, dry(x, z), z), (size, size, size))
        else:
            add_building(rng, build, x, dry(x, z), z, tower=rng.random() < 0.1)
    for _ in range(int(rng.integers(8, 45))):
        x, z = _beside(rng, 3, 18), Z0 + rng.uniform(5, 80)
        add_tree(rng, build, x, dry(x, z) - 0.2, z, str(rng.choice(WINTER_TREES)), rng.uniform(3, 9))
    for _ in range(int(rng.integers(0, 3))):
        add_treeline(rng, build, dry, _beside(rng, 6, 8), Z0 + rng.uniform(5, 40), long=rng.uniform(10, 60),
                     kinds=[str(rng.choice(DRAWN_WINTER_TREES))], size=rng.uniform(3, 9))  # fmt: skip
    for _ in range(int(rng.integers(0, 10))):
        x, z, size = _beside(rng, 2, 10), Z0 + rng.uniform(4, 40), rng.uniform(0.5, 2.5)
        build.solid(ELLIPSOID, GROUND, (x, dry(x, z), z), (size * 2, size * 0.5, size))
    for _ in range(int(rng.integers(0, 6))):
        x, z = _beside(rng, 2, 6), Z0 + rng.uniform(4, 30)
        add_fence(rng, build, x, dry(x, z), z, rng.uniform(-0.6, 0.6), rng.uniform(4, 14))
    _scattered(rng, build, dry, stones=10, items=12)
    return _walked(rng, build, heights, road=0.4, water_level=lake, winter=True)


def sea(rng: Rng) -> Shot:
    """Open water with ships, boats, buoys, rocks, huts on stilts and islands; from a deck, the shore, or the air."""
    build = SceneBuilder(rng)
    heights = rough_terrain(rng, hills_m=rng.uniform(10, 45))
    level = float(np.quantile(heights, rng.uniform(0.6, 0.97)))
    heights[60:140, 108:148] = np.minimum(heights[60:140, 108:148], level - 1)  # a fairway
    draft = landscape(rng, build, heights)

    def afloat(x: float, z: float) -> float:
        return max(draft.height_at(x, z), level)

    for _ in range(int(rng.integers(2, 10))):
        x, z = _beside(rng, 6, 18), Z0 + rng.uniform(10, 90)
        _ship(rng, build, x, level, z, rng.uniform(1.5, 9), rng.choice([PROP, PROP, STRUCTURE]), rng.uniform(0, 6.28),
              rng.uniform(0, 3))  # fmt: skip
    for _ in range(int(rng.integers(0, 14))):
        x, z = _beside(rng, 5, 20), Z0 + rng.uniform(8, 80)
        add_rocks(rng, build, x, afloat(x, z) - 0.4, z, rng.uniform(1, 8))
    for _ in range(int(rng.integers(0, 30))):
        x, z = rng.normal(0, 50), Z0 + rng.uniform(20, 130)
        if draft.height_at(x, z) > level:
            add_tree(rng, build, x, draft.height_at(x, z), z, str(rng.choice(["round", "tree", "conifer"])), 6.0)
    for _ in range(int(rng.integers(0, 5))):  # on stilts, with a landing
        x, z = _beside(rng, 9, 10), Z0 + rng.uniform(15, 60)
        add_building(rng, build, x, level + 0.6, z, tower=rng.random() < 0.2, yaw=0.0)
        build.solid(BOX, PROP, (x * 0.7, level + 0.4, z), (4.0, 0.15, 1.2))
    for _ in range(int(rng.integers(2, 12))):  # buoys, barrels, lights
        x, z, size = _beside(rng, 2.5, 8), Z0 + rng.uniform(4, 40), rng.uniform(0.3, 1.2)
        if rng.random() < 0.3:
            add_light(rng, build, x, level + rng.uniform(0, 2), z, size)
        else:
            shape = int(rng.choice([CONE, ELLIPSOID, CYLINDER, BOX]))
            build.solid(shape, PROP, (x, level + size * 0.4, z), (size * 0.5, size, size * 0.5), sway=0.1)
    speed = rng.uniform(0, 7)
    if rng.random() < 0.6:
        ahead = rng.uniform(9, 14)
        _ship(rng, build, 0.0, level, Z0 + ahead, rng.uniform(1.5, 3.0), CHARACTER, 0.0, speed)
        eye, pitch = rng.uniform(3, 8), -rng.uniform(0.1, 0.4)
    else:
        eye, pitch = rng.choice([rng.uniform(1.5, 4), rng.uniform(8, 25)]), -rng.uniform(0.0, 0.35)
    scene = landscape(rng, build, heights, water_level=level)
    return Shot(scene=scene, camera_at=glide(rng, (0.0, level + eye, Z0), speed=speed, pitch=pitch, turn=0.4, bob=0.02))


def _beside(rng: Rng, clear: float, spread: float) -> float:
    """An x to the left or right of the way, which is `clear` metres to each side."""
    return float(rng.choice([-1, 1])) * (clear + abs(rng.normal(0, spread)))


def _trunk(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, tall: float, girth: float) -> None:
    """A high bare stem with roots, a few boughs and perhaps a crown out of sight; one in eight lies on the ground."""
    wide, number = girth * rng.uniform(0.6, 1.6), build.new_instance()
    bark = number + ACCENT_PART
    if rng.random() < 0.12:
        half = (wide, wide, rng.uniform(1, 3))
        build.solid(ELLIPSOID, FOLIAGE, (x, y + wide * 0.7, z), half, yaw=rng.uniform(0, 3.1), instance=bark)
        return
    build.solid(CYLINDER, FOLIAGE, (x, y + tall / 2, z), (wide, tall / 2 + 0.5, wide), instance=bark)
    if rng.random() < 0.5:
        build.solid(CONE, FOLIAGE, (x, y + wide, z), (wide * 2.2, wide * 2, wide * 2.2), instance=bark)
    for _ in range(int(rng.integers(0, 3))):
        high, long = rng.uniform(0.4, 1.0) * tall, rng.uniform(0.6, 2.2)
        build.solid(ELLIPSOID, FOLIAGE, (x + rng.normal(0, 0.8), y + high, z), (long, long * 0.5, long),
                    ragged=rng.uniform(0.1, 0.45), instance=number + 1)  # fmt: skip


def _undergrowth(rng: Rng, build: SceneBuilder, x: float, y: float, z: float) -> None:
    """A drawn bush or grass, a ragged clump, or a fern's cone."""
    kind, wide, number = int(rng.integers(0, 3)), rng.uniform(0.3, 1.3), build.new_instance()
    if kind == 0:
        picture = build.sprite(draw_bush(rng))
        build.solid(BILLBOARD, FOLIAGE, (x, y + wide * 0.9, z), (wide, wide, 0.05), sprite=picture)
    else:
        shape = ELLIPSOID if kind == 1 else CONE
        build.solid(shape, FOLIAGE, (x, y + wide * 0.4, z), (wide, wide * rng.uniform(0.4, 0.9), wide),
                    ragged=rng.uniform(0.0, 0.45), instance=number)  # fmt: skip


def _cactus(rng: Rng, build: SceneBuilder, x: float, y: float, z: float) -> None:
    tall, wide, number = rng.uniform(0.8, 3.5), rng.uniform(0.12, 0.35), build.new_instance()
    build.solid(CYLINDER, FOLIAGE, (x, y + tall / 2, z), (wide, tall / 2, wide), instance=number)
    build.solid(ELLIPSOID, FOLIAGE, (x, y + tall, z), (wide, wide, wide), instance=number)
    for side in (-1.0, 1.0):
        if rng.random() < 0.7:
            high, out = tall * rng.uniform(0.35, 0.65), wide * 2.5
            build.solid(
                BOX, FOLIAGE, (x + side * out / 2, y + high, z), (out / 2, wide * 0.6, wide * 0.6), instance=number
            )
            build.solid(CYLINDER, FOLIAGE, (x + side * out, y + high + tall * 0.15, z),
                        (wide * 0.7, tall * 0.18, wide * 0.7), instance=number)  # fmt: skip


def _ship(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, size: float, material: int, yaw: float,
          speed: float) -> None:  # fmt: skip
    """A hull 3 `size` long with deck and bulwark, and on it masts with sails, or a cabin and a funnel."""
    piece = assembly(build, x, y, z, yaw, velocity=(math.sin(yaw) * speed, 0.0, math.cos(yaw) * speed), sway=0.05)
    hull, above, sail = (build.new_instance() for _ in range(3))
    wide = size * rng.uniform(0.35, 0.6)
    piece(ELLIPSOID, material, (0.0, size * 0.1, 0.0), (wide, size * 0.55, size * 1.6), instance=hull)
    piece(BOX, material, (0.0, size * 0.25, 0.0), (wide * 0.9, size * 0.3, size * 1.1), instance=hull)
    piece(BOX, material, (0.0, size * 0.6, -size * 0.8), (wide * 0.85, size * 0.3, size * 0.35), instance=above)
    if rng.random() < 0.6:
        for place in (-0.5, 0.4)[: int(rng.integers(1, 3))]:
            piece(CYLINDER, material, (0.0, size * 1.6, place * size), (0.05 * size, size * 1.3, 0.05 * size),
                  instance=above)  # fmt: skip
            piece(rng.choice([BOX, PYRAMID]), material, (0.0, size * 1.7, place * size + 0.1 * size),
                  (wide * rng.uniform(1.0, 1.8), size * 0.8, 0.06 * size), instance=sail)  # fmt: skip
    else:
        piece(BOX, material, (0.0, size * 1.0, -size * 0.3), (wide * 0.6, size * 0.4, size * 0.4), instance=above)
        piece(
            CYLINDER, material, (0.0, size * 1.5, -size * 0.4), (0.18 * size, size * 0.45, 0.18 * size), instance=sail
        )
    if rng.random() < 0.4:
        add_light(rng, build, x, y + size, z, size * 0.3)


def _scattered(
    rng: Rng, build: SceneBuilder, foot: Callable[[float, float], float], *, stones: int, items: int
) -> None:
    """Up to so many rocks and small things along the way, each on its `foot` height of (x, z)."""
    for _ in range(int(rng.integers(1, stones))):
        x, z = _beside(rng, 1.5, 10), Z0 + rng.uniform(5, 50)
        add_rocks(rng, build, x, foot(x, z), z, rng.uniform(0.6, 4))
    for _ in range(int(rng.integers(1, items))):
        x, z = _beside(rng, 0.5, 5), Z0 + rng.uniform(4, 26)
        add_item(rng, build, x, foot(x, z), z, rng.uniform(0.4, 1.6))


def _walked(rng: Rng, build: SceneBuilder, heights: np.ndarray, *, road: float,
            water_level: float = -np.inf, winter: bool = False) -> Shot:  # fmt: skip
    """Others on the way, the hero in third person, by a chance a `road`; and the camera that walks through."""
    draft = landscape(rng, build, heights)
    third, speed = rng.random() < 0.55, rng.uniform(0, 5)
    for other in range(int(rng.integers(1, 6))):
        x, z = rng.normal(0, 3.5), Z0 + rng.uniform(5, 22)
        moves = (rng.uniform(-1, 1), 0.0, rng.uniform(-1.5, 1.5))
        if other == 0 and third:
            x, z, moves = rng.uniform(-0.5, 0.5), Z0 + rng.uniform(3.5, 7), (0.0, 0.0, speed)
        add_person(rng, build, x, max(draft.height_at(x, z), water_level), z, rng.uniform(1.1, 2.4), moves,
                   hero=third and other == 0)  # fmt: skip
    scene = landscape(rng, build, heights, water_level=water_level, winter=winter)
    if rng.random() < road:
        mark_road(scene, rng, rng.uniform(1.0, 3.0), 0.0)
    return Shot(scene=scene, camera_at=follow(rng, scene, 0.0, Z0, third_person=third, speed=speed))
