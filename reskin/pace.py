"""Time: the clock that the loop is given, the ticks by absolute deadlines, and when to grab.

Knows nothing of frames. All times are `time.monotonic_ns()` of one machine, which every process of it shares.
"""

from __future__ import annotations

import time
from typing import Protocol

from reskin.rolling import Rolling

TICK_HZ = 24
TICK_NS = 1_000_000_000 // TICK_HZ
SPIN_NS = 150_000  # a sleep ends about 60-120 us late on Linux (timer slack), so the last 0.15 ms is spun
MARGIN_MS = 1.5  # the picture is ready this long before the tick, if the engine is as slow as its estimate
YOUNG_MARGIN_MS = 8.0  # the same while the estimate rests on fewer than YOUNG_FRAMES: the slow ones are still to come
YOUNG_FRAMES = TICK_HZ
ESTIMATE_FRAMES = 480  # twenty seconds
ESTIMATE_PERCENTILE = 99.6  # a miss costs a whole tick of age and an early grab only its own milliseconds
OVERLAPPING_PERCENTILE = 95  # of a network's times: one that is a tick late costs less than a longer way for all
GRACE_NS = 2_000_000
LONG_GRACE_NS = 8_000_000
LONG_GRACE_EVERY_NS = 500_000_000


class Clock(Protocol):
    def now_ns(self) -> int: ...

    def sleep_until(self, deadline_ns: int) -> None:
        """Return at or just after the deadline; at once when it is past."""
        ...


class SystemClock:
    def now_ns(self) -> int:
        return time.monotonic_ns()

    def sleep_until(self, deadline_ns: int) -> None:
        # time.sleep is clock_nanosleep on Linux and a high-resolution waitable timer on Windows (Python >= 3.11)
        remaining_ns = deadline_ns - time.monotonic_ns() - SPIN_NS
        if remaining_ns > 0:
            time.sleep(remaining_ns / 1e9)
        while time.monotonic_ns() < deadline_ns:
            pass


class Ticks:
    """Deadlines at start + n / 24 s: computed from n, so they never drift. A tick that is missed is not caught up."""

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self.number = 1

    @property
    def deadline_ns(self) -> int:
        return self._start_ns + self.number * 1_000_000_000 // TICK_HZ

    def advance(self, now_ns: int) -> int:
        """Go to the next tick that is still to come; returns how many were skipped for being past already."""
        last = self.number
        self.number = max(last + 1, (now_ns - self._start_ns) * TICK_HZ // 1_000_000_000 + 1)
        return self.number - last - 1


class GrabTimer:
    """How long before the tick a frame must be grabbed: a high percentile of the last round trips plus a margin."""

    def __init__(self) -> None:
        self._round_trips = Rolling(ESTIMATE_FRAMES)

    def add(self, round_trip_ms: float) -> None:
        self._round_trips.add(round_trip_ms)

    def forget(self) -> None:
        """The engine has changed (quality, size, restart): what it took before says nothing of what it will take."""
        self._round_trips.clear()

    @property
    def estimate_ms(self) -> float:
        """Infinite while nothing is known, so that the first grabs are as early as can be."""
        if len(self._round_trips) == 0:
            return float("inf")
        margin_ms = MARGIN_MS if len(self._round_trips) >= YOUNG_FRAMES else YOUNG_MARGIN_MS
        return self._round_trips.percentile(ESTIMATE_PERCENTILE) + margin_ms

    def grab_ns(self, deadline_ns: int, now_ns: int, *, overlaps: bool = False) -> int:
        """With `overlaps`, several frames are under way at once: the picture is ready for a tick, be it a later one."""
        if overlaps and len(self._round_trips):
            estimate_ms = self._round_trips.percentile(OVERLAPPING_PERCENTILE) + MARGIN_MS
            return max(now_ns, deadline_ns - int(estimate_ms * 1e6) % TICK_NS)
        return max(now_ns, deadline_ns - int(min(self.estimate_ms, 1e6) * 1e6))


class Grace:
    """How long after the tick a late painting is waited for, since a miss repeats a picture for 42 ms.

    A little always, longer at most twice a second: ticks stay where they are for an engine that is always late.
    """

    def __init__(self) -> None:
        self._spent_ns: int | None = None

    def until_ns(self, deadline_ns: int) -> int:
        is_rare = self._spent_ns is None or deadline_ns - self._spent_ns >= LONG_GRACE_EVERY_NS
        return deadline_ns + (LONG_GRACE_NS if is_rare else GRACE_NS)

    def waited(self, deadline_ns: int, now_ns: int) -> None:
        if now_ns - deadline_ns > 2 * GRACE_NS:
            self._spent_ns = deadline_ns
