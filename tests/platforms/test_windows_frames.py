"""A window's picture and its place on the desktop need not agree: over the fake Windows."""

from __future__ import annotations

import contextlib

import numpy as np

from reskin.frame import Region
from reskin.platforms.windows.fake.toolkit import FakeSystem
from reskin.platforms.windows.game_window import GameWindow
from reskin.platforms.windows.window_capture import WindowCapture
from tests.platforms.looking import eventually


def _opened(here: FakeSystem) -> contextlib.closing[WindowCapture]:
    game = GameWindow(here.system.desktop, here.game.handle)
    return contextlib.closing(WindowCapture(game, here.system.windows_capture))


def _shows(capture: WindowCapture, wanted: np.ndarray) -> bool:
    frame = capture.grab()
    return frame is not None and np.array_equal(frame.bgra_u8, wanted)


def test_a_window_whose_inside_reaches_over_its_frame_shows_the_part_within() -> None:
    """As maximised windows with a title bar of their own do."""
    here = FakeSystem()
    here.game.border = (-7, -7, -7, -7)
    with _opened(here) as capture:
        picture = here.play(6)
        eventually(lambda: _shows(capture, picture[7:-7, 7:-7]))


def test_a_session_that_keeps_an_old_size_is_begun_anew() -> None:
    here = FakeSystem()
    with _opened(here) as capture:
        picture = here.play(1)
        eventually(lambda: _shows(capture, picture))
        before = capture._control
        here.game.client = Region(30, 40, 800, 450)  # and no frame of that size comes
        eventually(lambda: (capture.grab(), capture._control is not before)[1])
