"""What the player sees: never anything old, and no switching to and fro with an engine at its limit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from reskin.fault_states import STALLED
from reskin.flash_limiter import FlashLimiter
from reskin.frame import Frame, Region
from reskin.note import Note
from reskin.platforms.fake import FakeOverlay, FakeSink
from reskin.presenter import FADE_TICKS, SWITCH_NS, TRUST_LIMIT, TRUST_PAINTINGS, Presenter
from reskin.self_capture import SelfCaptureGuard
from reskin.shared_frames import SharedFrame
from tests.platforms.looking import eventually
from tests.reskin.flash_rule import judge

REGION = Region(0, 0, 32, 24)
TICK_NS = 41_666_667
SWITCH_TICKS = -(-SWITCH_NS // TICK_NS)


class Stage:
    """A presenter and a clock of ticks; `tick` presents once, with a new painting or without."""

    def __init__(self, note: Note, limiter: FlashLimiter | None = None) -> None:
        self.overlay, self.sink = FakeOverlay(), FakeSink()
        self.presenter = Presenter(self.overlay, [self.sink], note, SelfCaptureGuard(), limiter)
        self.now_ns = 10 * TICK_NS
        self.index = 0
        self.game, self.skin = 10, 210  # grey levels

    def tick(self, *, painted: bool = True, on: bool = True, comparing: bool = False) -> bool:
        self.now_ns += TICK_NS
        self.index += 1
        game = Frame(self.index, self.now_ns, np.full((24, 32, 4), self.game, np.uint8))
        if painted:
            pixels = np.full((24, 32, 4), self.skin, np.uint8)
            painting = SharedFrame(
                index=self.index, captured_ns=self.now_ns, submitted_ns=0, finished_ns=0, quality=0, bgra_u8=pixels
            )
            self.presenter.renew(painting, self.now_ns - TICK_NS // 2)
        return self.presenter.present(game, REGION, now_ns=self.now_ns, on=on, comparing=comparing)

    @property
    def screen(self) -> np.ndarray:
        """What the player sees: the overlay, or, where that is hidden, what the sinks get of the game beneath it."""
        overlay, sink = self.overlay.last, self.sink.last
        assert sink is not None
        covers = overlay is not None and not self.overlay.hidden and self.overlay.region == REGION
        return overlay.bgra_u8 if covers else sink.bgra_u8

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
    for _ in range(SWITCH_TICKS - FADE_TICKS):
        stage.tick()
    for _ in range(FADE_TICKS):
        stage.tick(on=False)
    assert stage.overlay.hidden
    assert stage.level == 10
    assert stage.sink.shown == SWITCH_TICKS + FADE_TICKS


def test_comparing_fades_the_skin_out_within_250_ms(stage: Stage) -> None:
    for _ in range(SWITCH_TICKS):
        stage.tick()
    assert [stage.tick(comparing=True) for _ in range(FADE_TICKS)] == [True] * (FADE_TICKS - 1) + [False]
    assert stage.overlay.hidden


def test_skin_and_game_never_switch_twice_within_a_second(stage: Stage) -> None:
    levels = []
    for tick in range(240):
        stage.tick(on=tick % 3 == 0, comparing=tick % 5 == 0)
        levels.append(stage.level)
    begins = [
        tick for tick in range(1, 240)
        if levels[tick] != levels[tick - 1] and levels[tick - 1] in (10, 210)
    ]  # fmt: skip
    assert len(begins) > 3
    assert min(b - a for a, b in itertools.pairwise(begins)) >= SWITCH_TICKS - 1


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
    assert waits[0] == max(TRUST_PAINTINGS, SWITCH_TICKS - 3)  # the skin went at the fifth of the eight ticks
    assert waits == sorted(waits)
    assert waits[-1] == TRUST_LIMIT


def test_another_engine_does_not_wait_for_the_faults_of_the_one_before(stage: Stage) -> None:
    for _ in range(6):
        while not stage.tick():
            pass
        for _ in range(8):
            stage.tick(painted=False)
    for _ in range(SWITCH_TICKS):
        stage.tick(painted=False)
    assert not stage.tick(), "this one would have to paint for seconds first"
    stage.presenter.trust_anew()
    assert stage.tick()


def test_an_overlay_hears_of_every_tick_shown_hidden_or_resting(stage: Stage) -> None:
    """Windows wants its window's messages read, however long the skin is away."""
    for on in (False, True, False):
        for _ in range(2 * SWITCH_TICKS):
            stage.tick(on=on)
    for _ in range(10):
        stage.presenter.present(None, None, now_ns=stage.now_ns, on=True, comparing=False)
    overlay = stage.overlay
    assert (overlay.shown > 0, overlay.hides) == (True, 1)
    assert overlay.shown + overlay.hides + overlay.rests == 6 * SWITCH_TICKS + 10


def test_without_a_picture_of_a_game_that_is_seen_the_note_stands_alone_over_it() -> None:
    region, note = Region(100, 50, 640, 360), Note(stay_s=6)
    overlay, sink = FakeOverlay(), FakeSink()
    presenter = Presenter(overlay, [sink], note, SelfCaptureGuard(), None)
    note.say(STALLED, 0)

    def shows_words() -> bool:
        presenter.present(None, region, now_ns=1, on=True, comparing=False)
        return not overlay.hidden

    eventually(shows_words)
    assert overlay.region is not None
    assert (overlay.region.w < region.w, overlay.region.h < region.h // 2) == (True, True)
    assert overlay.region.y > region.y + region.h // 2
    assert overlay.last is not None
    assert overlay.last.bgra_u8.max() > 200, "white letters"
    assert sink.shown == 0
    presenter.present(None, None, now_ns=2, on=True, comparing=False)
    assert overlay.hidden, "nobody sees the window now"
    assert shows_words()
    presenter.present(None, region, now_ns=60 * TICK_NS * 24, on=True, comparing=False)
    assert overlay.hidden, "the note has faded"
    note.close()


def test_a_screenshot_is_of_what_is_seen_and_the_last_skin_stays_known(stage: Stage) -> None:
    assert stage.presenter.last_skin() is None
    for _ in range(10):
        stage.tick()
    assert stage.presenter.picture()[0, 0, 0] == 210
    for _ in range(SWITCH_TICKS):
        stage.tick(comparing=True)
    assert stage.presenter.picture()[0, 0, 0] == 10
    assert stage.presenter.last_skin()[0, 0, 0] == 210


@pytest.mark.parametrize("how", ["an engine that alternates black and white", "keys hammered", "a sink without a skin"])
def test_whatever_flashes_the_screen_and_the_sinks_keep_the_rule(how: str) -> None:
    note = Note(stay_s=1)
    stage = Stage(note, FlashLimiter())
    in_sinks, on_screen = [], []
    for tick in range(72):
        flash = 255 * (tick % 2)
        stage.skin = 128 if how == "keys hammered" else flash
        stage.game = flash if how == "a sink without a skin" else 20
        if how == "keys hammered":  # 20 times a second
            note.say(f"Theme {tick}", stage.now_ns)
            stage.skin = (20, 240, 90, 190)[tick * 20 // 24 % 4]
        stage.tick(on=how != "a sink without a skin", comparing=how == "keys hammered" and tick % 2 == 0)
        assert stage.sink.last is not None
        in_sinks.append(stage.sink.last.bgra_u8)
        on_screen.append(stage.screen)
    note.close()
    assert judge(in_sinks).passes
    assert judge(on_screen).passes
