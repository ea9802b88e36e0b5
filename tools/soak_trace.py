"""Which lines' allocations grew while a soak ran: tracemalloc's snapshots of the app, and what Python objects came.

Tracing makes the app slower and larger by half, so a traced soak says nothing of ticks or of megabytes an hour.
"""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections import Counter

FRAMES = 8  # of each allocation's stack
TOLD = 12  # of the stacks that grew most


class Growth(threading.Thread):
    """From `start` on: one look after a third of the time, when all is warm, and one near the end; then `report`."""

    def __init__(self, minutes: float) -> None:
        super().__init__(daemon=True)
        self._seconds = minutes * 60
        self._looks: list[tuple[tracemalloc.Snapshot, Counter[str]]] = []
        tracemalloc.start(FRAMES)

    def run(self) -> None:
        pause = threading.Event()
        for share in (1 / 3, 0.95 - 1 / 3):
            pause.wait(share * self._seconds)
            gc.collect()
            kinds = Counter(type(item).__name__ for item in gc.get_objects())
            self._looks.append((tracemalloc.take_snapshot(), kinds))

    def report(self) -> str:
        if len(self._looks) < 2:
            return "growth: the soak ended before the second look"
        (before, few), (after, many) = self._looks
        own = [tracemalloc.Filter(False, tracemalloc.__file__), tracemalloc.Filter(False, __file__)]
        grown = after.filter_traces(own).compare_to(before.filter_traces(own), "traceback")
        lines = [f"growth of traced memory: {sum(each.size_diff for each in grown) / 1e3:.0f} kB"]
        for each in grown[:TOLD]:
            lines.append(f"{each.size_diff / 1e3:+.1f} kB in {each.count_diff:+d} blocks")
            lines += [f"    {line.strip()}" for line in each.traceback.format()]
        kinds = ", ".join(f"{count} {name}" for name, count in (many - few).most_common(TOLD))
        return "\n".join([*lines, f"objects more: {kinds}"])
