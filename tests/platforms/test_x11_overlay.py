"""The overlay over a real game: seen by the player, unseen by mouse, keyboard and window manager."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import numpy as np
import pytest

from reskin.frame import Frame, Region
from reskin.platforms.x11.connection import XConnection
from reskin.platforms.x11.overlay import TITLE, X11Overlay
from reskin.platforms.x11.windows import list_windows
from tests.games import QUADRANTS_BGR, Game, xdotool
from tests.platforms.looking import eventually, plain_frame, quadrants, screen_pixels

RED = (0, 0, 255)


@pytest.fixture
def overlay(display: str) -> Iterator[X11Overlay]:
    made = X11Overlay()
    yield made
    made.close()


def test_a_click_goes_through_the_overlay_to_the_game(game: Game, overlay: X11Overlay) -> None:
    region = game.window.region
    overlay.show(plain_frame((region.w, region.h), RED), region)
    xdotool("mousemove", region.x + 299, region.y + 228, "click", 1)
    game.wait_for("click 299 228")
    overlay.show(plain_frame((region.w, region.h), RED), region)
    eventually(lambda: (screen_pixels(region) == RED).all())  # and the overlay is still on top
    assert "focus lost" not in game.events


def test_a_key_goes_to_the_game_and_the_focus_stays_there(game: Game, overlay: X11Overlay) -> None:
    region = game.window.region
    for _ in range(10):
        overlay.show(plain_frame((region.w, region.h), RED), region)
    overlay.hide()
    overlay.show(plain_frame((region.w, region.h), RED), region)
    xdotool("key", "k")
    game.wait_for("key k")
    focused = subprocess.run(["xdotool", "getwindowfocus"], capture_output=True, check=True, text=True).stdout
    assert int(focused) == game.window.id
    assert "focus lost" not in game.events


def test_every_pixel_is_shown_as_given(overlay: X11Overlay) -> None:
    noise = np.random.default_rng(3).integers(
        0, 256, (181, 333, 4), np.uint8
    )  # no width that pitch rounding would hide
    region = Region(40, 60, 333, 181)
    overlay.show(Frame(0, 0, noise), region)
    eventually(lambda: (screen_pixels(region) == noise[..., :3]).all())


def test_the_overlay_follows_moves_and_resizes(overlay: X11Overlay) -> None:
    for number, region in enumerate([Region(10, 10, 200, 100), Region(300, 200, 200, 100), Region(250, 150, 401, 303)]):
        colour = (number * 80, 200, 10)
        overlay.show(plain_frame((region.w, region.h), colour), region)
        eventually(lambda where=region, what=colour: (screen_pixels(where) == what).all())


def test_a_frame_of_another_size_is_fitted_into_the_region(overlay: X11Overlay) -> None:
    overlay.show(plain_frame((64, 36), RED), Region(100, 100, 640, 360))
    eventually(lambda: (screen_pixels(Region(100, 100, 640, 360)) == RED).all())


def test_the_part_that_is_on_the_screen_is_shown(overlay: X11Overlay) -> None:
    frame = plain_frame((200, 100), RED)
    frame.bgra_u8[:, :150, :3] = 0
    overlay.show(frame, Region(-150, 100, 200, 100))
    eventually(lambda: (screen_pixels(Region(0, 100, 50, 100)) == RED).all())


def test_hidden_the_player_sees_the_untouched_game(game: Game, overlay: X11Overlay) -> None:
    region = game.window.region
    overlay.show(plain_frame((region.w, region.h), RED), region)
    overlay.hide()
    eventually(lambda: quadrants(screen_pixels(region)) == QUADRANTS_BGR)


def test_a_game_that_raises_itself_is_covered_again(game: Game, overlay: X11Overlay) -> None:
    region = game.window.region
    overlay.show(plain_frame((region.w, region.h), RED), region)
    xdotool("windowraise", game.window.id, "windowactivate", game.window.id)
    for _ in range(12):
        overlay.show(plain_frame((region.w, region.h), RED), region)
    eventually(lambda: (screen_pixels(region) == RED).all())


def test_the_overlay_has_one_title_and_is_not_listed_as_a_game(game: Game, overlay: X11Overlay) -> None:
    overlay.show(plain_frame((64, 64), RED), Region(0, 0, 64, 64))
    x = XConnection()
    titles = [x.window_title(window) for window in x.core.QueryTree(x.root).reply().children]
    x.close()
    assert titles.count(TITLE) == 1
    assert [window.title for window in list_windows()] == [game.title]
