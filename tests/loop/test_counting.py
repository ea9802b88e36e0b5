"""What the loop counts: ticks, those that were missed and why, and times over a rolling window."""

from __future__ import annotations

import pytest

from reskin.pace import TICK_HZ, Ticks
from reskin.rolling import Rolling
from tests.loop.bench import Bench


def test_ticks_do_not_drift_over_a_day() -> None:
    ticks = Ticks(12_345)
    for _ in range(24 * 3600 * TICK_HZ - 1):
        ticks.number += 1
    assert ticks.deadline_ns == 12_345 + 24 * 3600 * 1_000_000_000


def test_a_missed_tick_is_blamed_on_what_was_slow() -> None:
    bench = Bench(cost_ms=10)

    def slow_once(grabs: int) -> None:
        bench.engine.cost_ms = 70 if grabs == 100 else 10

    bench.game.before_grab = slow_once
    status = bench.run(300)
    assert status.missed > 0
    assert status.missed_by == {"engine": status.missed}


def test_ticks_that_were_missed_are_skipped_and_counted() -> None:
    ticks = Ticks(0)
    assert ticks.advance(ticks.deadline_ns + 1_000) == 0
    assert ticks.number == 2
    assert ticks.advance(ticks.deadline_ns + 100_000_000) == 2  # 100 ms late: two deadlines went by
    assert ticks.deadline_ns > 2 * 1_000_000_000 // TICK_HZ + 100_000_000


def test_the_time_in_which_the_machine_sleeps_is_neither_missed_nor_measured() -> None:
    """As a laptop with its lid shut on Windows, a paused virtual machine, or a stopped process."""
    bench = Bench()
    night_ticks, slept = 8 * 3600 * TICK_HZ, []

    def sleep(grabs: int) -> None:
        if grabs == 240 and not slept:
            slept.append(grabs)
            bench.clock.time_ns += 8 * 3600 * 1_000_000_000

    bench.game.before_grab = sleep
    status = bench.run(night_ticks + 480)
    assert slept
    assert status.skipped == pytest.approx(night_ticks, abs=1)
    assert status.stood_still == status.skipped
    assert status.ticks == pytest.approx(480, abs=3)
    assert status.missed <= TICK_HZ + 2  # the picture was too old: the game itself is shown for a second
    assert status.fps == pytest.approx(24 * (1 - status.missed_share), abs=0.2)


def test_the_newest_values_of_a_rolling_window_are_known() -> None:
    rolling = Rolling(5)
    assert rolling.recent(3) == 0
    for value in (1, 2, 9, 9, 9, 4, 5):
        rolling.add(value)
    assert rolling.recent(3) == 5
    assert rolling.recent(100) == 9
