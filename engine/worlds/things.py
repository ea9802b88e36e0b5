"""Things that stand in a level: trees, buildings, vehicles and small items, each a few solids or a drawing.

Each function adds one thing to a `SceneBuilder` with its foot at (x, y, z), in metres. Knows nothing of colours.
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
    CONE,
    CYLINDER,
    ELLIPSOID,
    FOLIAGE,
    GABLE,
    GLOW,
    PROP,
    PYRAMID,
    ROCK,
    ROOF,
    STILL,
    STRUCTURE,
    Cycle,
    SceneBuilder,
)

Rng = np.random.Generator
Point = tuple[float, float, float]
TREES = ("conifer", "tree", "tree", "bare_tree", "round")
DRAWN_WINTER_TREES = ("laden_fir", "laden_fir", "laden_bare_tree")
WINTER_TREES = (*DRAWN_WINTER_TREES, "laden_fir", "bare_tree", "conifer")


def add_tree(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, kind: str, size: float) -> None:
    tall = size * rng.uniform(0.7, 1.4)
    if kind in draw.DRAWINGS:
        picture = build.sprite(draw.DRAWINGS[kind](rng))
        wide = tall * rng.uniform(0.4, 0.55)
        build.solid(BILLBOARD, FOLIAGE, (x, y + tall / 2, z), (wide, tall / 2, 0.05), sprite=picture)
        return
    build.solid(CYLINDER, FOLIAGE, (x, y + tall * 0.15, z), (tall * 0.05, tall * 0.2, tall * 0.05),
                instance=build.new_instance() + ACCENT_PART)  # fmt: skip
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


def add_treeline(rng: Rng, build: SceneBuilder, foot: Callable[[float, float], float], x: float, z: float, *,
                 long: float, kinds: list[str], size: float) -> None:  # fmt: skip
    """A dense row of drawn trees from (x, z) ahead along the way, `long` metres; a few pictures stand for all."""
    pictures = [build.sprite(draw.DRAWINGS[kind](rng)) for kind in kinds for _ in range(2)]
    slim, gap = rng.uniform(0.32, 0.5), size * rng.uniform(0.25, 0.8)
    for step in np.arange(0.0, long, max(gap, long / 24)):
        tall = size * rng.uniform(0.6, 1.3)
        at = (x + rng.normal(0, size * 0.3), z + step)
        center = (at[0], foot(*at) + tall * 0.48, at[1])
        build.solid(BILLBOARD, FOLIAGE, center, (tall * slim, tall / 2, 0.05), sprite=int(rng.choice(pictures)))


def assembly(build: SceneBuilder, x: float, y: float, z: float, yaw: float = 0.0, *,
             velocity: Point = (0.0, 0.0, 0.0), sway: float = 0.0,
             cycle: Cycle = STILL) -> Callable[..., None]:  # fmt: skip
    """Places solids of one thing, given where they are and swing from its foot before it is turned by `yaw`."""
    cos, sin = math.cos(yaw), math.sin(yaw)

    def piece(kind: int, material: int, local: Point, half: Point, *, instance: int | None = None, turn: float = 0.0,
              ragged: float = 0.0, sprite: int = 0, swing: Point = (0.0, 0.0, 0.0)) -> None:  # fmt: skip
        (lx, ly, lz), (to_x, to_y, to_z) = local, swing
        center = (x + lx * cos + lz * sin, y + ly, z - lx * sin + lz * cos)
        turned = (to_x * cos + to_z * sin, to_y, to_z * cos - to_x * sin)
        build.solid(kind, material, center, half, yaw=yaw + turn, instance=instance, velocity=velocity, sway=sway,
                    ragged=ragged, sprite=sprite, swing=turned, cycle=cycle)  # fmt: skip

    return piece


def add_roof(rng: Rng, build: SceneBuilder, piece: Callable[..., None], top: float, hx: float, hz: float) -> None:
    """A roof over walls that end `top` metres above the foot: gable, hip, cone, or flat with lumber on it."""
    number, over = build.new_instance(), rng.uniform(1.05, 1.4)
    rise = min(hx, hz) * rng.uniform(0.5, 1.7)
    style = rng.random()
    if style < 0.35:
        along = rng.random() < 0.5
        half = (hx * over, rise / 2, hz * over) if along else (hz * over, rise / 2, hx * over)
        piece(GABLE, ROOF, (0.0, top + rise / 2, 0.0), half, instance=number, turn=0.0 if along else math.pi / 2)
        if rng.random() < 0.4:
            piece(BOX, rng.choice([ROOF, STRUCTURE]), (hx * 0.4, top + rise * 0.8, hz * 0.3), (0.35, rise * 0.5, 0.35))
    elif style < 0.55:
        piece(PYRAMID, ROOF, (0.0, top + rise / 2, 0.0), (hx * over, rise / 2, hz * over), instance=number)
    elif style < 0.68:
        piece(CONE, ROOF, (0.0, top + rise / 2, 0.0), (hx * over, rise / 2, hz * over), instance=number)
    else:
        piece(BOX, ROOF, (0.0, top + 0.15, 0.0), (hx * min(over, 1.15), 0.25, hz * min(over, 1.15)), instance=number)
        for _ in range(int(rng.integers(0, 4))):
            wide, tall, deep = rng.uniform(0.2, 1.2, 3)
            local = (rng.uniform(-0.7, 0.7) * hx, top + 0.4 + tall, rng.uniform(-0.7, 0.7) * hz)
            piece(rng.choice([BOX, BOX, CYLINDER]), rng.choice([PROP, STRUCTURE, ROOF]), local, (wide, tall, deep))


def add_building(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, *, tower: bool,
                 half: tuple[float, float] | None = None, yaw: float | None = None) -> None:  # fmt: skip
    """Walls with windows, a door and a roof; `half` is half its ground plan in metres."""
    hx, hz = rng.uniform(2, 6, 2) if half is None else half
    hy = rng.uniform(5, 22) if tower else rng.uniform(1.5, 4)
    turned = float(rng.choice([0.0, 0.0, rng.uniform(0, 3.1)])) if yaw is None else yaw
    piece = assembly(build, x, y, z, turned)
    walls, window = build.new_instance(), build.new_instance()
    piece(BOX, STRUCTURE, (0.0, hy - 1, 0.0), (hx, hy + 1, hz), instance=walls)
    add_roof(rng, build, piece, 2 * hy, hx, hz)
    lit = rng.random() < 0.45
    storeys = max(2, int(hy / 4))  # a tower's windows are many small ones in truth: a few rows stand for them
    wide, tall = rng.uniform(0.3, 0.8), rng.uniform(0.4, 0.8)
    for floor in range(1, int(2 * hy) - 1, storeys):
        for side in (-0.5, 0.5):
            kind, part = (GLOW, 1) if lit and rng.random() < 0.6 else (STRUCTURE, ACCENT_PART)
            for face in (-1.0, 1.0):
                piece(BOX, kind, (side * hx, floor + 0.6, face * hz), (wide, tall, 0.12),
                      instance=window + part)  # fmt: skip
                piece(BOX, kind, (face * hx, floor + 0.6, side * hz), (0.12, tall, wide),
                      instance=window + part)  # fmt: skip
    if rng.random() < 0.7:
        piece(BOX, PROP, (0.0, 0.9, -hz), (0.6, 1.1, 0.12))
    if rng.random() < 0.3:  # an awning or a shop's sign
        kind = rng.choice([ROOF, PROP, GLOW])
        piece(BOX, kind, (rng.uniform(-0.5, 0.5) * hx, 2.6, -hz - 0.3), (rng.uniform(0.8, 1.6), 0.25, 0.5))


def add_vehicle(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, *, material: int = PROP,
                yaw: float = 0.0, speed: float = 0.0) -> None:  # fmt: skip
    """A car, van, truck or open racer that heads along `yaw`; the player's own is a character, all others props."""
    body, glass, wheels = build.new_instance(), build.new_instance(), build.new_instance()
    piece = assembly(build, x, y, z, yaw, velocity=(math.sin(yaw) * speed, 0.0, math.cos(yaw) * speed))
    kind = str(rng.choice(["car", "car", "van", "truck", "racer"]))
    wide, long = rng.uniform(0.8, 1.1), rng.uniform(1.7, 2.4)
    if kind == "racer":
        piece(ELLIPSOID, material, (0.0, 0.5, 0.0), (wide * 0.5, 0.3, long), instance=body)
        piece(BOX, material, (0.0, 0.9, -long * 0.85), (wide, 0.06, 0.3), instance=glass)
        piece(ELLIPSOID, material, (0.0, 0.85, -0.2), (0.25, 0.25, 0.3), instance=glass)
    else:
        tall = {"car": rng.uniform(0.3, 0.45), "van": 0.7, "truck": 0.6}[kind]
        piece(BOX, material, (0.0, 0.3 + tall, 0.0), (wide, tall, long), instance=body)
        cabin = {"car": (0.3, 1.1, -0.2), "van": (0.35, long * 0.95, 0.0), "truck": (1.0, long * 0.6, -long * 0.4)}[
            kind
        ]
        piece(BOX, material, (0.0, 0.3 + 2 * tall + cabin[0], cabin[2]), (wide * 0.85, cabin[0], cabin[1]),
              instance=glass)  # fmt: skip
        for end, chance in ((-1.0, 0.6), (1.0, 0.3)):
            if rng.random() < chance:
                for side in (-0.7, 0.7):
                    piece(BOX, GLOW, (side * wide, 0.4 + tall, end * long), (0.18, 0.1, 0.06), instance=glass + 2)
    size = rng.uniform(0.32, 0.45)
    for side in (-1, 1):
        for end in (-0.62, 0.62):
            piece(ELLIPSOID, material, (side * wide * 0.95, size, end * long), (0.18, size, size), instance=wheels)


