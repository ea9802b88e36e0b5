"""What happens in a clip: cuts, over which nothing was seen before; pauses, in which nothing changes; fast turns."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from engine.config import HUD
from engine.train.figures import flow_targets, world_targets
from engine.worlds.gbuffer import UNSEEN_PX, GBuffer, is_cut, is_repeated
from engine.worlds.hud import HudPainter
from engine.worlds.samples import MENU_SHARE, SourceFrame, dress_clip, trace_clip
from engine.worlds.screen_effects import MOST_FADED, ScreenEffects
from engine.worlds.shots import RenderJob
from engine.worlds.timeline import CUT_SHARE, FRAME_S, PAUSE_SHARE, TURN_SHARE, clip_frames

SIZE = (72, 128)
FRAMES, MANY = 6, 250


@pytest.fixture(scope="module")
def timelines() -> list[list[RenderJob]]:
    return [clip_frames(seed, FRAMES) for seed in range(MANY)]


def clips_with(timelines: list[list[RenderJob]], what: str, count: int = 3) -> list[tuple[int, list[RenderJob]]]:
    found = [(seed, jobs) for seed, jobs in enumerate(timelines) if any(getattr(job, what) for job in jobs)]
    assert len(found) >= count
    return found[:count]


def dressed(seed: int, clip: list[GBuffer]) -> list[SourceFrame]:
    return dress_clip(clip, np.random.default_rng(seed))


def test_clips_cut_and_pause_as_often_as_said_and_never_at_once(timelines: list[list[RenderJob]]) -> None:
    for what, share in (("cuts", CUT_SHARE), ("repeats", PAUSE_SHARE)):
        happens = np.mean([any(getattr(job, what) for job in jobs) for jobs in timelines])
        assert abs(happens - share) < 3 * np.sqrt(share * (1 - share) / MANY), what
    for jobs in timelines:
        assert sum(job.cuts for job in jobs) <= 1
        assert not jobs[0].cuts
        assert not jobs[0].repeats
        assert not any(job.cuts and job.repeats for job in jobs)


def test_a_free_camera_turns_fast_as_often_as_said_and_a_flat_games_never(timelines: list[list[RenderJob]]) -> None:
    """Faster than 2 radians a second no camera turns by itself."""
    turns = []
    for jobs in timelines:
        yaws = [abs(now.camera.yaw - job.camera.yaw) for job, now in pairwise(jobs) if not now.cuts]
        turns.append(max(yaws) > 2 * FRAME_S)
    assert TURN_SHARE * 0.35 < np.mean(turns) < TURN_SHARE * 1.3  # flat games and views from above are a third


def test_a_cut_has_no_frame_before_and_nothing_of_it_was_seen(timelines: list[list[RenderJob]]) -> None:
    for seed, jobs in clips_with(timelines, "cuts"):
        at = next(i for i, job in enumerate(jobs) if job.cuts)
        assert jobs[at].previous is None
        clip = trace_clip(seed, SIZE, FRAMES)
        assert [is_cut(buffer) for buffer in clip] == [i == at for i in range(FRAMES)]
        frames = dressed(seed, clip)
        for i in range(1, FRAMES):
            assert flow_targets(clip[i], clip[i - 1])[2].any() == (i != at)
            assert world_targets(frames[i], frames[i - 1])[2].any() <= (i != at)
            assert (np.abs(frames[i].buffer.flow).min() >= UNSEEN_PX) == (i == at)
        assert np.abs(frames[at].rgb - frames[at - 1].rgb).mean() > 0.01


def test_a_paused_frame_is_the_one_before_with_no_flow(timelines: list[list[RenderJob]]) -> None:
    menus = 0
    for seed, jobs in clips_with(timelines, "repeats", 8):
        clip = trace_clip(seed, SIZE, FRAMES)
        frames = dressed(seed, clip)
        for i in range(1, FRAMES):
            assert is_repeated(clip[i]) == jobs[i].repeats
            if not jobs[i].repeats:
                continue
            for field in fields(GBuffer):
                same = np.array_equal(getattr(clip[i], field.name), getattr(clip[i - 1], field.name))
                assert same or field.name == "flow", field.name
            assert not frames[i].buffer.flow.any()
            changed = (frames[i].rgb != frames[i - 1].rgb).any()
            opens = changed and not jobs[i - 1].repeats
            assert opens or not changed, "only a menu changes what stands still, when it opens"
            if opens:
                menus += 1
                assert (frames[i].material == HUD).sum() > (frames[i - 1].material == HUD).sum()
    assert 0 < MENU_SHARE < 1
    assert menus > 0


def test_what_moves_on_after_a_pause_goes_on_where_it_was(timelines: list[list[RenderJob]]) -> None:
    for jobs in timelines:
        for before, now in pairwise(jobs):
            if not (now.cuts or now.repeats):
                assert now.time_s - before.time_s == pytest.approx(FRAME_S)
                assert now.previous == (before.camera, before.time_s)


def test_the_first_frames_of_a_clip_do_not_say_how_long_it_is() -> None:
    for seed in (0, 1, 2):
        one, long = clip_frames(seed, 1)[0], clip_frames(seed, FRAMES)[0]
        np.testing.assert_array_equal(one.scene.solids, long.scene.solids)
        assert one.time_s == long.time_s


def test_a_menu_of_a_pause_leaves_the_hud_below_as_it_was() -> None:
    world = np.full((144, 256, 3), 0.5, np.float32)
    hud = HudPainter(np.random.default_rng(3), world)
    before = hud.layer.rgba.copy()
    menu = hud.paused()
    np.testing.assert_array_equal(hud.layer.rgba, before)
    assert menu.layer.seen().sum() > hud.layer.seen().sum() + 50


def test_a_hud_keeps_nothing_that_the_world_beyond_a_cut_hides() -> None:
    world = np.zeros((144, 256, 3), np.float32)
    hud = HudPainter(np.random.default_rng(1), world)
    hud.layer.rgba[:] = 0
    hud.layer.plate(10, 10, 30, 20, (255, 255, 255))
    hud.now_over(world)
    assert hud.layer.seen().sum() == 600
    hud.now_over(np.ones_like(world))
    assert not hud.layer.seen().any()


def test_a_cut_that_dips_fades_no_further_than_can_be_learnt_from() -> None:
    screen = ScreenEffects(np.random.default_rng(0))
    screen.fade, screen.fade_to, screen.grain, screen.quality, screen.bar, screen.side = 0.0, 0.0, 0.0, 0, 0.0, 0.0
    grey = np.full((*SIZE, 3), 0.5, np.float32)
    means = [screen(grey, np.random.default_rng(1), 0, dip).mean() for dip in (0.0, 0.5, 1.0)]
    np.testing.assert_allclose(means, [0.5, 0.5 * (1 - MOST_FADED / 2), 0.5 * (1 - MOST_FADED)], atol=0.01)


def test_another_first_frame_is_no_cut() -> None:
    clip = trace_clip(0, SIZE, 2)
    assert not any(is_cut(buffer) for buffer in clip)
    assert is_cut(replace(clip[1], flow=np.full_like(clip[1].flow, -UNSEEN_PX)))  # mirrored too
