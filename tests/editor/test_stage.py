"""The editor's picture, drawn without a screen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from reskin.flash_limiter import FlashLimiter
from reskin.themes import Theme

pytest.importorskip("pygame_gui")

import pygame

from reskin.editor.stage import LINE_PX, Stage
from reskin.editor.studio import Shot, parsed
from tests.reskin.flash_rule import judge

SIZE_PX = (64, 36)  # (w, h)
AREA = pygame.Rect(0, 0, *SIZE_PX)
THEME = Theme(name="x")


def shot(before: int, after: int) -> Shot:
    """Of two grey levels."""
    greys = (np.full((SIZE_PX[1], SIZE_PX[0], 4), level, np.uint8) for level in (before, after))
    return Shot(before=next(greys), after=next(greys), theme=THEME, error="")


def drawn(stage: Stage) -> np.ndarray:
    """(h, w, 3) RGB."""
    window = pygame.Surface(SIZE_PX)
    stage.draw(window)
    return pygame.surfarray.array3d(window).transpose(1, 0, 2)


@pytest.mark.parametrize("limiter", [FlashLimiter(), None], ids=["limited", "off"])
def test_what_is_shown_of_a_flashing_clip_keeps_the_rule_unless_the_limiter_is_off(
    limiter: FlashLimiter | None,
) -> None:
    ticks = itertools.count()
    stage = Stage(limiter, lambda: next(ticks) * 1_000_000_000 // 24)
    stage.resize(AREA)
    seen = []
    for index in range(48):
        stage.put(shot(255 if index // 2 % 2 else 0, 0 if index // 2 % 2 else 255))  # each half against the other
        seen.append(drawn(stage)[:, 16:])  # without line and grip
    assert judge([picture[..., ::-1] for picture in seen]).passes is (limiter is not None)


def test_a_bug_where_a_theme_is_read_is_told_and_the_last_theme_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> Theme:
        raise KeyError("place")

    monkeypatch.setattr("reskin.editor.studio.parse_theme", breaks)
    assert parsed('name = "y"', THEME) == (THEME, "reading the theme: KeyError: 'place'")


def test_the_game_is_left_of_the_line_and_the_theme_right_and_it_follows_the_mouse() -> None:
    stage = Stage(FlashLimiter())
    stage.resize(AREA)
    stage.put(shot(50, 200))
    assert (drawn(stage)[:, 20:] == 200).all()
    stage.handle(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(32, 5)))
    picture = drawn(stage)
    assert (picture[:, :20] == 50).all()
    assert (picture[:, 44:] == 200).all()
    assert (picture[0, 32 - LINE_PX // 2 : 32] == 255).all()
