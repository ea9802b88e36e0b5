"""How the app starts a process of its own, and what such a process does first.

Imports nothing of weight: it shall be up soon.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from reskin.crash_stacks import show_crashes

_PR_SET_PDEATHSIG = 1


def spawn(name: str, target: Callable[..., None], *arguments: object) -> tuple[SpawnProcess, Connection]:
    """Starts `target(connection, *arguments)` in a fresh interpreter; returns it and our end of the connection."""
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    pipe: Any = context.Pipe(duplex=True)  # of two PipeConnections on Windows, which do the same
    ours, theirs = pipe
    process = context.Process(target=_begin, args=(target, theirs, *arguments), name=name, daemon=True)
    with _interrupt_blocked():
        process.start()
    theirs.close()
    return process, ours


def _begin(target: Callable[..., None], *arguments: object) -> None:
    show_crashes()
    target(*arguments)


def made_by(factory: str, arguments: tuple[object, ...]) -> Any:
    """What the function named as "module:function" returns: a name crosses a process boundary, and tests put theirs."""
    module_name, _, function_name = factory.partition(":")
    return getattr(importlib.import_module(module_name), function_name)(*arguments)


@contextlib.contextmanager
def _interrupt_blocked() -> Iterator[None]:
    """A process inherits the mask: Ctrl-C, which the terminal sends to all, then ends the app alone."""
    if sys.platform == "win32":  # it has no such mask
        yield
    else:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def die_with(parent_pid: int) -> None:
    """Never outlive the app, not even when it is killed by SIGKILL. Elsewhere than on Linux, the pipe's end tells."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the app tells us when to stop
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # it died before the line above
            os._exit(1)
