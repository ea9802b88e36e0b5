"""What processes and threads of the app do first. Imports nothing of weight: a process shall be up soon."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1
_STEP_BACK = 5  # of 19


def die_with(parent_pid: int) -> None:
    """Never outlive the app, not even when it is killed by SIGKILL. Elsewhere than on Linux, the pipe's end tells."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the app tells us when to stop
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # it died before the line above
            os._exit(1)


def step_back() -> None:
    """The thread that calls this lets the game, the loop and the engine go first where cores are short (Linux only)."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + _STEP_BACK))
