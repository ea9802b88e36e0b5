"""Slots come from step times that were measured, and from nothing else."""

from __future__ import annotations

import pytest

from reskin.serve.cluster.slots import FPS, Line, SlotsError, Times, limits, line_of, measure, slots, steps_ms

TABLE = """{"NVIDIA H200": {"small": {"1280x720": {"batches": {"1": {"p50": 4, "p95": 5}, "8": {"p95": 15}}}}}}"""
BUDGET_MS = 1e3 / FPS * 0.8


def line(**batches_ms: float) -> Line:
    return Line(batches={int(name[1:]): Times(p95=ms) for name, ms in batches_ms.items()})


@pytest.mark.parametrize(
    ("sessions", "expected_ms"),
    [(1, 5), (2, 10), (3, 15), (8, 15), (9, 20), (10, 25), (11, 30), (12, 30), (16, 30), (17, 35)],
)
def test_steps_are_the_cheapest_mix_of_measured_batches(sessions: int, expected_ms: float) -> None:
    assert steps_ms(line(b1=5, b8=15), sessions) == expected_ms


def test_as_many_sessions_as_fit_into_the_share_of_a_tick() -> None:
    assert slots(line(b1=5)) == int(BUDGET_MS / 5)
    assert slots(line(b1=5, b8=15)) == 16
    assert slots(line(b8=15)) == 16, "nothing smaller was measured, so three cost as much as eight"


def test_what_a_session_needs_besides_bounds_the_slots_too() -> None:
    found = Line(batches={8: Times(p95=15)}, encode_ms=7, cores=2, session_bytes=10, free_bytes=95)
    assert limits(found) == {"engine": 16, "encode": int(2 * BUDGET_MS / 7), "memory": 9}
    assert slots(found) == 9


def test_too_slow_for_one_session_is_an_error_and_not_a_slot() -> None:
    with pytest.raises(SlotsError, match="not one session fits"):
        slots(line(b1=60))


def test_what_was_not_measured_is_an_error_that_names_what_was() -> None:
    assert slots(line_of(TABLE, "NVIDIA H200", "small", "1280x720")) == 16
    with pytest.raises(SlotsError, match="NVIDIA H200, small, 1280x720"):
        line_of(TABLE, "NVIDIA H200", "base", "1280x720")
    with pytest.raises(SlotsError, match="Write it anew"):
        line_of('{"a": {"b": {"c": {"batches": {}}}}}', "a", "b", "c")


def test_measuring_takes_the_p95_of_what_comes_after_the_warm_up() -> None:
    now_ns = 0
    calls: dict[int, int] = {}

    def step(batch: int) -> None:
        nonlocal now_ns
        calls[batch] = calls.get(batch, 0) + 1
        is_warm = calls[batch] > 3
        now_ns += int((batch * 2 if is_warm else 900) * 1e6)

    found = measure(step, (1, 4), 20, lambda: now_ns)
    assert {batch: times.p95 for batch, times in found.batches.items()} == {1: 2.0, 4: 8.0}
