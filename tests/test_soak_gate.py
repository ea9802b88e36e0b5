"""The soak's gate: it sees a planted leak under the noise of a real run, and passes nothing that it cannot measure."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from reskin.status import Status
from tools.soak import RECENT, Samples, Watcher
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


@pytest.mark.parametrize(("per_hour", "error", "said"), [
    (1.9, 0.48, "cannot be told from this much, run longer"), (0.9, 0.08, "run longer"), (1.3, 0.12, "it grows"),
    (0.8, 0.08, ""), (-3.0, 1.9, ""),
])  # fmt: skip
def test_nothing_passes_that_may_well_grow_beyond_the_limit(per_hour: float, error: float, said: str) -> None:
    """The noise is such that it leaves both slopes alone and gives the longer one that error."""
    noise = error / 0.03143 * np.tile([1, -1, -1, 1], 1800)
    verdict = judge("memory", "MB", TWO_HOURS_S, per_hour * TWO_HOURS_S / 3600 + noise, limit=1)
    assert verdict.slope == pytest.approx(per_hour, abs=0.01)
    assert verdict.trend == pytest.approx(per_hour, abs=0.01)
    assert verdict.error == pytest.approx(error, rel=0.01)
    assert verdict.passes == (said == "")
    assert verdict.text.endswith(said or "at most 1")


def test_memory_that_moves_in_steps_is_no_growth_and_hides_none() -> None:
    """As of engines that are killed each minute and begin anew: samples of one life are all alike."""
    for seed in range(20):
        steps = np.repeat(np.random.default_rng(seed).normal(0, 0.5, 120), 60)
        level, leak = (judge("memory", "MB", TWO_HOURS_S, steps + slope * TWO_HOURS_S / 3600, 1) for slope in (0, 4))
        assert abs(level.trend) < 3 * level.error, "neighbours taken for strangers would give a tenth of that error"
        assert level.passes
        assert not leak.passes


def test_a_latency_sample_holds_no_frame_from_before_the_settling() -> None:
    status = Status()
    for ms in [900.0] * 2000 + [20.0] * RECENT:
        status.latency_ms.add(ms)
    watcher = SimpleNamespace(engine=SimpleNamespace(pid=os.getpid()), _status=status, _settled_at=2000)
    assert Watcher._figures(watcher)[4:] == (20, 20)  # type: ignore[arg-type]
    watcher._settled_at += 1
    assert math.isnan(Watcher._figures(watcher)[5]), "less than a second of them"  # type: ignore[arg-type]


def test_the_p95_is_of_ten_seconds_and_its_growth_is_seen_where_the_median_stands() -> None:
    status = Status()
    watcher = SimpleNamespace(engine=SimpleNamespace(pid=os.getpid()), _status=status, _settled_at=0)
    noise = np.random.default_rng(4)
    samples = Samples(30)
    for second in range(1800):
        slow = 40 + 20 * second / 3600  # of every tenth frame: 20 ms more in an hour
        for frame in range(RECENT):
            status.latency_ms.add((slow if frame % 10 == 0 else 20) + noise.normal(0, 0.5))
        samples.add(float(second), Watcher._figures(watcher))  # type: ignore[arg-type]
    median, p95 = samples.verdicts((1, 1, 2, 2, 5, 5))[4:]
    assert median.passes
    assert abs(median.trend) < 1
    assert not p95.passes
    assert p95.trend == pytest.approx(20, rel=0.1)
    assert p95.text.startswith("latency, p95 of ten seconds")
    assert p95.text.endswith("it grows")


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
    ("steal_ms", "halt_ms", "other_ms", "who"),
    [
        (0, 0, 10, None), (15, 0, 5, None), (0, 15, 5, None), (15, 15, 5, None), (30, 0, 0, "the host"),
        (0, 30, 0, "the host"), (15, 0, 10, "the host"), (10, 0, 15, "other processes"),
    ],
)  # fmt: skip
def test_a_tick_is_explained_when_half_of_one_was_taken(
    steal_ms: float, halt_ms: float, other_ms: float, who: str | None
) -> None:
    assert Taken(steal_ms=steal_ms, halt_ms=halt_ms, other_ms=other_ms).who == who


@pytest.mark.alone
def test_a_core_is_no_halt_because_something_works_on_it() -> None:
    """Both cores are busy: real-time priority gets the canaries theirs all the same."""
    host = HostLoad()
    try:
        time.sleep(1)
        host.sample()
        burns = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
        time.sleep(1.5)
        taken = host.sample()
        for burn in burns:
            burn.kill()
            burn.wait()
    finally:
        host.close()
    assert taken.halt_ms - taken.steal_ms < 300, "of 3000 to 6000 that ordinary processes would wait"


@pytest.mark.alone
def test_what_others_take_is_told_from_what_the_soak_itself_takes(request: pytest.FixtureRequest) -> None:
    burn = [sys.executable, "-c", "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass"]
    host = HostLoad()
    request.addfinalizer(host.close)
    time.sleep(1)
    without_ms = host.sample().other_ms
    own = subprocess.Popen(burn)
    time.sleep(1)
    own_ms = host.sample().other_ms
    own.wait()
    subprocess.run(["sh", "-c", '"$@" &', "sh", *burn], check=True)  # nobody's child, as what the user starts
    time.sleep(1)
    assert own_ms < without_ms + 300 < host.sample().other_ms