def add_item(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, size: float) -> None:
    """Something small: a drawn prop, a crate, a barrel, a stack, a sign, stones, a light on a post or its own."""
    kind = str(rng.choice(["drawn", "drawn", "crate", "barrel", "stack", "sign", "stones", "post", "light"]))
    piece = assembly(build, x, y, z, rng.uniform(0, 3.1))
    if kind == "drawn":
        picture = build.sprite(draw.draw_prop(rng))
        build.solid(BILLBOARD, PROP, (x, y + size / 2, z), (size / 2, size / 2, 0.05), sprite=picture)
    elif kind == "crate":
        half = rng.uniform(0.3, 0.6, 3) * size
        piece(BOX, PROP, (0.0, half[1], 0.0), tuple(half))
    elif kind == "barrel":
        piece(CYLINDER, PROP, (0.0, size * 0.5, 0.0), (size * 0.35, size * 0.5, size * 0.35))
    elif kind == "stack":
        number = build.new_instance()
        for i in range(int(rng.integers(2, 6))):
            local = (size * 0.75 * (i % 2), size * 0.37 * (1 + 2 * (i // 2)), rng.uniform(-0.2, 0.2))
            piece(BOX, PROP, local, (size * 0.36,) * 3, instance=number + i % 2, turn=rng.uniform(-0.2, 0.2))
    elif kind == "sign":
        number, wide = build.new_instance(), size * rng.uniform(0.4, 1.1)
        for side in (-0.7, 0.7) if rng.random() < 0.5 else (0.0,):
            piece(CYLINDER, PROP, (side * wide, size * 0.7, 0.0), (0.06 * size, size * 0.7, 0.06 * size),
                  instance=number)  # fmt: skip
        piece(BOX, PROP, (0.0, size * 1.5, -0.05), (wide, size * rng.uniform(0.25, 0.5), 0.06), instance=number + 1)
        piece(BOX, PROP, (0.0, size * 1.5, -0.1), (wide * 0.7, size * 0.12, 0.04), instance=number + 2)
    elif kind == "stones":
        add_rocks(rng, build, x, y, z, size)
    elif kind == "post":
        piece(CYLINDER, PROP, (0.0, size, 0.0), (0.07 * size, size, 0.07 * size))
        add_light(rng, build, x, y + 1.75 * size, z, 0.5 * size)
    else:
        add_light(rng, build, x, y, z, size * rng.uniform(0.3, 1.0))


def add_light(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, size: float,
              velocity: Point = (0.0, 0.0, 0.0)) -> None:  # fmt: skip
    """Something that shines, `size` high: an orb, a drawn flame, a crystal, a tube or a panel."""
    kind = int(rng.integers(0, 5))
    half, number = size / 2, build.new_instance()
    piece = assembly(build, x, y, z, rng.uniform(0, 3.1), velocity=velocity)
    if kind == 0:
        piece(ELLIPSOID, GLOW, (0.0, half, 0.0), (half, half, half), instance=number)
    elif kind == 1:
        picture = build.sprite(draw.draw_lamp(rng))
        piece(BILLBOARD, GLOW, (0.0, half, 0.0), (half, half, 0.05), instance=number, sprite=picture)
    elif kind == 2:
        for i in range(int(rng.integers(1, 4))):
            tall = half * rng.uniform(0.5, 1.0)
            piece(PYRAMID, GLOW, (i * half * 0.6, tall, (i % 2) * half * 0.5), (half * 0.35, tall, half * 0.35),
                  instance=number + i)  # fmt: skip
    else:
        thin = half * rng.uniform(0.1, 0.4)
        half_sizes = (thin, half, thin) if kind == 3 else (half, half * rng.uniform(0.3, 1.0), thin)
        piece(BOX, GLOW, (0.0, half, 0.0), half_sizes, instance=number)


def add_rocks(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, size: float) -> None:
    """A boulder, spire, slab or heap of `size` metres, of lumps that sink into each other and into the ground."""
    number = build.new_instance()
    kind = int(rng.choice([ELLIPSOID, ELLIPSOID, PYRAMID, BOX, CONE, GABLE]))
    flat, spread = rng.uniform(0.4, 1.6), size * rng.uniform(0.2, 0.6)
    for i in range(int(rng.integers(1, 6))):
        half = size * rng.uniform(0.25, 0.6, 3) * (1.0, flat, 1.0)
        lift = half[1] * rng.uniform(0.1, 0.6)
        center = (x + rng.normal(0, spread) * (i > 0), y + lift, z + rng.normal(0, spread) * (i > 0))
        build.solid(kind, ROCK, center, tuple(half), yaw=rng.uniform(0, 3.1), instance=number + i % 2)


def add_fence(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, yaw: float, long: float) -> None:
    """Posts and rails, a hedge's row of stakes, or a low wall, `long` metres along `yaw` from (x, z)."""
    piece, number = assembly(build, x, y, z, yaw), build.new_instance()
    tall = rng.uniform(0.5, 1.4)
    if rng.random() < 0.25:
        piece(BOX, STRUCTURE, (0.0, tall / 2, long / 2), (0.2, tall / 2, long / 2), instance=number)
        return
    thick, gap = rng.uniform(0.03, 0.1), rng.uniform(0.8, 3.0)
    rails = int(rng.integers(1, 4))
    for rail in range(rails):
        piece(BOX, PROP, (0.0, tall * (rail + 1) / (rails + 0.3), long / 2), (thick * 0.7, thick, long / 2),
              instance=number)  # fmt: skip
    for post in np.arange(0, long + 0.1, max(gap, long / 14)):
        piece(BOX, PROP, (0.0, tall * 0.55, float(post)), (thick, tall * 0.55, thick), instance=number + 1)
