"""How many cores there are for whoever starts processes or threads. Knows nothing of what they do."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Cores that this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
