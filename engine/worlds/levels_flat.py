"""Side-scrollers: platforms on pillars, blocks and finds in mid-air, foes and a hero before layers of backdrop.

Each builder returns a `Shot`. Knows nothing of colours.
"""

from __future__ import annotations

import math

import numpy as np

from engine.worlds import sprites as draw
from engine.worlds.scene import (
    ACCENT_PART,
    BILLBOARD,
    BOX,
    CHARACTER,
    CONE,
    ELLIPSOID,
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
from engine.worlds.shots import Rng, Shot, slide
from engine.worlds.sprites_plants import draw_bush
from engine.worlds.terrain import GRID, landscape
from engine.worlds.things_alive import drawn_figure

WOODED = 0.3  # of the backdrops
FIGURES = ("character", "character", "character", "from_behind", "animal", "slime", "bat", "beast")


def side_scroller(rng: Rng) -> Shot:
    """Platforms, blocks, coins, foes and a hero, seen flat from far away; hills, walls and clouds behind."""
    build = SceneBuilder(rng)
    far = 70.0  # the camera's distance: with a narrow lens nearly a flat projection
    tile = rng.uniform(0.9, 1.3)
    view_half = rng.uniform(9, 16)  # half the picture's width in metres
    reach = view_half * 1.9
    ground_y = -view_half * rng.uniform(0.15, 0.45)
    ground_kind = GROUND if rng.random() < 0.96 else ROCK
    soil, crust = build.new_instance() + ACCENT_PART, build.new_instance()  # what grows or lies on it is the ground's
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
        liquid = WATER if rng.random() < 0.85 else GLOW  # lava
        build.solid(BOX, liquid, (0.0, level - view_half, 0.6), (reach * 1.5, view_half, 1.0))
    for _ in range(int(rng.integers(0, 7))):
        cx, top = rng.uniform(-reach, reach), ground_y + tile * rng.uniform(2, 7)
        half = tile * int(rng.integers(1, 5))
        slab(cx - half, cx + half, top, top - tile * rng.choice([0.5, 1.0, 2.0]))
        if rng.random() < 0.45:
            kind = ROCK if rng.random() < 0.85 else ground_kind
            _pillar(rng, build, cx, top - tile * 0.4, half, ground_y - view_half, kind)
        tops.append((cx, top))
    if rng.random() < WOODED:
        _woods(rng, build, view_half, reach, ground_y)
    else:
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
        name = "character" if person == 0 and rng.random() < 0.7 else str(rng.choice(FIGURES))
        lift = size / 2 + (rng.uniform(0, 3) * tile if rng.random() < (0.9 if name == "bat" else 0.35) else 0.0)
        place = (hero if person == 0 else cx + rng.uniform(-2, 2), top + lift, -0.6)
        picture, cycle = drawn_figure(rng, build, name)
        build.solid(BILLBOARD, CHARACTER, place, (size / 2, size / 2, 0.05), sprite=picture, cycle=cycle,
                    velocity=(rng.uniform(-2, 4), 0.0, 0.0), ragged=rng.choice([-0.01, 0.0]))  # fmt: skip
    heights = np.full((GRID, GRID), -500.0, np.float32)
    scene = landscape(rng, build, heights, rocky=False, ridges=rng.random() < 0.3)
    speed, x0 = rng.uniform(-1, 5), rng.uniform(-0.3, 0.3) * view_half
    camera_at = slide((x0, 0.0, -far), (speed, 0.0, 0.0), fov=2 * math.atan(view_half / far))
    return Shot(scene=scene, camera_at=camera_at, free=False)


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
    block = build.sprite(draw.draw_block(rng))
    for _ in range(int(rng.integers(1, 7))):
        cx, cy = rng.uniform(-reach, reach), ground_y + tile * rng.uniform(2, 7)
        number, second = build.new_instance(), build.new_instance()
        kind, style = (PROP if rng.random() < 0.85 else GLOW), rng.random()
        picture = int(rng.choice(drawings))
        for i in range(int(rng.integers(1, 7))):
            center, half = (cx + i * tile, cy, -0.3), tile / 2 * 0.96
            if style < 0.2:  # a block with a sign on it
                build.solid(BILLBOARD, STRUCTURE, center, (half, half, 0.2), sprite=block,
                            instance=second if i % 3 == 1 else number)  # fmt: skip
            elif style < 0.5:  # a plain one, or one with a plate
                build.solid(BOX, STRUCTURE, center, (half, half, 0.2), instance=second if i % 3 == 1 else number)
                if style < 0.35 and i % 3 != 1:
                    build.solid(BOX, STRUCTURE, (center[0], cy, -0.55), (half * 0.7, half * 0.7, 0.1),
                                instance=number + 2)  # fmt: skip
            else:
                size = half if style < 0.8 else half * 0.7
                build.solid(BILLBOARD, kind, center, (size, size, 0.2), instance=number, sprite=picture)


def _woods(rng: Rng, build: SceneBuilder, view_half: float, reach: float, ground_y: float) -> None:
    """Behind the platforms: a wood, in up to three rows of a few drawings each, with bushes at its foot."""
    if rng.random() < 0.4:  # so dense that nothing is seen through it, up to some height
        tall = view_half * rng.uniform(0.3, 2.0)
        build.solid(BOX, FOLIAGE, (0.0, ground_y * 2 - view_half + tall, 62.0), (reach * 2, view_half, 0.5))
    for row in range(int(rng.integers(1, 4))):
        z = 58.0 - row * 18.0
        grow = (70.0 + z) / 70.0
        kind = str(rng.choice(["tall_tree", "tall_tree", "tree", "bare_tree"]))
        pictures = [build.sprite(draw.DRAWINGS[kind](rng)) for _ in range(2)]
        numbers = [build.new_instance() for _ in range(3)]
        size = view_half * rng.uniform(0.6, 1.8) * grow
        foot, gap = ground_y * grow - view_half * rng.uniform(0.0, 0.2), size * rng.uniform(0.25, 1.0)
        for x in np.arange(-reach * grow, reach * grow, max(gap, reach * grow / 12)):
            tall = size * rng.uniform(0.7, 1.2)
            build.solid(BILLBOARD, FOLIAGE, (x + rng.uniform(-0.3, 0.3) * gap, foot + tall * 0.5, z),
                        (tall * rng.uniform(0.35, 0.5), tall * 0.5, 0.05), sprite=int(rng.choice(pictures)),
                        instance=int(rng.choice(numbers)))  # fmt: skip
        if rng.random() < 0.5:
            bush, low = build.sprite(draw_bush(rng)), view_half * rng.uniform(0.06, 0.2) * grow
            for x in np.arange(-reach * grow, reach * grow, max(low * 1.3, reach * grow / 12)):
                build.solid(BILLBOARD, FOLIAGE, (x, foot + low * 0.9, z - 4.0), (low, low, 0.05), sprite=bush,
                            instance=numbers[0])  # fmt: skip


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
            shape = CONE if kind == ROCK and rng.random() < 0.9 else ELLIPSOID
            build.solid(shape, kind, (cx, base, z), (wide, tall, 1.0), instance=number,
                        ragged=rng.uniform(0.15, 0.35) if kind == FOLIAGE else 0.0)  # fmt: skip
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
