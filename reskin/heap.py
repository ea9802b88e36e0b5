"""Gives large arrays back to the system as soon as they are freed, where the C library is glibc.

By itself it learns, from the first large array that is freed, to put the next ones into its heap, and there other
things come to lie behind them: windows that close and open again and screens that change their size let the process
seem to grow, though nothing is held. Not for processes that make large arrays at every frame: each then costs its pages
anew.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys

MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
LARGE_BYTES = 512 * 1024  # a frame of 640x360 has 0.9 MB


def give_back_large_arrays() -> None:
    """From now on, in this process."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, LARGE_BYTES)
