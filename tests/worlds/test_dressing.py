"""What is laid over a world: large pixels, particles, held things and film bars, each with truth that fits."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from engine.config import FOLIAGE, MATERIALS
from engine.worlds.art_pixels import ArtPixels
from engine.worlds.gbuffer import SKY_DEPTH, empty_gbuffer
from engine.worlds.held_item import DEPTH_M, HeldItem, fits
from engine.worlds.particles import SHARES, Particles
from engine.worlds.samples import dress_clip, leaves_closed, trace_clip
from engine.worlds.scene import HELD_INSTANCE
from engine.worlds.screen_effects import ScreenEffects
from engine.worlds.shadows import CastShadows

SIZE = (72, 128)


def of_kind(kind: str, seed: int) -> Particles:
    rng = np.random.default_rng(seed)
    particles = Particles(rng, SIZE)
    particles.groups = [(kind, *particles._group(rng, kind))]
    return particles


def test_the_same_seed_dresses_a_clip_the_same() -> None:
    clip = trace_clip(3, SIZE, 2)
    for first, second in zip(*(dress_clip(clip, np.random.default_rng(4)) for _ in range(2)), strict=True):
        np.testing.assert_array_equal(first.rgb, second.rgb)
        np.testing.assert_array_equal(first.material, second.material)


@pytest.mark.parametrize("pixel_px", [1.0, 1.37, 2.0, 3.1])
def test_large_pixels_keep_the_truth_of_what_they_show(pixel_px: float) -> None:
    buffer = trace_clip(5, SIZE, 1)[0]
    pixels = ArtPixels(SIZE, pixel_px)
    small, shown = pixels.reduced(buffer), pixels.blocky(buffer)
    assert small.size == pixels.size
    np.testing.assert_array_equal(pixels.enlarged(small.material), shown.material)
    np.testing.assert_array_equal(pixels.reduced(shown).instance, small.instance)


@pytest.mark.parametrize("kind", SHARES)
def test_only_bright_particles_change_what_a_pixel_is_and_only_to_glow(kind: str) -> None:
    particles = of_kind(kind, 6)
    behind = np.full((*SIZE, 3), (0.9, 0.1, 0.5), np.float32)
    material = np.ones(SIZE, np.uint8)
    changed = []
    for index in range(3):
        rgb = behind.copy()
        particles.draw(rgb, material, index)
        assert rgb.min() >= 0
        assert rgb.max() <= 1.0001
        changed.append(np.abs(rgb - behind).max())
    assert max(changed) > 0.03
    allowed = {1, MATERIALS.index("glow")} if kind in ("fire", "sparks", "shots") else {1}
    assert set(np.unique(material)) <= allowed


def test_a_held_item_comes_from_where_its_flow_says() -> None:
    clip = trace_clip(5, SIZE, 1) * 6
    moved = 0
    for seed in range(6):
        held = HeldItem(np.random.default_rng(seed), SIZE)
        frames = [held.put(buffer, i) for i, buffer in enumerate(clip)]
        for before, now in pairwise(frames):
            rows, columns = np.nonzero(now.instance >= HELD_INSTANCE)
            dx, dy = now.flow[rows, columns].astype(int).T
            moved += int(np.abs([dx, dy]).max())
            at = rows + dy, columns + dx
            inside = (at[0] >= 0) & (at[0] < SIZE[0]) & (at[1] >= 0) & (at[1] < SIZE[1])
            was = before.instance[at[0][inside], at[1][inside]]
            np.testing.assert_array_equal(was, now.instance[rows, columns][inside])
    assert moved > 0


def test_nothing_is_held_where_the_camera_is_far_away() -> None:
    scrollers = [buffer for seed in range(30) if (buffer := trace_clip(seed, SIZE, 1)[0]).depth.min() > 40]
    assert scrollers
    assert not any(fits(buffer) for buffer in scrollers)


def test_film_bars_are_black_and_belong_to_the_hud() -> None:
    screen = ScreenEffects(np.random.default_rng(0))
    screen.bar, screen.side, screen.grain, screen.quality = 0.1, 0.0, 0.0, 0
    screen.side_color = np.zeros(3, np.float32)
    out = screen(np.full((*SIZE, 3), 0.5, np.float32), np.random.default_rng(1), 0)
    covered = screen.bars(SIZE)
    assert covered.sum() == 14 * SIZE[1]
    assert out[covered].max() == 0
    assert out[~covered].max() > 0
    screen.bar, screen.side = 0.0, 0.1
    assert screen.bars(SIZE).sum() == 26 * SIZE[0]


def test_gaps_between_leaves_are_leaves_and_as_near_and_open_sky_is_not() -> None:
    buffer = empty_gbuffer(SIZE)
    material, depth = buffer.material.copy(), buffer.depth.copy()
    material[20:40, 20:60], depth[20:40, 20:60] = FOLIAGE, 7.0
    for y, x in ((25, 30), (33, 41)):
        material[y, x], depth[y, x] = MATERIALS.index("sky"), SKY_DEPTH
    closed = leaves_closed(replace(buffer, material=material, depth=depth))
    assert (closed.material[20:40, 20:60] == FOLIAGE).all()
    assert (closed.depth[20:40, 20:60] == 7.0).all()
    material[20:40, 20:60], depth[20:40, 20:60] = FOLIAGE, 7.0
    np.testing.assert_array_equal(closed.material, material)
    np.testing.assert_array_equal(closed.depth, depth)


def test_what_stands_near_before_leaves_stays_what_it_is() -> None:
    buffer = empty_gbuffer(SIZE)
    material, depth = np.full(SIZE, FOLIAGE, np.uint8), np.full(SIZE, 7.0, np.float32)
    material[30, 30], depth[30, 30] = MATERIALS.index("character"), 3.0
    assert leaves_closed(replace(buffer, material=material, depth=depth)).material[30, 30] == material[30, 30]


@pytest.mark.parametrize(("depth_m", "casts"), [(9.0, True), (DEPTH_M, False)])
def test_things_cast_shadows_on_level_ground_and_what_is_held_casts_none(depth_m: float, casts: bool) -> None:
    ground = empty_gbuffer(SIZE)
    material = np.full(SIZE, MATERIALS.index("ground"), np.uint8)
    material[30:40, 60:64] = MATERIALS.index("structure")
    normal = np.zeros((*SIZE, 3), np.float32)
    normal[..., 1] = 1.0
    normal[:, :40] = (0.0, 0.0, 1.0)  # a wall of earth
    buffer = replace(ground, material=material, normal=normal, depth=np.full(SIZE, depth_m, np.float32))
    darkened = np.zeros(SIZE, bool)
    for seed in range(20):
        rgb = np.ones((*SIZE, 3), np.float32)
        CastShadows(np.random.default_rng(seed), SIZE).draw(rgb, buffer)
        darkened |= rgb[..., 0] < 0.95
    assert darkened.any() == casts
    assert not darkened[:, :37].any(), "walls get none"
    assert not darkened[32:38, 61:63].any(), "nor does the thing itself"
