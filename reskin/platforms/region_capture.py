"""Grabs a rectangle of the screen (mss), for games whose window cannot be captured by itself.

It sees whatever lies on top there, so it is for Windows, where the overlay can be left out of captures; that it was is
watched by `reskin.self_capture`. Knows no windows.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

import mss
import numpy as np

from reskin.errors import CaptureError, DisplayError
from reskin.frame import Frame, Region
from reskin.platforms.base import CaptureState
from reskin.platforms.placing import part_on

_REFUSED = (mss.ScreenShotError, AssertionError, ValueError)  # mss 10.2 asserts that a connection is never broken
_LOOK_AGAIN_EVERY = 24  # ticks, one second: has a screen that the region hangs out of grown meanwhile?


class RegionCapture:
    """Capture of `region`, cut at the screen's edges; PAUSED while no part of it is on the screen."""

    sees_overlay = True

    def __init__(self, region: Region) -> None:
        if region.w < 1 or region.h < 1:
            raise CaptureError(
                f"capturing a screen region: got {region.w}x{region.h} pixels, expected at least 1x1. Give x,y,w,h."
            )
        self.name = f"screen region {region.w}x{region.h} at {region.x},{region.y}"
        self.title = ""
        self._wanted = region
        self._looks = 0
        self._index = 0
        self._state = CaptureState.ACTIVE
        self._mss: Any = None
        self._open()

    def _open(self) -> None:
        """mss keeps the screen's size as it was when it was made, so a changed screen needs a new one."""
        self._shut()
        try:
            self._mss = mss.MSS()
            screen = self._mss.monitors[0]  # the box round all screens
        except _REFUSED as error:
            raise DisplayError(
                f"capturing the {self.name}: the screen cannot be read ({error}). "
                "Expected a running session; check $DISPLAY."
            ) from error
        self._part = part_on(self._wanted, Region(screen["left"], screen["top"], screen["width"], screen["height"]))
        if self._state is not CaptureState.LOST:
            self._state = CaptureState.PAUSED if self._part is None else CaptureState.ACTIVE

    @property
    def state(self) -> CaptureState:
        return self._state

    def locate(self) -> Region | None:
        if self._state is CaptureState.PAUSED:  # nothing is grabbed meanwhile: a screen may have come back
            self._look_again()
        return self._part if self._state is CaptureState.ACTIVE else None

    def grab(self) -> Frame | None:
        if self._state is CaptureState.LOST:
            return None
        if self._part != self._wanted:
            self._look_again()
        captured_ns = time.monotonic_ns()
        pixels = self._pixels()
        if pixels is None:
            return None
        self._index += 1
        return Frame(self._index - 1, captured_ns, pixels)

    def _look_again(self) -> None:
        self._looks += 1
        if self._looks % _LOOK_AGAIN_EVERY == 0:
            self._open()

    def _pixels(self) -> np.ndarray | None:
        try:
            return self._shot()
        except _REFUSED:
            self._open()  # the screen changed under us, or is gone: then this raises
        try:
            return self._shot()
        except _REFUSED as error:
            raise CaptureError(
                f"capturing the {self.name}: the screen refused twice ({error}). Choose a region inside the screen."
            ) from error

    def _shot(self) -> np.ndarray | None:
        if self._part is None:
            return None
        part = self._part
        shot = self._mss.grab({"left": part.x, "top": part.y, "width": part.w, "height": part.h})
        return np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)

    def close(self) -> None:
        self._state = CaptureState.LOST
        self._shut()

    def _shut(self) -> None:
        if self._mss is not None:
            with contextlib.suppress(*_REFUSED):  # mss complains of a connection that is broken
                self._mss.close()
            self._mss = None
