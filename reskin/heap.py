"""Keeps what a process holds at what it uses, where the C library is glibc.

Left to itself, malloc learns from the first large array that is freed to put the next ones into its heap, and there
other things come to lie behind them; and each thread that draws a panel or loads a theme fills a heap of its own, one
of several by chance. Windows that close and open again and engines that restart then let the process grow, by some
40 kB each, though nothing is held. Not for processes that make large arrays at every frame: each then costs its pages
anew; nor for those whose threads allocate side by side all the time: they share one heap.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys

ARENA_MAX, MMAP_THRESHOLD = -8, -3  # M_ARENA_MAX and M_MMAP_THRESHOLD of malloc.h
LARGE_BYTES = 512 * 1024  # a frame of 640x360 has 0.9 MB


def hold_little() -> None:
    """From now on, in this process: large arrays go back to the system when freed, and new threads share one heap."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(AttributeError, OSError):  # another C library
            libc = ctypes.CDLL(None)
            libc.mallopt(MMAP_THRESHOLD, LARGE_BYTES)
            libc.mallopt(ARENA_MAX, 1)
