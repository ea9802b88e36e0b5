"""X11 window capture against a real game window: its true pixels, whatever happens to the window."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

import pytest
import xcffib.xproto as xp

from reskin.errors import CaptureError
from reskin.frame import Region
from reskin.marker import read_marker
from reskin.platforms.base import CaptureState
from reskin.platforms.x11.capture import _LOOK_AROUND_EVERY, X11WindowCapture
from reskin.platforms.x11.connection import XConnection
from reskin.platforms.x11.overlay import X11Overlay
from reskin.platforms.x11.windows import covered_share, is_away
from tests.games import QUADRANTS_BGR, Game, xdotool
from tests.platforms.looking import bare_window, eventually, plain_frame, quadrants, screen_pixels, settled_frame


@pytest.fixture
def capture(game: Game) -> Iterator[X11WindowCapture]:
    made = X11WindowCapture(game.window.id)
    yield made
    made.close()


def test_a_covered_window_is_read_frame_by_frame(capture: X11WindowCapture) -> None:
    region = capture.locate()
    assert region is not None
    overlay = X11Overlay()
    try:
        overlay.show(plain_frame((region.w, region.h), (0, 0, 0)), region)
        eventually(lambda: screen_pixels(region).max() == 0)
        numbers = []
        for _ in range(60):
            frame = capture.grab()
            assert frame is not None
            assert quadrants(frame.bgra_u8) == QUADRANTS_BGR
            numbers.append(read_marker(frame.bgra_u8))
            time.sleep(1 / 60)
        assert len(set(numbers)) >= 15  # the game ran on below, at what a busy machine gave it
        assert numbers == sorted(number for number in numbers if number is not None)
    finally:
        overlay.close()


def test_the_client_area_is_grabbed_without_the_title_bar(capture: X11WindowCapture) -> None:
    frame, region = capture.grab(), capture.locate()
    assert frame is not None
    assert region is not None
    assert (region.w, region.h) == (640, 360)
    assert (screen_pixels(region)[180:, :] == frame.bgra_u8[180:, :, :3]).all()


def test_a_moved_window_is_found_again(game: Game, capture: X11WindowCapture) -> None:
    xdotool("windowmove", "--sync", game.window.id, 37, 201)
    eventually(lambda: (region := capture.locate()) and abs(region.x - 37) < 10 and abs(region.y - 201) < 40)
    assert quadrants(settled_frame(capture, (640, 360)).bgra_u8) == QUADRANTS_BGR


def test_twenty_random_resizes_each_give_the_new_picture(game: Game, capture: X11WindowCapture) -> None:
    dice = random.Random(7)
    for _ in range(20):
        w, h = dice.randint(150, 1100), dice.randint(90, 640)
        xdotool("windowsize", game.window.id, w, h)
        frame = settled_frame(capture, (w, h))
        assert quadrants(frame.bgra_u8) == QUADRANTS_BGR
        assert capture.state is CaptureState.ACTIVE


def test_a_kept_frame_of_an_old_size_can_still_be_read(game: Game, capture: X11WindowCapture) -> None:
    old = capture.grab()
    assert old is not None
    xdotool("windowsize", game.window.id, 1200, 680)
    settled_frame(capture, (1200, 680))
    capture.close()
    assert old.bgra_u8.sum() > 0


def test_half_off_the_screen_the_window_still_comes_whole(game: Game, capture: X11WindowCapture) -> None:
    xdotool("windowmove", "--sync", game.window.id, 1000, 500)
    eventually(lambda: (region := capture.locate()) and region.x > 900)
    assert quadrants(settled_frame(capture, (640, 360)).bgra_u8) == QUADRANTS_BGR


def test_minimised_is_paused_and_restored_is_active_with_fresh_pictures(game: Game, capture: X11WindowCapture) -> None:
    xdotool("windowminimize", game.window.id)
    eventually(lambda: capture.grab() is None)
    assert capture.state is CaptureState.PAUSED
    assert capture.locate() is None
    xdotool("windowmap", game.window.id)
    eventually(lambda: capture.grab() is not None)
    assert capture.state is CaptureState.ACTIVE
    first = read_marker(settled_frame(capture, (640, 360)).bgra_u8)
    eventually(lambda: (frame := capture.grab()) and read_marker(frame.bgra_u8) not in (None, first))


def test_on_another_workspace_it_is_paused_and_comes_back(capture: X11WindowCapture) -> None:
    xdotool("set_desktop", 1)
    eventually(lambda: capture.grab() is None)
    assert capture.state is CaptureState.PAUSED
    xdotool("set_desktop", 0)
    eventually(lambda: capture.grab() is not None)
    assert capture.state is CaptureState.ACTIVE


def test_a_window_whose_parent_alone_is_hidden_is_paused(display: str) -> None:
    """As some window managers hide: no event comes for the window itself, and its old pixmap would go on answering."""
    x = XConnection()
    parent, child = x.new_id(), x.new_id()
    for window, above in ((parent, x.root), (child, parent)):
        x.core.CreateWindow(24, window, above, 0, 0, 64, 48, 0, 1, x.root_visual, xp.CW.OverrideRedirect, [1])
        x.core.MapWindow(window, is_checked=True).check()
    capture = X11WindowCapture(child)
    assert capture.grab() is not None
    x.core.UnmapWindow(parent, is_checked=True).check()
    assert capture.grab() is None
    assert capture.state is CaptureState.PAUSED
    x.core.MapWindow(parent, is_checked=True).check()
    assert capture.grab() is not None
    capture.close()
    x.close()


@pytest.fixture
def previews(display: str) -> Iterator[XConnection]:
    """The window manager calls itself by the name of one that leaves windows mapped which nobody sees."""
    x = XConnection()
    (manager,) = x.property_numbers(x.root, "_NET_SUPPORTING_WM_CHECK")
    name = x.property_text(manager, "_NET_WM_NAME")
    order = x.property_numbers(x.root, "_NET_CLIENT_LIST_STACKING")
    x.set_text(manager, "_NET_WM_NAME", "GNOME Shell")
    yield x
    x.set_text(manager, "_NET_WM_NAME", name)
    x.set_numbers(x.root, "_NET_CLIENT_LIST_STACKING", order, "WINDOW")
    assert x.property_text(manager, "_NET_WM_NAME") == name
    x.close()


def test_what_is_mapped_but_on_another_workspace_or_minimised_is_paused(previews: XConnection) -> None:
    x, place = previews, Region(0, 0, 64, 48)
    window = bare_window(x, place)
    capture = X11WindowCapture(window, pauses_when_covered=True)
    (current,) = x.property_numbers(x.root, "_NET_CURRENT_DESKTOP")

    def is_seen(desktop: int, *states: str) -> bool:
        x.set_numbers(window, "_NET_WM_DESKTOP", (desktop,), "CARDINAL")
        x.set_numbers(window, "_NET_WM_STATE", tuple(x.atom(state) for state in states), "ATOM")
        assert x.property_numbers(window, "_NET_WM_DESKTOP") == (desktop,)  # the server has it
        return [capture.locate() for _ in range(_LOOK_AROUND_EVERY)][-1] == place

    assert is_seen(current)
    assert not is_seen(current + 1)
    assert capture.grab() is None
    assert is_seen(0xFFFFFFFF, "_NET_WM_STATE_ABOVE")  # on every workspace
    assert not is_seen(current, "_NET_WM_STATE_ABOVE", "_NET_WM_STATE_HIDDEN")
    capture.close()


def test_a_workspace_on_each_screen_is_seen_though_only_one_is_current(display: str) -> None:
    """As i3 has it; it unmaps what nobody sees."""
    x = XConnection()
    window = bare_window(x, Region(0, 0, 64, 48))
    x.set_numbers(window, "_NET_WM_DESKTOP", (7,), "CARDINAL")
    assert not is_away(x, window)
    x.close()


def test_what_is_away_covers_nothing(previews: XConnection) -> None:
    x = previews
    game, other = (bare_window(x, Region(0, 0, 64, 48)) for _ in range(2))
    x.set_numbers(x.root, "_NET_CLIENT_LIST_STACKING", (game, other), "WINDOW")
    assert covered_share(x, game) == 1.0
    x.set_numbers(other, "_NET_WM_STATE", (x.atom("_NET_WM_STATE_HIDDEN"),), "ATOM")
    assert covered_share(x, game) == 0.0


def test_the_shadow_that_a_window_draws_around_itself_is_left_out(display: str) -> None:
    """As windows with GTK's own frames do; they tell how wide it is, and have none when maximised."""
    x = XConnection()
    window = bare_window(x, Region(100, 80, 200, 120))
    bare_window(x, Region(10, 30, 170, 50), inside=window, colour=0xFF0000)
    x.set_numbers(window, "_GTK_FRAME_EXTENTS", (10, 20, 30, 40), "CARDINAL")
    assert len(x.property_numbers(window, "_GTK_FRAME_EXTENTS")) == 4
    capture = X11WindowCapture(window)
    assert capture.locate() == Region(110, 110, 170, 50)
    frame = capture.grab()
    assert frame is not None
    assert frame.bgra_u8.shape == (50, 170, 4)
    assert (frame.bgra_u8[..., :3] == (0, 0, 255)).all()
    x.set_numbers(window, "_GTK_FRAME_EXTENTS", (0, 0, 0, 0), "CARDINAL")
    assert not any(x.property_numbers(window, "_GTK_FRAME_EXTENTS"))
    assert [capture.locate() for _ in range(_LOOK_AROUND_EVERY)][-1] == Region(100, 80, 200, 120)
    whole = capture.grab()
    assert whole is not None
    assert whole.bgra_u8.shape == (120, 200, 4)
    capture.close()
    x.close()


