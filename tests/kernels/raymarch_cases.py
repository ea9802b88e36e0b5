"""The frames that the ray-marcher's kernel is tried on: small enough for the interpreter, with one of everything."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from engine.worlds.levels import side_scroller
from engine.worlds.scene import (
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
    RIDGE_SAMPLES,
    ROCK,
    ROOF,
    STRUCTURE,
    Cycle,
    Scene,
    SceneBuilder,
)
from engine.worlds.shots import RenderJob, Shot, glide

WHOLE = (32, 64)  # a tile that holds any picture here: the interpreter's time goes by operations, not by pixels
G = 32  # cells a side of the height maps here
NOW_S, BEFORE_S = 1.0, 1.0 - 1 / 24


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Frames that one launch renders."""

    frames: list[RenderJob]
    size: tuple[int, int]
    tile: tuple[int, int] = WHOLE


def launches() -> dict[str, Launch]:
    shore, yard = _shore().frame(NOW_S, BEFORE_S), _yard()
    level = side_scroller(np.random.default_rng(2)).frame(NOW_S, BEFORE_S)
    return {
        # Two scenes with different numbers of solids, drawings and ridges; the last frame has none before it.
        "batch": Launch(frames=[shore, yard.frame(NOW_S, BEFORE_S), yard.frame(0.0)], size=(24, 40)),
        "far ball": Launch(frames=[_far_ball().frame(NOW_S, BEFORE_S)], size=(24, 40)),
        "tiles": Launch(frames=[yard.frame(NOW_S, BEFORE_S)], size=(13, 21), tile=(8, 16)),
        "level": Launch(frames=[level], size=(24, 40)),
    }


def _shot(build: SceneBuilder, heights: np.ndarray, eye: tuple[float, float, float], pitch: float, *,
          water_level: float = -math.inf, ridges: int = 0, seed: int = 5, in_space: bool = False,
          fov: float = 1.3) -> Shot:  # fmt: skip
    rng = np.random.default_rng(seed)
    scene = Scene(
        solids=build.solids(), sprites=build.sprite_stack(), heights=heights.astype(np.float32),
        ground_material=rng.choice([GROUND, ROCK], (G, G)).astype(np.uint8),
        ground_instance=rng.integers(3, 8, (G, G)).astype(np.int32), cell_m=3.0, water_level=water_level,
        ridges=rng.uniform(0.02, 0.3, (ridges, RIDGE_SAMPLES)).astype(np.float32),
        ridge_material=np.array([ROCK, FOLIAGE][:ridges], np.uint8), seed=seed, in_space=in_space,
    )  # fmt: skip
    return Shot(scene=scene, camera_at=glide(rng, eye, speed=3.0, pitch=pitch, fov=fov))


def _shore() -> Shot:
    """A slope into water under two ridges; every kind of solid, turned, thin, with holes, moving."""
    rng = np.random.default_rng(1)
    build = SceneBuilder(rng)
    drawing = build.sprite(np.pad(rng.integers(1, 5, (40, 40)), 12).astype(np.uint8))
    build.solid(BOX, STRUCTURE, (-6.0, 2.0, 14.0), (1.5, 3.0, 1.0), yaw=0.6, velocity=(3.0, 0.0, 0.0))
    build.solid(BOX, PROP, (1.0, 2.2, 12.0), (1.2, 1.2, 0.02), yaw=0.3, ragged=0.4)
    build.solid(ELLIPSOID, FOLIAGE, (4.0, 2.0, 11.0), (1.0, 1.8, 1.0), ragged=0.3, sway=0.5)
    build.solid(CONE, FOLIAGE, (7.0, 2.0, 13.0), (1.4, 2.6, 1.4))
    build.solid(CYLINDER, STRUCTURE, (-1.5, 1.5, 9.0), (0.5, 1.6, 0.5))
    build.solid(GABLE, ROOF, (-7.0, 6.0, 18.0), (3.0, 1.5, 2.0), yaw=0.4)
    build.solid(PYRAMID, ROOF, (8.5, 5.0, 18.0), (2.0, 1.5, 2.0), yaw=-0.7)
    build.solid(BILLBOARD, CHARACTER, (2.5, 1.6, 7.0), (0.8, 1.2, 1.0), sprite=drawing, velocity=(-2.0, 0.0, 0.0))
    build.solid(BILLBOARD, CHARACTER, (-3.5, 1.6, 8.0), (0.8, 1.2, 1.0), sprite=drawing, ragged=-1.0)
    poses = build.sprite(*(np.pad(rng.integers(1, 5, (30, 20)), 17 + i)[:64, :64].astype(np.uint8) for i in (5, 6)))
    build.solid(BILLBOARD, CHARACTER, (4.2, 3.6, 7.0), (0.8, 1.2, 1.0), sprite=poses, cycle=Cycle(0.9, 0.7, 2))
    build.solid(BOX, CHARACTER, (-0.5, 2.8, 8.0), (0.3, 0.4, 0.2), swing=(0.5, 0.2, 0.3), cycle=Cycle(1.0, 0.1))
    build.solid(BOX, PROP, (0.0, 3.0, -20.0), (4.0, 4.0, 4.0))  # behind the eye
    slope = np.linspace(8.0, -5.0, G)[:, None] + rng.uniform(0, 1.0, (G, G))
    return _shot(build, slope, (0.3, 4.0, -1.0), -0.05, water_level=-0.5, ridges=2)


def _yard() -> Shot:
    """Looked down on from within a round wall, and no water, ridge or drawing."""
    build = SceneBuilder(np.random.default_rng(2))
    for i, kind in enumerate((BOX, PYRAMID, CONE, ELLIPSOID)):
        build.solid(kind, STRUCTURE, (4.0 * i - 6, 1.0, 6.0), (1.2, 1.5, 1.2), yaw=0.5 * i)
    build.solid(CYLINDER, STRUCTURE, (0.0, 3.0, 0.0), (9.0, 12.0, 13.0))  # the eye is in it, and sees its walls
    heights = np.random.default_rng(3).uniform(-0.5, 0.5, (G, G))
    return _shot(build, heights, (0.0, 9.0, -4.0), -0.8)


def _far_ball() -> Shot:
    """0.1 m at 70 m through a narrow lens: the quadratic's discriminant as it stands would keep no digit in fp32."""
    build = SceneBuilder(np.random.default_rng(4))
    build.solid(ELLIPSOID, PROP, (0.0, 0.0, 70.0), (0.1, 0.1, 0.1))
    build.solid(CONE, PROP, (0.15, 0.0, 70.0), (0.1, 0.1, 0.1))
    build.solid(CYLINDER, PROP, (-0.15, 0.0, 70.0), (0.05, 0.1, 0.05))
    shot = _shot(build, np.full((G, G), -90.0), (0.0, 0.0, 0.0), 0.0, in_space=True)
    return replace(shot, camera_at=glide(np.random.default_rng(0), (0.0, 0.0, 0.0), turn=0.0, fov=0.007))
