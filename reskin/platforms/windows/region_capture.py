"""Grabs the screen under the game's window through mss (GDI), where neither of the faster ways can be had.

Slow, and black with some Direct3D games; sees the overlay as well, which must be left out of captures.
"""

from __future__ import annotations

from collections.abc import Callable

from reskin.errors import CaptureError
from reskin.frame import Frame, Region
from reskin.platforms.base import Capture, CaptureState
from reskin.platforms.windows.game_window import GameWindow


class FollowingRegionCapture:
    """A screen region that goes where the window goes; `open_region` makes a capture of a fixed one."""

    sees_overlay = True

    def __init__(self, game: GameWindow, open_region: Callable[[Region], Capture]) -> None:
        self.window_id = game.window
        self.name = f'windows screen (GDI) under "{game.title}"'
        self.title = game.title
        self._game = game
        self._open_region = open_region
        self._state = CaptureState.PAUSED
        self._screen: Capture | None = None
        self._at: Region | None = None
        self._index = 0
        if (region := game.sample()[1]) is not None:
            self._follow(region)

    @property
    def state(self) -> CaptureState:
        return self._state

    def locate(self) -> Region | None:
        if self._state is CaptureState.LOST:
            return None
        self._state, region = self._game.sample()
        if region is not None and not self._game.is_in_front():
            self._state, region = CaptureState.PAUSED, None  # what covers it is nobody's business
        if region is None:
            return None
        part = self._follow(region).locate()
        if part is None:
            self._state = CaptureState.PAUSED
        return part

    def grab(self) -> Frame | None:
        if self.locate() is None:
            return None
        assert self._screen is not None
        frame = self._screen.grab()
        if frame is None:
            self._game.silent()
            return None
        self._game.heard()
        self._index += 1
        return Frame(self._index - 1, frame.captured_ns, frame.bgra_u8)

    def _follow(self, region: Region) -> Capture:
        if self._screen is None or region != self._at:
            self._drop()
            self._screen, self._at = self._open_region(region), region
        return self._screen

    def _drop(self) -> None:
        if self._screen is not None:
            self._screen.close()
            self._screen = None

    def close(self) -> None:
        self._state = CaptureState.LOST
        self._drop()


def refused(reasons: list[tuple[str, str]], title: str) -> CaptureError:
    """What to raise when no way worked."""
    lines = "\n".join(f"  {name}: {reason}" for name, reason in reasons)
    return CaptureError(
        f'capturing the window "{title}": no way works here.\n{lines}\nUpdate Windows and the graphics driver.'
    )
