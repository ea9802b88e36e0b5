"""What lives in a world moves: poses that follow each other, limbs that swing, and flow that says where they were."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.worlds import levels
from engine.worlds.raymarch import raymarch
from engine.worlds.scene import (
    BILLBOARD,
    BOX,
    CHARACTER,
    CX,
    CZ,
    INSTANCE,
    MATERIAL,
    PACE,
    POSES,
    SPRITE,
    SWINGX,
    SWINGZ,
    Camera,
    Cycle,
    Scene,
    SceneBuilder,
)
from engine.worlds.sprites_figures import FIGURES, STRIDES, poses
from engine.worlds.terrain import GRID, landscape
from engine.worlds.things_alive import add_block_figure, add_person
from engine.worlds.trace import trace
from tests.worlds.agreement import assert_the_same_is_seen

SIZE = (72, 128)
EYE = Camera(eye=(0.0, 1.5, 0.0), yaw=0.0, pitch=0.0)


def scene_of(build: SceneBuilder) -> Scene:
    return landscape(build.rng, build, np.zeros((GRID, GRID), np.float32), ridges=False)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_two_to_four_poses_that_are_one_figure(name: str) -> None:
    counts = set()
    for seed in range(20):
        drawn = poses(np.random.default_rng(seed), name)
        counts.add(len(drawn))
        ends = [drawn[STRIDES[len(drawn)].index(stride)] for stride in (1.0, -1.0)]
        moved = (ends[0] != ends[1]).mean()
        assert 0.005 < moved < 0.45, (seed, moved)
        assert set(np.unique(ends[0])) == set(np.unique(ends[1])), seed
    assert counts == set(STRIDES)


def test_a_cycle_shows_its_drawings_in_turn_and_comes_back() -> None:
    build = SceneBuilder(np.random.default_rng(0))
    build.sprite(np.ones((64, 64), np.uint8))
    first = build.sprite(*(np.full((64, 64), part, np.uint8) for part in (1, 2, 3)))
    build.solid(BILLBOARD, CHARACTER, (0, 1.5, 5.0), (1, 1, 0.05), sprite=first, cycle=Cycle(2.0, 0.0, 3))
    scene = scene_of(build)
    number = int(scene.solids[0, INSTANCE])
    shown = [int(trace(scene, EYE, SIZE, time_s=t).instance[36, 64]) - number for t in (0.0, 0.2, 0.4, 0.5, 7.9)]
    assert shown == [1, 2, 3, 1, 3]


def test_a_swinging_limb_is_where_its_flow_says_and_all_tracers_see_it_there() -> None:
    build = SceneBuilder(np.random.default_rng(0))
    build.solid(BOX, CHARACTER, (0.0, 1.5, 6.0), (0.8, 0.8, 0.3), swing=(0.6, 0.2, 0.0), cycle=Cycle(1.0, 0.1))
    scene = scene_of(build)
    before_s, now_s = 1.0, 1.08
    now = trace(scene, EYE, SIZE, time_s=now_s, previous=(EYE, before_s))
    before = trace(scene, EYE, SIZE, time_s=before_s)
    limb = now.instance == scene.solids[0, INSTANCE]
    rows, columns = np.nonzero(limb)
    flow = now.flow[limb]
    assert np.abs(flow[:, 0]).min() > 2
    edge = cv2.dilate((before.instance == scene.solids[0, INSTANCE]).astype(np.uint8), np.ones((3, 3))) > 0
    assert edge[np.rint(rows + flow[:, 1]).astype(int), np.rint(columns + flow[:, 0]).astype(int)].all()
    assert_the_same_is_seen(now, raymarch(scene, EYE, SIZE, time_s=now_s, previous=(EYE, before_s)))


def test_people_and_foes_of_solids_swing_their_limbs_about_a_body_that_keeps_its_place() -> None:
    swinging = 0
    for seed in range(20):
        build = SceneBuilder(np.random.default_rng(seed))
        add_person(build.rng, build, 0.0, 0.0, 6.0, 1.8, (0.0, 0.0, 1.0), drawn=0.0)
        solids = build.solids()
        assert (solids[:, MATERIAL] == CHARACTER).mean() > 0.7
        swings = np.abs(solids[:, SWINGX : SWINGZ + 1]).max(axis=1) > 0
        assert 0 < swings.sum() < len(solids)
        assert np.abs(solids[:, SWINGX : SWINGZ + 1]).max() < 0.5 * 1.8
        swinging += bool((solids[swings, PACE] > 0).all())
    assert 10 <= swinging < 20


def test_a_figure_of_blocks_is_of_boxes() -> None:
    for seed in range(8):
        build = SceneBuilder(np.random.default_rng(seed))
        add_block_figure(build.rng, build, 0.0, 0.0, 6.0, 1.8)
        solids = build.solids()
        assert len(solids) >= 6
        assert np.abs(solids[:, CX : CZ + 1] - (0, 0.9, 6)).max() < 2.5


def test_most_levels_have_something_that_is_animated() -> None:
    alive = 0
    for seed in range(60):
        scene = levels.random_level(np.random.default_rng(seed)).scene
        solids = scene.solids
        alive += bool(((solids[:, PACE] > 0) & (solids[:, MATERIAL] == CHARACTER)).any())
        assert (solids[:, SPRITE] + solids[:, POSES] <= max(1, len(scene.sprites))).all()
        late = replace(scene, solids=solids).moved(123.4)
        assert late[:, SPRITE].max() < max(1, len(scene.sprites))
    assert alive > 40
