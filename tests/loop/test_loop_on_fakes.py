"""The loop with fakes and a clock that jumps: hours in seconds, and every count exact."""

from __future__ import annotations

import gc
import itertools
import random
import sys
from pathlib import Path

import numpy as np
import pytest

from reskin.fault_states import SLOW
from reskin.frame import Frame, Region
from reskin.note import Note
from reskin.pace import TICK_HZ
from reskin.platforms.base import CaptureState
from reskin.renderer import QUALITY_LEVELS
from reskin.status import Status
from tests.loop.bench import Bench
from tests.reskin.flash_rule import judge

TICK_MS = 1000 / TICK_HZ


def test_8_000_frames_need_no_more_memory_than_1_000() -> None:
    bench = Bench(cost_ms=50)  # too slow for the tick at first, so drops and quality are in play as well
    at: dict[int, tuple[int, int]] = {}

    def measure(grabs: int) -> None:
        if grabs in (1_000, 8_000) and grabs not in at:
            gc.collect()
            at[grabs] = (sys.getallocatedblocks(), resident_pages())

    bench.game.region = Region(0, 0, 32, 24)
    bench.options["flash_limiter"] = "off"  # its memory is allocated once, and each of its looks costs 0.3 ms
    bench.game.before_grab = measure
    bench.overlay._keep = 100
    status = bench.run(8_010)
    assert status.grabbed >= 8_000
    assert status.shown + status.dropped == status.grabbed
    assert status.dropped > 0
    (early_blocks, early_pages), (late_blocks, late_pages) = at[1_000], at[8_000]
    assert late_blocks - early_blocks < 1_500  # one object a frame would be 7,000
    assert late_pages - early_pages < 1_000  # one picture a frame, 3 KiB, would be 5,000


def resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])


def test_a_present_begins_at_its_deadline_and_every_tick_has_a_new_picture() -> None:
    bench = Bench()
    status = bench.run(480)
    full = [shown for shown in bench.overlay.shown if shown.size == (48, 64)]
    assert all(b.index == a.index + 1 for a, b in itertools.pairwise(full))
    assert status.missed == 0
    assert status.fps == pytest.approx(24, abs=0.1)
    assert status.lateness_ms.percentile(100) < 0.1


def test_the_grab_is_as_late_as_the_engine_allows() -> None:
    quick, slow = Bench(cost_ms=5), Bench(cost_ms=30)
    quick_ms, slow_ms = (bench.run(240).latency_ms.percentile(50) for bench in (quick, slow))
    assert 5 < quick_ms < 8
    assert 30 < slow_ms < 33


def test_an_engine_that_is_too_slow_is_shown_late_but_the_ticks_hold_and_quality_goes_down() -> None:
    bench = Bench(cost_ms=60)
    status = bench.run(480)
    assert status.quality == 1
    assert status.lateness_ms.percentile(90) < 3
    assert status.lateness_ms.percentile(100) < 9  # twice a second it is waited for longer
    assert status.shown + status.dropped == status.grabbed


def test_an_engine_that_is_far_too_slow_from_the_start_gets_cheaper_until_it_can_be_shown() -> None:
    bench = Bench(cost_ms=400)  # 190 ms is the oldest that is shown
    status = bench.run(30 * TICK_HZ)
    assert status.quality == QUALITY_LEVELS - 1
    assert status.shown > 100
    assert bench.overlay.is_visible is False  # the loop has ended


