"""Quality goes down when misses persist, up when there is room, and never to and fro."""

from __future__ import annotations

from reskin.pace import TICK_HZ
from reskin.quality import (
    BUDGET_MS,
    CLEAN_LIMIT_PAINTINGS,
    CLEAN_PAINTINGS,
    HOLD_LIMIT_TICKS,
    QualityGovernor,
)
from reskin.renderer import QUALITY_LEVELS

MINUTE = 60 * TICK_HZ


def play(governor: QualityGovernor, ticks: int, cost_ms: float, ratio: float = 2.0) -> list[int]:
    """An engine that costs `cost_ms` at level 0; returns the ticks at which the level changed."""
    changes = []
    for tick in range(ticks):
        engine_ms = cost_ms / ratio**governor.level
        if governor.tick(missed=engine_ms > BUDGET_MS and tick % 2 == 0, engine_ms=engine_ms):
            changes.append(tick)
    return changes


def test_a_single_miss_changes_nothing() -> None:
    governor = QualityGovernor()
    assert not any(governor.tick(missed=tick % TICK_HZ == 0, engine_ms=20) for tick in range(10 * MINUTE))


def test_misses_that_persist_lower_it_within_a_second_until_it_fits() -> None:
    governor = QualityGovernor()
    changes = play(governor, 10 * TICK_HZ, cost_ms=150)
    assert governor.level == 2
    assert changes[0] <= TICK_HZ
    assert changes[1] <= 2 * TICK_HZ + 1


def test_it_stops_at_the_last_level() -> None:
    governor = QualityGovernor()
    play(governor, MINUTE, cost_ms=10_000)
    assert governor.level == QUALITY_LEVELS - 1


def test_it_comes_back_when_the_load_has_gone() -> None:
    governor = QualityGovernor()
    play(governor, 5 * TICK_HZ, cost_ms=150)
    changes = play(governor, MINUTE, cost_ms=12)
    assert governor.level == 0
    assert len(changes) == 2


def test_it_does_not_swing_when_the_better_level_does_not_fit() -> None:
    governor = QualityGovernor()
    changes = play(governor, 30 * MINUTE, cost_ms=45)
    assert governor.level == 1
    assert len(changes) == 1  # it knows from before what the better level costs


def test_tries_that_fail_grow_rare() -> None:
    """The worst case: by its times there is room, but the better level always misses."""
    governor = QualityGovernor()
    changes = []
    for tick in range(60 * MINUTE):
        if governor.tick(missed=governor.level == 0, engine_ms=10.0):
            changes.append(tick)
    assert len(changes) <= 2 * (60 * MINUTE / HOLD_LIMIT_TICKS + 8)
    assert changes[-1] - changes[-3] >= HOLD_LIMIT_TICKS


def test_deaths_cap_the_best_level_and_there_is_an_end() -> None:
    governor = QualityGovernor()
    for level in range(1, QUALITY_LEVELS):
        assert governor.lower_best()
        assert governor.level == level
    assert not governor.lower_best()
    play(governor, 9 * MINUTE, cost_ms=1)
    assert governor.level == QUALITY_LEVELS - 1


def test_ten_minutes_without_a_death_give_back_one_level_and_only_where_there_is_room() -> None:
    governor = QualityGovernor()
    for _ in range(2):
        governor.lower_best()
    play(governor, CLEAN_PAINTINGS - 1, cost_ms=12)
    assert governor.level == 2
    play(governor, 2, cost_ms=12)
    assert governor.level == 1
    play(governor, 9 * MINUTE, cost_ms=12)
    assert governor.level == 1
    play(governor, 2 * MINUTE, cost_ms=12)
    assert governor.level == 0

    slow = QualityGovernor()
    slow.lower_best()
    play(slow, 2 * CLEAN_PAINTINGS, cost_ms=40)
    assert slow.best_level == 0
    assert slow.level == 1, "it has no room"


def test_a_death_or_an_engine_that_paints_nothing_makes_the_ten_minutes_longer() -> None:
    governor = QualityGovernor()
    governor.lower_best()
    play(governor, 9 * MINUTE, cost_ms=12)
    governor.died()
    for _ in range(20 * MINUTE):
        governor.tick(missed=False, engine_ms=None)  # minimised, say
    play(governor, 9 * MINUTE, cost_ms=12)
    assert governor.level == 1
    play(governor, 2 * MINUTE, cost_ms=12)
    assert governor.level == 0


def test_a_level_that_deaths_take_again_is_given_back_later_each_time() -> None:
    governor = QualityGovernor()
    waits = []
    for _ in range(7):
        governor.died()
        governor.lower_best()
        painted = 0
        while governor.best_level:
            governor.tick(missed=False, engine_ms=12)
            painted += 1
        waits.append(painted)
    assert waits[:3] == [CLEAN_PAINTINGS, 2 * CLEAN_PAINTINGS, 4 * CLEAN_PAINTINGS]
    assert waits[-1] == waits[-2] == CLEAN_LIMIT_PAINTINGS
