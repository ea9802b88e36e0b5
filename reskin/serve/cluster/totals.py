"""The whole cluster's Prometheus page, from what the directory has heard of the replicas.

A replica's own counts begin at 0 with it and end with it; here they only grow, so a death is no step back in a graph.
Which replica it was is no label: those names come and go, and each would be a new time series for ever. The engine's
time per frame is each replica's own, in Ray's metrics. Knows nothing of Ray.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reskin.serve.metrics import Metrics, Running

COUNTED = ("frames", "dropped", "painted")


class Totals:
    def __init__(self) -> None:
        self.metrics = Metrics()
        counters = (self.metrics.frames, self.metrics.dropped, self.metrics.painted)
        self._running = {name: Running(counter) for name, counter in zip(COUNTED, counters, strict=True)}

    def update(self, status: Mapping[str, Any]) -> None:
        """`Directory.status`."""
        for name, gauge in (
            ("sessions", self.metrics.sessions), ("slots", self.metrics.slots), ("queue", self.metrics.queue)
        ):  # fmt: skip
            gauge.set(status[name])
        for name, running in self._running.items():
            running.update({replica: facts.get(name, 0) for replica, facts in status["replicas"].items()})
