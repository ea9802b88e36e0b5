"""The self-capture guard: trips on a feedback loop, and on nothing else."""

from __future__ import annotations

import time

import numpy as np
import pytest

from reskin.errors import SelfCaptureError
from reskin.frame import Frame
from reskin.platforms.fake import FakeCapture
from reskin.self_capture import SelfCaptureGuard

SIZE_PX = (320, 180)


def _painted(game: np.ndarray, strength: float) -> np.ndarray:
    theme = np.array([160, 40, 90, 255])
    return (game * (1 - strength) + theme * strength).astype(np.uint8)


def _run(strength: float, *, looped: bool, moving: bool = True, lag: int = 1, frames: int = 60) -> SelfCaptureGuard:
    """Grab, paint, show, `frames` times; in a loop the grab is what was shown `lag` frames ago."""
    now_ns = 0
    guard = SelfCaptureGuard()
    capture = FakeCapture(SIZE_PX, fps=60, clock_ns=lambda: now_ns)
    shown: list[np.ndarray] = []
    for index in range(frames):
        now_ns += 41_666_667 if moving else 0
        frame = capture.grab()
        assert frame is not None
        pixels = shown[-lag] if looped and len(shown) >= lag else frame.bgra_u8.copy()
        guard.grabbed(Frame(index, now_ns, pixels))
        shown.append(_painted(pixels, strength))
        guard.shown(Frame(index, now_ns, shown[-1]))
    return guard


@pytest.mark.parametrize("lag", [1, 2, 3])
@pytest.mark.parametrize("strength", [0.2, 0.4, 0.7, 0.9, 0.97, 1.0])
def test_a_loop_is_noticed_within_a_second(strength: float, lag: int) -> None:
    with pytest.raises(SelfCaptureError, match="reskin windows"):
        _run(strength, looped=True, lag=lag, frames=24)


@pytest.mark.parametrize("moving", [True, False])
@pytest.mark.parametrize("strength", [0.0, 0.05, 0.5, 1.0])
def test_a_game_that_is_grabbed_truly_never_trips_it(strength: float, moving: bool) -> None:
    _run(strength, looped=False, moving=moving)


def test_a_still_game_at_strength_zero_is_no_loop_although_grab_and_painting_are_equal() -> None:
    _run(0.0, looped=True, moving=False)


def test_hiding_the_overlay_for_a_moment_is_no_loop() -> None:
    guard = _run(0.9, looped=False, frames=10)
    game = FakeCapture(SIZE_PX).grab()
    assert game is not None
    for index in range(10, 100):
        guard.grabbed(Frame(index, index, game.bgra_u8))


def test_another_window_size_starts_no_false_alarm() -> None:
    guard = _run(0.9, looped=False, frames=10)
    other = FakeCapture((333, 77)).grab()
    assert other is not None
    for index in range(10, 100):
        guard.grabbed(Frame(index, index, other.bgra_u8))
        guard.shown(Frame(index, index, _painted(other.bgra_u8, 0.9)))


def test_the_guard_costs_next_to_nothing() -> None:
    guard, frame = SelfCaptureGuard(), FakeCapture((1280, 720)).grab()
    assert frame is not None
    painting = Frame(0, 0, _painted(frame.bgra_u8, 0.9))
    costs_ms = []
    for _ in range(200):
        start_s = time.perf_counter()
        guard.grabbed(frame)
        guard.shown(painting)
        costs_ms.append((time.perf_counter() - start_s) * 1000)
    assert np.median(costs_ms) < 0.5  # 0.1 ms on an idle machine; tests run beside other things
    print(f"guard: {np.median(costs_ms):.3f} ms")
