"""What the machine gave to others while a soak ran: the host's steal and halts, other processes' CPU time. Linux only.

A tick that is missed while somebody else had the core says nothing of Reskin; a soak counts such ticks by themselves.
"""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

HALF_TICK_MS = 1000 / 24 / 2  # so much taken within one sample can make a tick late


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Milliseconds of CPU, over all cores, since the last sample."""

    steal_ms: float  # by the host, for other machines, as it reports it
    halt_ms: float  # in which not even a real-time process ran (tools/soak_canary.py): the host's, reported or not
    other_ms: float  # by processes that the soak did not start, less those that only get what is left (SCHED_IDLE)

    @property
    def who(self) -> str | None:
        """Who took most, if it was enough to make a tick late."""
        host_ms = max(self.steal_ms, self.halt_ms)
        if host_ms + self.other_ms < HALF_TICK_MS:
            return None
        return "the host" if host_ms >= self.other_ms else "other processes"


class Canaries:
    """A real-time process on each core that can be late only when the core itself stands still."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="reskin-canaries-")
        self._totals, self._processes = [], []
        for core in range(os.cpu_count() or 1):
            path = Path(self._folder.name, str(core))
            path.write_bytes(struct.pack("d", 0.0))
            with path.open("rb") as file:
                self._totals.append(mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ))
            command = [sys.executable, "-m", "tools.soak_canary", str(core), str(path)]
            self._processes.append(subprocess.Popen(command))

    def late_ms(self) -> float:
        """Since the start, over all cores; 0 where they may not have real-time priority."""
        return sum(struct.unpack("d", total)[0] for total in self._totals)

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        for total in self._totals:
            total.close()
        self._folder.cleanup()


class HostLoad:
    """`sample()` once a second costs about 6 ms."""

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._canaries = Canaries()
        self._late_ms = 0.0
        self._steal_s = psutil.cpu_times().steal
        self._seen = self._others()

    def sample(self) -> Taken:
        steal_s, seen = psutil.cpu_times().steal, self._others()
        other_s = sum(spent_s - self._seen.get(who, 0.0) for who, spent_s in seen.items())
        late_ms = self._canaries.late_ms()
        taken = Taken(
            steal_ms=(steal_s - self._steal_s) * 1000, halt_ms=late_ms - self._late_ms, other_ms=other_s * 1000
        )
        self._steal_s, self._late_ms, self._seen = steal_s, late_ms, seen
        return taken

    def close(self) -> None:
        self._canaries.close()

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
