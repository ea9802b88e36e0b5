"""Prometheus for one server: looks at its host whenever the page is asked for, and at the stepper as it paints.

Knows nothing of HTTP; `metrics` is the page itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from reskin.serve.host import Host
from reskin.serve.metrics import CONTENT_TYPE, Metrics, Running

REASONS = {
    "a wrong token": "token", "an expired token": "expired", "a token of another scope": "scope",
    "a wrong Host": "origin", "a wrong Origin": "origin", "a page of another site": "origin",
    "a malformed message": "malformed", "a body that is no JSON": "malformed", "a request that is no HTTP": "malformed",
    "a token's quota": "quota", "every slot is taken": "full", "a body that is too big": "size",
    "a connection, for there were too many": "rate",
}  # fmt: skip
ENDED = ("too many messages", "it sends too much", "it sends faster than can be decoded")  # counted as "rate"


class HostMetrics:
    """Made by `observing.Observer`; called, it gives the text and its content type."""

    def __init__(self, host: Host, refused: Mapping[str, int]) -> None:
        """`refused`: reasons as the guard counts them, so far."""
        self.metrics = Metrics()
        self._host = host
        self._refused = refused
        self._seen: dict[str, int] = {}
        kept = self.metrics
        kept.read(kept.sessions, lambda: len(host.seated))
        kept.read(kept.slots, lambda: host.admission.slots)
        kept.read(kept.queue, lambda: host.admission.waiting)
        self._running = {
            "frames": Running(kept.frames), "dropped": Running(kept.dropped), "painted": Running(kept.painted)
        }  # fmt: skip
        host.stepper.on_painted = kept.engine_ms.observe

    def __call__(self) -> tuple[bytes, str]:
        sessions = [seated.session for seated in self._host.seated.values()]
        playing = {
            "frames": sum(session.frames for session in sessions),
            "dropped": sum(session.dropped for session in sessions),
            "painted": sum(session.painted_frames for session in sessions),
        }
        for name, running in self._running.items():
            running.update({"": self._host.totals[name] + playing[name]})
        counts = [(reason, count, REASONS.get(reason, "other")) for reason, count in self._refused.items()]
        counts += [(reason, self._host.ended[reason], "rate") for reason in ENDED]
        for reason, count, label in counts:
            for _ in range(count - self._seen.get(reason, 0)):
                self.metrics.refused(label)
            self._seen[reason] = count
        return self.metrics.text(), CONTENT_TYPE
