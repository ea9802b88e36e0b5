"""Reskin over two real games from Debian: what the player sees, and what the game still gets of the player's hands.

The engine is a quick tint where the model is not the point, as software-drawn games leave it little of two cores.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from reskin.app import RunOptions, run
from reskin.platforms.x11.connection import XConnection
from reskin.settings import Settings
from reskin.status import Status
from tests.platforms.looking import eventually, screen_pixels
from tools.desktop_games import GAMES, PlayedGame, playing
from tools.real_game import CLEARLY_LEVELS, Witness, overlay_on_top

SIZE_PX = (640, 360)
QUICK = "tests.loop.stand_ins:quick"
SETTINGS = Settings.model_validate({"overlay": {"note_s": 0}})
SKIN_LIMIT_S = 30  # until the engine's process is up and has painted
CONTINUE = (0.5, 0.45)  # where SuperTux' pause menu has "Continue", in parts of the window
END_S = 5
ENGINE_LIMIT_S = 60  # for the real one to load and to keep up for a third of a second
MENU = (slice(130, 250), slice(200, 440))  # rows and columns of that menu

only_supertux = pytest.mark.parametrize("played", ["supertux"], indirect=True)


@pytest.fixture(scope="module", params=list(GAMES))
def played(request: pytest.FixtureRequest) -> Iterator[PlayedGame]:
    game = GAMES[request.param]
    if shutil.which(game.program) is None:
        pytest.skip(f"{game.program} is not installed; on Debian and Ubuntu: apt-get install {game.package}")
    with playing(game, SIZE_PX) as started:
        yield started


@pytest.fixture
def x(played: PlayedGame) -> Iterator[XConnection]:
    connection = XConnection(played.display.name)
    yield connection
    connection.close()


@pytest.fixture(autouse=True)
def _desktop(played: PlayedGame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", played.display.name)
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path / "home"))


class Looks:
    """The game's own picture and the screen over it."""

    def __init__(self, played: PlayedGame, x: XConnection) -> None:
        self.run_is_over = threading.Event()
        self._capture = played.open_capture()
        self._x = x

    def game(self) -> np.ndarray:
        frame = self._capture.grab()
        assert frame is not None
        return frame.bgra_u8[..., :3].copy()

    def screen(self) -> np.ndarray:
        region = self._capture.locate()
        assert region is not None
        return screen_pixels(region)

    def is_covered(self) -> bool:
        return overlay_on_top(self._x) == self._capture.locate()

    def tint(self) -> np.ndarray:
        """The colour that the quick engine adds to half of the game's."""
        return self.screen().mean(axis=(0, 1)) - 0.5 * self.game().mean(axis=(0, 1))

    def close(self) -> None:
        self._capture.close()


def play(played: PlayedGame, x: XConnection, plays: Callable[[Looks], None], **options: object) -> Status:
    """Reskin in this thread, the player in another; what the player finds wrong fails the test."""
    looks = Looks(played, x)
    wrong: list[BaseException] = []

    def player() -> None:
        try:
            eventually(looks.is_covered, limit_s=SKIN_LIMIT_S)
            plays(looks)
        except BaseException as error:  # noqa: BLE001  raised again in the main thread
            wrong.append(error)

    thread = threading.Thread(target=player, daemon=True)
    thread.start()
    defaults = {"window": str(played.window.id), "theme": "neon-rain", "engine": QUICK, "settings": SETTINGS}
    defaults |= {"seek_s": 2.0}
    try:
        status = run(RunOptions(**{**defaults, **options}), stop=lambda: not thread.is_alive())
    finally:
        looks.run_is_over.set()
        thread.join(SKIN_LIMIT_S)
        looks.close()
    if wrong:
        raise wrong[0]
    assert not thread.is_alive(), f"the run ended before its player had played: {status.ended_because!r}"
    return status


def focus(played: PlayedGame) -> int:
    return int(played.xdotool("getwindowfocus"))


