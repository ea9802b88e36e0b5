"""Every kind of level: a seed says everything, the eye stands free, the geometry is finite, every material is there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engine.config import MATERIALS
from engine.worlds import levels, sprite_canvas, sprites
from engine.worlds.gbuffer import SKY_DEPTH
from engine.worlds.raymarch import raymarch
from engine.worlds.scene import (
    BILLBOARD,
    BOX,
    CONE,
    CYLINDER,
    ELLIPSOID,
    GABLE,
    PYRAMID,
    ROCK,
    ROOF,
    Camera,
    SceneBuilder,
)
from engine.worlds.shots import Shot, around_eye, glide, unblocked
from engine.worlds.terrain import GRID, landscape
from engine.worlds.timeline import FRAME_S
from engine.worlds.trace import trace

SIZE = (48, 80)
Builder = Callable[[np.random.Generator], Shot]
each_builder = pytest.mark.parametrize("build", levels.BUILDERS, ids=lambda build: build.__name__)


def shot_of(build: Builder, seed: int) -> Shot:
    return unblocked(build(np.random.default_rng(seed)))


def test_the_shares_of_all_kinds_of_level_sum_to_one() -> None:
    assert math.isclose(sum(levels.BUILDERS.values()), 1.0)


@each_builder
def test_a_level_follows_from_its_seed(build: Builder) -> None:
    one, same, other = (shot_of(build, seed) for seed in (3, 3, 4))
    for name in ("solids", "sprites", "heights", "ground_material", "ground_instance", "ridges"):
        np.testing.assert_array_equal(getattr(one.scene, name), getattr(same.scene, name))
    assert one.camera_at(1.3) == same.camera_at(1.3)
    assert not np.array_equal(one.scene.solids, other.scene.solids)


@pytest.mark.parametrize("name", sprites.DRAWINGS)
def test_every_drawing_is_seen_and_only_laden_trees_carry_snow(name: str) -> None:
    for seed in range(10):
        parts = sprites.DRAWINGS[name](np.random.default_rng(seed))
        assert (parts > 0).sum() > 60, seed
        assert parts.max() <= sprite_canvas.SNOW_PART
        assert (parts == sprite_canvas.SNOW_PART).any() == name.startswith("laden"), seed


@each_builder
def test_depth_and_flow_of_a_level_are_finite(build: Builder) -> None:
    for seed in range(4):
        shot = shot_of(build, seed)
        cameras = shot.camera_at(1.0), shot.camera_at(1.0 - FRAME_S)
        frame = trace(shot.scene, cameras[0], SIZE, time_s=1.0, previous=(cameras[1], 1.0 - FRAME_S))
        for name in ("depth", "position", "normal", "uv", "flow"):
            assert np.isfinite(getattr(frame, name)).all(), (seed, name)
        assert frame.depth.min() > 0
        assert frame.depth.max() <= SKY_DEPTH


@each_builder
def test_the_eye_starts_free_and_above_the_ground(build: Builder) -> None:
    for seed in range(12):
        shot = shot_of(build, seed)
        for time_s in (0.0, 1.0, 2.0):
            eye = shot.camera_at(time_s).eye
            assert not around_eye(shot.scene.moved(time_s), eye).any(), (seed, time_s)
            assert eye[1] > shot.scene.height_at(eye[0], eye[2]), (seed, time_s)


@each_builder
def test_a_level_shows_more_than_one_material_of_more_than_one_thing(build: Builder) -> None:
    for seed in range(8):
        shot = shot_of(build, seed)
        frame = trace(shot.scene, shot.camera_at(1.0), SIZE, time_s=1.0)
        assert len(np.unique(frame.material)) >= 2, seed
        assert len(np.unique(frame.instance)) >= 4, seed


def test_every_material_is_frequent_over_all_kinds_of_level() -> None:
    """Seen in at least a fifth of 60 frames, each material that a world can have."""
    seen = np.zeros(len(MATERIALS), int)
    for seed in range(60):
        shot = levels.random_level(np.random.default_rng(seed))
        frame = trace(shot.scene, shot.camera_at(1.0), SIZE, time_s=1.0)
        seen[np.unique(frame.material)] += 1
    rare = {name: int(count) for name, count in zip(MATERIALS, seen, strict=True) if count < 12 and name != "hud"}
    assert not rare


def test_a_point_is_held_by_the_solids_that_it_lies_in() -> None:
    build = SceneBuilder(np.random.default_rng(0))
    for kind in (BOX, ELLIPSOID, CONE, CYLINDER, BILLBOARD, GABLE, PYRAMID):
        build.solid(kind, ROCK, (5.0, 2.0, 7.0), (2.0, 1.0, 1.0), yaw=math.pi / 2)
    solids = build.solids()
    assert around_eye(solids, (5.0, 1.5, 7.0)).tolist() == [True, True, True, True, False, True, True]
    assert around_eye(solids, (5.8, 2.7, 8.6)).tolist() == [True, False, False, False, False, False, False]
    assert not around_eye(solids, (7.5, 2.0, 7.0)).any()  # along its short side, for it is turned
    assert around_eye(solids, (7.5, 2.0, 7.0), 3.0)[[BOX, BILLBOARD]].all()


def test_what_stands_in_the_way_of_the_eye_is_taken_out() -> None:
    rng = np.random.default_rng(0)
    build = SceneBuilder(rng)
    for x in (0.0, 9.0):
        build.solid(BOX, ROCK, (x, 1.5, 6.0), (1.0, 1.0, 1.0))
    scene = landscape(rng, build, np.zeros((GRID, GRID), np.float32), ridges=False)
    shot = unblocked(Shot(scene=scene, camera_at=glide(rng, (0.0, 1.5, 0.0), speed=3.0)))
    np.testing.assert_array_equal(shot.scene.solids, scene.solids[1:])


@pytest.mark.parametrize("kind", [GABLE, PYRAMID], ids=["gable", "pyramid"])
def test_roofs_are_traced_as_they_are_marched(kind: int) -> None:
    rng = np.random.default_rng(5)
    build = SceneBuilder(rng)
    for i in range(6):
        half = tuple(rng.uniform(1, 3, 3))
        build.solid(
            kind, ROOF, (5.0 * i - 12, 2.0, 12.0 + 3 * (i % 2)), half, yaw=rng.uniform(0, 6), ragged=0.2 * (i > 3)
        )
    scene = landscape(rng, build, np.full((GRID, GRID), -9.0, np.float32), ridges=False)
    for eye, pitch in (((0.0, 2.0, -4.0), 0.0), ((0.0, 16.0, 4.0), -0.9)):
        camera = Camera(eye=eye, yaw=0.05, pitch=pitch, fov=1.5)
        fast, slow = (see(scene, camera, (72, 128)) for see in (trace, raymarch))
        assert (fast.material == ROOF).mean() > 0.05
        same = (fast.instance == slow.instance) & (fast.material == slow.material)
        assert same.mean() > 0.99
        assert np.quantile(np.abs(fast.depth - slow.depth)[same], 0.99) < 0.02
        assert np.quantile((fast.normal * slow.normal).sum(-1)[same], 0.01) > 0.99
        inside = replace(camera, eye=tuple(scene.solids[0, 3:6]))
        assert not (trace(scene, inside, (72, 128)).instance == scene.solids[0, 2]).any()
