"""The underpainting: colours of the theme and no others, light of the game, fog by distance, the HUD left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.config import GLOW, HUD, MATERIALS, SKY
from engine.style import Style
from engine.underpaint import LUMA, RANGE, SPREAD_FLOOR, PaintMaps, Underpainter, lit_ramps
from tests.engine.tiny import frames_of, style_of

K = len(MATERIALS)
ROCK, CHARACTER = MATERIALS.index("rock"), MATERIALS.index("character")
H, W = 64, 96
FLAT_DEPTH = np.full((H, W), 0.3, np.float32)
RGB = frames_of(9, 1, (H, W))[0]


def plain(seed: int = 1, **changes: object) -> Style:
    """A style without fog and glow."""
    none = np.zeros(K, np.float32)
    return replace(style_of(seed), **{"fog_density": 0.0, "glow": none, **changes})  # type: ignore[arg-type]


def soft_materials(rng: np.random.Generator) -> np.ndarray:
    logits = 4 * rng.standard_normal((H, W, K)).astype(np.float32)
    weights = np.exp(logits)
    return weights / weights.sum(axis=2, keepdims=True)


def only(material: int) -> np.ndarray:
    materials = np.zeros((H, W, K), np.float32)
    materials[..., material] = 1
    return materials


def paint(materials: np.ndarray, style: Style, *, depth: np.ndarray = FLAT_DEPTH, rgb: np.ndarray = RGB,
          keep_hud: bool = True) -> PaintMaps:  # fmt: skip
    return Underpainter().paint(rgb, materials, depth, style, keep_hud=keep_hud)


@pytest.mark.parametrize("seed", range(4))
def test_every_luminance_stays_between_the_ends_of_the_ramp(rng: np.random.Generator, seed: int) -> None:
    maps = paint(soft_materials(rng), style_of(seed), depth=rng.random((H, W), np.float32))
    stops = np.stack([maps.base, maps.base + maps.shade, maps.base + maps.shade + maps.shine])
    low, high = stops.min(axis=0) - 1e-5, stops.max(axis=0) + 1e-5
    for value in (-1.0, 0.0, 0.2, 0.5, 1.0, 3.0):
        painted = maps.evaluate(np.full((H, W), value, np.float32))
        assert np.isfinite(painted).all()
        assert (painted >= low).all()
        assert (painted <= high).all()
    assert ((maps.gain > 0) & (maps.gain <= 1 / (SPREAD_FLOOR * RANGE))).all()
    assert ((maps.keep >= 0) & (maps.keep <= 1)).all()
    assert all(array.dtype == np.float32 for array in (maps.base, maps.shade, maps.shine, maps.mean, maps.gain))


@pytest.mark.parametrize("material", range(K))
def test_a_frame_of_one_material_takes_that_materials_ramp(material: int) -> None:
    style = plain()
    maps = paint(only(material), style)
    dark, middle, light = (ramp[:, material] for ramp in np.split(lit_ramps(style), 3))
    for painted, color in (
        (maps.base, dark),
        (maps.base + maps.shade, middle),
        (maps.base + maps.shade + maps.shine, light),
    ):
        np.testing.assert_allclose(painted, np.broadcast_to(color, painted.shape), atol=1e-4)


def test_lighter_parts_of_the_game_are_painted_further_up_the_ramp() -> None:
    black_to_white = plain(dark=np.zeros((K, 3)), middle=np.full((K, 3), 0.5), light=np.ones((K, 3)))
    maps = paint(only(ROCK), black_to_white)
    values = [maps.evaluate(np.full((H, W), value, np.float32)).mean() for value in np.linspace(0, 1, 9)]
    assert values == sorted(values)
    painted = maps.evaluate(RGB @ LUMA) @ LUMA
    assert np.corrcoef(painted.ravel(), (RGB @ LUMA).ravel())[0, 1] > 0.7


def test_fog_lies_only_where_it_is_far() -> None:
    depth = np.zeros((H, W), np.float32)
    depth[:, W // 2 :] = 0.95  # 700 m
    clear, foggy = plain(), plain(fog_density=0.5, fog_color=np.array([1.0, 0.0, 1.0], np.float32))
    without, with_fog = paint(only(ROCK), clear, depth=depth), paint(only(ROCK), foggy, depth=depth)
    np.testing.assert_allclose(with_fog.base[:, : W // 2], without.base[:, : W // 2], atol=1e-6)
    far = with_fog.evaluate(RGB @ LUMA)[:, W // 2 :]
    np.testing.assert_allclose(far, np.broadcast_to(foggy.fog_color, far.shape), atol=0.2)


def test_the_sky_hides_in_fog_at_the_horizon_and_not_overhead() -> None:
    foggy = plain(fog_density=0.6, fog_color=np.array([1.0, 0.0, 1.0], np.float32))
    far = np.ones((H, W), np.float32)
    change = np.abs(paint(only(SKY), foggy, depth=far).base - paint(only(SKY), plain(), depth=far).base).sum(axis=2)
    assert change[0].max() < 1e-5
    assert change[H - 1].min() > 0.2


def test_the_hud_is_kept_and_given_up_when_the_theme_says_so() -> None:
    materials = only(ROCK)
    materials[10:20, 10:40] = 0
    materials[10:20, 10:40, HUD] = 1
    kept, painted = paint(materials, plain()), paint(materials, plain(), keep_hud=False)
    assert (kept.keep[10:20, 10:40] == 1).all()
    assert kept.keep.sum() == 10 * 30
    assert (painted.keep == 0).all()


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
def test_a_strength_keeps_the_rest_where_the_reader_is_sure(strength: float) -> None:
    materials = only(ROCK)
    materials[10:20, 10:40] = 0.02  # sure, not certain
    materials[10:20, 10:40, CHARACTER] = 1 - 0.02 * (K - 1)
    strengths = np.ones(K, np.float32)
    strengths[CHARACTER] = strength
    keep = paint(materials, plain(strength=strengths)).keep
    np.testing.assert_allclose(keep[10:20, 10:40], 1 - strength, atol=1e-6)
    keep[10:20, 10:40] = 0
    assert (keep == 0).all()


def test_all_strengths_alike_are_alike_however_unsure_the_reader_is(rng: np.random.Generator) -> None:
    unsure = soft_materials(rng)
    unsure[0, 0] = 1 / K
    maps = paint(unsure, plain(strength=np.full(K, 0.25, np.float32)), keep_hud=False)
    np.testing.assert_allclose(maps.keep, 0.75, atol=1e-6)
    kept = paint(unsure, plain(strength=np.zeros(K, np.float32)))
    np.testing.assert_allclose(kept.keep, 1, atol=1e-6)


def test_what_glows_lights_its_surroundings() -> None:
    materials = only(ROCK)
    materials[28:36, 44:52] = 0
    materials[28:36, 44:52, GLOW] = 1
    glow = np.zeros(K, np.float32)
    glow[GLOW] = 1.0
    dark, shining = paint(materials, plain()), paint(materials, plain(glow=glow))
    added = (shining.base - dark.base).sum(axis=2)
    assert added[32, 54] > 0.05  # beside it
    assert added[32, 54] > added[32, 64] > added[32, 90] > -1e-6


def test_a_still_picture_keeps_its_light() -> None:
    underpainter, materials = Underpainter(), only(ROCK)
    maps = [underpainter.paint(RGB, materials, FLAT_DEPTH, plain()) for _ in range(3)]
    np.testing.assert_allclose(maps[2].mean, maps[0].mean, atol=1e-5)
    np.testing.assert_allclose(maps[2].gain, maps[0].gain, rtol=1e-4)


def test_a_flash_moves_the_statistics_slowly_and_reset_moves_them_at_once() -> None:
    underpainter, materials, bright = Underpainter(), only(ROCK), np.ones_like(RGB)
    start = underpainter.paint(RGB, materials, FLAT_DEPTH, plain()).mean.mean()
    flash = underpainter.paint(bright, materials, FLAT_DEPTH, plain()).mean.mean()
    underpainter.reset()
    anew = underpainter.paint(bright, materials, FLAT_DEPTH, plain()).mean.mean()
    assert 0.1 * (1 - start) < flash - start < 0.35 * (1 - start)
    assert anew == pytest.approx(1, abs=1e-3)
