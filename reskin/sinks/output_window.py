"""A sink that shows the result in a second, ordinary window, for OBS's Window Capture and for a second screen.

The window is in a process of its own (`reskin.sinks.window_process`): SDL ends its whole process when the display goes
away, and wants a main thread for its events. The player closing it ends this sink alone.
"""

from __future__ import annotations

from reskin.errors import SinkEnded, SinkError
from reskin.frame import Frame, Region
from reskin.sinks.picture_process import PictureProcess
from reskin.sinks.window_process import CLOSED, show_frames


class OutputWindow:
    """`show` copies the picture and returns; the window takes the newest when it can."""

    name = "output window"

    def __init__(self) -> None:
        self._process = PictureProcess("reskin-output", show_frames)

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def show(self, frame: Frame, region: Region) -> None:
        """SinkEnded when the player has closed the window, SinkError when its process has failed."""
        exit_code = self._process.exit_code
        if exit_code is not None:
            raise self._why_ended(exit_code)
        self._process.put(frame.index, frame.captured_ns, frame.bgra_u8)

    def close(self) -> None:
        """Twice is fine."""
        self._process.close()

    def _why_ended(self, exit_code: int) -> SinkEnded | SinkError:
        if exit_code == CLOSED:
            return SinkEnded("The output window is closed; start Reskin again to get it back")
        for said in self._process.heard():
            return SinkError(f"showing the output window: {said}")
        return SinkError(
            f"showing the output window: its process ended with exit code {exit_code}. Its log is in the folder that "
            "`reskin paths` names; start Reskin again."
        )
