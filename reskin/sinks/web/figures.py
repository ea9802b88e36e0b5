"""/status.json: what the loop counts and what the viewers got. Read in the server's thread while the loop writes, so a
figure may be one tick older than the one beside it."""

from __future__ import annotations

from collections.abc import Mapping

from reskin.sinks.web.feed import Feed
from reskin.status import Status

RECENT = 24  # pictures: a second


def figures(status: Status, feed: Feed, refused: Mapping[str, int]) -> dict[str, object]:
    latency = status.latency_ms
    return {
        "fps": round(status.fps, 2),
        "ticks": status.ticks,
        "missed": status.missed,
        "latency_ms": {
            "now": round(latency.recent(RECENT), 1),
            "p50": round(latency.percentile(50), 1),
            "p95": round(latency.percentile(95), 1),
        },
        "theme": status.theme,
        "strength": status.strength,
        "on": status.is_on,
        "view": status.view,
        "engine": {"name": status.engine_name, "state": status.engine.value, "deaths": status.engine_deaths},
        "quality": status.quality,
        "size": list(reversed(status.size)),  # [w, h]
        "drops": {
            "overtaken": status.dropped_overtaken,
            "hidden": status.dropped_hidden,
            "engine": status.dropped_engine,
            "encoder": feed.dropped,
            "viewers": feed.lost[1] + sum(viewer.skipped for viewer in feed.viewers),
        },
        "pictures": feed.shown,
        "viewers": [{"kind": viewer.kind, "sent": viewer.sent, "skipped": viewer.skipped} for viewer in feed.viewers],
        "refused": dict(refused),
    }
