"""The five states: each fault by itself, in words; and in the loop the time to the untouched game and back."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from reskin.errors import CaptureError
from reskin.fault_states import (
    AGAIN_NS,
    BLACK,
    LATE,
    LOOK_TICKS,
    STALLED,
    STALLED_NS,
    TOO_SLOW,
    Facts,
    FaultWatch,
    looks_black,
)
from reskin.frame import Region
from reskin.pace import TICK_HZ, TICK_NS
from reskin.platforms.base import Capture, CaptureState
from reskin.platforms.fake import FakeCapture
from reskin.seeking_capture import SeekingCapture
from reskin.status import EngineState, PlayState
from tests.loop.bench import Bench
from tests.loop.fakes import JumpingClock

WELL = {"capture": CaptureState.ACTIVE}
SECOND_NS = 1_000_000_000


@pytest.mark.parametrize(
    ("facts", "state", "word"),
    [
        ({}, PlayState.ACTIVE, ""),
        ({"has_painted": False, "is_well": False}, PlayState.SEEKING, "starting"),
        ({"capture": CaptureState.SEEKING}, PlayState.SEEKING, "looking"),
        ({"capture": CaptureState.PAUSED}, PlayState.PAUSED, "minimised"),
        ({"is_large_enough": False, "has_picture": False}, PlayState.PAUSED, "small"),
        ({"is_on": False, "is_well": False}, PlayState.PAUSED, "off"),
        ({"is_comparing": True, "is_well": False}, PlayState.ACTIVE, ""),
        ({"capture": CaptureState.LOST}, PlayState.LOST, "gone"),
        ({"has_picture": False}, PlayState.FAULT, STALLED),
        ({"is_well": False}, PlayState.FAULT, LATE),
        ({"engine": EngineState.LATE}, PlayState.FAULT, "late"),
        ({"engine": EngineState.HUNG}, PlayState.FAULT, "hangs"),
        ({"engine": EngineState.DEAD}, PlayState.FAULT, "ended"),
        ({"engine": EngineState.STARTING}, PlayState.FAULT, "starting again"),
    ],
)
def test_every_fact_has_its_state_and_its_words(facts: dict, state: PlayState, word: str) -> None:
    watch = FaultWatch()
    if facts.get("has_painted", True):
        watch.see(Facts(**WELL), SECOND_NS)
    for now_ns in (2 * SECOND_NS, 2 * SECOND_NS + STALLED_NS):
        watch.see(Facts(**{**WELL, **facts}), now_ns)
    assert watch.state is state
    assert word in watch.why
    assert bool(watch.why) == (state is not PlayState.ACTIVE)


def test_the_tick_that_shows_the_first_painting_is_no_fault() -> None:
    watch = FaultWatch()
    first = Facts(capture=CaptureState.ACTIVE, engine=EngineState.STARTING)
    assert watch.see(first, 0) is None
    assert watch.state is PlayState.SEEKING
    assert watch.see(Facts(capture=CaptureState.ACTIVE), TICK_NS) is None
    assert watch.state is PlayState.ACTIVE
    watch.see(first, 2 * TICK_NS)
    assert watch.state is PlayState.FAULT, "it starts again"


@pytest.mark.parametrize(
    ("facts", "first", "later"),
    [
        ({"capture": CaptureState.SEEKING}, PlayState.SEEKING, PlayState.LOST),
        ({"is_black": True}, PlayState.ACTIVE, PlayState.FAULT),
    ],
)
def test_a_window_that_is_gone_and_a_black_picture_count_after_two_seconds(
    facts: dict, first: PlayState, later: PlayState
) -> None:
    watch = FaultWatch()
    for now_ns, state in ((0, first), (19 * SECOND_NS // 10, first), (2 * SECOND_NS, later)):
        watch.see(Facts(**{**WELL, **facts}), now_ns)
        assert watch.state is state
    watch.see(Facts(**WELL), 3 * SECOND_NS)
    assert watch.state is PlayState.ACTIVE


def test_a_fault_is_told_once_when_it_comes_and_every_ten_seconds_while_it_stays() -> None:
    watch = FaultWatch()
    assert watch.see(Facts(**WELL), 0) is None
    late = Facts(**WELL, is_well=False)
    told = [watch.see(late, n * TICK_NS) for n in range(1, 25 * TICK_HZ)]
    assert [text for text in told if text] == [LATE, TOO_SLOW, TOO_SLOW]
    assert AGAIN_NS == 10 * SECOND_NS


def test_an_engine_that_takes_three_times_as_long_for_two_seconds_is_slow_and_one_slow_frame_is_nothing() -> None:
    watch = FaultWatch()
    assert not any(watch.engine_took(10 + n % 3) for n in range(300))
    assert not any(watch.engine_took(ms) for ms in [90.0, *[11.0] * 60])
    slow = [watch.engine_took(40.0) for _ in range(3 * TICK_HZ)]
    assert 2 * TICK_HZ - 4 <= slow.index(True) <= 2 * TICK_HZ + LOOK_TICKS
    watch.forget_times()
    assert not watch.is_slow


def test_black_is_black_and_a_dark_night_is_not() -> None:
    picture = np.zeros((72, 128, 4), np.uint8)
    assert looks_black(picture)
    picture[30:50, 30:60] = 20
    assert not looks_black(picture)


def pause(bench: Bench) -> None:
    bench.game.state = CaptureState.PAUSED


def stall(bench: Bench) -> None:
    bench.game.grab = lambda: None  # type: ignore[method-assign]


def shrink(bench: Bench) -> None:
    bench.game.region = Region(10, 20, 4, 4)


def hang(bench: Bench) -> None:
    bench.engine.cost_ms = 1e6


def panic(bench: Bench) -> None:
    bench.keys.press("panic")


@pytest.mark.parametrize("fault", [pause, stall, shrink, hang, panic])
def test_the_untouched_game_is_back_within_250_ms_of_every_fault(fault: Callable[[Bench], None]) -> None:
    bench = Bench()
    at_ns: list[int] = []

    def cause(grabs: int) -> None:
        if grabs == 50 and not at_ns:
            at_ns.append(bench.clock.time_ns)
            assert bench.overlay.is_visible
            fault(bench)

    bench.game.before_grab = cause
    status = bench.run(120)
    assert fault is not shrink or (status.state, status.why) == (PlayState.PAUSED, "The game's window is too small")
    hidden_ns = min(time_ns for time_ns in bench.overlay.hidden_ns if time_ns > at_ns[0])
    assert hidden_ns - at_ns[0] <= 250_000_000


def test_a_capture_that_stalls_is_told_over_the_game_itself() -> None:
    bench = Bench()
    bench.options["note_s"] = 1.5
    bench.game.region = Region(10, 20, 320, 180)
    before: list[int] = []  # how much was shown

    def cause(grabs: int) -> None:
        if grabs == 50 and not before:
            stall(bench)
            before.append(len(bench.overlay.shown))
        time.sleep(0.001)  # the note is drawn in a thread, by the real time

    bench.game.before_grab = cause
    status = bench.run(120)
    assert (status.state, status.why) == (PlayState.FAULT, STALLED)
    shown = bench.overlay.shown[before[0] + 4 :]  # the painting that was there stays for 190 ms at most
    assert shown
    assert all(picture.region.w < 320 and picture.region.h < 90 for picture in shown)


def test_a_black_game_gets_no_skin_and_says_why() -> None:
    bench = Bench()
    bench.game.before_grab = lambda grabs: setattr(bench.game, "grabs", 199)  # every picture is black
    status = bench.run(120)
    assert (status.state, status.why) == (PlayState.FAULT, BLACK)
    assert not bench.overlay.is_visible


def test_a_window_that_is_opened_again_is_found_and_one_that_is_not_is_lost_in_the_end() -> None:
    clock = JumpingClock()
    first, second = FakeCapture(), FakeCapture()
    second.name, second.title = "window 8", "Level 1"
    there: list[Capture] = []

    def reopen() -> Capture:
        if not there:
            raise CaptureError("no such window")
        return there.pop()

    seeking = SeekingCapture(first, reopen, seek_s=10, clock_ns=lambda: clock.time_ns)
    before = seeking.grab()
    assert before is not None
    first.state = CaptureState.LOST
    for _ in range(4):
        assert seeking.locate() is None
        assert seeking.state is CaptureState.SEEKING
        clock.time_ns += SECOND_NS
    there.append(second)
    seeking.locate()
    assert seeking.locate() is not None
    assert seeking.state is CaptureState.ACTIVE
    after = seeking.grab()
    assert after is not None
    assert after.index == before.index + 1
    assert (seeking.name, seeking.title) == ("window 8", "Level 1")  # by which a profile is chosen
    second.state = CaptureState.LOST
    seeking.locate()
    clock.time_ns += 11 * SECOND_NS
    assert seeking.state is CaptureState.LOST


def test_nothing_is_looked_for_once_its_program_has_ended() -> None:
    first, runs = FakeCapture(), [True]
    seeking = SeekingCapture(first, lambda: FakeCapture(), seek_s=10, may_return=lambda: runs[0])
    first.state = CaptureState.LOST
    assert seeking.state is CaptureState.SEEKING
    runs[0] = False
    assert seeking.state is CaptureState.LOST
