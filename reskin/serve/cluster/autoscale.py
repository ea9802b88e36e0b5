"""How many replicas Ray Serve should run: from sessions and the queue, not from HTTP requests.

A session is one short request and then media for hours, so Serve's own measure (ongoing requests) says nothing here.
Each replica reports `sessions`, `slots` and `queue` through `record_autoscaling_stats`; Serve applies its delays and
its bounds to what this answers. Standard library only: the policy runs inside Serve's controller.
"""

from __future__ import annotations

import math
from typing import Any

FILL = 0.8  # of the slots in use when all is well: the rest is for arrivals while a replica starts, and for a death


def replicas_needed(sessions: float, queue: float, slots: float, fill: float = FILL) -> int:
    """`slots` of one replica. One at least, so that the first player does not wait for a start."""
    if slots <= 0:
        return 1
    return max(1, math.ceil((sessions + queue) / (slots * fill) - 1e-9))


def by_sessions(context: Any) -> tuple[int, dict[str, Any]]:
    """Ray Serve's policy: an `AutoscalingContext` in, replicas and the (unused) state of the policy out."""
    metrics = context.aggregated_metrics or {}
    sessions, slots, queue = (list((metrics.get(name) or {}).values()) for name in ("sessions", "slots", "queue"))
    if not slots:
        return context.current_num_replicas, {}  # nobody has reported yet
    return replicas_needed(sum(sessions), max(queue, default=0), sum(slots) / len(slots)), {}
