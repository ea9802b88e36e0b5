"""What a Windows capture cannot do is said in words that help, before anything is shown."""

from __future__ import annotations

import pytest

from reskin.errors import CaptureError
from reskin.platforms.windows.fake.toolkit import FakeSystem
from reskin.platforms.windows.game_window import GameWindow
from reskin.platforms.windows.window_capture import WindowCapture


def _window(here: FakeSystem) -> WindowCapture:
    return WindowCapture(GameWindow(here.system.desktop, here.game.handle), here.system.windows_capture)


def test_a_windows_without_window_capture_says_so() -> None:
    with pytest.raises(CaptureError, match="build 17763 cannot capture single windows"):
        _window(FakeSystem(17763))
    here = FakeSystem()
    here.windows_capture.refuses = True
    with pytest.raises(CaptureError, match="not supported on this platform"):
        _window(here)


def test_an_elevated_game_is_answered_with_what_to_do() -> None:
    here = FakeSystem()
    here.desktop.elevated.add(here.game.pid)
    with pytest.raises(CaptureError, match=r"runs as administrator.*without administrator rights, or start Reskin as"):
        _window(here)
    here.desktop.elevated.add(here.desktop.pid)  # Reskin as administrator too
    _window(here).close()


def test_a_window_that_is_fullscreen_when_it_is_chosen_is_refused_at_once() -> None:
    here = FakeSystem()
    here.desktop.exclusive = True
    with pytest.raises(CaptureError, match="exclusive fullscreen"):
        GameWindow(here.system.desktop, here.game.handle)
