"""The stream's bench without a stream: who was there, and when a goal counts as missed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from reskin.errors import StreamError
from tools.bench_stream import print_rows
from tools.stream_attendance import Attendance


def counting(*counts: int | None) -> Callable[[], int]:
    """One of them at each sample; None: no answer."""
    left: Iterator[int | None] = iter(counts)

    def count() -> int:
        found = next(left)
        if found is None:
            raise ConnectionRefusedError
        return found

    return count


def sampled(asked: int, *counts: int | None) -> Attendance:
    attendance = Attendance(asked, counting(*counts))
    for _ in counts:
        attendance.sample()
    return attendance


def test_all_who_were_asked_for_may_watch() -> None:
    attendance = sampled(20, 20, 21, 20)
    attendance.check()
    assert not attendance.is_short


@pytest.mark.parametrize("counts", [(20, 19, 20), (20, 20, 0), (None, 20)])
def test_one_sample_with_fewer_is_an_error_that_says_how_many(counts: tuple[int | None, ...]) -> None:
    attendance = sampled(20, *counts)
    assert attendance.is_short
    with pytest.raises(StreamError, match=f"only {min(count or 0 for count in counts)} watched"):
        attendance.check()


def test_a_time_at_which_nobody_looked_is_an_error() -> None:
    attendance = Attendance(20, counting())
    attendance.end()
    assert not attendance.is_short
    with pytest.raises(StreamError, match="nobody looked"):
        attendance.check()


def test_waiting_ends_when_nobody_can_come_any_more() -> None:
    Attendance(20, counting(20)).wait(lambda: False)
    with pytest.raises(StreamError, match="3 watch"):
        Attendance(20, counting(3)).wait(lambda: False)


@pytest.mark.parametrize(("met", "passes"), [((True, None), True), ((True, False), False), ((None,), True)])
def test_a_missed_goal_is_told(met: tuple[bool | None, ...], passes: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_rows("t", [(f"row {n}", 1.0, "1", is_met) for n, is_met in enumerate(met)], clip="a") is passes
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["passes"] is passes
    assert told["clip"] == "a"