def test_a_capture_that_is_refused_leaves_no_connection(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a game is sought, one is tried twice a second, and a server takes 256 connections."""
    closed: list[XConnection] = []

    def refuse(x: XConnection, window: int) -> str:
        raise CaptureError("refused")

    monkeypatch.setattr(XConnection, "window_title", refuse)
    monkeypatch.setattr(XConnection, "close", lambda x: closed.append(x))
    x = XConnection()
    with pytest.raises(CaptureError, match="refused"):
        X11WindowCapture(bare_window(x, Region(0, 0, 64, 48)))
    assert len(closed) == 1
    monkeypatch.undo()
    closed[0].close()
    x.close()


def test_a_one_pixel_window_is_paused_until_it_grows(display: str) -> None:
    x = XConnection()
    window = x.new_id()
    x.core.CreateWindow(24, window, x.root, 0, 0, 1, 1, 0, 1, x.root_visual, xp.CW.OverrideRedirect, [1])
    x.core.MapWindow(window, is_checked=True).check()
    capture = X11WindowCapture(window)
    assert capture.grab() is None
    assert capture.state is CaptureState.PAUSED
    x.core.ConfigureWindow(window, xp.ConfigWindow.Width | xp.ConfigWindow.Height, [64, 48], is_checked=True).check()
    frame = capture.grab()
    assert frame is not None
    assert frame.bgra_u8.shape == (48, 64, 4)
    capture.close()
    x.close()


def test_a_closed_window_is_lost(game: Game, capture: X11WindowCapture) -> None:
    assert capture.grab() is not None
    game.close()
    eventually(lambda: capture.grab() is None and capture.state is CaptureState.LOST)
    assert capture.locate() is None


def test_a_window_that_is_not_there_is_an_error_that_says_what_to_do(display: str) -> None:
    with pytest.raises(CaptureError, match=r"0xbadbad: the server has no such window.*reskin windows"):
        X11WindowCapture(0xBADBAD)


def test_grabbing_leaks_no_shared_memory(game: Game) -> None:
    def own_segments() -> int:
        with open("/proc/sysvipc/shm") as table:
            return sum(line.split()[4] == str(os.getpid()) for line in table)  # column cpid: who made it

    before = own_segments()
    for _ in range(5):
        made = X11WindowCapture(game.window.id)
        for _ in range(100):
            assert made.grab() is not None
        made.close()
    eventually(lambda: own_segments() == before)
