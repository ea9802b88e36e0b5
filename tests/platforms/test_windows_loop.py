"""The program's own loop over the fake Windows: captured, painted and shown by the real Windows parts."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

import reskin.platforms as platforms
from reskin.engine_link import InlineEngine
from reskin.errors import SelfCaptureError
from reskin.frame import Region
from reskin.game_window import open_named
from reskin.loop import LoopOptions, run_loop
from reskin.platforms.windows import duplication, parts
from reskin.platforms.windows import win32 as w
from reskin.platforms.windows.fake.toolkit import FakeSystem
from reskin.renderer import TintRenderer
from reskin.status import Status
from tests.loop.fakes import JumpingClock, two_themes

TICKS = 400
KEY_TICK = 39
SMALL = Region(100, 80, 240, 135)


def _play(here: FakeSystem, at_tick: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, way: str) -> Status:
    monkeypatch.setattr(parts, "_system", [here.system])
    monkeypatch.setattr(platforms, "on_windows", lambda: True)
    monkeypatch.setenv(parts.BACKEND_VARIABLE, way)
    monkeypatch.setattr(duplication, "ANSWER_LIMIT_S", 2.0)  # this clock jumps, and the machine may be busy
    clock, ticks = JumpingClock(), 0
    capture = open_named("Fake Game")
    overlay = platforms.open_overlay(capture)
    hotkeys = platforms.open_hotkeys({"quit": "<f9>"})

    def stop() -> bool:
        nonlocal ticks
        ticks += 1
        here.play(ticks * 7)
        at_tick(ticks)
        return ticks > TICKS

    try:
        return run_loop(
            capture, overlay, hotkeys, [], two_themes(), InlineEngine(TintRenderer(), clock, cost_ms=5), clock=clock,
            stop=stop, options=LoopOptions(note_s=0),
        )  # fmt: skip
    finally:
        for part in (capture, overlay, hotkeys):
            part.close()


def _is_skinned(here: FakeSystem) -> bool:
    assert here.game.pixels is not None
    seen = here.desktop.seen(here.game.client)[..., :3].astype(int)
    return bool(np.abs(seen - here.game.pixels[..., :3]).mean() > 5)


@pytest.mark.parametrize("way", ["window", "screen", "region"])
def test_the_skin_is_seen_follows_the_game_and_goes_with_its_window(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here, seen = FakeSystem(client=SMALL), {}

    def at_tick(tick: int) -> None:
        if tick == 15:
            here.desktop.move(here.game, Region(900, 500, SMALL.w, SMALL.h))
        if tick in (14, 24):
            seen[tick] = _is_skinned(here)
        if tick == 25:
            here.game.is_minimised = True
        if tick == 28:
            seen["minimised"] = here.pygame.windows[0].window.is_shown
            here.game.is_minimised = False
        if tick == KEY_TICK:
            here.desktop.press(0, 0x78)
        elif tick > KEY_TICK:
            time.sleep(0.01)  # until the thread that reads the messages has had its turn

    status = _play(here, at_tick, monkeypatch, way)
    assert seen == {14: True, 24: True, "minimised": False}
    assert status.ended_because == "the player quit"
    assert here.desktop.hotkeys == {}


def test_an_overlay_that_windows_films_all_the_same_ends_the_run_with_a_clear_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the guard on every platform: here the system says that it leaves the window out, and does not."""
    here = FakeSystem(client=SMALL)
    monkeypatch.setattr(here.desktop, "_for_capture", lambda window: window.picture())
    with pytest.raises(SelfCaptureError, match="own overlay"):
        _play(here, lambda tick: None, monkeypatch, "screen")
    assert here.desktop.order
    assert all(window.affinity in (w.WDA_NONE, w.WDA_EXCLUDE_FROM_CAPTURE) for window in here.desktop.order)
