"""The overlay over a real game: seen by the player, unseen by mouse, keyboard and window manager."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

import numpy as np
import pytest

import reskin.platforms as platforms
from reskin.errors import OverlayError
from reskin.frame import Frame, Region
from reskin.platforms.x11.connection import XConnection
from reskin.platforms.x11.overlay import TITLE, X11Overlay
from reskin.platforms.x11.windows import frame_of, list_windows
from tests.games import QUADRANTS_BGR, Game, xdotool
from tests.platforms.looking import bare_window, eventually, plain_frame, quadrants, screen_pixels

RED = (0, 0, 255)


@pytest.fixture
def game(lasting_game: Game) -> Game:
    return lasting_game


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


@pytest.mark.parametrize("knows_its_game", [False, True])
def test_a_game_that_raises_itself_is_covered_again(game: Game, knows_its_game: bool) -> None:
    region = game.window.region
    with contextlib.closing(X11Overlay(game=lambda: game.window.id if knows_its_game else 0)) as overlay:
        overlay.show(plain_frame((region.w, region.h), RED), region)
        xdotool("windowraise", game.window.id, "windowactivate", game.window.id)

        def is_covered() -> bool:
            overlay.show(plain_frame((region.w, region.h), RED), region)  # as at every tick
            return bool((screen_pixels(region) == RED).all())

        eventually(is_covered)


def test_menus_and_screen_lockers_stay_above_the_overlay(game: Game) -> None:
    """No window manager lists them, so they pause no capture; one that is covered again and again flickers."""
    capture, x = platforms.open_window("Tux Test"), XConnection()
    overlay, region = platforms.open_overlay(capture), game.window.region
    assert isinstance(overlay, X11Overlay)
    overlay.show(plain_frame((region.w, region.h), RED), region)
    menu = bare_window(x, Region(region.x, region.y, 100, 100), colour=0x0000FF)
    for number in range(1, 13):
        overlay.show(plain_frame((region.w, region.h), (0, 10 * number, 255)), region)
    beside = Region(region.x + 300, region.y + 200, 9, 9)
    eventually(lambda: (screen_pixels(beside) == (0, 120, 255)).all())  # the last frame is there, and all before it
    assert (screen_pixels(Region(region.x + 10, region.y + 10, 80, 80)) == (255, 0, 0)).all()
    order = list(x.core.QueryTree(x.root).reply().children)  # from the bottom
    assert order.index(frame_of(x, game.window.id)) < order.index(overlay._window) < order.index(menu)
    overlay.close()
    capture.close()
    x.close()


def test_a_game_that_gets_another_frame_is_covered_again(display: str) -> None:
    """As by a window manager that starts anew, or takes the frame away for fullscreen."""
    x, place = XConnection(), Region(100, 80, 200, 120)
    game = bare_window(x, place)
    overlay = X11Overlay(game=lambda: game)
    overlay.show(plain_frame((200, 120), RED), place)
    eventually(lambda: (screen_pixels(place) == RED).all())
    frame = bare_window(x, place, colour=0x0000FF)
    x.core.ReparentWindow(game, frame, 0, 0, is_checked=True).check()

    def is_covered() -> bool:
        overlay.show(plain_frame((200, 120), RED), place)
        return bool((screen_pixels(place) == RED).all())

    assert not is_covered()
    eventually(is_covered)
    overlay.close()
    x.close()


def test_an_overlay_that_cannot_be_opened_leaves_no_connection(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[XConnection] = []

    def refuse(overlay: X11Overlay) -> None:
        raise OverlayError("refused")

    monkeypatch.setattr(X11Overlay, "_let_input_through", refuse)
    monkeypatch.setattr(XConnection, "close", lambda x: closed.append(x))
    with pytest.raises(OverlayError, match="refused"):
        X11Overlay()
    assert len(closed) == 1
    monkeypatch.undo()
    closed[0].close()


def test_the_overlay_has_one_title_and_is_not_listed_as_a_game(game: Game, overlay: X11Overlay) -> None:
    overlay.show(plain_frame((64, 64), RED), Region(0, 0, 64, 64))
    x = XConnection()
    titles = [x.window_title(window) for window in x.core.QueryTree(x.root).reply().children]
    x.close()
    assert titles.count(TITLE) == 1
    assert [window.title for window in list_windows()] == [game.title]
