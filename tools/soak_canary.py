"""Sleeps 4 ms for ever at real-time priority and adds up by how much it oversleeps: run by tools/soak_host.py.

    python -m tools.soak_canary CORE FILE

Nothing that an ordinary process does can keep a real-time one from its core, so what it oversleeps was taken by the
machine itself: the host stopped the virtual core, which it need not report as steal (jHiccup, by Gil Tene, measures the
same way). FILE holds one float64, the milliseconds so far. Needs the right to real-time priority: status 2 without it.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import time

PERIOD_S = 0.004
LATE_S = 0.001  # less is the price of waking up
PRIORITY = 50  # of 1 to 99; the kernel's own threads for interrupts have 50


def main() -> int:
    core, path = int(sys.argv[1]), sys.argv[2]
    parent = os.getppid()
    os.sched_setaffinity(0, {core})
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        return 2
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 8) as total:
        late_ms = 0.0
        before_s = time.monotonic()
        while os.getppid() == parent:
            time.sleep(PERIOD_S)
            now_s = time.monotonic()
            late_s = now_s - before_s - PERIOD_S
            if late_s > LATE_S:
                late_ms += late_s * 1000
                struct.pack_into("d", total, 0, late_ms)
            before_s = now_s
    return 0


if __name__ == "__main__":
    sys.exit(main())
