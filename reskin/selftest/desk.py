"""All that the self-test does to a desktop, each a function that a test can put a fault in the place of.

Clicks and keys are made through pynput, and only at the marker game's window.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from reskin import platforms
from reskin.demo.marker_process import MarkerProcess
from reskin.doctor_row import Choice
from reskin.frame import Region
from reskin.platforms.base import Capture, Hotkeys, Overlay
from reskin.platforms.window_info import WindowInfo
from reskin.renderer import LIVE_ENGINE
from reskin.settings import load_settings
from reskin.status import Status

WARM_UP_S = 1.0
KEY = "<ctrl>+<shift>+<f9>"  # that the test presses itself; with Alt it is the chord for the ninth console


class GameProcess(Protocol):
    events: list[str]

    def has_come(self, event: str, limit_s: float) -> bool: ...


def _start_game(title: str, size_px: tuple[int, int]) -> AbstractContextManager[GameProcess]:
    return MarkerProcess(title, size_px=size_px, clock=True)


def _screen_pixels(region: Region) -> np.ndarray:
    import mss

    with mss.MSS() as screen:
        shot = screen.grab({"left": region.x, "top": region.y, "width": region.w, "height": region.h})
    return np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)[..., :3]


def _click(x: int, y: int) -> None:
    """At that place of the screen; the pointer goes back to where it was."""
    from pynput import mouse

    hand: Any = mouse.Controller()
    before = hand.position
    hand.position = (x, y)
    time.sleep(0.05)
    hand.click(mouse.Button.left)
    time.sleep(0.05)
    hand.position = before


def _press(pressed: bool) -> None:
    from pynput import keyboard

    hand: Any = keyboard.Controller()
    keys = (keyboard.Key.ctrl, keyboard.Key.shift, keyboard.Key.f9)
    for key in keys if pressed else reversed(keys):
        (hand.press if pressed else hand.release)(key)


def _bindings() -> Mapping[str, str]:
    return load_settings().hotkeys.chords()


@dataclass(kw_only=True)
class Desk:
    probe: Callable[[], list[Choice]] = platforms.probe
    clock_resolution_s: Callable[[], float] = lambda: time.get_clock_info("monotonic").resolution
    start_game: Callable[[str, tuple[int, int]], AbstractContextManager[GameProcess]] = _start_game
    list_windows: Callable[[], list[WindowInfo]] = platforms.list_windows
    open_window: Callable[[str], Capture] = platforms.open_window
    open_overlay: Callable[[Capture | None], Overlay] = platforms.open_overlay
    open_hotkeys: Callable[[Mapping[str, str]], Hotkeys] = platforms.open_hotkeys
    bindings: Callable[[], Mapping[str, str]] = _bindings
    screen_pixels: Callable[[Region], np.ndarray] = _screen_pixels  # (h, w, 3) BGR of what a person sees there
    click: Callable[[int, int], None] = _click
    press: Callable[[bool], None] = _press  # KEY goes down or up
    engine: str = LIVE_ENGINE
    settle_s: float = 0.3  # X starts recording keys a moment after the listener says that it is ready
    count_s: float = 1.0  # in which new pictures are counted
    wait_s: float = 15.0  # for a window, a first picture
    soon_s: float = 3.0  # for a click, a key, a picture on the screen

    def play(self, window: int, seconds: float) -> tuple[Status, np.ndarray | None]:
        """The whole program over a window: what it counted, and the last picture that it showed, (h, w, 3)."""
        from reskin.app import RunOptions, run
        from reskin.picture_file import read_picture

        with tempfile.TemporaryDirectory() as folder:
            shot = Path(folder) / "shot.png"
            status = run(
                RunOptions(
                    window=str(window), seconds=seconds, warm_up_s=WARM_UP_S, measure=True, engine=self.engine,
                    shot=shot, settings=load_settings(),
                )
            )  # fmt: skip
            return status, read_picture(shot)[..., :3] if shot.exists() else None
