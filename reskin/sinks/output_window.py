"""A sink that shows the result in a second, ordinary window, for OBS's Window Capture and for a second screen.

The window is in a process of its own (`reskin.sinks.window_process`), fed through shared memory: SDL ends its whole
process when the display goes away, and wants a main thread for its events. So nothing that happens to the window can
hold up the loop, which pays for one copy a frame. The player closing it ends this sink alone.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time

import numpy as np

from reskin.errors import SinkEnded, SinkError
from reskin.frame import Frame, Region
from reskin.shared_frames import create_segment, send_segment
from reskin.sinks.window_process import CLOSED, show_frames
from reskin.supervisor import FIRST_CAPACITY, interrupt_blocked

END_LIMIT_S = 1.0


class OutputWindow:
    """`show` copies the picture and returns; the window takes the newest when it can."""

    name = "output window"

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe(duplex=True)
        self._process = context.Process(
            target=show_frames, args=(theirs, os.getpid()), name="reskin-output", daemon=True
        )
        with interrupt_blocked():
            self._process.start()
        theirs.close()
        self._is_closed = False
        self._give_segment(FIRST_CAPACITY)

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def show(self, frame: Frame, region: Region) -> None:
        """SinkEnded when the player has closed the window, SinkError when its process has failed."""
        exit_code = self._process.exitcode
        if exit_code is not None:
            raise self._why_ended(exit_code)
        if frame.bgra_u8.nbytes > self._segment.capacity:
            self._give_segment(frame.bgra_u8.nbytes)
        ring = self._segment.game
        h, w = frame.bgra_u8.shape[:2]
        slot = ring.free_slot()
        np.copyto(ring.pixels(slot, h, w), frame.bgra_u8)
        has_been_told = ring.is_waiting  # at most one of these in the pipe, so it never fills
        ring.publish(slot, h, w, index=frame.index, captured_ns=frame.captured_ns, submitted_ns=time.monotonic_ns())
        if not has_been_told:
            self._send(("frame",))

    def close(self) -> None:
        """Twice is fine."""
        if self._is_closed:
            return
        self._is_closed = True
        self._send(("stop",))
        self._process.join(END_LIMIT_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join(END_LIMIT_S)
        self._connection.close()

    def _why_ended(self, exit_code: int) -> SinkEnded | SinkError:
        if exit_code == CLOSED:
            return SinkEnded("The output window is closed; start Reskin again to get it back")
        with contextlib.suppress(EOFError, OSError):
            if self._connection.poll():
                return SinkError(f"showing the output window: {self._connection.recv()}")
        return SinkError(f"showing the output window: its process ended with exit code {exit_code}.")

    def _give_segment(self, capacity: int) -> None:
        self._segment, handle = create_segment(capacity)
        assert self._process.pid is not None
        with contextlib.suppress(OSError):  # it has ended: the next frame says so
            send_segment(self._connection, self._segment, handle, self._process.pid)

    def _send(self, message: tuple[object, ...]) -> None:
        with contextlib.suppress(OSError):  # the same
            self._connection.send(message)
