"""A process of a sink's own that always has the newest picture, in shared memory; the loop pays for one copy.

What such a process does (a window's events, a server's clients, twenty viewers' bytes) cannot hold up the loop: it has
an interpreter of its own, and nothing here waits for it. Knows nothing of windows and servers.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

import numpy as np

from reskin.child_process import spawn
from reskin.shared_frames import create_segment, send_segment
from reskin.supervisor import FIRST_CAPACITY

END_LIMIT_S = 1.0


class PictureProcess:
    """Runs `target(connection, our_pid, *arguments)`, which ends at the message ("stop",) or when the app is gone.

    It gets ("segment", capacity, name) for `receive_segment`, and ("frame",) when there is a picture to `take` from the
    segment's `game` ring.
    """

    def __init__(self, name: str, target: Callable[..., None], *arguments: object) -> None:
        self._process, self._connection = spawn(name, target, os.getpid(), *arguments)
        self._is_closed = False
        self._give_segment(FIRST_CAPACITY)

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.exitcode

    def put(self, index: int, captured_ns: int, bgra_u8: np.ndarray) -> None:
        """Copies the picture, (h, w, 4); one that has not been taken yet is overwritten."""
        if bgra_u8.nbytes > self._segment.capacity:
            self._give_segment(bgra_u8.nbytes)
        if self._segment.game.put(bgra_u8, index=index, captured_ns=captured_ns):
            self.send(("frame",))  # at most one of these in the pipe, so it never fills

    def send(self, message: tuple[object, ...]) -> None:
        """Waits while the pipe is full, so a sender must see to it that little is under way."""
        with contextlib.suppress(OSError):  # it has ended: `exit_code` says so
            self._connection.send(message)

    def heard(self) -> list[object]:
        """What it sent since the last call; never waits, also for what it sent before it ended."""
        messages = []
        with contextlib.suppress(EOFError, OSError):
            while self._connection.poll():
                messages.append(self._connection.recv())
        return messages

    def close(self) -> None:
        """Twice is fine. Ends it, by force after a second."""
        if self._is_closed:
            return
        self._is_closed = True
        self.send(("stop",))
        self._process.join(END_LIMIT_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join(END_LIMIT_S)
        self._connection.close()

    def _give_segment(self, capacity: int) -> None:
        self._segment, handle = create_segment(capacity)
        assert self._process.pid is not None
        with contextlib.suppress(OSError):  # it has ended: the next frame says so
            send_segment(self._connection, self._segment, handle, self._process.pid)
