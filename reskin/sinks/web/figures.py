"""/status.json: what the loop counts, and what the viewers got. The first part is the loop's process's, the second the
server's, so a figure may be half a second older than the one beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reskin.status import Status

if TYPE_CHECKING:
    from reskin.sinks.web.feed import Feed

RECENT = 24  # pictures: a second


def app_figures(status: Status) -> dict[str, Any]:
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
        },
    }


def figures(app: Mapping[str, Any], feed: Feed, refused: Mapping[str, int]) -> dict[str, Any]:
    """`app` is what `app_figures` gave."""
    viewers = [{"kind": viewer.kind, "sent": viewer.sent, "skipped": viewer.skipped} for viewer in feed.viewers]
    drops = {"encoder": feed.dropped, "viewers": feed.lost[1] + sum(viewer.skipped for viewer in feed.viewers)}
    return {
        **app,
        "drops": {**app.get("drops", {}), **drops},
        "pictures": max(feed.shown, app.get("pictures", 0)),  # the feed hears of none while nobody watches
        "viewers": viewers,
        "refused": dict(refused),
    }
