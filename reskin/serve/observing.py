"""Looks at a host a few times a second: what Prometheus reads, and whether the server is healthy and ready.

Belongs to the event loop, as the host does. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from reskin.serve.health import Health
from reskin.serve.host import Host
from reskin.serve.metrics import CONTENT_TYPE, Metrics, Running
from reskin.serve.session import Session

LOOK_S = 0.25
# What the door says of a refusal, to the word that it is counted by.
REASONS = {
    "a wrong token": "token", "an expired token": "expired", "a token of another scope": "scope",
    "a wrong Host": "origin", "a wrong Origin": "origin", "a page of another site": "origin",
    "a token's quota": "quota", "every slot is taken": "full", "a body that is too big": "size",
    "a malformed message": "malformed", "a request that is no HTTP": "malformed", "a body that is no JSON": "malformed",
}  # fmt: skip


class Observer:
    """Watches from when it is made until `close`."""

    def __init__(self, host: Host) -> None:
        self.metrics = Metrics()
        self.health = Health(clock=time.monotonic, loop_s=LOOK_S)
        self._host = host
        self._painted = 0
        metrics = self.metrics
        metrics.read(metrics.sessions, lambda: len(host.seated))
        metrics.read(metrics.slots, lambda: host.admission.slots)
        metrics.read(metrics.queue, lambda: host.admission.waiting)
        host.stepper.on_painted = metrics.engine_ms.observe
        host.on_unseated = self._count_last
        self._frames, self._dropped = Running(metrics.frames), Running(metrics.dropped)
        self._painted_frames = Running(metrics.painted)
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def refused(self, reason: str) -> None:
        self.metrics.refused(REASONS.get(reason, "other"))

    def text(self) -> tuple[bytes, str]:
        """The page, and its content type."""
        self._count()
        return self.metrics.text(), CONTENT_TYPE

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
            painted = self._host.stepper.paintings
            self.health.tick(self._host.stepper.waiting > 0, painted > self._painted)
            self._painted = painted
            self._count()
            await asyncio.sleep(LOOK_S)

    def _look_at_engine(self) -> None:
        error = self._host.stepper.error
        self.health.error = "" if error is None else type(error).__name__

    def _sessions(self) -> Iterator[Session]:
        return (seated.session for seated in self._host.seated.values())

    def _count(self, *gone: Session) -> None:
        sessions = [*self._sessions(), *gone]
        self._frames.look({session.id: session.frames for session in sessions})
        self._dropped.look({session.id: session.dropped for session in sessions})
        self._painted_frames.look({session.id: session.painted_frames for session in sessions})

    def _count_last(self, session: Session) -> None:
        self._count(session)
