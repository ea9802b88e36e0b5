"""A fade between two themes: blended parameters, frame by frame, with nothing that jumps but what cannot be halved."""

from __future__ import annotations

import itertools
from dataclasses import fields

import numpy as np
import pytest

from engine.config import MATERIALS
from engine.style import Style
from reskin.engine_renderer import create
from reskin.renderer import View
from reskin.theme_fade import ThemeFade, blended, blended_style
from reskin.themes import Theme, load_theme, shipped_themes

FRAMES = 6


def shipped(theme_id: str) -> Theme:
    return load_theme(shipped_themes()[theme_id])


@pytest.fixture(scope="module")
def ends() -> tuple[Theme, Theme]:
    return shipped("neon-rain"), shipped("paper-cutout")


def played(fade: ThemeFade, frames: int) -> list[Theme]:
    return [fade.next_theme() for _ in range(frames)]


def floats(style: Style) -> np.ndarray:
    """All of a style that can be blended, in one row."""
    parts = [getattr(style, field.name) for field in fields(Style) if field.name not in ("pattern", "sun_direction")]
    return np.concatenate([np.ravel(part) for part in parts])


def test_a_fade_ends_with_its_last_frame_and_every_frame_before_is_a_step_of_the_way(ends: tuple[Theme, Theme]) -> None:
    first, second = ends
    fade = ThemeFade()
    fade.turn_to(first, FRAMES)
    assert played(fade, 2) == [first, first]  # nothing to come from: a cut
    fade.turn_to(second, FRAMES)
    shown = played(fade, FRAMES + 1)
    assert shown[-2:] == [second, second]
    assert first not in shown
    way = floats(second.style()) - floats(first.style())
    for theme in shown[:-2]:
        done = (floats(theme.style()) - floats(first.style())) / np.where(way == 0, 1, way)
        assert done.min() >= 0
        assert done.max() <= 1
    brightness = [float(theme.style().middle.mean()) for theme in [first, *shown]]
    steps = np.diff(brightness)[:FRAMES]
    assert np.allclose(steps, steps[0], atol=1e-5)


@pytest.mark.parametrize("frames", [0, 1])
def test_no_frames_is_a_cut(ends: tuple[Theme, Theme], frames: int) -> None:
    fade = ThemeFade()
    for theme in ends:
        fade.turn_to(theme, frames)
        assert fade.next_theme() is theme


def test_patterns_and_what_is_kept_switch_at_the_middle(ends: tuple[Theme, Theme]) -> None:
    first, second = ends
    second = second.model_copy(update={"keep": second.keep.model_copy(update={"hud": False})})
    early, late = blended(first, second, 0.49), blended(first, second, 0.5)
    assert np.array_equal(early.style().pattern, first.style().pattern)
    assert np.array_equal(late.style().pattern, second.style().pattern)
    assert (early.keep.hud, late.keep.hud) == (True, False)


def test_another_theme_in_the_middle_of_a_fade_begins_at_what_is_shown(ends: tuple[Theme, Theme]) -> None:
    fade = ThemeFade()
    fade.turn_to(ends[0], 0)
    fade.next_theme()
    fade.turn_to(ends[1], FRAMES)
    before = played(fade, 3)[-1].style()
    third = shipped("far-moon")
    fade.turn_to(third, 100)
    after = fade.next_theme().style()
    one_step = np.abs(floats(third.style()) - floats(before)) / 100
    assert (
        np.abs(floats(after) - floats(before)) <= one_step * 4 + 1e-5
    ).all()  # sizes go by their ratio, so not evenly
    fade.turn_to(third.model_copy(), 0)  # the same again, as at every tick: it goes on
    assert fade.next_theme() != third
    assert played(fade, 98)[-1] == third


def test_the_blend_of_any_two_themes_is_a_style_that_the_engine_takes() -> None:
    themes = [load_theme(path) for path in shipped_themes().values()]
    for first, second in itertools.pairwise([*themes, themes[0]]):
        for share in (0.1, 0.5, 0.9):
            theme = blended(first, second, share)
            style = theme.style()
            assert style.per_material().shape == second.style().per_material().shape
            assert len(style.scale) == len(MATERIALS)
            for name in ("dark", "middle", "light", "ambient", "fog_color", "glow", "strength"):
                assert getattr(style, name).min() >= 0, name
                assert getattr(style, name).max() <= 1, name
            assert np.linalg.norm(style.sun_direction) == pytest.approx(1, abs=1e-5)
            assert style.light_vector().dtype == np.float32
            Theme.model_validate(theme.model_dump(include={"name", "strength", "finish", "keep"}))  # still in range


def test_a_sun_on_the_other_side_of_the_sky_takes_the_nearer_one() -> None:
    first, second = (shipped("far-moon").style() for _ in range(2))
    object.__setattr__(second, "sun_direction", -first.sun_direction)
    assert np.array_equal(blended_style(first, second, 0.5).sun_direction, -first.sun_direction)
    assert np.linalg.norm(blended_style(first, second, 0.4).sun_direction) == pytest.approx(1, abs=1e-5)


def test_the_engine_paints_every_frame_of_a_fade_as_a_step_and_none_as_a_jump(ends: tuple[Theme, Theme]) -> None:
    """Mean colour moves from one end to the other; no step is as large as a third of the whole change."""
    renderer = create("lite")
    row, column = np.mgrid[0:180, 0:320]
    game = np.stack([column * 0.8, row * 1.4, (row // 9 + column // 9) % 2 * 120, row * 0 + 255], axis=-1)
    game_u8 = game.astype(np.uint8)
    fade, means = ThemeFade(), []
    fade.turn_to(ends[0], 0)
    for frame in range(24 + FRAMES):
        if frame == 23:
            fade.turn_to(ends[1], FRAMES)
        out = np.empty_like(game_u8)
        renderer.render(game_u8, fade.next_theme(), View.THEME, 0, out)
        means.append(out[..., :3].mean(axis=(0, 1)))
    steps = np.linalg.norm(np.diff(means[22:], axis=0), axis=1)
    whole = np.linalg.norm(means[-1] - means[22])
    assert whole > 30
    assert steps[:FRAMES].max() < whole / 3
    assert steps[:FRAMES].min() > whole / 20