def test_the_skin_covers_the_game_and_the_game_plays_on_beneath(played: PlayedGame, x: XConnection) -> None:
    def watch(looks: Looks) -> None:
        focused = focus(played)
        before = looks.game()
        with played.hands():
            eventually(lambda: np.abs(looks.tint()).max() > CLEARLY_LEVELS)
            eventually(lambda: np.abs(looks.game().astype(int) - before).max() > 100)
        assert looks.is_covered()
        assert focus(played) == focused

    status = play(played, x, watch)
    assert status.ended_because == "stopped"
    assert status.engine_deaths == 0
    assert status.shown + status.dropped == status.grabbed
    assert overlay_on_top(x) is None


@only_supertux
def test_a_key_and_a_click_go_through_the_overlay_and_the_focus_stays(played: PlayedGame, x: XConnection) -> None:
    def pause_and_continue(looks: Looks) -> None:
        def menu_is_there() -> bool:
            return bool(np.abs(looks.game()[MENU].astype(int) - unpaused).mean() > 20)

        focused = focus(played)
        unpaused = looks.game()[MENU]
        played.press("Escape")
        eventually(menu_is_there)
        assert looks.is_covered()
        region = played.window.region
        left, top = (round(side * part) for side, part in zip((region.w, region.h), CONTINUE, strict=True))
        played.xdotool("mousemove", region.x + left, region.y + top)
        time.sleep(0.3)  # the game's own pointer follows
        assert looks.is_covered()
        played.xdotool("mousedown", 1)
        time.sleep(0.2)
        played.xdotool("mouseup", 1)
        eventually(lambda: not menu_is_there())
        assert looks.is_covered()
        assert focus(played) == focused

    play(played, x, pause_and_continue)


def test_a_theme_key_changes_the_picture_while_the_game_has_the_focus(played: PlayedGame, x: XConnection) -> None:
    def switch(looks: Looks) -> None:
        focused = focus(played)
        eventually(lambda: np.abs(looks.tint()).max() > CLEARLY_LEVELS)
        before = looks.tint()
        played.xdotool("key", "ctrl+alt+n")
        eventually(lambda: np.abs(looks.tint() - before).max() > CLEARLY_LEVELS)
        assert focus(played) == focused

    play(played, x, switch)


@pytest.fixture
def first_in_line() -> Iterator[None]:
    """Root's tests may go before other work on the machine: the real engine needs most of a core to keep up."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, min(before, -15))
    yield
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, before)


@only_supertux
@pytest.mark.usefixtures("first_in_line")
def test_the_real_engine_paints_the_game_in_its_theme(played: PlayedGame, x: XConnection) -> None:
    status = Status()
    witness = Witness(played, status, after_s=0.3)  # the skin fades in for 0.25
    witness.start()
    limit_s = time.monotonic() + ENGINE_LIMIT_S
    options = RunOptions(window=str(played.window.id), theme="neon-rain", preset="lite", settings=SETTINGS)
    try:
        run(options, stop=lambda: not witness.is_alive() or time.monotonic() > limit_s, status=status)
    finally:
        witness.end()
    sight = witness.told()
    assert status.engine_name.startswith("lite")
    assert sight.difference_levels > CLEARLY_LEVELS


@only_supertux
def test_a_game_that_is_killed_ends_the_run_with_a_sentence_and_leaves_no_overlay(
    played: PlayedGame, x: XConnection
) -> None:
    """Last: the game is gone after it. The X server ends it, as SIGKILL waits for its last thread to get a core."""

    def kill(looks: Looks) -> None:
        played.xdotool("windowkill", played.window.id)
        assert looks.run_is_over.wait(END_S)

    status = play(played, x, kill, seek_s=0.5)
    assert status.ended_because.endswith("is gone")
    assert played.window.title in status.ended_because
    assert overlay_on_top(x) is None
