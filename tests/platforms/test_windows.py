"""Which windows there are, and which one a person means."""

from __future__ import annotations

import pytest
import xcffib.xproto as xp

import reskin.platforms as platforms
from reskin.errors import CaptureError, DisplayError
from reskin.frame import Region
from reskin.platforms.window_info import WindowInfo, choose_window
from reskin.platforms.x11.connection import XConnection
from tests.games import Game, xdotool
from tests.platforms.looking import bare_window, eventually


def _window(number: int, title: str, wm_class: str) -> WindowInfo:
    region = Region(0, 0, 640, 480)
    return WindowInfo(id=number, title=title, wm_class=wm_class, pid=1, region=region, minimised=False)


WINDOWS = [
    _window(0x1400003, "SuperTux v0.6.3", "supertux2"),
    _window(0x1600007, "Extreme Tux Racer", "etr"),
    _window(0x1800001, "2048", "game-2048"),
    _window(0x1800002, "Notes", "editor"),
    _window(0x1800003, "Notes on Tux", "editor"),
]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("0x1400003", 0x1400003), ("20971523", 0x1400003), ("Extreme Tux Racer", 0x1600007), ("supertux", 0x1400003),
        ("RACER", 0x1600007), ("ETR", 0x1600007), ("2048", 0x1800001), ("Notes", 0x1800002), (" on tux ", 0x1800003),
    ],
)  # fmt: skip
def test_a_window_is_found_by_id_title_or_part_of_either(query: str, number: int) -> None:
    assert choose_window(WINDOWS, query).id == number


def test_the_terminal_that_runs_us_is_not_taken_for_the_game_whose_name_stands_in_its_title() -> None:
    terminal = _window(0x1900001, "reskin run SuperTux --theme neon-rain", "kitty")
    assert choose_window([*WINDOWS, terminal], "supertux").id == 0x1400003
    assert choose_window([*WINDOWS, terminal], "0x1900001").id == 0x1900001
    with pytest.raises(CaptureError, match="no window has that id"):
        choose_window([terminal], "supertux")


def test_an_ambiguous_name_lists_what_matches_and_only_that() -> None:
    with pytest.raises(CaptureError, match="3 windows match, expected one") as caught:
        choose_window(WINDOWS, "tux")
    assert "0x1400003" in str(caught.value)
    assert "2048" not in str(caught.value)


def test_a_wrong_name_names_the_nearest_and_lists_all() -> None:
    with pytest.raises(CaptureError, match='Did you mean "Extreme Tux Racer"') as caught:
        choose_window(WINDOWS, "Extrem Tux Racr")
    assert all(window.title in str(caught.value) for window in WINDOWS)


@pytest.mark.parametrize("query", ["", "  "])
def test_an_empty_name_is_refused(query: str) -> None:
    with pytest.raises(CaptureError, match="got an empty name"):
        choose_window(WINDOWS, query)


def test_no_windows_at_all_says_to_start_the_game() -> None:
    with pytest.raises(CaptureError, match="start the game first"):
        choose_window([], "tux")


def test_a_real_window_is_listed_with_all_that_is_known_of_it(game: Game) -> None:
    (window,) = platforms.list_windows()
    assert window.title == "Tux Test"
    assert window.pid == game.process.pid
    assert window.wm_class
    assert (window.region.w, window.region.h) == (640, 360)
    assert not window.minimised
    xdotool("windowminimize", window.id)
    eventually(lambda: platforms.list_windows()[0].minimised)


def test_a_fullscreen_window_that_no_window_manager_knows_is_listed_and_a_menu_is_not(display: str) -> None:
    """As games of SDL 1.2, Allegro and Wine without managed windows have it."""
    x = XConnection()
    whole = Region(0, 0, 1280, 720)
    full = bare_window(x, whole, title="Old Game")
    bare_window(x, Region(0, 0, 300, 700), title="Menu")
    bare_window(x, whole)
    guard = x.new_id()  # Mutter's, without pixels
    x.core.CreateWindow(
        0, guard, x.root, 0, 0, whole.w, whole.h, 0, xp.WindowClass.InputOnly, 0, xp.CW.OverrideRedirect, [1]
    )
    x.set_text(guard, "_NET_WM_NAME", "mutter guard window")
    x.core.MapWindow(guard, is_checked=True).check()
    (window,) = platforms.list_windows()
    assert (window.id, window.title, window.region) == (full, "Old Game", whole)
    x.core.UnmapWindow(full, is_checked=True).check()
    assert platforms.list_windows() == []
    x.close()


def test_a_capture_opened_by_a_part_of_the_title_grabs_that_window(game: Game) -> None:
    capture = platforms.open_window("tux te")
    assert "Tux Test" in capture.name
    assert capture.grab() is not None
    capture.close()


def test_probing_names_what_each_part_would_use(display: str) -> None:
    chosen = {choice.part: choice.chosen for choice in platforms.probe()}
    assert chosen == {
        "capture": "XComposite + MIT-SHM", "overlay": "X11 window", "hotkeys": "pynput",
        "prompt bar": "XGrabKeyboard", "box mode": "XGrabPointer",
    }  # fmt: skip


def test_probing_without_a_display_says_so_for_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    assert all(choice.chosen == "none" and "$DISPLAY is not set" in choice.why for choice in platforms.probe())


def test_a_display_that_is_not_there_is_a_clear_error_in_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4711")
    for part in (
        platforms.list_windows,
        platforms.open_overlay,
        lambda: platforms.open_window("tux"),
        lambda: platforms.open_hotkeys({"quit": "<f9>"}),
    ):
        with pytest.raises(DisplayError, match="DISPLAY"):
            part()


def test_a_wayland_session_without_xwayland_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with pytest.raises(DisplayError, match="Wayland session without XWayland"):
        platforms.list_windows()


def test_systems_that_are_not_built_yet_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(DisplayError, match="darwin are not built yet"):
        platforms.open_overlay()
