"""`reskin run -- PROGRAM`: the game is started with Reskin; Reskin ends with the game, and the game not with Reskin."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from reskin import app, game_window, platforms
from reskin.app import RunOptions, run
from reskin.cli import cli
from reskin.errors import CaptureError
from reskin.frame import Region
from reskin.game_window import open_started, same_again
from reskin.platforms.base import Capture, CaptureState
from reskin.platforms.fake import FakeCapture
from reskin.platforms.window_info import WindowInfo
from reskin.status import Status
from tests.platforms.looking import eventually

QUICK = "tests.loop.stand_ins:quick"


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path / "home"))


def _options(*program: str) -> RunOptions:
    return RunOptions(command=(sys.executable, "-m", *program), leave_game=True, engine=QUICK, theme="neon-rain")


def _marker(title: str) -> tuple[str, ...]:
    return ("reskin.demo.marker_game", title, "50", "40", "320", "240")


def test_the_program_after_the_dashes_is_started_with_its_own_options(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[RunOptions] = []

    def taken(options: RunOptions, **_: object) -> Status:
        given.append(options)
        return Status(ended_because="over")

    monkeypatch.setattr(app, "run", taken)
    done = CliRunner().invoke(cli, ["run", "--strength", "0.5", "--", "game.exe", "--windowed", "-w", "level 1"])
    assert done.exit_code == 0, done.output
    assert given[0].command == ("game.exe", "--windowed", "-w", "level 1")
    assert given[0].strength == 0.5
    assert given[0].leave_game
    for wrong in (["run"], ["run", "Tux", "--", "game.exe"], ["run", "--"]):
        assert CliRunner().invoke(cli, wrong).exit_code == 2


def test_reskin_ends_with_its_game(display: str) -> None:
    status = run(_options(*_marker("Short"), "--seconds", "1.5"))
    assert status.grabbed > 0
    assert status.ended_because.endswith("is gone")


def test_the_game_runs_on_when_the_player_quits_reskin(display: str) -> None:
    status = Status()
    run(_options(*_marker("Left Alone")), stop=lambda: status.grabbed > 0, status=status)
    (window,) = platforms.list_windows()
    assert window.title == "Left Alone"
    assert window.pid is not None
    os.kill(window.pid, signal.SIGKILL)
    os.waitpid(window.pid, 0)
    eventually(lambda: not platforms.list_windows())


def test_a_launcher_that_ends_in_peace_hands_over_to_its_game(display: str, tmp_path: Path) -> None:
    launcher = tmp_path / "launcher.py"
    launcher.write_text(
        "import subprocess, sys\n"
        f"game = subprocess.Popen([sys.executable, '-m', *{_marker('Launched')!r}], start_new_session=True)\n"
        "print(game.pid, flush=True); game.returncode = 0\n"
    )
    status = Status()
    options = RunOptions(command=(sys.executable, str(launcher)), leave_game=True, engine=QUICK, theme="neon-rain")
    run(options, stop=lambda: status.grabbed > 0, status=status)
    (window,) = platforms.list_windows()
    assert window.title == "Launched"
    assert window.pid is not None
    os.kill(window.pid, signal.SIGKILL)
    eventually(lambda: not platforms.list_windows())


def test_a_start_script_and_its_splash_lead_to_the_game(display: str) -> None:
    """Neither window is of the process that was started, and the first is gone before the second is there."""
    python = f"{sys.executable} -m"
    splash = " ".join((python, *_marker("Splash"), "--seconds", "1"))
    game = " ".join((python, *_marker("Real"), "--seconds", "1.5"))
    said: list[str] = []
    options = RunOptions(command=("sh", "-c", f"{splash}; {game}; true"), engine=QUICK, on_state=said.append)
    status = run(options)
    assert status.ended_because.endswith("is gone")
    first = said.index("active")
    assert "active" in said[first + 1 :], said


def test_a_window_that_cannot_be_captured_is_told_at_once_and_one_that_has_closed_is_waited_past(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    game = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    there = [replace(window("Exclusive"), pid=game.pid)]

    def refuse(query: str) -> Capture:
        raise CaptureError("it is in exclusive fullscreen")

    monkeypatch.setattr(platforms, "list_windows", lambda: there)
    monkeypatch.setattr(platforms, "open_window", refuse)
    try:
        with pytest.raises(CaptureError, match="exclusive fullscreen"):
            open_started(game, set())
        looks = iter([there, []])  # a splash: listed, and gone when it is opened
        monkeypatch.setattr(platforms, "list_windows", lambda: next(looks, []))
        monkeypatch.setattr(game_window, "START_LIMIT_S", 0.3)
        with pytest.raises(CaptureError, match="no window of process"):
            open_started(game, set())
    finally:
        game.kill()
        game.wait()


def test_a_launcher_that_has_handed_over_may_show_a_splash_before_its_game(monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = subprocess.Popen([sys.executable, "-c", ""])
    launcher.wait()
    there = [window("Launching...")]
    splash, real, other = FakeCapture(), FakeCapture(), FakeCapture()
    to_open = iter([splash, real, other])
    monkeypatch.setattr(platforms, "list_windows", lambda: there)
    monkeypatch.setattr(platforms, "open_window", lambda query: next(to_open))
    capture = open_started(launcher, set())
    there.clear()
    splash.state = CaptureState.LOST
    assert capture.locate() is None
    assert capture.state is CaptureState.SEEKING
    there.append(window("The Game", number=8))
    eventually(lambda: capture.locate() is not None)
    monkeypatch.setattr(game_window, "START_LIMIT_S", 0.2)  # later than that, the end of its window is the game's
    late = open_started(launcher, set())
    there.clear()
    other.state = CaptureState.LOST
    eventually(lambda: late.locate() is None and late.state is CaptureState.LOST)


def window(title: str, wm_class: str = "supertux2", number: int = 7) -> WindowInfo:
    return WindowInfo(id=number, title=title, wm_class=wm_class, pid=1, region=Region(0, 0, 9, 9), minimised=False)


def test_only_the_same_programs_window_is_taken_for_the_game_again() -> None:
    first = window("SuperTux 0.6")
    tab, folder = window("SuperTux - Wikipedia", "firefox", 8), window("SuperTux 0.6", "files", 9)
    with pytest.raises(CaptureError, match="not there"):
        same_again([tab, folder], first, "supertux")
    other_mode = window("SuperTux 0.6 (fullscreen)", number=10)
    assert same_again([tab, folder, other_mode], first, "supertux") is other_mode
    with pytest.raises(CaptureError, match="more than once"):
        same_again([other_mode, window("SuperTux editor", number=11)], first, "supertux")
    assert same_again([first, other_mode], first, "supertux") is first


def test_a_game_that_fails_at_once_is_told(display: str) -> None:
    started_s = time.monotonic()
    with pytest.raises(CaptureError, match="ended at once with exit status 1"):
        run(_options("reskin.demo.nothing_like_it"))
    assert time.monotonic() - started_s < 30
