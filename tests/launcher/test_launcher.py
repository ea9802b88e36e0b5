"""The launcher: its board without a screen, its previews on fakes, and the whole of it driven by hand on a display."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from reskin import platforms
from reskin.app import RunOptions
from reskin.cli import cli
from reskin.errors import CaptureError
from reskin.flash_safety import LIMITED
from reskin.frame import Region
from reskin.launcher.board import LOOKS_X_PX, Board, Box
from reskin.launcher.memory import Memory
from reskin.launcher.previews import THUMBNAIL_PX, LookPreviews, WindowPreviews, thumbnail
from reskin.launcher.run import Chosen
from reskin.launcher.window import TITLE, TOLD_PX, LauncherWindow
from reskin.platforms.base import Capture
from reskin.platforms.fake import FakeCapture
from reskin.platforms.window_info import WindowInfo
from reskin.settings import HotkeySettings
from reskin.themes import Theme
from tests.games import QUADRANTS_BGR, Game, xdotool
from tests.platforms.looking import eventually, quadrants, screen_pixels

ROOT = Path(__file__).resolve().parent.parent.parent
QUICK = "tests.loop.stand_ins:quick"
LOOKS = [(f"look-{number}", f"Look {number}") for number in range(12)]


def _window(number: int, title: str, program: str = "game.exe", **more: object) -> WindowInfo:
    region = Region(0, 0, 640, 360)
    made = {"id": number, "title": title, "wm_class": program, "pid": 1, "region": region, "minimised": False} | more
    return WindowInfo(**made)  # type: ignore[arg-type]


@pytest.fixture
def board(tmp_path: Path) -> Board:
    made = Board(LOOKS, Memory(tmp_path / "games.toml"))
    made.update([(_window(1, "A"), ""), (_window(2, "B", "b.exe"), ""), (_window(3, "C"), "it is minimised")])
    return made


def test_a_game_begins_in_its_profile_s_look_unless_another_is_remembered(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "games.toml")
    memory.remember("b.exe", LOOKS[2][0])
    board = Board(LOOKS, memory, profile_look={"A": LOOKS[1][0], "B": LOOKS[1][0], "C": "none such"}.get)  # type: ignore[arg-type]
    board.update([(_window(1, "A"), ""), (_window(2, "B", "b.exe"), ""), (_window(3, "C", "c.exe"), "")])
    _click(board, "window", "1")
    assert board.look == LOOKS[1][0]
    _click(board, "window", "2")
    assert board.look == LOOKS[2][0]
    _click(board, "window", "3")
    assert board.look == LOOKS[2][0]


def _box(board: Board, kind: str, key: str = "") -> Box:
    return next(box for box in board.boxes() if box.kind == kind and key in ("", box.key))


def _click(board: Board, kind: str, key: str = "") -> None:
    box = _box(board, kind, key)
    board.click(box.x + box.w // 2, box.y + box.h // 2)


def test_a_window_a_look_and_start_are_clicked_in_turn(board: Board) -> None:
    _click(board, "start")
    assert board.done == ""  # nothing is chosen yet
    _click(board, "window", "2")
    _click(board, "look", "look-4")
    assert [box.key for box in board.boxes() if box.chosen] == ["2", "look-4", ""]
    _click(board, "start")
    assert (board.done, board.window, board.look) == ("start", _window(2, "B", "b.exe"), "look-4")


def test_a_window_that_cannot_be_reskinned_says_why_and_is_not_chosen(board: Board) -> None:
    assert _box(board, "window", "3").note == "it is minimised"
    _click(board, "window", "3")
    assert board.window is None


def test_a_chosen_window_that_goes_is_chosen_no_more(board: Board) -> None:
    _click(board, "window", "2")
    board.update([(_window(1, "A"), "")])
    _click(board, "start")
    assert board.done == ""


def test_looks_that_do_not_fit_are_scrolled_to_and_clicked(board: Board) -> None:
    assert board.below("look") == 3
    assert not any(box.key == "look-11" for box in board.boxes())
    board.scroll(LOOKS_X_PX + 5, 9)
    assert board.below("look") == 0
    _click(board, "look", "look-11")
    assert board.look == "look-11"


def test_it_can_be_used_by_keyboard_alone(board: Board) -> None:
    for key in ("tab", "tab", "right", "down", "left", "left", "return"):
        board.key(key)
    assert (board.done, board.window, board.look) == ("start", _window(2, "B", "b.exe"), "look-2")
    for _ in range(9):
        board.key("down")
    assert any(box.key == board.look == "look-11" for box in board.boxes())
    board.key("escape")
    assert board.done == "quit"


def test_a_look_is_remembered_only_when_asked_and_forgotten_by_a_click(board: Board, tmp_path: Path) -> None:
    _click(board, "window", "2")
    _click(board, "look", "look-4")
    board.start()
    assert Memory(tmp_path / "games.toml").looks == {}
    _click(board, "remember")
    board.start()
    memory = Memory(tmp_path / "games.toml")
    assert memory.looks == {"b.exe": "look-4"}
    again = Board(LOOKS, memory)
    again.update([(_window(2, "B", "b.exe"), "")])
    assert _box(again, "forget").label.startswith("b.exe: look-4")  # the list of what is remembered
    _click(again, "window", "2")
    assert (again.look, again.remembers, again.done) == ("look-4", True, "")  # chosen, but nothing starts by itself
    _click(again, "forget")
    assert Memory(tmp_path / "games.toml").looks == {}


@pytest.mark.parametrize(
    ("text", "looks"),
    [("nonsense", {}), ("[" * 600, {}), ('a = 1\n"b.exe" = "candy"\n', {"b.exe": "candy"})],
    ids=["bad", "deep", "mixed"],
)
def test_a_memory_that_cannot_be_read_is_empty_and_odd_entries_are_left_out(
    tmp_path: Path, text: str, looks: dict[str, str]
) -> None:
    (tmp_path / "games.toml").write_text(text)
    assert Memory(tmp_path / "games.toml").looks == looks


@pytest.mark.parametrize("program", ["\U0001f3ae.exe", 'a "b"\\c', "a\x7fb\n", "Spiel für zwei"])
def test_programs_of_any_name_are_remembered(tmp_path: Path, program: str) -> None:
    memory = Memory(tmp_path / "games.toml")
    for name in ("other.exe", program):
        memory.remember(name, "candy")
    assert Memory(tmp_path / "games.toml").looks == {"other.exe": "candy", program: "candy"}
    assert [path.name for path in tmp_path.iterdir()] == ["games.toml"]


def test_a_memory_that_cannot_be_written_holds_until_the_end_and_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    memory = Memory(tmp_path / "file" / "games.toml")
    memory.remember("a.exe", "candy")
    assert memory.looks == {"a.exe": "candy"}
    kept = Memory(tmp_path / "games.toml")
    kept.remember("a.exe", "candy")
    kept.remember("half\ud83c", "candy")
    assert Memory(tmp_path / "games.toml").looks == {"a.exe": "candy"}


def test_windows_get_a_live_picture_or_a_reason() -> None:
    own = _window(9, "Mine", pid=os.getpid())
    listed = [_window(1, "B"), _window(2, "A"), _window(3, "Low", minimised=True), own]
    opened: list[FakeCapture] = []

    def open_window(query: str) -> Capture:
        if query == "2":
            raise CaptureError("capturing: it is protected.\nMore.")
        opened.append(FakeCapture((640, 360)))
        return opened[-1]

    previews = WindowPreviews(lambda: listed, open_window)
    previews.refresh()
    assert [window.title for window in previews.windows] == ["A", "B", "Low"]
    assert set(previews.pictures) == {1}
    assert previews.reason(listed[1]) == "capturing: it is protected."
    assert previews.reason(listed[2]) == "it is minimised"
    previews.refresh()
    assert len(opened) == 1
    del listed[0]
    previews.refresh()
    assert opened[0].grab() is None  # a window that went has its capture closed


def test_an_error_of_the_list_is_told_until_the_windows_can_be_listed_again() -> None:
    answers = iter([CaptureError("no answer"), [_window(1, "A")]])

    def listed() -> list[WindowInfo]:
        if isinstance(answer := next(answers), CaptureError):
            raise answer
        return answer

    previews = WindowPreviews(listed, lambda query: FakeCapture((640, 360)))
    previews.refresh()
    assert previews.error == "no answer"
    previews.refresh()
    assert (previews.error, len(previews.windows)) == ("", 1)


WHY = (
    'capturing the window "Some Game": Windows gives no picture of it, because it runs in exclusive fullscreen. Choose '
    "borderless in the game's own settings, or a window, and start it again."
)


def test_why_a_start_came_to_nothing_is_told_whole_and_beside_what_can_be_forgotten(
    board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    for number in range(3):
        board.memory.remember(f"{number}.exe", "candy")
    windows, looks = WindowPreviews(list), LookPreviews({}, QUICK)
    window = LauncherWindow(HotkeySettings().chords())
    drawn: list[str] = []
    write = window._write
    monkeypatch.setattr(window, "_write", lambda text, *rest: (drawn.append(text), write(text, *rest)))
    try:
        window.draw(board, windows, looks)
        assert any("gives you the untouched game" in text for text in drawn)
        hint = next(text for text in drawn if "ends Reskin" in text)
        drawn.clear()
        board.message = "short"
        window.draw(board, windows, looks)
        before = window.picture()
        board.message = WHY
        window.draw(board, windows, looks)
        after = window.picture()
    finally:
        window.close()
        looks.close()
    assert WHY in " ".join(drawn)
    lines = [line for line in (*drawn, hint) if line in WHY or line == hint]
    assert len(lines) > 4
    assert max(window._fonts[20].size(line)[0] for line in lines) <= TOLD_PX  # or it would be cut
    left = _box(board, "forget").x - 8
    np.testing.assert_array_equal(after[:, left:], before[:, left:])
    assert (after[:, :left] != before[:, :left]).any()


@pytest.mark.parametrize("shape", [(90, 160, 4), (300, 100, 4), (20, 700, 4)])
def test_a_thumbnail_holds_the_whole_picture(shape: tuple[int, ...]) -> None:
    picture = thumbnail(np.full(shape, (10, 20, 30, 255), np.uint8))
    assert picture.shape == (THUMBNAIL_PX[1], THUMBNAIL_PX[0], 3)
    assert tuple(picture[THUMBNAIL_PX[1] // 2, THUMBNAIL_PX[0] // 2]) == (30, 20, 10)


def test_every_look_is_tried_on_the_frame_and_an_engine_that_fails_is_told() -> None:
    themes = {name: Theme(name=name) for name in ("a", "b")}
    looks = LookPreviews(themes, QUICK)
    looks.use(np.full((90, 160, 4), 120, np.uint8))
    eventually(lambda: set(looks.pictures) == {"a", "b"}, 20)
    looks.close()
    broken = LookPreviews(themes, "tests.loop.stand_ins:nothing")
    broken.use(np.full((90, 160, 4), 120, np.uint8))
    eventually(lambda: "looks cannot be shown here" in broken.error)
    broken.close()


def test_a_start_that_comes_to_nothing_leads_back_to_the_launcher_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    messages: list[str] = []

    def choose(settings: object, engine: str, message: str) -> Chosen | None:
        messages.append(message)
        return Chosen(window=7, theme="neon-rain") if len(messages) == 1 else None

    def run(options: RunOptions) -> None:
        assert (options.window, options.theme) == ("7", "neon-rain")
        raise CaptureError("it is in exclusive fullscreen")

    monkeypatch.setattr("reskin.launcher.run.choose", choose)
    monkeypatch.setattr("reskin.app.run", run)
    done = CliRunner().invoke(cli, ["launcher"])
    assert done.exit_code == 0
    assert messages == ["", "it is in exclusive fullscreen"]
    assert LIMITED in done.output  # as `reskin run` says at its first start
    assert "ended: CaptureError" in (tmp_path / "log" / "app.log").read_text()


def test_without_a_command_and_without_a_screen_the_help_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    done = CliRunner().invoke(cli, [])
    assert done.exit_code == 2
    assert "Usage: " in done.output


def test_by_hand_from_the_window_to_a_running_overlay(game: Game, tmp_path: Path) -> None:
    environment = os.environ | {"RESKIN_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "reskin", "launcher", "--engine", QUICK]
    launcher = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        board = Board(LOOKS, Memory(tmp_path / "x"))
        board.update([(game.window, "")])

        def place() -> Region | None:
            return next((window.region for window in platforms.list_windows() if window.title == TITLE), None)

        def has_picture() -> bool:
            where = place()
            return where is not None and bool(screen_pixels(where)[80:140, 20:180].std() > 40)

        def start() -> bool:
            """Again while it is there: a busy window manager may still have been placing it."""
            for kind in ("window", "look", "start"):
                if (where := place()) is None:
                    return True
                box = _box(board, kind)
                xdotool("mousemove", where.x + box.x + 20, where.y + box.y + 20, "click", 1)
            time.sleep(0.3)
            return False

        eventually(has_picture, 40)  # the game's picture is in its tile
        eventually(start, 40)
        region = game.window.region
        eventually(lambda: quadrants(screen_pixels(region)) != QUADRANTS_BGR, 30)  # the overlay is over the game
        launcher.send_signal(signal.SIGINT)
        out, _ = launcher.communicate(timeout=20)
        assert "ended: stopped" in out
    finally:
        launcher.kill()
        launcher.communicate()
