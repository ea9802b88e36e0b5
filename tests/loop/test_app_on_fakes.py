"""One run of the app with every part of the desktop a fake: which profile it takes, and what it gives back first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reskin import app, platforms
from reskin.app import RunOptions, run
from reskin.engine_link import InlineEngine
from reskin.errors import ProfileError, ThemeError
from reskin.frame import Region
from reskin.pace import SystemClock
from reskin.platforms.fake import FakeCapture, FakeHotkeys, FakeOverlay, FakePointerInput, FakeSink, FakeTextInput
from reskin.profiles import profile_folder
from reskin.renderer import TintRenderer, View
from reskin.sinks import output_window
from reskin.theme_model import KeptRegion
from reskin.themes import Theme

PLACE = Region(0, 0, 640, 360)
REGION = (0.0, 0.9, 1.0, 0.1)


class Seeing(TintRenderer):
    """A tint that remembers which regions the newest theme kept; None before the first frame."""

    def __init__(self) -> None:
        self.kept: tuple[KeptRegion, ...] | None = None

    def render(self, bgra_u8: np.ndarray, theme: Theme, view: View, quality: int, out: np.ndarray) -> dict[str, float]:
        self.kept = theme.keep.regions
        return super().render(bgra_u8, theme, view, quality, out)


class Desk:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.game, self.renderer = FakeCapture(), Seeing()
        self.keyboard, self.mouse = FakeTextInput(), FakePointerInput()
        monkeypatch.setattr(platforms, "open_region", lambda region: self.game)
        monkeypatch.setattr(platforms, "open_overlay", lambda capture, *, only_in_front: FakeOverlay())
        monkeypatch.setattr(platforms, "open_hotkeys", lambda bindings: FakeHotkeys())
        monkeypatch.setattr(platforms, "open_text_input", lambda: self.keyboard)
        monkeypatch.setattr(platforms, "open_pointer_input", lambda: self.mouse)
        engine = InlineEngine(self.renderer, SystemClock(), cost_ms=5)
        monkeypatch.setattr(app, "_engine", lambda options, preset: engine)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    profile_folder().mkdir()
    return Desk(monkeypatch)


def test_keyboard_and_mouse_are_the_games_again_before_a_sink_is_finished(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[tuple[bool, bool]] = []

    class LongToFinish(FakeSink):
        def close(self) -> None:
            given_back.append((desk.keyboard.closed, desk.mouse.closed))
            super().close()

    monkeypatch.setattr(output_window, "OutputWindow", LongToFinish)
    run(RunOptions(region=PLACE, output_window=True), stop=lambda: True)
    assert given_back == [(True, True)]


def test_a_game_whose_second_window_has_another_title_gets_the_profile_of_that(desk: Desk) -> None:
    (profile_folder() / "real.toml").write_text(f'title = "Real Game"\n[keep]\nregions = [{list(REGION)}]\n')
    seen: list[object] = []

    def stop() -> bool:
        seen.append(desk.renderer.kept)
        if desk.renderer.kept is not None:
            desk.game.title = "Real Game"
        return desk.renderer.kept == (REGION,)

    run(RunOptions(region=PLACE, fade_frames=0, seconds=5), stop=stop)
    assert () in seen
    assert seen[-1] == (REGION,)


def test_a_profile_that_names_a_missing_theme_is_named_and_a_theme_asked_for_by_hand_is_not_its_fault(
    desk: Desk,
) -> None:
    (profile_folder() / "fake.toml").write_text('title = "Fake Game"\ntheme = "gone"\n')
    with pytest.raises(ProfileError, match=r"fake\.toml cannot be used: theme: looking for the theme 'gone'"):
        run(RunOptions(region=PLACE))
    with pytest.raises(ThemeError, match="looking for the theme 'gone'"):
        run(RunOptions(region=PLACE, theme="gone"))
