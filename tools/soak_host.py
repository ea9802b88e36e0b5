"""What the machine gave to others while a soak ran: the host's steal, and other processes' CPU time. Linux only.

A tick that is missed while somebody else had the core says nothing of Reskin; a soak counts such ticks by themselves.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import psutil

HALF_TICK_MS = 1000 / 24 / 2  # so much taken within one sample can make a tick late


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Milliseconds of CPU, over all cores, since the last look."""

    steal_ms: float  # by the host, for other machines
    other_ms: float  # by processes that the soak did not start, less those that only get what is left (SCHED_IDLE)

    @property
    def who(self) -> str | None:
        """Who took most, if it was enough to make a tick late."""
        if self.steal_ms + self.other_ms < HALF_TICK_MS:
            return None
        return "the host" if self.steal_ms >= self.other_ms else "other processes"


class HostLoad:
    """`look()` once a second costs about 6 ms."""

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._steal_s = psutil.cpu_times().steal
        self._seen = self._others()

    def look(self) -> Taken:
        steal_s, seen = psutil.cpu_times().steal, self._others()
        other_s = sum(spent_s - self._seen.get(who, 0.0) for who, spent_s in seen.items())
        taken = Taken(steal_ms=(steal_s - self._steal_s) * 1000, other_ms=other_s * 1000)
        self._steal_s, self._seen = steal_s, seen
        return taken

    def _others(self) -> dict[tuple[int, float], float]:
        """Process and its start -> the CPU seconds that it spent so far."""
        own = {self._own.pid} | {child.pid for child in self._own.children(recursive=True)}
        spent = {}
        for process in psutil.process_iter():
            try:
                if process.pid in own or os.sched_getscheduler(process.pid) == os.SCHED_IDLE:
                    continue
                times = process.cpu_times()
            except (psutil.Error, ProcessLookupError):
                continue
            spent[process.pid, process.create_time()] = times.user + times.system
        return spent
