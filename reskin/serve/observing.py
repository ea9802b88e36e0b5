"""Looks at a host a few times a second: whether the server is healthy and ready; and its page for Prometheus.

Belongs to the event loop, as the host does. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from reskin.serve.health import Health
from reskin.serve.host import Host
from reskin.serve.host_metrics import HostMetrics

CHECK_S = 0.25


class Observer:
    """Watches from when it is made until `close`."""

    def __init__(self, host: Host, refused: Mapping[str, int]) -> None:
        """`refused`: reasons as the door counts them, so far."""
        self.metrics = HostMetrics(host, refused)
        self.health = Health(clock=time.monotonic, loop_s=CHECK_S)
        self._host = host
        self._painted = self._unpainted = 0
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def faults(self) -> list[str]:
        """Empty when healthy."""
        self._look_at_engine()
        return self.health.faults()

    def not_ready(self) -> list[str]:
        """Why no player should be sent here; empty when ready."""
        self._look_at_engine()
        self.health.is_draining = self._host.is_draining
        return self.health.not_ready(self._host.free_slots)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            stepper = self._host.stepper
            painted, unpainted = stepper.paintings, stepper.failures
            self.health.tick(stepper.waiting > 0, painted > self._painted, unpainted > self._unpainted)
            self._painted, self._unpainted = painted, unpainted
            await asyncio.sleep(CHECK_S)

    def _look_at_engine(self) -> None:
        error = self._host.stepper.error
        self.health.error = "" if error is None else type(error).__name__
