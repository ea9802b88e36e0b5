"""Random levels: what stands where, and how the camera moves through it. Everything follows from the seed.

Each builder returns a `Shot`. Knows nothing of colours; `shade.py` gives a shot its look.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from engine.config import MATERIALS
from engine.worlds import sprites as draw
from engine.worlds.scene import (
    BILLBOARD,
    BOX,
    CONE,
    CYLINDER,
    ELLIPSOID,
    RIDGE_SAMPLES,
    Camera,
    Scene,
    SceneBuilder,
)

SKY, GROUND, FOLIAGE, ROCK, STRUCTURE, ROOF, WATER, CHARACTER, PROP, GLOW, HUD = range(len(MATERIALS))
GRID, CELL_M = 256, 1.2
Rng = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Shot:
    scene: Scene
    camera_at: Callable[[float], Camera]  # of the time in seconds


def random_level(rng: Rng) -> Shot:
    kinds = (open_world, open_world, side_scroller, downhill, town, room)
    weights = np.array([0.22, 0.08, 0.32, 0.16, 0.14, 0.08])
    return kinds[int(rng.choice(len(kinds), p=weights))](rng)


# --- terrain ---------------------------------------------------------------------------------------------------


def _rough(rng: Rng, cells: int) -> np.ndarray:
    """(GRID, GRID) smooth noise in [0, 1] with about `cells` hills a side."""
    coarse = rng.random((cells + 2, cells + 2), dtype=np.float32)
    return np.clip(cv2.resize(coarse, (GRID, GRID), interpolation=cv2.INTER_CUBIC), 0, 1)


def _terrain(rng: Rng, *, hills_m: float) -> np.ndarray:
    heights = hills_m * (_rough(rng, int(rng.integers(2, 6))) - 0.5)
    heights += 0.12 * hills_m * (_rough(rng, 24) - 0.5)
    return heights.astype(np.float32)


def _ridges(rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Far mountains or hills around the horizon: nearer layers are lower."""
    layers = int(rng.choice([0, 1, 2, 3], p=[0.25, 0.25, 0.3, 0.2]))
    angles = np.linspace(0, 2 * np.pi, RIDGE_SAMPLES, dtype=np.float32)
    out = []
    top = rng.uniform(0.08, 0.5)
    for layer in range(layers):
        line = np.zeros(RIDGE_SAMPLES, np.float32)
        frequency = float(rng.integers(4, 9))
        weight = 1.0
        for _ in range(6):
            phase, ridge = rng.uniform(0, 6.28), np.sin(frequency * angles + rng.uniform(0, 6.28))
            sharp = 1 - np.abs(ridge) if rng.random() < 0.7 else 0.5 + 0.5 * ridge
            line += weight * sharp * (0.6 + 0.4 * np.sin(angles * 2 + phase))
            frequency, weight = np.round(frequency * 2.1), weight * 0.5
        out.append(top * (1 - 0.3 * layer) * line / 2)
    material = rng.choice([ROCK, ROCK, ROCK, FOLIAGE, GROUND], size=layers).astype(np.uint8)
    return np.array(out, np.float32).reshape(layers, RIDGE_SAMPLES), material


def _scene(rng: Rng, build: SceneBuilder, heights: np.ndarray, *, water_level: float = -np.inf,
           rocky: bool = True, ridges: bool = True) -> Scene:  # fmt: skip
    material = np.full((GRID, GRID), GROUND, np.uint8)
    instance = np.ones((GRID, GRID), np.int32)
    patches = _rough(rng, 20)
    instance[patches > rng.uniform(0.55, 0.9)] = 3
    if rocky:
        gz, gx = np.gradient(heights, CELL_M)
        steep = np.hypot(gx, gz) + 0.25 * (_rough(rng, 40) - 0.5)
        material[steep > rng.uniform(0.5, 1.0)] = ROCK
    lines, kinds = _ridges(rng) if ridges else (np.zeros((0, RIDGE_SAMPLES), np.float32), np.zeros(0, np.uint8))
    return Scene(
        solids=build.solids(),
        sprites=build.sprite_stack(),
        heights=heights,
        ground_material=material,
        ground_instance=instance,
        cell_m=CELL_M,
        water_level=water_level,
        ridges=lines,
        ridge_material=kinds,
        seed=int(rng.integers(1 << 20)),
    )


