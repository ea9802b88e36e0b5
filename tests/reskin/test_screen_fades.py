"""A game's own fade to black or white is its skin's too, and nothing else is."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from reskin.engine_renderer import EngineRenderer
from reskin.renderer import View
from reskin.screen_fades import FALL_FRAMES, Fade, ScreenFades
from reskin.theme_model import Theme
from tests.engine.tiny import TinyEngine

SIZE = (90, 160)
DAY = Theme.model_validate({"name": "Day", "keep": {"hud": False, "text": False}})


def world(light: float = 1.0, white: float = 0.0) -> np.ndarray:
    """(h, w, 4) uint8: blotches of all brightnesses, as a game fades them."""
    rough = np.random.default_rng(4).integers(20, 235, (9, 16, 3)).astype(np.float32)
    bgr = cv2.resize(rough, SIZE[::-1], interpolation=cv2.INTER_CUBIC) * light * (1 - white) + 255 * white
    return np.dstack([np.clip(bgr, 0, 255), np.full(SIZE, 255.0)]).astype(np.uint8)


def test_a_fade_to_black_ends_in_black_and_never_gets_lighter_on_its_way() -> None:
    fades = ScreenFades()
    for _ in range(48):
        assert fades.update(world()) == Fade()
    way = [fades.update(world(light)).light for light in np.linspace(1, 0, 24)]
    assert all(later <= earlier for earlier, later in itertools.pairwise(way))
    assert way[0] == 1.0
    assert way[-1] == 0.0


def test_a_hud_over_a_black_screen_holds_no_fade_up() -> None:
    fades, black = ScreenFades(), world(0.0)
    fades.update(world())
    cv2.rectangle(black, (10, 10), (60, 20), (255, 255, 255, 255), -1)
    assert fades.update(black).light == 0.0


def test_a_fade_to_white_ends_in_white_and_snow_is_none() -> None:
    fades = ScreenFades()
    assert fades.update(world(white=1.0)).white == 1.0
    snow = np.where(world()[..., :1] > 90, 245, 120).astype(np.uint8).repeat(4, axis=2)
    assert fades.update(snow).white == 0.0


def test_a_night_that_stays_gets_its_theme_in_full_light() -> None:
    fades = ScreenFades()
    for _ in range(48):
        fades.update(world())
    night = world(0.3)
    first = fades.update(night).light
    for _ in range(4 * FALL_FRAMES):
        last = fades.update(night).light
    assert first < 0.75
    assert last > 0.95


def test_a_dark_game_is_bright_from_its_first_frame() -> None:
    assert ScreenFades().update(world(0.25)) == Fade()


@pytest.mark.parametrize(("strength", "level"), [(1.0, 0), (0.5, 100), (0.0, 200)])
def test_a_fade_is_drawn_as_strongly_as_the_theme(strength: float, level: int) -> None:
    painted = np.full((8, 8, 4), 200, np.uint8)
    Fade(light=0.0).draw(painted, strength)
    assert (painted[..., :3] == level).all()


def test_the_renderer_paints_no_world_into_a_black_screen(tiny: TinyEngine) -> None:
    renderer = EngineRenderer(tiny.live(), 1)
    out = np.empty((*SIZE, 4), np.uint8)
    for _ in range(3):
        renderer.render(world(), DAY, View.THEME, 0, out)
    assert out[..., :3].mean() > 30
    renderer.render(np.maximum(world(0.0), 3), DAY, View.THEME, 0, out)
    assert out[..., :3].max() < 40, "grain of a black screen is all that is left"
