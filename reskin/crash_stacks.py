"""Where every thread was when the interpreter crashed: on stderr from a process's first moment on.

`reskin.log` moves it into a file where the app keeps a log. Every process of ours comes through here: the command line,
what `reskin.child_process` starts, the games. Files, functions and lines, never what is in them.
"""

from __future__ import annotations

import contextlib
import faulthandler
import sys


def show_crashes() -> None:
    """Does nothing where a crash is told of already, or where there is no stderr (a Windows program without one)."""
    if sys.__stderr__ is not None and not faulthandler.is_enabled():
        with contextlib.suppress(OSError, ValueError):  # one that is closed, or is no file
            faulthandler.enable(sys.__stderr__)
