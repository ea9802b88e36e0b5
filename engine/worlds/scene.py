"""A scene: solids, billboards, a height map, water and far ridges as plain arrays, and the camera that looks at it.

The one definition that the compiled tracer (`trace.py`) and the torch ray-marcher (`raymarch.py`) both read. Metres,
y up, yaw 0 looks along +z. Knows nothing of colours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# The numbers of materials are passed on to the levels, which build with them.
from engine.config import CHARACTER as CHARACTER
from engine.config import FOLIAGE as FOLIAGE
from engine.config import GLOW as GLOW
from engine.config import GROUND as GROUND
from engine.config import PROP as PROP
from engine.config import ROCK as ROCK
from engine.config import ROOF as ROOF
from engine.config import SKY as SKY
from engine.config import STRUCTURE as STRUCTURE
from engine.config import WATER as WATER

# A gable narrows upwards to a ridge along z, a pyramid to a point; both are as wide as a box at the foot.
BOX, ELLIPSOID, CONE, CYLINDER, BILLBOARD, GABLE, PYRAMID = range(7)

# Columns of `Scene.solids`.
KIND, MATERIAL, INSTANCE, CX, CY, CZ, SX, SY, SZ, YAW, RAGGED, SPRITE, VX, VY, VZ, SWAY = range(16)
SWINGX, SWINGY, SWINGZ, PACE, PHASE, POSES = range(16, 22)
COLUMNS = 22
ACCENT_PART = 3  # of an instance's eight numbers: bark, a path's earth, window panes; of another colour than the rest
ROAD_INSTANCE = 4  # of the ground, which is so too
FIRST_INSTANCE = 16  # below are the sky's, the ground's, the water's and the ridges' numbers
BLOCK_INSTANCE, HELD_INSTANCE = 1 << 18, 1 << 20  # of things in a world of blocks, and what the player holds
BLOCK_M = 1.2  # a block of such a world
RIDGE_SAMPLES = 720  # directions around the horizon


@dataclass(frozen=True, kw_only=True)
class Camera:
    eye: tuple[float, float, float]
    yaw: float  # radians, 0 looks along +z, positive turns to +x
    pitch: float  # radians, positive looks up
    fov: float = math.radians(70)  # horizontal

    def basis(self) -> np.ndarray:
        """(4, 3) float64: eye, right, up, forward."""
        sy, cy, sp, cp = math.sin(self.yaw), math.cos(self.yaw), math.sin(self.pitch), math.cos(self.pitch)
        right = (cy, 0.0, -sy)
        up = (-sy * sp, cp, -cy * sp)
        forward = (sy * cp, sp, cy * cp)
        return np.array([self.eye, right, up, forward], dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Scene:
    solids: np.ndarray  # (n, COLUMNS) float64, columns as named above; sizes are half extents
    sprites: np.ndarray  # (m, 64, 64) uint8 part maps
    heights: np.ndarray  # (g, g) float32 terrain height over x (columns) and z (rows), centred on the origin
    ground_material: np.ndarray  # (g, g) uint8
    ground_instance: np.ndarray  # (g, g) int32
    cell_m: float  # size of a height-map cell
    water_level: float  # -inf where there is none
    ridges: np.ndarray  # (layers, RIDGE_SAMPLES) float32 tangent of elevation, nearest layer last
    ridge_material: np.ndarray  # (layers,) uint8
    seed: int
    in_space: bool = False  # the sky is black, with stars

    def moved(self, time_s: float) -> np.ndarray:
        """The solids at a time: (n, COLUMNS). Straight motion, a bob of SWAY metres at 1.5 Hz, and a cycle.

        A cycle takes 1 / PACE seconds and begins at PHASE, in [0, 1): the solid swings to and fro by SWING metres, and
        a billboard shows so many POSES, which follow each other in the stack of drawings.
        """
        solids = self.solids.copy()
        solids[:, CX : CZ + 1] += solids[:, VX : VZ + 1] * time_s
        solids[:, CY] += solids[:, SWAY] * np.abs(np.sin(9.4 * time_s + solids[:, INSTANCE]))
        cycle = solids[:, PACE] * time_s + solids[:, PHASE]
        solids[:, CX : CZ + 1] += solids[:, SWINGX : SWINGZ + 1] * np.sin(2 * np.pi * cycle)[:, None]
        solids[:, SPRITE] += np.floor(cycle % 1.0 * solids[:, POSES])
        return solids

    def height_at(self, x: float, z: float) -> float:
        """Terrain height in metres, the nearest cell's; flat beyond the map's edge."""
        g = self.heights.shape[0]
        column = min(g - 1, max(0, int(x / self.cell_m + g / 2)))
        row = min(g - 1, max(0, int(z / self.cell_m + g / 2)))
        return float(self.heights[row, column])


class Cycle(NamedTuple):
    """What repeats in a solid's motion."""

    pace: float = 0.0  # times a second
    phase: float = 0.0  # where it is at the start, in [0, 1)
    poses: int = 1  # drawings that a billboard shows in turn


STILL = Cycle()


class SceneBuilder:
    """Collects solids; numbers instances from `first` up, eight apart so that sprite parts have numbers too."""

    def __init__(self, rng: np.random.Generator, first: int = FIRST_INSTANCE) -> None:
        self.rng = rng
        self.rows: list[list[float]] = []
        self.sprites: list[np.ndarray] = []
        self._instances = first

    def new_instance(self) -> int:
        self._instances += 8
        return self._instances

    def solid(
        self,
        kind: int,
        material: int,
        center: tuple[float, float, float],
        half: tuple[float, float, float],
        *,
        yaw: float = 0.0,
        instance: int | None = None,
        ragged: float = 0.0,
        sprite: int = 0,
        velocity: tuple[float, float, float] = (0.0, 0.0, 0.0),
        sway: float = 0.0,
        swing: tuple[float, float, float] = (0.0, 0.0, 0.0),
        cycle: Cycle = STILL,
    ) -> None:
        number = self.new_instance() if instance is None else instance
        place = [kind, material, number, *center, *half, yaw, ragged, sprite]
        self.rows.append([*place, *velocity, sway, *swing, *cycle])

    def sprite(self, *part_maps: np.ndarray) -> int:
        """The number of a drawing, or of the first of several poses."""
        self.sprites += part_maps
        return len(self.sprites) - len(part_maps)

    def solids(self) -> np.ndarray:
        return np.array(self.rows, dtype=np.float64).reshape(-1, COLUMNS)

    def sprite_stack(self) -> np.ndarray:
        return np.stack(self.sprites) if self.sprites else np.zeros((1, 64, 64), np.uint8)
