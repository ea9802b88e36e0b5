"""The game's window as every Windows capture follows it: where it is, whether it can be seen, what stands against it.

Knows nothing of pixels. A window that runs as administrator, or that takes the screen for itself, is answered with
what to click rather than with a black picture.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from reskin.errors import CaptureError
from reskin.frame import Region
from reskin.platforms.base import CaptureState
from reskin.platforms.windows.desktop import Desktop, Monitor
from reskin.platforms.windows.win32 import Win32Error

MIN_SIDE_PX = 2  # programs park windows at no size at all
SILENCE_LIMIT_NS = 3_000_000_000  # without a picture, in exclusive fullscreen: then it will not come by itself

ELEVATED = (
    "it runs as administrator and Reskin does not, so Windows keeps keys from Reskin while it is in front, also the "
    "one that gives the game back. Start the game without administrator rights, or start Reskin as administrator too"
)
EXCLUSIVE = (
    "it is in exclusive fullscreen, where no other program can see it or draw over it. In the game's video settings, "
    'choose "Borderless", "Windowed fullscreen" or "Windowed", then start Reskin again'
)


class GameWindow:
    """`sample()` gives state and region, once for each grab; `heard` and `silent` tell it whether a picture came."""

    def __init__(self, desktop: Desktop, window: int, *, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self.desktop = desktop
        self.window = window
        self._clock_ns = clock_ns
        self._silent_since_ns: int | None = None
        if not desktop.exists(window):
            raise CaptureError(
                f"capturing window {window:#x}: there is no such window. It was closed, or the id is wrong; "
                "`reskin windows` lists what is there."
            )
        self.title = desktop.title(window)
        reason = obstacle(desktop, window)
        if reason:
            raise CaptureError(f'capturing the window "{self.title}": {reason}.')

    def sample(self) -> tuple[CaptureState, Region | None]:
        """The client area on the screen, which may hang out of it; None unless ACTIVE."""
        desktop, window = self.desktop, self.window
        try:
            if not desktop.exists(window):
                return CaptureState.LOST, None
            if desktop.is_minimised(window) or not desktop.is_visible(window):
                return CaptureState.PAUSED, None
            region = desktop.client_region(window)
        except Win32Error:
            if not desktop.exists(window):  # it closed between two questions
                return CaptureState.LOST, None
            raise
        if min(region.w, region.h) < MIN_SIDE_PX:
            return CaptureState.PAUSED, None
        return CaptureState.ACTIVE, region

    def monitor(self) -> Monitor:
        return self.desktop.monitor_of(self.window)

    def is_in_front(self) -> bool:
        return self.desktop.is_in_front(self.window)

    def heard(self) -> None:
        """A picture has come."""
        self._silent_since_ns = None

    def silent(self) -> None:
        """No picture came though the window is up: CaptureError once it is known why it never will."""
        now_ns = self._clock_ns()
        if self._silent_since_ns is None:
            self._silent_since_ns = now_ns
        elif now_ns - self._silent_since_ns >= SILENCE_LIMIT_NS and self.desktop.is_exclusive_fullscreen():
            raise CaptureError(f'capturing the window "{self.title}": {EXCLUSIVE}.')


def obstacle(desktop: Desktop, window: int) -> str:
    """Why this window cannot be reskinned now, in the middle of a sentence; empty when it can."""
    if desktop.is_elevated(desktop.pid(window)) and not desktop.is_elevated():
        return ELEVATED
    if desktop.foreground() == window and desktop.is_exclusive_fullscreen():
        return EXCLUSIVE
    return ""
