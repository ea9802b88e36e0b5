"""Theme changes while the loop runs: faded over the frames asked for, in the loop's own thread and in a process."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from reskin.engine_link import InlineEngine
from reskin.frame import Frame, Region
from reskin.loop import LoopOptions, run_loop
from reskin.pace import TICK_HZ
from reskin.platforms.fake import FakeHotkeys, FakeOverlay, FakeSink
from reskin.renderer import TintRenderer, View
from reskin.status import Status
from reskin.supervisor import Supervisor
from reskin.theme_store import ThemeStore
from reskin.themes import Theme
from tests.loop.fakes import CountingGame, JumpingClock, RememberingOverlay, theme, two_themes
from tests.reskin.flash_rule import judge

FADE_FRAMES = 8
HAMMERED_HZ = 20


def played(seconds: float, *, press_at: int, **options: object) -> tuple[Status, RememberingOverlay]:
    clock = JumpingClock()
    keys = FakeHotkeys()
    overlay = RememberingOverlay(clock.now_ns)
    game = CountingGame(clock=clock.now_ns)
    game.before_grab = lambda grabs: keys.tap("next_theme") if grabs == press_at else None
    until_ns = clock.time_ns + int(seconds * 1e9)
    status = run_loop(
        game, overlay, keys, [], two_themes(), InlineEngine(TintRenderer(), clock, cost_ms=10), clock=clock,
        stop=lambda: clock.time_ns >= until_ns, options=LoopOptions(note_s=0, **options),  # type: ignore[arg-type]
    )  # fmt: skip
    return status, overlay


def redness(pixel: tuple[int, ...]) -> int:
    return pixel[2] - pixel[0]


def test_a_faded_theme_change_comes_in_even_steps_and_misses_no_tick() -> None:
    status, overlay = played(3, press_at=30, fade_frames=FADE_FRAMES)
    seen = [redness(shown.pixel) for shown in overlay.shown[10:]]
    steps = [step for step in (a - b for a, b in itertools.pairwise(seen)) if step]
    assert len(steps) == FADE_FRAMES
    assert max(steps) - min(steps) <= 4  # bytes
    assert sum(steps) == seen[0] - seen[-1] > 100
    assert status.missed == 0


def test_without_a_fade_it_is_a_cut() -> None:
    _, overlay = played(3, press_at=30)
    seen = [redness(shown.pixel) for shown in overlay.shown[10:]]
    assert len(set(seen)) == 2


def test_the_same_run_twice_shows_the_same_pictures() -> None:
    first, second = (played(2, press_at=20, fade_frames=FADE_FRAMES)[1] for _ in range(2))
    assert first.shown == second.shown
    assert len(first.shown) > TICK_HZ


class SkyRenderer(TintRenderer):
    """Nothing but the theme's sky colour."""

    def render(self, bgra_u8: np.ndarray, theme: Theme, view: View, quality: int, out: np.ndarray) -> dict[str, float]:
        out[..., :3] = theme.style().light[0][::-1] * 255
        return {}


class Kept:
    """Every picture that a sink was given."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[np.ndarray] = []

    def show(self, frame: Frame, region: Region) -> None:
        self.pictures.append(frame.bgra_u8.copy())


class KeptOverlay(Kept, FakeOverlay):
    pass


class KeptSink(Kept, FakeSink):
    pass


@pytest.mark.parametrize("limiter", ["broadcast", "off"])
def test_next_theme_hammered_twenty_times_a_second_keeps_the_rule_of_flashes(limiter: str) -> None:
    """From white to black and back, each a cut; and without the limiter the same run breaks the rule."""
    clock, keys, overlay, sink = JumpingClock(), FakeHotkeys(), KeptOverlay(), KeptSink()
    game = CountingGame(clock=clock.now_ns)

    def hammer(grabs: int) -> None:
        for _ in range((grabs + 1) * HAMMERED_HZ // TICK_HZ - grabs * HAMMERED_HZ // TICK_HZ):
            keys.tap("next_theme")

    game.before_grab = hammer
    until_ns = clock.time_ns + 5_000_000_000
    run_loop(
        game, overlay, keys, [sink], ThemeStore([theme("White", "#ffffff"), theme("Black", "#000000")]),
        InlineEngine(SkyRenderer(), clock, cost_ms=10), clock=clock, stop=lambda: clock.time_ns >= until_ns,
        options=LoopOptions(note_s=0, fade_frames=0, flash_limiter=limiter),  # type: ignore[arg-type]
    )  # fmt: skip
    for shown in (overlay.pictures, sink.pictures):
        assert len(shown) > 4 * TICK_HZ
        assert judge(shown).passes == (limiter != "off")


def test_the_engines_process_fades_frame_by_frame() -> None:
    red, blue = theme("Red", "#ff0000"), theme("Blue", "#0000ff")
    engine = Supervisor("tests.loop.stand_ins:quick", ("lite",))
    try:
        seen = [redness(tuple(painted(engine, red, index).astype(int))) for index in range(2)]
        seen += [redness(tuple(painted(engine, blue, index).astype(int))) for index in range(2, 3 + FADE_FRAMES)]
    finally:
        engine.close()
    steps = [a - b for a, b in itertools.pairwise(seen)]
    assert [step > 0 for step in steps] == [False] + [True] * FADE_FRAMES + [False]


def test_the_engines_process_paints_a_theme_whose_material_says_no_colours() -> None:
    wanted = Theme.model_validate({"name": "Kept", "material": {"character": {"strength": 0}}})
    engine = Supervisor("tests.loop.stand_ins:quick", ("lite",))
    try:
        assert painted(engine, wanted, 0).shape == (4,)
    finally:
        engine.close()


def painted(engine: Supervisor, wanted: object, index: int) -> np.ndarray:
    """The upper left pixel of one frame, painted in a theme that is faded to."""
    deadline_s = time.monotonic() + 60
    submitted = False
    while time.monotonic() < deadline_s:
        engine.poll(time.monotonic_ns())
        engine.configure(theme=wanted, view=View.THEME, quality=0, fade_frames=FADE_FRAMES)  # type: ignore[arg-type]
        if engine.is_ready and not submitted:
            engine.submit(Frame(index, time.monotonic_ns(), np.full((48, 64, 4), 100, np.uint8)))
            submitted = True
        if engine.is_ready and (painting := engine.newest()) is not None and painting.index == index:
            return painting.bgra_u8[0, 0].copy()
        time.sleep(0.002)
    raise AssertionError("no painting in 60 s")
