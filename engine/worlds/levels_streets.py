"""Levels on tarmac: a city's street canyon and a racing track.

Each builder returns a `Shot`. Knows nothing of colours.
"""

from __future__ import annotations

import math

import numpy as np

from engine.worlds.scene import BOX, CHARACTER, CYLINDER, GLOW, PROP, ROCK, ROOF, STRUCTURE, SceneBuilder
from engine.worlds.shots import Rng, Shot, glide
from engine.worlds.terrain import GRID, landscape, mark_road, rough_terrain
from engine.worlds.things import (
    add_building,
    add_fence,
    add_item,
    add_light,
    add_rocks,
    add_tree,
    add_vehicle,
    assembly,
)
from engine.worlds.things_alive import FEW_FOES, add_person


def canyon(rng: Rng) -> Shot:
    """Between tall fronts without gaps: cars, people, lamps, signs; at times from among the roofs."""
    build = SceneBuilder(rng)
    half = rng.uniform(5, 12)
    alike = rng.uniform(4, 10)
    for side in (-1.0, 1.0):
        z = -22.0
        while z < 85:
            deep, long = rng.uniform(4, 8), rng.uniform(0.6, 1.4) * alike / 2
            add_building(rng, build, side * (half + deep), 0.0, z + long, tower=rng.random() < 0.75, half=(deep, long),
                         yaw=0.0)  # fmt: skip
            z += 2 * long + (rng.uniform(2, 6) if rng.random() < 0.15 else 0.0)
    _street_furniture(rng, build, half)
    for _ in range(int(rng.integers(3, 12))):
        side = float(rng.choice([-1, 1]))
        parked = rng.random() < 0.5
        add_vehicle(rng, build, side * half * (0.72 if parked else 0.3), 0.0, rng.uniform(-12, 60),
                    yaw=0.0 if side > 0 else math.pi, speed=0.0 if parked else rng.uniform(2, 9))  # fmt: skip
    for _ in range(int(rng.integers(2, 10))):
        add_person(rng, build, rng.uniform(-0.95, 0.95) * half, 0.0, rng.uniform(-14, 25), rng.uniform(1.5, 2.0),
                   (0.0, 0.0, rng.uniform(-1.5, 1.5)), foes=FEW_FOES)  # fmt: skip
    heights = np.zeros((GRID, GRID), np.float32)
    speed = rng.uniform(0, 10)
    view = str(rng.choice(["walk", "drive", "drone"]))
    if view == "drive":
        add_vehicle(rng, build, 0.0, 0.0, -14.0, material=CHARACTER, speed=speed)
        camera_at = glide(rng, (0.0, rng.uniform(2.5, 4.5), -20.0), speed=speed, pitch=-rng.uniform(0.1, 0.3))
    elif view == "drone":
        camera_at = glide(rng, (rng.uniform(-2, 2), rng.uniform(9, 32), -20.0), speed=speed, turn=0.6,
                          pitch=-rng.uniform(0.2, 1.0))  # fmt: skip
    else:
        camera_at = glide(rng, (rng.uniform(-0.6, 0.6) * half, rng.uniform(1.4, 2.2), -20.0), speed=speed * 0.3,
                          pitch=rng.uniform(-0.1, 0.35), turn=0.8, bob=0.03)  # fmt: skip
    scene = landscape(rng, build, heights, rocky=False)
    mark_road(scene, rng, half * rng.uniform(0.7, 0.85), 0.0)
    return Shot(scene=scene, camera_at=camera_at)


def _street_furniture(rng: Rng, build: SceneBuilder, half: float) -> None:
    """Lamps in rows, trees, signs over the pavement or the street, benches and bins, a rail, wires."""
    lamps, post = rng.uniform(8, 18), build.new_instance()
    tall = rng.uniform(3, 6)
    for z in np.arange(-14, 60, lamps):
        for side in (-1.0, 1.0):
            x = side * half * 0.85
            build.solid(CYLINDER, PROP, (x, tall / 2, z), (0.09, tall / 2, 0.09), instance=post)
            build.solid(BOX, PROP, (x - side * 0.5, tall, z), (0.6, 0.06, 0.06), instance=post)
            add_light(rng, build, x - side * 1.0, tall - 0.35, z, rng.uniform(0.3, 0.6))
    for _ in range(int(rng.integers(0, 8))):  # shop signs that stand out from the fronts, some lit
        side, z = float(rng.choice([-1, 1])), rng.uniform(-12, 50)
        material = GLOW if rng.random() < 0.4 else PROP
        center = (side * (half - 0.6), rng.uniform(2.5, 8), z)
        build.solid(BOX, material, center, (0.7, rng.uniform(0.3, 1.8), 0.12))
    for _ in range(int(rng.integers(2, 10))):
        add_item(rng, build, float(rng.choice([-1, 1])) * half * 0.9, 0.0, rng.uniform(-14, 40), rng.uniform(0.6, 1.4))
    if rng.random() < 0.4:
        for z in np.arange(-10, 50, rng.uniform(6, 12)):
            side = float(rng.choice([-1, 1]))
            add_tree(rng, build, side * half * 0.88, 0.0, z, str(rng.choice(["round", "tree", "bare_tree"])), 4.5)
    if rng.random() < 0.4:
        for side in (-1.0, 1.0):
            add_fence(rng, build, side * half * 0.8, 0.0, -14.0, 0.0, rng.uniform(10, 30))
    if rng.random() < 0.3:  # a bridge over the street
        build.solid(BOX, STRUCTURE, (0.0, rng.uniform(6, 12), rng.uniform(5, 50)), (half, 0.8, 2.0))