def _road(scene: Scene, rng: Rng, half_m: float, wobble_m: float) -> None:
    """Marks a winding strip along z as another piece of ground, with a line or edges painted on it."""
    z = (np.arange(GRID) - GRID / 2) * CELL_M
    center = wobble_m * np.sin(z * rng.uniform(0.02, 0.06) + rng.uniform(0, 6.28))
    x = (np.arange(GRID) - GRID / 2) * CELL_M
    off = np.abs(x[None, :] - center[:, None])
    strip = off < half_m
    scene.ground_material[strip] = GROUND
    scene.ground_instance[strip] = 4
    if rng.random() < 0.6:
        dashes = (np.arange(GRID)[:, None] % 6) < int(rng.choice([3, 6]))
        scene.ground_instance[(off < 0.7) & dashes] = 5
    scene.ground_instance[np.abs(off - half_m) < 0.7] = 6


# --- things ----------------------------------------------------------------------------------------------------


def _tree(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, kind: str, size: float) -> None:
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


def _building(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, *, tower: bool) -> None:
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


def _person(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, size: float,
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


def _vehicle(rng: Rng, build: SceneBuilder, x: float, y: float, z: float) -> None:
    body, glass = build.new_instance(), build.new_instance()
    speed = (0.0, 0.0, rng.uniform(0, 6))
    build.solid(BOX, CHARACTER, (x, y + 0.7, z), (0.95, 0.4, 2.0), instance=body, velocity=speed)
    build.solid(BOX, CHARACTER, (x, y + 1.3, z - 0.2), (0.75, 0.3, 1.1), instance=glass, velocity=speed)
    for wheel_x, wheel_z in ((-1, -1.2), (1, -1.2), (-1, 1.2), (1, 1.2)):
        build.solid(ELLIPSOID, CHARACTER, (x + wheel_x * 0.9, y + 0.35, z + wheel_z), (0.15, 0.36, 0.36),
                    instance=glass + 1, velocity=speed)  # fmt: skip


def _item(rng: Rng, build: SceneBuilder, x: float, y: float, z: float, size: float) -> None:
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


# --- levels ----------------------------------------------------------------------------------------------------


def _follow(rng: Rng, scene: Scene, x0: float, z0: float, *, third_person: bool, speed: float,
            slope: float = 0.0) -> Callable[[float], Camera]:  # fmt: skip
    """A camera that walks over the terrain, turning slowly; it looks down along a `slope`."""
    yaw0, turn = rng.uniform(-0.3, 0.3), rng.uniform(-0.25, 0.25)
    eye_m = rng.uniform(2.2, 6.0) if third_person else rng.uniform(1.4, 2.0)
    pitch = -rng.uniform(0.1, 0.45) if third_person else rng.uniform(-0.15, 0.1)
    if rng.random() < 0.1 and not slope:
        eye_m, pitch = rng.uniform(8, 20), -rng.uniform(0.6, 1.1)
    pitch -= 0.7 * math.atan(slope)
    fov = math.radians(rng.uniform(55, 95))
    base = scene.height_at(x0, z0)

    def camera_at(time_s: float) -> Camera:
        yaw = yaw0 + turn * math.sin(time_s * 0.8)
        x, z = x0 + math.sin(yaw0) * speed * time_s, z0 + math.cos(yaw0) * speed * time_s
        # The ground under the feet, smoothed over the way ahead so that the eye does not jump.
        ground = np.mean([scene.height_at(x, z + d) for d in (-3.0, 0.0, 3.0)])
        y = 0.3 * base + 0.7 * float(ground) + eye_m + 0.3
        y = max(y, scene.height_at(x, z) + 0.8)
        if math.isfinite(scene.water_level):
            y = max(y, scene.water_level + 0.8)
        return Camera(eye=(x, y, z), yaw=yaw, pitch=pitch, fov=fov)

    return camera_at


def open_world(rng: Rng) -> Shot:
    """Hills with trees, stones, houses, animals and people; lakes and sea in a third."""
    heights = _terrain(rng, hills_m=float(rng.choice([2.0, 8.0, 20.0, 40.0])))
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
        if abs(x - x0) < 2.0 and z - z0 < 10 or ground(x, z) < water:
            continue
        _tree(rng, build, x, ground(x, z), z, str(rng.choice(kinds)), size)
    for _ in range(int(rng.choice([0, 0, 2, 6]))):
        x, z = x0 + rng.normal(0, 15), z0 + rng.uniform(14, 60)
        if ground(x, z) > water:
            _building(rng, build, x, ground(x, z), z, tower=rng.random() < 0.2)
    for _ in range(int(rng.integers(2, 14))):
        x, z = x0 + rng.normal(0, 7), z0 + rng.uniform(3, 30)
        if rng.random() < 0.3:
            picture = build.sprite(draw.draw_bush(rng))
            wide = rng.uniform(0.4, 1.5)
            build.solid(BILLBOARD, FOLIAGE, (x, ground(x, z) + wide * 0.9, z), (wide, wide, 0.05), sprite=picture)
        else:
            _item(rng, build, x, max(ground(x, z), water), z, rng.uniform(0.4, 1.6))
    third = rng.random() < 0.6
    speed = rng.uniform(0, 6)
    if third:
        ahead = rng.uniform(3.5, 8.0)
        _person(rng, build, x0 + rng.uniform(-0.6, 0.6), ground(x0, z0 + ahead), z0 + ahead, rng.uniform(1.2, 2.2),
                (0.0, 0.0, speed))  # fmt: skip
    for _ in range(int(rng.integers(0, 5))):
        x, z = x0 + rng.normal(0, 6), z0 + rng.uniform(5, 28)
        _person(rng, build, x, max(ground(x, z), water), z, rng.uniform(1.0, 3.0),
                (rng.uniform(-2, 2), 0.0, rng.uniform(-2, 2)))  # fmt: skip
    scene = _scene(rng, build, heights, water_level=water)
    if rng.random() < 0.4:
        _road(scene, rng, rng.uniform(1.5, 4.0), rng.uniform(0, 10))
    return Shot(scene=scene, camera_at=_follow(rng, scene, x0, z0, third_person=third, speed=speed))


def downhill(rng: Rng) -> Shot:
    """A slope or track raced down: snow, sand or tarmac, trees and flags at the sides, a racer in the middle."""
    slope = rng.uniform(0.0, 0.4)
    z_rows = (np.arange(GRID) - GRID / 2) * CELL_M
    x_columns = (np.arange(GRID) - GRID / 2) * CELL_M
    bowl = 0.004 * rng.uniform(0, 3) * np.abs(x_columns) ** 1.6
    heights = (_terrain(rng, hills_m=rng.uniform(1, 10)) - slope * z_rows[:, None] + bowl[None, :]).astype(np.float32)
    build = SceneBuilder(rng)
    draft = _scene(rng, build, heights)
    z0, speed = -100.0, rng.uniform(6, 22)
    kinds = rng.choice(["conifer", "tree", "tree", "bare_tree", "round"], size=2)
    for _ in range(int(rng.integers(10, 70))):
        x = float(rng.choice([-1, 1])) * (rng.uniform(5, 9) + abs(rng.normal(0, 18)))
        z = z0 + rng.uniform(2, 110)
        _tree(rng, build, x, draft.height_at(x, z) - 0.2, z, str(rng.choice(kinds)), rng.uniform(3, 10))
    flag = build.sprite(draw.draw_prop(rng))
    for _ in range(int(rng.integers(3, 20))):
        x, z = rng.normal(0, 7), z0 + rng.uniform(4, 70)
        tall = rng.uniform(0.5, 2.0)
        if rng.random() < 0.3:
            _item(rng, build, x, draft.height_at(x, z), z, tall)
        else:
            build.solid(BILLBOARD, PROP, (x, draft.height_at(x, z) + tall / 2, z), (tall / 2, tall / 2, 0.05),
                        sprite=flag)  # fmt: skip
    racers = int(rng.integers(1, 4))
    car = rng.random() < 0.4
    for racer in range(racers):
        x, z = (rng.uniform(-0.5, 0.5), z0 + rng.uniform(3.5, 6)) if racer == 0 else (rng.normal(0, 4), z0 + 16)
        if car:
            _vehicle(rng, build, x, draft.height_at(x, z), z + 2)
        else:
            _person(rng, build, x, draft.height_at(x, z), z, rng.uniform(0.8, 1.6), (0.0, -slope * speed, speed))
    scene = _scene(rng, build, heights)
    if car or rng.random() < 0.3:
        _road(scene, rng, rng.uniform(4, 7), rng.uniform(0, 4))
    camera_at = _follow(rng, scene, 0.0, z0, third_person=rng.random() < 0.5, speed=speed, slope=slope + 0.02)
    return Shot(scene=scene, camera_at=camera_at)


def town(rng: Rng) -> Shot:
    """A street between houses or towers, with people, vehicles, lamps and signs."""
    heights = _terrain(rng, hills_m=rng.uniform(0, 1.5))
    build = SceneBuilder(rng)
    tower, half = rng.random() < 0.5, rng.uniform(4, 9)
    for row in range(8):
        for side in (-1.0, 1.0):
            if rng.random() < 0.85:
                _building(rng, build, side * (half + rng.uniform(5, 8)), 0.0, -20 + row * 13 + rng.uniform(-2, 2),
                          tower=tower and rng.random() < 0.7)  # fmt: skip
    for _ in range(int(rng.integers(3, 12))):
        _item(rng, build, float(rng.choice([-1, 1])) * half * rng.uniform(0.8, 1.0), 0.0, -18 + rng.uniform(0, 50),
              rng.uniform(0.6, 2.2))  # fmt: skip
    for _ in range(int(rng.integers(1, 7))):
        _person(rng, build, rng.normal(0, half * 0.5), 0.0, -16 + rng.uniform(0, 30), rng.uniform(1.5, 2.1),
                (0.0, 0.0, rng.uniform(-1.5, 1.5)))  # fmt: skip
    for _ in range(int(rng.integers(0, 4))):
        _vehicle(rng, build, rng.normal(0, half * 0.4), 0.0, -10 + rng.uniform(0, 40))
    for _ in range(int(rng.integers(0, 8))):
        x, z = float(rng.choice([-1, 1])) * half * 0.95, -18 + rng.uniform(0, 50)
        _tree(rng, build, x, 0.0, z, str(rng.choice(["round", "conifer", "tree"])), rng.uniform(3, 6))
    scene = _scene(rng, build, heights, rocky=False)
    _road(scene, rng, half * rng.uniform(0.4, 0.8), 0.0)
    camera_at = _follow(rng, scene, rng.uniform(-1, 1), -20.0, third_person=rng.random() < 0.5, speed=rng.uniform(0, 8))
    return Shot(scene=scene, camera_at=camera_at)


def room(rng: Rng) -> Shot:
    """Inside: a hall or cave with walls, pillars, lamps, crates and foes."""
    heights = np.zeros((GRID, GRID), np.float32)
    build = SceneBuilder(rng)
    half, tall, long = rng.uniform(3, 9), rng.uniform(3, 8), rng.uniform(10, 40)
    cave = rng.random() < 0.3
    walls, above = (ROCK, ROCK) if cave else (STRUCTURE, STRUCTURE if rng.random() < 0.7 else ROOF)
    side_walls, end_wall, ceiling = build.new_instance(), build.new_instance(), build.new_instance()
    for side in (-1.0, 1.0):
        build.solid(BOX, walls, (side * (half + 1), tall / 2, 0.0), (1.0, tall, long), instance=side_walls)
    build.solid(BOX, walls, (0.0, tall / 2, long), (half + 2, tall, 1.0), instance=end_wall)
    build.solid(BOX, above, (0.0, tall + 1.0, 0.0), (half + 2, 1.0, long + 2), instance=ceiling)
    pillar = build.new_instance()
    for i in range(int(rng.integers(0, 7))):
        for side in (-0.6, 0.6):
            build.solid(CYLINDER, walls, (side * half, tall / 2, -6.0 + i * 5), (0.5, tall, 0.5), instance=pillar)
    for _ in range(int(rng.integers(2, 9))):
        side = float(rng.choice([-1, 1]))
        center = (side * (half - 0.15), rng.uniform(1.5, tall * 0.8), -8 + rng.uniform(0, long))
        build.solid(BOX, GLOW if rng.random() < 0.6 else PROP, center, (0.2, 0.4, 0.4))
    for _ in range(int(rng.integers(3, 12))):
        _item(rng, build, rng.uniform(-half, half) * 0.9, 0.0, -8 + rng.uniform(0, 20), rng.uniform(0.5, 1.3))
    for _ in range(int(rng.integers(1, 5))):
        _person(rng, build, rng.uniform(-half, half) * 0.6, 0.0, -6 + rng.uniform(0, 16), rng.uniform(1.2, 2.4))
    scene = _scene(rng, build, heights, rocky=False, ridges=False)
    camera_at = _follow(rng, scene, 0.0, -12.0, third_person=rng.random() < 0.3, speed=rng.uniform(0, 3))
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
        if rng.random() < 0.35:
            build.solid(BOX, ground_kind, (cx, (top + ground_y) / 2 - tile / 2, 0.5),
                        (half * 0.4, (top - ground_y) / 2, 0.8), instance=soil)  # fmt: skip
        tops.append((cx, top))
    _backdrop(rng, build, view_half, reach, ground_y, tile)
    block_sprites = [build.sprite(draw.draw_prop(rng)) for _ in range(3)]
    for _ in range(int(rng.integers(1, 6))):
        cx, cy = rng.uniform(-reach, reach), ground_y + tile * rng.uniform(2, 6)
        picture = int(rng.choice(block_sprites))
        kind = PROP if rng.random() < 0.8 else GLOW
        number = build.new_instance()
        solid_block = rng.random() < 0.5
        for i in range(int(rng.integers(1, 7))):
            center = (cx + i * tile, cy, -0.3)
            build.solid(BOX if solid_block else BILLBOARD, kind, center, (tile / 2 * 0.96, tile / 2 * 0.96, 0.2),
                        instance=number, sprite=picture)  # fmt: skip
    tops = tops or [(0.0, ground_y)]
    for _ in range(int(rng.integers(2, 10))):
        cx, top = tops[int(rng.integers(len(tops)))]
        kind = str(rng.choice(["bush", "bush", "tree", "bare_tree", "boulder", "prop", "lamp"]))
        size = tile * (rng.uniform(2, 5) if "tree" in kind else rng.uniform(0.7, 1.8))
        material = {"boulder": ROCK, "prop": PROP, "lamp": GLOW}.get(kind, FOLIAGE)
        picture = build.sprite(draw.DRAWINGS[kind](rng))
        build.solid(BILLBOARD, material, (cx + rng.uniform(-3, 3) * tile * 0.6, top + size * 0.48, 0.3),
                    (size / 2, size / 2, 0.05), sprite=picture)  # fmt: skip
    hero = 0.0
    for person in range(int(rng.integers(2, 8))):
        cx, top = tops[int(rng.integers(len(tops)))]
        size = tile * rng.uniform(0.8, 1.9)
        picture = build.sprite(draw.draw_character(rng))
        lift = size / 2 + (rng.uniform(0, 3) * tile if rng.random() < 0.3 else 0.0)
        place = (hero if person == 0 else cx + rng.uniform(-2, 2), top + lift, -0.6)
        build.solid(BILLBOARD, CHARACTER, place, (size / 2, size / 2, 0.05), sprite=picture,
                    velocity=(rng.uniform(-2, 4), 0.0, 0.0), ragged=rng.choice([-0.01, 0.0]))  # fmt: skip
    heights = np.full((GRID, GRID), -500.0, np.float32)
    scene = _scene(rng, build, heights, rocky=False, ridges=rng.random() < 0.3)
    fov = 2 * math.atan(view_half / far)
    speed, x0 = rng.uniform(-1, 5), rng.uniform(-0.3, 0.3) * view_half

    def camera_at(time_s: float) -> Camera:
        return Camera(eye=(x0 + speed * time_s, 0.0, -far), yaw=0.0, pitch=0.0, fov=fov)

    return Shot(scene=scene, camera_at=camera_at)


def _backdrop(rng: Rng, build: SceneBuilder, view_half: float, reach: float, ground_y: float, tile: float) -> None:
    """Behind the platforms: mountains, hills, walls of blocks, trunks and clouds, each layer its own distance."""
    for layer in range(int(rng.integers(0, 4))):
        z = 60.0 - layer * 18.0
        grow = (70.0 + z) / 70.0
        kind = int(rng.choice([ROCK, ROCK, FOLIAGE, GROUND, STRUCTURE, STRUCTURE]))
        number = build.new_instance()
        base = ground_y * grow - view_half * 0.3
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
    if rng.random() < 0.4:  # clouds are sky
        for _ in range(int(rng.integers(1, 6))):
            cx, cy = rng.uniform(-reach, reach) * 2, rng.uniform(0.1, 1.0) * view_half * 1.2
            number = build.new_instance()
            for puff in range(int(rng.integers(2, 5))):
                build.solid(ELLIPSOID, SKY, (cx + puff * 2.2, cy + rng.uniform(-0.4, 0.4), 75.0),
                            (rng.uniform(2, 4), rng.uniform(0.8, 1.8), 1.0), instance=number)  # fmt: skip
