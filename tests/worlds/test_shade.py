"""Looks, HUDs and camera effects: pictures that the Reader can be given, and truth that fits them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.worlds.camera_effects import CameraEffects
from engine.worlds.gbuffer import SKY_INSTANCE, empty_gbuffer, is_winter
from engine.worlds.hud import SHARES, WHOLE_SCREEN, HudPainter
from engine.worlds.levels_flat import side_scroller
from engine.worlds.levels_nature import snow_country
from engine.worlds.looks import NATURAL, PLACES, random_look
from engine.worlds.samples import trace_clip
from engine.worlds.scene import FIRST_INSTANCE, FOLIAGE, GROUND, SKY
from engine.worlds.screen_effects import ScreenEffects
from engine.worlds.shade import shade
from engine.worlds.sprite_canvas import SNOW_PART
from engine.worlds.trace import trace

SIZE = (72, 128)


def test_fifty_random_looks_give_finite_colours_between_zero_and_one() -> None:
    buffers = [trace_clip(seed, SIZE, 1)[0] for seed in range(10)]
    rng = np.random.default_rng(0)
    for i in range(50):
        rgb = shade(buffers[i % 10], random_look(rng))
        assert np.isfinite(rgb).all()
        assert rgb.min() >= 0
        assert rgb.max() <= 1
        out = ScreenEffects(rng)(CameraEffects(rng)(rgb), rng, i)
        assert out.shape == rgb.shape
        assert np.isfinite(out).all()
        assert out.min() >= 0
        assert out.max() <= 1


@pytest.mark.parametrize("seed", range(40))
def test_the_hud_mask_covers_all_that_the_hud_covered_and_little_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = (144, 256) if seed % 2 else SIZE
    rgb = np.full((*size, 3), 128 / 255, np.float32)
    painter = HudPainter(rng, rgb)
    before = rgb * (1 - painter.darkness)  # a menu over a darkened world leaves the world its materials
    mask = painter.draw(rgb)
    change = np.abs(rgb - before).max(-1)
    assert not ((change > 0.26) & ~mask).any()
    touched = cv2.dilate((painter.layer.rgba[..., 3] > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert not (mask & ~touched).any()


def test_a_clip_keeps_its_hud_from_frame_to_frame() -> None:
    frames = [np.full((*SIZE, 3), 0.3, np.float32) for _ in range(2)]
    painter = HudPainter(np.random.default_rng(2), frames[0])
    masks = [painter.draw(frame) for frame in frames]
    assert masks[0].any()
    np.testing.assert_array_equal(frames[0], frames[1])
    np.testing.assert_array_equal(masks[0], masks[1])


def test_every_kind_of_hud_item_draws_something_that_can_be_seen() -> None:
    for kind in (*SHARES, *WHOLE_SCREEN):
        seen = 0
        for seed in range(4):
            painter = HudPainter(np.random.default_rng(seed), np.full((144, 256, 3), 0.5, np.float32))
            painter.layer.rgba[:] = 0
            painter._taken[:] = False
            getattr(painter, "_" + kind)()
            seen += int(painter.layer.seen().sum())
        assert seen > 4, kind


def test_no_part_of_a_hud_has_just_the_colour_of_the_world() -> None:
    for seed in range(20):
        world = np.full((*SIZE, 3), seed / 19, np.float32)
        painter = HudPainter(np.random.default_rng(seed), world)
        rgb = world.copy()
        _, labels = cv2.connectedComponents(painter.draw(rgb).astype(np.uint8))
        change = np.abs(rgb - world * (1 - painter.darkness)).max(axis=2)
        for part in range(1, labels.max() + 1):
            assert change[labels == part].max() > 0.07


def test_what_belongs_together_names_entries_that_there_are() -> None:
    assert np.isclose(sum(share for share, _ in PLACES), 1.0)
    for _, place in PLACES:
        assert all(entry < len(NATURAL[name]) for name, entry in place.items())


def test_a_winter_level_lies_under_snow_and_so_do_the_branches_of_its_trees() -> None:
    laden = 0
    for seed in range(6):
        shot = snow_country(np.random.default_rng(seed))
        buffer = trace(shot.scene, shot.camera_at(1.0), SIZE, time_s=1.0)
        assert is_winter(buffer)
        look = replace(random_look(np.random.default_rng(seed), winter=True), outline=0.0, fog=0.0, ambient=0.8)
        assert look.snow > 0.5
        rgb = shade(buffer, look)
        ground = (buffer.material == GROUND) & (buffer.normal[..., 1] > 0.9)
        assert rgb[ground].mean() > 0.55, seed
        snow = (buffer.material == FOLIAGE) & (buffer.instance >= FIRST_INSTANCE) & (buffer.instance & 7 == SNOW_PART)
        laden += int(snow.sum())
        if snow.any():
            assert rgb[snow].mean() > 0.4, seed
    assert laden > 100


def test_other_levels_are_not_winter() -> None:
    shot = side_scroller(np.random.default_rng(0))
    assert not is_winter(trace(shot.scene, shot.camera_at(1.0), SIZE, time_s=1.0))


def test_a_flat_games_sky_goes_from_the_horizon_below_to_its_own_colour_above() -> None:
    sky = empty_gbuffer(SIZE)
    assert (sky.material == SKY).all()
    assert (sky.instance == SKY_INSTANCE).all()
    look = replace(random_look(np.random.default_rng(0)), cloud=0.0, disc=0.0, stars=False)
    rgb = shade(sky, look)
    np.testing.assert_allclose(rgb[0, 0], look.colors[SKY, 0], atol=0.01)
    np.testing.assert_allclose(rgb[-1, 0], look.horizon, atol=0.12)