def track(rng: Rng) -> Shot:
    """A race: tarmac between kerbs and barriers, cars ahead, the own car before the camera or its bonnet below."""
    build = SceneBuilder(rng)
    half = rng.uniform(4, 8)
    heights = rough_terrain(rng, hills_m=rng.uniform(0, 8))
    columns = np.abs((np.arange(GRID) - GRID / 2) * 1.2)
    heights *= np.clip((columns - half - 3) / 12, 0, 1)[None, :].astype(np.float32)  # level at the track
    draft = landscape(rng, build, heights)
    z0, speed = -60.0, rng.uniform(8, 30)
    _track_sides(rng, build, half, z0)
    kinds = [str(kind) for kind in rng.choice(["conifer", "round", "tree", "bare_tree"], size=2)]
    for _ in range(int(rng.choice([0, 12, 40]))):
        x, z = float(rng.choice([-1, 1])) * (half + 5 + abs(rng.normal(0, 12))), z0 + rng.uniform(4, 120)
        add_tree(rng, build, x, draft.height_at(x, z), z, str(rng.choice(kinds)), rng.uniform(3, 9))
    for _ in range(int(rng.integers(0, 10))):
        x, z = float(rng.choice([-1, 1])) * (half + 6 + abs(rng.normal(0, 12))), z0 + rng.uniform(4, 120)
        if rng.random() < 0.5:
            add_rocks(rng, build, x, draft.height_at(x, z), z, rng.uniform(1, 6))
        else:
            add_building(
                rng, build, x + math.copysign(5, x), draft.height_at(x, z), z, tower=rng.random() < 0.2, yaw=0.0
            )
    for _ in range(int(rng.integers(1, 8))):
        add_vehicle(rng, build, rng.uniform(-0.75, 0.75) * half, 0.0, z0 + rng.uniform(7, 45),
                    speed=speed * rng.uniform(0.85, 1.1))  # fmt: skip
    third = rng.random() < 0.65
    if third:
        add_vehicle(rng, build, rng.uniform(-0.4, 0.4), 0.0, z0 + rng.uniform(4.5, 7.5), material=CHARACTER,
                    yaw=rng.uniform(-0.15, 0.15), speed=speed)  # fmt: skip
    else:  # the bonnet or the bars of what the player drives
        piece = assembly(build, 0.0, 0.0, z0 + 1.4, velocity=(0.0, 0.0, speed))
        number = build.new_instance()
        piece(BOX, CHARACTER, (0.0, 0.75, 0.0), (0.8, 0.1, 0.5), instance=number)
        piece(CYLINDER, CHARACTER, (0.0, 0.9, -0.4), (0.3, 0.1, 0.12), instance=number + 1)
    eye = (0.0, rng.uniform(1.8, 4.0) if third else rng.uniform(1.15, 1.35), z0)
    camera_at = glide(
        rng, eye, speed=speed, pitch=-rng.uniform(0.1, 0.35) if third else -rng.uniform(0.0, 0.15), turn=0.1
    )
    scene = landscape(rng, build, heights)
    mark_road(scene, rng, half, 0.0)
    return Shot(scene=scene, camera_at=camera_at)


def _track_sides(rng: Rng, build: SceneBuilder, half: float, z0: float) -> None:
    """Barriers or fences, kerbs, boards, cones, lights, a stand and a gate over the track."""
    kerb, barrier, board = (build.new_instance() for _ in range(3))
    wall = int(rng.choice([PROP, STRUCTURE, ROCK]))
    kind, gap = int(rng.integers(0, 3)), rng.uniform(2.5, 5)
    for side in (-1.0, 1.0):
        x = side * (half + 1.2)
        for i, z in enumerate(np.arange(z0, z0 + 110, gap * 2)):
            if kind == 0:
                build.solid(BOX, wall, (x, 0.45, z + gap), (0.2, 0.45, gap * 0.99), instance=barrier + i % 2)
            elif kind == 1:
                add_fence(rng, build, x, 0.0, z, 0.0, gap * 2)
            if rng.random() < 0.25:
                build.solid(BOX, PROP, (x + side * 0.6, 1.2, z), (0.08, rng.uniform(0.4, 0.9), rng.uniform(1, 2.5)),
                            instance=board + i % 4)  # fmt: skip
            build.solid(BOX, PROP, (side * half, 0.03, z + gap), (0.35, 0.06, gap * 0.5), instance=kerb + i % 2)
    for _ in range(int(rng.integers(0, 8))):
        add_item(rng, build, rng.uniform(-1, 1) * half, 0.0, z0 + rng.uniform(8, 60), rng.uniform(0.5, 1.0))
    for _ in range(int(rng.integers(0, 5))):
        x = float(rng.choice([-1, 1])) * (half + 1.5)
        add_light(rng, build, x, rng.uniform(0.5, 4.0), z0 + rng.uniform(8, 60), rng.uniform(0.3, 1.0))
    if rng.random() < 0.5:  # a gate
        z, tall = z0 + rng.uniform(15, 60), rng.uniform(4, 6)
        for side in (-1.0, 1.0):
            build.solid(BOX, STRUCTURE, (side * (half + 1.6), tall / 2, z), (0.3, tall / 2, 0.3), instance=board + 5)
        build.solid(BOX, PROP, (0.0, tall, z), (half + 1.9, 0.6, 0.2), instance=board + 6)
    if rng.random() < 0.4:  # a stand under its roof
        x, z = float(rng.choice([-1, 1])) * (half + 9), z0 + rng.uniform(20, 60)
        for row in range(4):
            build.solid(BOX, STRUCTURE, (x + math.copysign(row, x), 0.5 + row * 0.5, z), (1.0, 0.6 + row * 0.5, 10.0))
        build.solid(BOX, ROOF, (x + math.copysign(1.5, x), 6.5, z), (3.5, 0.25, 10.5))
