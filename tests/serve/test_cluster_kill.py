"""The bench that kills a player's replica, on a scripted page: an outage counts wherever it lies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tools import cluster_kill
from tools.bench_page import THEME
from tools.cluster_kill import AFTER_MS, BEFORE_MS, TAKE, kill_once

VICTIM = 4321


class ScriptedPage:
    """Has painted pictures at these milliseconds after the kill."""

    def __init__(self, painted_ms: list[float]) -> None:
        self.now_ms = 1000.0
        self._painted_ms = [1000.0 + BEFORE_MS + at for at in painted_ms]

    def evaluate(self, script: str) -> Any:
        if script != TAKE:
            return THEME
        taken = [at for at in self._painted_ms if at <= self.now_ms]
        self._painted_ms = self._painted_ms[len(taken) :]
        return [self.now_ms, taken]

    def wait_for_timeout(self, ms: float) -> None:
        self.now_ms += ms


@pytest.mark.parametrize(
    ("painted_ms", "away_s"),
    [
        ([-40.0, *range(4000, AFTER_MS, 40)], 4.0),  # before the first picture
        ([*range(-80, 2000, 40)], (AFTER_MS - 1960) / 1000),  # after the last one
        ([*range(0, 2000, 40), *range(3000, AFTER_MS, 40)], 1.04),  # between
        ([-40.0], AFTER_MS / 1000),  # it never comes back
    ],
)
def test_the_kill_and_the_end_are_marks(
    painted_ms: list[float], away_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(cluster_kill.os, "kill", lambda pid, _: killed.append(pid))
    server = SimpleNamespace(
        status=lambda: {"replicas": {"a": {"sessions": 0, "pid": 1}, "b": {"sessions": 1, "pid": VICTIM}}}
    )
    row = kill_once(ScriptedPage(painted_ms), server)  # type: ignore[arg-type]
    assert killed == [VICTIM]
    assert row == {"away_s": pytest.approx(away_s), "theme": THEME}
