"""The marker game for tests, `reskin.demo.marker_game`: a real window on X11 whose pixels and events are known."""

from __future__ import annotations

import subprocess
from typing import Self

from reskin.demo.marker_game import QUADRANTS_BGR as QUADRANTS_BGR
from reskin.demo.marker_process import MarkerProcess
from reskin.platforms.window_info import WindowInfo
from reskin.platforms.x11.windows import find_window

_START_LIMIT_S = 15.0


class Game(MarkerProcess):
    """`with Game("Tux Test") as game:` a window on $DISPLAY; `window` as the desktop lists it."""

    def __enter__(self) -> Self:
        super().__enter__()
        self.wait_for("focus gained")
        self.window: WindowInfo = find_window(self.title)
        return self

    def wait_for(self, event: str, limit_s: float = _START_LIMIT_S) -> None:
        """Until the game has reported a line that starts like this."""
        assert self.has_come(event, limit_s), f"{event!r} did not come within {limit_s} s; got {self.events}"


def xdotool(*arguments: object) -> None:
    """Drive the desktop as a player's hands would."""
    subprocess.run(["xdotool", *(str(argument) for argument in arguments)], check=True, timeout=20)
