"""A capture that looks for the game again when its window goes: games close and open their window to change its mode.

While it looks, its state is SEEKING and there is nothing to show; after the limit it is LOST, and the run ends. Knows
nothing of what kind of capture it holds, or of how another is found.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from reskin.errors import CaptureError
from reskin.frame import Frame, Region
from reskin.platforms.base import Capture, CaptureState

SEEK_S = 60.0
SEEK_EVERY_NS = 500_000_000  # listing windows takes a few ms of the loop's thread, in which nothing is shown anyway


class SeekingCapture:
    """`reopen` gives a new capture of the same game, or raises CaptureError while there is none.

    Nothing is looked for once `may_return` says no: its program has ended.
    """

    def __init__(
        self, capture: Capture, reopen: Callable[[], Capture], *, seek_s: float = SEEK_S,
        may_return: Callable[[], bool] = lambda: True, clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:  # fmt: skip
        self.name = capture.name
        self.title = capture.title
        self._capture = capture
        self._reopen = reopen
        self._seek_ns = int(seek_s * 1e9)
        self._may_return = may_return
        self._clock_ns = clock_ns
        self._gone_ns: int | None = None
        self._sought_ns = 0
        self._index = 0  # of the frames of all windows, so that it never goes back

    @property
    def state(self) -> CaptureState:
        if self._gone_ns is None and self._capture.state is not CaptureState.LOST:
            return self._capture.state
        gone_ns = 0 if self._gone_ns is None else self._clock_ns() - self._gone_ns
        is_over = gone_ns >= self._seek_ns or not self._may_return()
        return CaptureState.LOST if is_over else CaptureState.SEEKING

    @property
    def window_id(self) -> int:
        """Of the window that is captured now, where captures know it: the overlay lies over that one."""
        return getattr(self._capture, "window_id", 0)

    @property
    def sees_overlay(self) -> bool:
        return getattr(self._capture, "sees_overlay", False)

    def locate(self) -> Region | None:
        region = self._capture.locate()
        if self._capture.state is CaptureState.LOST:
            self._seek()
            return None
        return region

    def grab(self) -> Frame | None:
        frame = self._capture.grab()
        if frame is None:
            return None
        self._index += 1
        return Frame(self._index - 1, frame.captured_ns, frame.bgra_u8)

    def close(self) -> None:
        self._capture.close()

    def _seek(self) -> None:
        now_ns = self._clock_ns()
        if self._gone_ns is None:
            self._gone_ns = now_ns
        if now_ns - self._sought_ns < SEEK_EVERY_NS:
            return
        self._sought_ns = now_ns
        with contextlib.suppress(CaptureError):
            found = self._reopen()
            if (
                getattr(found, "sees_overlay", False) and not self.sees_overlay
            ):  # the overlay lies in its pictures: look again
                found.close()
                return
            self._capture.close()
            self._capture, self._gone_ns = found, None
            self.name, self.title = found.name, found.title  # a game's window is called otherwise than its splash