def test_an_engine_that_takes_three_times_as_long_as_before_gives_way_while_it_still_keeps_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From 10 to 36 ms, in steps that the time of the grab can follow: no miss says that memory may be full."""
    said: list[str] = []
    levels: list[int] = []  # of quality, before each grab
    monkeypatch.setattr(Note, "say", lambda self, text, now_ns, *, stay_s=None: said.append(text))
    bench = Bench()
    bench.options["flash_limiter"] = "off"

    def slow_down(grabs: int) -> None:
        levels.append(bench.status.quality)
        bench.engine.cost_ms = min(36.0, 10.0 + 1.5 * max(0, grabs - 500))

    bench.game.before_grab = slow_down
    bench.run(640)
    assert SLOW in said
    assert max(levels[:500]) == 0
    assert max(levels) == 1


def test_an_engine_that_can_never_be_shown_is_told_and_the_time_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(Note, "say", lambda self, text, now_ns, *, stay_s=None: said.append(text))
    bench = Bench(cost_ms=5_000)
    bench.options["seconds"] = 30.0
    status = bench.run(60 * TICK_HZ)
    assert status.ended_because == "30 s are over"
    assert status.shown == 0
    assert status.missed_share == 1
    assert 1 <= sum("too slow" in text and "smaller" in text for text in said) <= 3


def test_a_theme_key_changes_the_picture_within_two_ticks_and_costs_none() -> None:
    bench = Bench(cost_ms=20)
    pressed_ns: list[int] = []

    def press(grabs: int) -> None:
        if grabs == 100 and not pressed_ns:
            bench.keys.press("next_theme")
            pressed_ns.append(bench.clock.time_ns)

    bench.game.before_grab = press
    status = bench.run(200)
    blue = next(shown for shown in bench.overlay.shown if shown.time_ns > pressed_ns[0] and shown.pixel[0] > 120)
    red = next(shown for shown in bench.overlay.shown if shown.time_ns > 1_000_000_000 and shown.pixel[2] > 120)
    assert red.time_ns < pressed_ns[0]
    assert (blue.time_ns - pressed_ns[0]) / 1e6 <= 2 * TICK_MS
    assert status.missed == 0


def test_compare_shows_the_game_within_250_ms_while_it_is_held() -> None:
    bench = Bench()
    seen: list[bool] = []

    def hold(grabs: int) -> None:
        if grabs == 50:
            bench.keys.press("compare")
        if grabs in (58, 80):
            seen.append(bench.overlay.is_visible)
        if grabs == 80:
            bench.keys.release("compare")
        if grabs == 90:
            seen.append(bench.overlay.is_visible)

    bench.game.before_grab = hold
    status = bench.run(100)
    assert seen == [False, False, True]
    assert status.dropped_hidden >= 20
    assert status.missed == 0


def test_the_pause_between_two_switches_is_no_fault_of_the_engine() -> None:
    bench = Bench()
    told: list[str] = []
    seen: list[bool] = []
    bench.options["on_state"] = told.append

    def tap(grabs: int) -> None:
        if grabs == 50:
            bench.keys.press("compare")
        if grabs == 58:
            bench.keys.release("compare")
        if grabs in (60, 95):
            seen.append(bench.overlay.is_visible)

    bench.game.before_grab = tap
    bench.run(100)
    assert seen == [False, True]
    assert not [text for text in told if text.startswith("fault")], told


def test_strength_and_views_reach_the_engine_and_quit_ends_the_loop() -> None:
    bench = Bench()
    script = {20: "strength_down", 30: "split", 40: "split", 50: "materials", 60: "theme_2", 70: "theme_9", 80: "quit"}
    looks: dict[int, tuple[str, float, str]] = {}

    def play(grabs: int) -> None:
        if bench.engine._look is not None:
            theme, view, _ = bench.engine._look
            looks[grabs] = (theme.name, theme.strength, view.value)
        if grabs in script:
            bench.keys.press(script.pop(grabs))

    bench.game.before_grab = play
    status = bench.run(1_000)
    assert looks[19] == ("Red", 1.0, "theme")
    assert looks[25] == ("Red", 0.9, "theme")
    assert looks[35] == ("Red", 0.9, "split")
    assert looks[45] == ("Red", 0.9, "theme")
    assert looks[55] == ("Red", 0.9, "materials")
    assert looks[75] == ("Blue", 1.0, "materials")  # there is no ninth theme: nothing changes
    assert status.ended_because == "the player quit"


def test_switching_off_and_on_fades_and_misses_nothing() -> None:
    bench = Bench()
    script = {50: "toggle_overlay", 80: "toggle_overlay"}
    visible: dict[int, bool] = {}

    def play(grabs: int) -> None:
        visible[grabs] = bench.overlay.is_visible
        if grabs in script:
            bench.keys.press(script.pop(grabs))

    bench.game.before_grab = play
    status = bench.run(120)
    assert visible[53]  # fading
    assert not visible[58]
    assert not visible[80]
    assert visible[90]
    assert status.missed == 0


def test_a_minimised_game_hides_the_overlay_and_a_restored_one_brings_it_back() -> None:
    bench = Bench()
    visible: list[bool] = []
    polls = 0

    def minimise(grabs: int) -> None:
        nonlocal polls
        polls += 1
        if polls == 100:
            bench.game.state = CaptureState.PAUSED
        if polls == 102 or polls == 160:
            visible.append(bench.overlay.is_visible)
        if polls == 130:
            bench.game.state = CaptureState.ACTIVE

    bench.game.before_grab = minimise
    status = bench.run(200)
    assert visible == [False, True]
    assert status.missed <= 1  # the tick on which it comes back


@pytest.mark.parametrize("profile", ["broadcast", "off"])
def test_what_the_loop_shows_keeps_the_flash_rule_unless_the_limiter_is_off(profile: str) -> None:
    bench = Bench()
    bench.options["flash_limiter"] = profile
    plain_grab = bench.game.grab

    def flashing() -> Frame | None:
        frame = plain_grab()
        if frame is not None:
            frame.bgra_u8[:] = 255 * (frame.index // 2 % 2)  # twelve changes a second
        return frame

    bench.game.grab = flashing
    bench.run(4 * TICK_HZ)
    seen = [np.full((24, 32, 3), shown.pixel[:3], np.uint8) for shown in bench.overlay.shown]
    assert len(seen) > 3 * TICK_HZ
    assert judge(seen).passes is (profile == "broadcast")


def test_what_is_said_at_the_start_waits_for_a_picture_and_is_hidden_by_no_other_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(Note, "say", lambda self, text, now_ns, *, stay_s=None: said.append(text))
    bench = Bench()
    bench.options |= {"opening": "Flashing is limited", "poll_warnings": lambda: ["Another"]}
    bench.game.state = CaptureState.PAUSED
    looks = itertools.count()

    def restore(grabs: int) -> None:
        if next(looks) == 20:
            bench.game.state = CaptureState.ACTIVE

    bench.game.before_grab = restore
    bench.run(60)
    assert said.count("Flashing is limited") == 1
    assert "Flashing is limited" not in said[:8]  # while there was none


def test_a_window_that_is_gone_ends_the_loop_with_a_sentence() -> None:
    bench = Bench()
    bench.game.before_grab = lambda grabs: setattr(bench.game, "state", CaptureState.LOST) if grabs == 30 else None
    status = bench.run(1_000)
    assert status.ended_because == "counting game is gone"
    assert not bench.overlay.is_visible


def test_a_storm_of_resizes_never_shows_a_picture_of_another_size() -> None:
    bench = Bench(cost_ms=30)
    sizes = random.Random(2)

    def resize(grabs: int) -> None:
        if grabs % 3 == 0:
            w, h = sizes.choice([(0, 0), (1, 1), (17, 31), (64, 48), (301, 211), (1023, 7), (640, 360)])
            bench.game.region = Region(sizes.randint(-50, 50), 0, w, h)

    bench.game.before_grab = resize  # the overlay asserts that sizes agree
    status = bench.run(600)
    assert status.shown > 20
    assert status.shown + status.dropped == status.grabbed
    bench.game.before_grab = lambda grabs: None
    bench.game.region = Region(0, 0, 64, 48)
    bench.status = Status()  # of another run: the first has ended
    bench.run(50)
    assert bench.overlay.shown[-1].size == (48, 64)


@pytest.mark.parametrize("side", [0, 1])
def test_a_window_of_no_size_is_waited_out(side: int) -> None:
    bench = Bench()
    bench.game.region = Region(0, 0, side, side)
    status = bench.run(50)
    assert status.grabbed == 0
    assert bench.overlay.shown == []
    assert status.ended_because == "stopped"


def test_a_screenshot_is_a_copy_of_what_was_shown() -> None:
    bench = Bench()
    pictures: list[np.ndarray] = []
    bench.options["on_screenshot"] = pictures.append
    bench.game.before_grab = lambda grabs: bench.keys.press("screenshot") if grabs == 40 else None
    bench.run(60)
    assert len(pictures) == 1
    assert pictures[0].shape == (48, 64, 4)
    assert tuple(pictures[0][0, 0]) == next(s.pixel for s in bench.overlay.shown if s.index in (40, 41))


def test_an_error_of_the_capture_ends_the_loop_and_hides_the_overlay() -> None:
    bench = Bench()

    def fail(grabs: int) -> None:
        if grabs == 30:
            raise OSError("planted")

    bench.game.before_grab = fail
    with pytest.raises(OSError, match="planted"):
        bench.run(100)
    assert not bench.overlay.is_visible
    assert bench.status.shown + bench.status.dropped == bench.status.grabbed
