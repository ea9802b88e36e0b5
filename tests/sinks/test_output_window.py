"""The second window on a real desktop: what it shows, at every shape, and what its end means for the loop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from reskin.errors import SinkEnded, SinkError
from reskin.frame import Frame, Region
from reskin.platforms.x11.capture import X11WindowCapture
from reskin.platforms.x11.connection import XConnection
from reskin.platforms.x11.windows import OUTPUT_CLASS, list_windows
from reskin.sinks import window_process
from reskin.sinks.output_window import OutputWindow
from tests.games import QUADRANTS_BGR, Game, xdotool
from tests.platforms.looking import eventually, quadrants

SIZE_PX = (640, 360)


def quartered(size_px: tuple[int, int] = SIZE_PX, colours: tuple[tuple[int, ...], ...] = QUADRANTS_BGR) -> Frame:
    w, h = size_px
    pixels = np.empty((h, w, 4), np.uint8)
    for index, colour in enumerate(colours):
        left, top = index % 2 * (w // 2), index // 2 * (h // 2)
        pixels[top:, left:] = (*colour, 255)
    return Frame(0, 0, pixels)


def output_ids() -> list[int]:
    """By class, as a recorder finds it."""
    x = XConnection()
    try:
        ids = x.property_numbers(x.root, "_NET_CLIENT_LIST")
        return [i for i in ids if x.property_text(i, "WM_CLASS").rstrip("\0").endswith(OUTPUT_CLASS)]
    finally:
        x.close()


def active_window() -> int:
    x = XConnection()
    try:
        return x.property_numbers(x.root, "_NET_ACTIVE_WINDOW")[0]
    finally:
        x.close()


@pytest.fixture
def window(display: str) -> Iterator[OutputWindow]:
    sink = OutputWindow()
    yield sink
    sink.close()
    sink.close()


def show_until(sink: OutputWindow, frame: Frame, seen: object) -> None:
    def is_shown() -> bool:
        sink.show(frame, Region(0, 0, *SIZE_PX))
        return bool(seen())  # type: ignore[operator]

    eventually(is_shown, limit_s=20)


def test_the_window_shows_the_picture_keeps_its_shape_and_leaves_the_focus(game: Game, window: OutputWindow) -> None:
    frame = quartered()
    show_until(window, frame, output_ids)
    (own,) = output_ids()
    assert window_process.WINDOW_CLASS == OUTPUT_CLASS
    assert [found.id for found in list_windows()] == [game.window.id]  # nobody reskins the output itself
    capture = X11WindowCapture(own)
    try:
        show_until(window, frame, lambda: quadrants(capture.grab().bgra_u8) == QUADRANTS_BGR)  # type: ignore[union-attr]
        assert capture.name.endswith("'Reskin output'")
        assert active_window() == game.window.id
        xdotool("windowsize", own, 300, 600)
        seen: list[np.ndarray] = []

        def is_fitted() -> bool:
            grabbed = capture.grab()
            if grabbed is None or grabbed.bgra_u8.shape[:2] != (600, 300):
                return False
            seen[:] = [grabbed.bgra_u8.copy()]
            top, bottom = (600 - 169) // 2, (600 + 169) // 2
            bars = not seen[0][: top - 2, :, :3].any() and not seen[0][bottom + 2 :, :, :3].any()
            return bars and quadrants(seen[0][top:bottom]) == QUADRANTS_BGR

        show_until(window, frame, is_fitted)
        xdotool("windowfocus", "--sync", own)
        for key_gives in ((720, 1280), (600, 300)):  # rows and columns: the screen's own, and the window's again
            xdotool("key", "F11")
            show_until(window, frame, lambda want=key_gives: capture.grab().bgra_u8.shape[:2] == want)
        turned = QUADRANTS_BGR[::-1]
        larger = quartered(
            (2000, 1200), turned
        )  # more than the shared memory holds at the start; 300x180 in the window
        show_until(window, larger, lambda: quadrants(capture.grab().bgra_u8[210:390]) == turned)  # type: ignore[union-attr]
    finally:
        capture.close()


def test_closing_it_by_hand_is_told_as_such_and_a_crash_as_one(display: str) -> None:
    by_hand, crashed = OutputWindow(), OutputWindow()
    try:
        show_until(by_hand, quartered(), output_ids)
        subprocess.run(["wmctrl", "-i", "-c", str(output_ids()[0])], check=True)
        with pytest.raises(SinkEnded, match="window is closed"):
            show_until(by_hand, quartered(), lambda: False)
        show_until(crashed, quartered(), output_ids)
        os.kill(crashed.pid or 0, signal.SIGKILL)
        with pytest.raises(SinkError, match="exit code -9"):
            show_until(crashed, quartered(), lambda: False)
    finally:
        by_hand.close()
        crashed.close()
    eventually(lambda: not output_ids())


def test_it_goes_with_an_app_that_is_killed(display: str) -> None:
    code = (
        "from reskin.sinks.output_window import OutputWindow as W\n"
        "from tests.platforms.looking import plain_frame as f\n"
        "if __name__ == '__main__':\n    w = W()\n    while True: w.show(f((64, 48), (1, 2, 3)), None)"
    )
    app = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.getcwd()})
    try:
        eventually(output_ids, limit_s=20)
    finally:
        app.kill()
        app.wait()
    eventually(lambda: not output_ids())


def test_a_window_that_cannot_open_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":1999")
    sink = OutputWindow()
    try:
        with pytest.raises(SinkError, match="output window: error: "):
            show_until(sink, quartered(), lambda: False)
    finally:
        sink.close()
