"""The soak's gate: it sees a planted leak under the noise of a real run, and passes nothing that it cannot measure."""

from __future__ import annotations

import math
import subprocess
import sys
import time

import numpy as np
import pytest

from tools.soak_gate import judge
from tools.soak_host import HostLoad, Taken

TWO_HOURS_S = np.arange(7200.0)


def memory_mb(per_hour: float, noise_mb: float = 0.5) -> np.ndarray:
    """Two hours of samples that warm up for twenty minutes and then grow."""
    warm_up = 80 * np.minimum(TWO_HOURS_S / 1200, 1)
    return 400 + warm_up + per_hour * TWO_HOURS_S / 3600 + np.random.default_rng(3).normal(0, noise_mb, 7200)


@pytest.mark.parametrize(("per_hour", "passes"), [(0.0, True), (-5.0, True), (0.5, True), (2.0, False), (50.0, False)])
def test_a_leak_is_seen_and_a_warm_up_is_none(per_hour: float, passes: bool) -> None:
    verdict = judge("memory", "MB", TWO_HOURS_S, memory_mb(per_hour), limit=1)
    assert verdict.passes == passes
    assert verdict.slope == pytest.approx(per_hour, abs=0.4)


def test_a_leak_that_end_points_would_miss_is_seen() -> None:
    """It grows, but a cache that is emptied at the end hides it from a look at first and last."""
    values = memory_mb(40.0)
    values[-20:] = values[0]
    assert not judge("memory", "MB", TWO_HOURS_S, values, limit=1).passes


def test_what_cannot_be_measured_does_not_pass() -> None:
    few = judge("memory", "MB", TWO_HOURS_S[:60], memory_mb(0)[:60], limit=1)
    holes = memory_mb(0)
    holes[5400:] = np.where(np.arange(1800) % 3, math.nan, holes[5400:])
    noisy = judge("memory", "MB", TWO_HOURS_S[:200], memory_mb(0, noise_mb=30)[1200:1400], limit=1)
    none = judge("memory", "MB", [], [], limit=1)
    for verdict in (few, judge("memory", "MB", TWO_HOURS_S, holes, limit=1), noisy, none):
        assert not verdict.passes
        assert "longer" in verdict.text


@pytest.mark.parametrize(
    ("steal_ms", "other_ms", "who"),
    [(0, 10, None), (15, 5, None), (30, 0, "the host"), (15, 10, "the host"), (10, 15, "other processes")],
)
def test_a_tick_is_explained_when_half_of_one_was_taken(steal_ms: float, other_ms: float, who: str | None) -> None:
    assert Taken(steal_ms=steal_ms, other_ms=other_ms).who == who


@pytest.mark.alone
def test_what_others_take_is_told_from_what_the_soak_itself_takes() -> None:
    burn = [sys.executable, "-c", "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass"]
    host = HostLoad()
    time.sleep(1)
    without_ms = host.look().other_ms
    own = subprocess.Popen(burn)
    time.sleep(1)
    own_ms = host.look().other_ms
    own.wait()
    subprocess.run(["sh", "-c", '"$@" &', "sh", *burn], check=True)  # nobody's child, as what the user starts
    time.sleep(1)
    assert own_ms < without_ms + 300 < host.look().other_ms
