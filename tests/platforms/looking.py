"""What several platform tests do: wait, read quadrants, look at the screen."""

from __future__ import annotations

import time
from collections.abc import Callable

import mss
import numpy as np
import xcffib.xproto as xp

from reskin.frame import Frame, Region
from reskin.platforms.base import Capture
from reskin.platforms.x11.connection import XConnection
from tests.games import QUADRANTS_BGR

LIMIT_S = 5.0
SETTLED_S = 0.2  # between two looks at what fades: five ticks


def eventually(what: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Until `what()` is true: the desktop and other processes take their time."""
    end_s = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < end_s, "it did not happen in time"
        time.sleep(0.01)


def settled_frame(capture: Capture, size_px: tuple[int, int]) -> Frame:
    """The first frame of this (w, h) in which the game has drawn all four quadrants."""
    found: list[Frame] = []

    def has_settled() -> bool:
        frame = capture.grab()
        if frame is not None and frame.bgra_u8.shape[1::-1] == size_px and quadrants(frame.bgra_u8) == QUADRANTS_BGR:
            found.append(frame)
        return bool(found)

    eventually(has_settled)
    return found[0]


def quadrants(bgra_u8: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """The colour in the middle of each quadrant."""
    h, w = bgra_u8.shape[:2]
    middles = ((h // 4, w // 4), (h // 4, w - w // 4), (h - h // 4, w // 4), (h - h // 4, w - w // 4))
    return tuple(tuple(int(level) for level in bgra_u8[row, column, :3]) for row, column in middles)


def settled_quadrants(screen: Callable[[], np.ndarray]) -> tuple[tuple[int, ...], ...]:
    """Their colours once two looks at it see the same: what was fading has come to its end."""
    seen = [quadrants(screen())]

    def has_settled() -> bool:
        time.sleep(SETTLED_S)
        seen.append(quadrants(screen()))
        return seen[-1] == seen[-2]

    eventually(has_settled)
    return seen[-1]


def screen_pixels(region: Region) -> np.ndarray:
    """(h, w, 3) of what a player sees there."""
    with mss.MSS() as screen:
        shot = screen.grab({"left": region.x, "top": region.y, "width": region.w, "height": region.h})
    return np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)[..., :3]


def bare_window(x: XConnection, place: Region, *, title: str = "", inside: int = 0, colour: int = 0) -> int:
    """A plain window, mapped and on top, that no window manager sees: as a menu, a screen locker or an old game makes.

    `inside`: in another window. `colour`: 0xRRGGBB.
    """
    window, mask = x.new_id(), xp.CW.BackPixel | xp.CW.OverrideRedirect
    x.core.CreateWindow(
        24, window, inside or x.root, place.x, place.y, place.w, place.h, 0, xp.WindowClass.InputOutput,
        x.root_visual, mask, [colour, 1],
    )  # fmt: skip
    if title:
        x.set_text(window, "_NET_WM_NAME", title)
    x.core.MapWindow(window, is_checked=True).check()
    return window


def plain_frame(size_px: tuple[int, int], bgr: tuple[int, int, int], index: int = 0) -> Frame:
    w, h = size_px
    pixels = np.empty((h, w, 4), np.uint8)
    pixels[:] = (*bgr, 255)
    return Frame(index, time.monotonic_ns(), pixels)
