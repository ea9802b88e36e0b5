"""Where each process writes what happens: starts, deaths, quality changes, errors. One file a process, three of 2 MB.

Nothing here holds up the loop: its lines go through a short queue to a thread, and are dropped when that is full or the
disk is. Repeats are thinned. Titles of windows are never written (`reskin.redact` takes them out of errors). A crash of
the interpreter leaves every thread's stack in a file beside the log (faulthandler).
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import logging.handlers
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from reskin.places import place

FOLDER_VARIABLE = "RESKIN_LOG_FOLDER"  # the app sets it for the processes that it starts
FILE_BYTES = 2_000_000
OLD_FILES = 2  # beside the newest
QUEUE_LINES = 1000
REPEATS = 5  # of one message in REPEAT_WINDOW_S; the rest are counted
REPEAT_WINDOW_S = 60.0
KNOWN_MESSAGES = 256  # whose repeats are counted
FAULT_FILE_BYTES = 200_000
FORMAT = "%(asctime)s.%(msecs)03d %(process)d %(levelname)-7s %(name)s: %(message)s"
_ROOT = logging.getLogger("reskin")


def log_folder() -> Path:
    """The platform's place for logs; may not exist. RESKIN_HOME moves it."""
    return place("log", in_home="log")


@contextlib.contextmanager
def app_log() -> Iterator[None]:
    """Inside, the app and the processes that it starts write their logs; without them where the folder refuses."""
    folder = log_folder()
    before = os.environ.get(FOLDER_VARIABLE)
    with contextlib.ExitStack() as parts:
        try:
            file_handler = _open(folder, "app")
        except OSError:
            yield
            return
        parts.callback(file_handler.close)
        lines: queue.Queue[logging.LogRecord] = queue.Queue(QUEUE_LINES)
        listener = logging.handlers.QueueListener(lines, file_handler)
        listener.start()
        parts.callback(listener.stop)
        handler = _DroppingQueueHandler(lines)
        handler.addFilter(RepeatFilter())
        level_before = _ROOT.level
        _ROOT.addHandler(handler)
        _ROOT.setLevel(logging.INFO)
        parts.callback(_ROOT.setLevel, level_before)
        parts.callback(_ROOT.removeHandler, handler)
        with contextlib.suppress(OSError):  # a full disk
            parts.enter_context(_faults_in(folder / "app-fault.txt"))
        parts.enter_context(_thread_errors())
        os.environ[FOLDER_VARIABLE] = str(folder)
        try:
            yield
        finally:
            if before is None:
                os.environ.pop(FOLDER_VARIABLE, None)
            else:
                os.environ[FOLDER_VARIABLE] = before


def start_process_log(name: str) -> None:
    """The same for a process that the app has started, to that process's end; does nothing where the app has no log."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return
    with contextlib.suppress(OSError):
        handler = _open(Path(folder), name)
        handler.addFilter(RepeatFilter())
        _ROOT.addHandler(handler)
        _ROOT.setLevel(logging.INFO)
        faulthandler.enable(_fault_file(Path(folder) / f"{name}-fault.txt"))


class RepeatFilter(logging.Filter):
    """Lets five of one message through in a minute, and says with the next how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}  # the window's begin, and how many in it

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, record.levelno, str(record.msg))
        now_s = time.monotonic()
        began_s, count = self._seen.get(key, (now_s, 0))
        if now_s - began_s >= REPEAT_WINDOW_S:
            left_out = count - REPEATS
            if left_out > 0:
                record.msg = f"{record.msg} ({left_out} alike left out)"
            began_s, count = now_s, 0
        if len(self._seen) >= KNOWN_MESSAGES and key not in self._seen:
            self._seen.clear()
        self._seen[key] = (began_s, count + 1)
        return count < REPEATS


class _QuietFileHandler(logging.handlers.RotatingFileHandler):
    """A full disk costs lines, and nothing else."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what is left to be written
            super().close()


class _DroppingQueueHandler(logging.handlers.QueueHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """The queue is full: this line is dropped."""


def _open(folder: Path, name: str) -> logging.Handler:
    folder.mkdir(parents=True, exist_ok=True)
    handler = _QuietFileHandler(
        folder / f"{name}.log", maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8", errors="replace"
    )
    handler.setFormatter(logging.Formatter(FORMAT, datefmt="%Y-%m-%d %H:%M:%S"))
    return handler


def _fault_file(path: Path) -> IO[str]:
    mode = "a" if path.exists() and path.stat().st_size < FAULT_FILE_BYTES else "w"
    file = path.open(mode, encoding="utf-8")
    try:
        file.write(f"--- process {os.getpid()}, started {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
        file.flush()
    except OSError:
        with contextlib.suppress(OSError):
            file.close()
        raise
    return file


@contextlib.contextmanager
def _faults_in(path: Path) -> Iterator[None]:
    was_enabled = faulthandler.is_enabled()
    with _fault_file(path) as file:
        faulthandler.enable(file)
        try:
            yield
        finally:
            faulthandler.disable()
            if was_enabled and sys.__stderr__ is not None:
                faulthandler.enable(sys.__stderr__)


@contextlib.contextmanager
def _thread_errors() -> Iterator[None]:
    """An exception that ends a thread is written down, beside what Python does with it."""
    before = threading.excepthook

    def hook(arguments: threading.ExceptHookArgs) -> None:
        thread = arguments.thread.name if arguments.thread is not None else "a thread"
        error = arguments.exc_value
        _ROOT.error("%s ended by an exception", thread, exc_info=error if error is not None else None)
        before(arguments)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = before
