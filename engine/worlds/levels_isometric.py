"""Levels seen as from nowhere, at a slant along the diagonal of a grid: boards, dungeons without a roof, cities.

Each builder returns a `Shot`. Knows nothing of colours.
"""

from __future__ import annotations

import math

import numpy as np

from engine.worlds.scene import (
    ACCENT_PART,
    BOX,
    CYLINDER,
    GROUND,
    PROP,
    ROCK,
    STRUCTURE,
    WATER,
    SceneBuilder,
)
from engine.worlds.shots import Rng, Shot, look_down
from engine.worlds.terraces import Terraces, stepped
from engine.worlds.terrain import GRID, landscape
from engine.worlds.things import add_building, add_item, add_light, add_rocks, add_tree, add_vehicle
from engine.worlds.things_alive import add_person

SLANTS = (math.atan(0.5), math.atan(math.sqrt(0.5)), math.radians(45))  # two to one in pixels, true isometry, steeper
LENS = math.radians(12)  # so narrow that what is near is hardly larger


def isometric(rng: Rng) -> Shot:
    """A grid of cells in steps under a narrow lens from a corner: a tactics board, a dungeon or a city's quarter."""
    build = SceneBuilder(rng)
    wide = rng.uniform(12, 34)
    cell = float(rng.choice([1.0, 1.5, 2.0])) * wide / 20
    side = math.ceil(wide * 1.5 / cell / 2) * 2
    kind = str(rng.choice(["board", "board", "dungeon", "city"]))
    levels = {"board": int(rng.integers(2, 6)), "dungeon": 1, "city": 1}[kind]
    board = Terraces(heights=stepped(rng, (side, side), hills=rng.uniform(2, 5), levels=levels), x=-side * cell / 2,
                     z=-side * cell / 2, cell_m=cell, step_m=cell * float(rng.choice([0.5, 1.0])))  # fmt: skip
    soil, grass = build.new_instance() + ACCENT_PART, build.new_instance()
    floats = rng.random() < 0.35  # over nothing but sky
    board.build(build, GROUND if rng.random() < 0.7 else ROCK, soil, GROUND, grass,
                foot_m=-cell * rng.uniform(0.5, 3.0), crust_m=cell * rng.uniform(0.1, 0.4))  # fmt: skip
    _floor(rng, build, board, checkered=kind != "city" and rng.random() < 0.6)
    size = rng.uniform(0.06, 0.11) * wide
    if kind == "dungeon":
        _rooms(rng, build, board)
    elif kind == "city":
        _blocks_of_houses(rng, build, board)
    for x, y, z in _cells(rng, board, int(rng.integers(6, 36)) if kind == "board" else 0):
        if rng.random() < 0.7:
            add_tree(rng, build, x, y, z, str(rng.choice(["conifer", "round"])), 1.6 * size)
        else:
            add_rocks(rng, build, x, y, z, size)
    for x, y, z in _cells(rng, board, int(rng.integers(0, 5)) if kind == "board" else 0):
        add_building(rng, build, x, y, z, tower=False, half=(size, size * rng.uniform(0.7, 1.3)), yaw=0.0)
    for x, y, z in _cells(rng, board, int(rng.integers(6, 22))):
        add_item(rng, build, x, y, z, size * rng.uniform(0.4, 0.9))
    for x, y, z in [board.middle(side // 2, side // 2), *_cells(rng, board, int(rng.integers(4, 14)))]:
        heading = int(rng.integers(4)) * math.pi / 2
        speed = float(rng.choice([0.0, rng.uniform(0.5, 2.5)])) if levels == 1 else 0.0
        add_person(rng, build, x, y, z, size * rng.uniform(0.8, 1.3),
                   (speed * math.sin(heading), 0.0, speed * math.cos(heading)), drawn=0.35)  # fmt: skip
    for x, y, z in _cells(rng, board, int(rng.integers(0, 5))):
        add_light(rng, build, x, y, z, size * rng.uniform(0.3, 0.9))
    sea = -np.inf if floats or rng.random() < 0.4 else -0.3 * cell
    scene = landscape(rng, build, np.full((GRID, GRID), -900.0 if floats else -0.8 * cell, np.float32),
                      water_level=sea, rocky=False, ridges=False)  # fmt: skip
    lens = LENS * rng.uniform(0.8, 1.4)
    camera_at = look_down(rng, scene, width_m=wide, steepness=float(rng.choice(SLANTS)), speed=rng.uniform(0, 3),
                          yaw=math.pi / 4, lens=lens, middle=board.middle(side // 2, side // 2))  # fmt: skip
    return Shot(scene=scene, camera_at=camera_at, free=False)


def _cells(rng: Rng, board: Terraces, count: int) -> list[tuple[float, float, float]]:
    rows, columns = board.heights.shape
    return [board.middle(int(rng.integers(rows)), int(rng.integers(columns))) for _ in range(count)]


def _floor(rng: Rng, build: SceneBuilder, board: Terraces, *, checkered: bool) -> None:
    """Tiles on the ground: every second one of a patch, or single ones and paths, some of them water."""
    rows, columns = board.heights.shape
    number, half = build.new_instance() + ACCENT_PART, board.cell_m / 2

    def tile(row: int, column: int, material: int, instance: int) -> None:
        x, y, z = board.middle(row, column)
        build.solid(BOX, material, (x, y, z), (half * 0.99, 0.03 * board.cell_m, half * 0.99), instance=instance)

    if checkered:
        reach = min(rows, columns, 10) // 2
        for row in range(rows // 2 - reach, rows // 2 + reach):
            for column in range(columns // 2 - reach + row % 2, columns // 2 + reach, 2):
                tile(row, column, GROUND, number)
        return
    pond = build.new_instance()
    for _ in range(int(rng.integers(0, 4))):
        wet = rng.random() < 0.5
        row, column = int(rng.integers(rows)), int(rng.integers(columns))
        for _ in range(int(rng.integers(3, 12))):
            tile(row, column, WATER if wet else GROUND, pond if wet else number)
            step = int(rng.integers(4))
            row, column = (min(rows - 1, max(0, row + (step == 0) - (step == 1))),
                           min(columns - 1, max(0, column + (step == 2) - (step == 3))))  # fmt: skip


def _rooms(rng: Rng, build: SceneBuilder, board: Terraces) -> None:
    """Walls along the grid, low where they would hide the room, with doorways, pillars and carpets."""
    rows, columns = board.heights.shape
    cell, tall = board.cell_m, board.cell_m * rng.uniform(0.5, 2.0)
    material, number = (int(rng.choice([STRUCTURE, STRUCTURE, ROCK])), build.new_instance())
    for line in range(0, rows + 1, int(rng.integers(4, 8))):
        for along in (False, True):
            start = 0
            while start < columns:
                long = int(rng.integers(2, 8))
                middle, half = (start + long / 2) * cell + board.z, long * cell / 2 * 0.98
                at = board.x + line * cell
                center = (middle, tall / 2, at) if along else (at, tall / 2 * 1.02, middle)
                thick = 0.15 * cell
                build.solid(BOX, material, center, (half, tall / 2, thick) if along else (thick, tall / 2, half),
                            instance=number)  # fmt: skip
                start += long + int(rng.integers(1, 4))
    for x, y, z in _cells(rng, board, int(rng.integers(0, 8))):
        build.solid(CYLINDER, material, (x, y + tall * 0.6, z), (0.3 * cell, tall * 0.6, 0.3 * cell), instance=number)
    for x, y, z in _cells(rng, board, int(rng.integers(0, 3))):
        build.solid(BOX, PROP, (x, y, z), (cell * rng.uniform(0.5, 2), 0.04 * cell, cell * rng.uniform(0.5, 2)))


def _blocks_of_houses(rng: Rng, build: SceneBuilder, board: Terraces) -> None:
    """Houses and towers between streets that cross, with cars, trees and lawns."""
    rows, columns = board.heights.shape
    cell, street = board.cell_m, build.new_instance() + ACCENT_PART
    block = int(rng.integers(3, 6))
    reach = rows * cell / 2
    lines = [board.x + (line + 0.5) * cell for line in range(0, columns, block)]
    for at in lines:
        build.solid(BOX, GROUND, (at, 0.0, 0.0), (cell / 2, 0.03 * cell, reach), instance=street)
        build.solid(BOX, GROUND, (0.0, 0.0, at), (reach, 0.031 * cell, cell / 2), instance=street)
    half = (block - 1) * cell / 2
    for at_x in lines:
        for at_z in lines:
            x, z = at_x + block * cell / 2, at_z + block * cell / 2
            what = rng.random()
            if what < 0.6:
                plan = (half * rng.uniform(0.6, 0.9), half * rng.uniform(0.6, 0.9))
                add_building(rng, build, x, 0.0, z, tower=rng.random() < 0.2, half=plan, yaw=0.0)
            elif what < 0.85:
                for _ in range(int(rng.integers(1, 4))):
                    dx, dz = rng.uniform(-0.7, 0.7, 2) * half
                    add_tree(rng, build, x + dx, 0.0, z + dz, str(rng.choice(["round", "conifer"])), cell * 1.6)
            if rng.random() < 0.3:
                add_vehicle(rng, build, at_x, 0.0, z, yaw=float(rng.integers(2)) * math.pi, speed=rng.uniform(0, 4))
