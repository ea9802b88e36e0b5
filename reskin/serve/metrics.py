"""What Prometheus reads: sessions, slots, queue, frames, the engine's time, refusals. No label names a session or user.

One registry a server, none global, so that several servers in one process (tests) do not add up. Counters may be
touched from any thread. Knows nothing of sessions: whoever has them says what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
ENGINE_BUCKETS_MS = (1, 2, 4, 8, 12, 16, 20, 25, 30, 35, 42, 50, 65, 85, 125, 250, 500, 1000)  # 42 is a tick at 24 Hz
REFUSALS = frozenset(
    ("token", "expired", "scope", "origin", "quota", "full", "size", "rate", "malformed", "codec", "other")
)


class Metrics:
    """`metrics.frames.inc()`, `metrics.refused("token")`; `metrics.text()` is the page."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kept: dict[str, Any] = {"namespace": "reskin", "registry": self.registry}
        self.sessions = Gauge("sessions", "Sessions that are played now", **kept)
        self.slots = Gauge("slots", "Sessions that may be played at a time", **kept)
        self.queue = Gauge("queue", "Players who wait for a slot", **kept)
        self.frames = Counter("frames", "Frames that came in", **kept)
        self.dropped = Counter("frames_dropped", "Frames that a newer one overwrote before they were painted", **kept)
        self.painted = Counter("frames_painted", "Frames that the engine painted", **kept)
        self.engine_ms = Histogram(
            "engine_ms", "The engine's time of one frame", buckets=ENGINE_BUCKETS_MS, unit="milliseconds", **kept
        )
        self._refusals = Counter("refusals", "Offers and messages that were refused", ["reason"], **kept)
        for reason in sorted(REFUSALS):
            self._refusals.labels(reason)  # all are there from the start, at 0

    def refused(self, reason: str) -> None:
        """One of REFUSALS; anything else counts as "other", so that no label ever holds what a client sent."""
        self._refusals.labels(reason if reason in REFUSALS else "other").inc()

    def read(self, gauge: Gauge, source: Callable[[], float]) -> None:
        """The gauge asks whenever it is read."""
        gauge.set_function(source)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class Running:
    """Adds what has happened since the last update of a total that begins anew with each session."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._seen: dict[str, float] = {}

    def update(self, totals: Mapping[str, float]) -> None:
        """Totals by session. One that is no longer there is forgotten; update once more before it goes."""
        for key, total in totals.items():
            self._counter.inc(max(0.0, total - self._seen.get(key, 0.0)))
        self._seen = dict(totals)
