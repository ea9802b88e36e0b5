"""What the player sees: never anything old, and no switching to and fro with an engine at its limit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from reskin.engine_link import Painting
from reskin.frame import Frame, Region
from reskin.note import Note
from reskin.platforms.fake import FakeOverlay, FakeSink
from reskin.presenter import FADE_TICKS, TRUST_LIMIT, TRUST_PAINTINGS, Presenter
from reskin.self_capture import SelfCaptureGuard

REGION = Region(0, 0, 32, 24)
TICK_NS = 41_666_667


class Stage:
    """A presenter and a clock of ticks; `tick` presents once, with a new painting or without."""

    def __init__(self, note: Note) -> None:
        self.overlay, self.sink = FakeOverlay(), FakeSink()
        self.presenter = Presenter(self.overlay, [self.sink], note, SelfCaptureGuard())
        self.now_ns = 10 * TICK_NS
        self.index = 0

    def tick(self, *, painted: bool = True, on: bool = True, comparing: bool = False) -> bool:
        self.now_ns += TICK_NS
        self.index += 1
        game = Frame(self.index, self.now_ns, np.full((24, 32, 4), 10, np.uint8))
        if painted:
            pixels = np.full((24, 32, 4), 210, np.uint8)
            painting = Painting(
                index=self.index, captured_ns=self.now_ns, submitted_ns=0, finished_ns=0, quality=0, bgra_u8=pixels
            )
            self.presenter.renew(painting, self.now_ns - TICK_NS // 2)
        return self.presenter.present(game, REGION, now_ns=self.now_ns, on=on, comparing=comparing)

    @property
    def level(self) -> int:
        assert self.sink.last is not None
        return int(self.sink.last.bgra_u8[0, 0, 0])


@pytest.fixture
def stage() -> Iterator[Stage]:
    note = Note(stay_s=0)
    yield Stage(note)
    note.close()


def test_the_skin_fades_in_and_out_and_sinks_always_get_a_picture(stage: Stage) -> None:
    levels = []
    for _ in range(FADE_TICKS):
        assert stage.tick()
        levels.append(stage.level)
    assert levels == sorted(levels)
    assert levels[0] < 60
    assert levels[-1] == 210
    for _ in range(FADE_TICKS):
        stage.tick(on=False)
    assert stage.overlay.hidden
    assert stage.level == 10
    assert stage.sink.shown == 2 * FADE_TICKS


def test_comparing_takes_the_skin_away_at_once(stage: Stage) -> None:
    for _ in range(10):
        stage.tick()
    assert not stage.tick(comparing=True)
    assert stage.overlay.hidden


def test_a_painting_is_repeated_for_a_while_and_never_shown_old(stage: Stage) -> None:
    for _ in range(10):
        stage.tick()
    repeats = 0
    while stage.tick(painted=False):
        repeats += 1
    assert 2 <= repeats <= 4  # 190 ms
    assert stage.overlay.hidden


def test_after_each_fault_the_skin_waits_longer_before_it_returns(stage: Stage) -> None:
    waits = []
    for _ in range(7):
        for _ in range(200):
            stage.tick()
        for _ in range(8):
            stage.tick(painted=False)
        wait = 1
        while not stage.tick():
            wait += 1
        waits.append(wait)
    assert waits[0] == TRUST_PAINTINGS
    assert waits == sorted(waits)
    assert waits[-1] == TRUST_LIMIT


def test_a_screenshot_is_of_what_is_seen_and_the_last_skin_stays_known(stage: Stage) -> None:
    assert stage.presenter.last_skin() is None
    for _ in range(10):
        stage.tick()
    assert stage.presenter.picture()[0, 0, 0] == 210
    stage.tick(comparing=True)
    assert stage.presenter.picture()[0, 0, 0] == 10
    assert stage.presenter.last_skin()[0, 0, 0] == 210
