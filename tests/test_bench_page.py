"""The page's bench without a page: what it makes of the counts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tools import bench_page
from tools.bench_page import COUNTS, PROBE, watch

FPS = 24


class SlowPage:
    """Receives 24 pictures a second by a clock that goes on while it answers, seconds for some questions."""

    now_s = 0.0

    def evaluate(self, script: str, *_: object) -> dict[str, Any]:
        self.now_s += {COUNTS: 2.0, PROBE: 1.0}.get(script, 0.25)
        if script == COUNTS:
            return {"received": round(FPS * self.now_s)}
        return {"original": [], "skin": [], "gaps": [], "own": 0, "rate": ""}

    def wait_for_timeout(self, ms: float) -> None:
        self.now_s += ms / 1000


def test_rates_are_over_the_time_between_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    page, server = SlowPage(), SimpleNamespace(status=lambda: {"sessions": [{}]})
    monkeypatch.setattr(bench_page, "time", SimpleNamespace(monotonic=lambda: page.now_s))
    seen = watch(page, server, 10)  # type: ignore[arg-type]
    assert seen.places["browser receives"] / seen.counted_s == pytest.approx(FPS, rel=0.01)
    assert seen.counted_s > 12
