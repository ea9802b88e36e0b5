"""A video file in a game's place: plays in real time, so the loop can run on footage. LOST at its end.

The newest frame that is due wins, as with a real game; frames in between are passed over. For every frame in order,
as `reskin render` needs them, use `reskin.video.VideoReader` itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from reskin.frame import Frame, Region
from reskin.platforms.base import CaptureState
from reskin.video import VideoReader


class VideoCapture:
    def __init__(self, path: Path | str, *, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._reader = VideoReader(path)
        self._frames = iter(self._reader)
        self.name = f"video {self._reader.path.name}"
        self.title = ""
        self._clock_ns = clock_ns
        self._start_ns: int | None = None  # on our clock, of the file's time zero
        self._now: Frame | None = None
        self._next = next(self._frames, None)  # decoded one ahead, to know when the shown one is over
        self._grabs = 0
        self._state = CaptureState.ACTIVE

    @property
    def state(self) -> CaptureState:
        return self._state

    def locate(self) -> Region | None:
        return Region(0, 0, *self._reader.size_px) if self._state is CaptureState.ACTIVE else None

    def grab(self) -> Frame | None:
        """The frame that is due; its capture time is the moment it became due, so latencies come out right."""
        if self._state is not CaptureState.ACTIVE:
            return None
        if self._start_ns is None:
            self._start_ns = self._clock_ns() - (self._next.captured_ns if self._next else 0)
        due_ns = self._clock_ns() - self._start_ns
        while self._next is not None and self._next.captured_ns <= due_ns:
            self._now, self._next = self._next, next(self._frames, None)
        if self._now is None or (self._next is None and due_ns >= self._now.captured_ns + 1e9 / self._reader.fps):
            self._state = CaptureState.LOST
            return None
        self._grabs += 1
        return Frame(self._grabs - 1, self._start_ns + self._now.captured_ns, self._now.bgra_u8)

    def close(self) -> None:
        self._state = CaptureState.LOST
        self._reader.close()
