"""The app on a real X display with a real game window; the engine is a quick tint in its own process."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from reskin import supervisor
from reskin.app import RunOptions, _signals, run
from reskin.errors import CaptureError, DisplayError
from reskin.frame import Region
from reskin.platforms.panic import EXIT_STATUS
from reskin.settings import Settings
from reskin.status import Status
from reskin.supervisor import Supervisor
from reskin.virtual_display import VirtualDisplay
from tests.games import QUADRANTS_BGR, Game, xdotool
from tests.platforms.looking import eventually, quadrants, screen_pixels, settled_quadrants

QUICK = "tests.loop.stand_ins:quick"
END_S = 10
SLACK_S = 0.25  # of whoever looks at the screen, on a machine that is busy; test_engine_process has the exact bound


class Player(threading.Thread):
    """Sits before the screen while `run` has the main thread; what it finds wrong fails the test."""

    def __init__(self, game: Game, plays: Callable[[Player], None]) -> None:
        super().__init__(daemon=True)
        self.game = game
        self.engine: list[Supervisor] = []
        self.error: BaseException | None = None
        self.run_is_over = threading.Event()
        self._plays = plays

    def run(self) -> None:
        try:
            eventually(lambda: self.sees_skin(), limit_s=20)
            self._plays(self)
        except BaseException as error:  # noqa: BLE001  raised again in the main thread
            self.error = error

    @property
    def screen(self) -> np.ndarray:
        return screen_pixels(Region(200, 120, 640, 360))

    def sees_game(self) -> bool:
        return quadrants(self.screen) == QUADRANTS_BGR

    def sees_skin(self) -> bool:
        """Every quadrant has another colour than the game's."""
        return all(shown != own for shown, own in zip(quadrants(self.screen), QUADRANTS_BGR, strict=True))


def play(game: Game, plays: Callable[[Player], None], **options: object) -> Status:
    player = Player(game, plays)
    player.start()
    defaults = {"window": "Tux Test", "theme": "neon-rain", "engine": QUICK, "seconds": 60}
    status = run(
        RunOptions(**{**defaults, **options}), stop=lambda: not player.is_alive(), on_warm=player.engine.append
    )
    player.run_is_over.set()
    player.join(5)
    if player.error is not None:
        raise player.error
    assert not player.is_alive(), f"the run ended before its player had played: {status.ended_because!r}"
    assert status.shown + status.dropped == status.grabbed
    return status


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path / "home"))


def test_a_killed_engine_shows_the_game_within_250_ms_and_the_skin_returns(game: Game) -> None:
    def kill(player: Player) -> None:
        eventually(lambda: player.engine)
        os.kill(player.engine[0].pid or 0, signal.SIGKILL)
        killed_s = time.monotonic()
        eventually(player.sees_game)
        assert time.monotonic() - killed_s < 0.25 + SLACK_S
        eventually(player.sees_skin, limit_s=15)

    status = play(game, kill)
    assert status.engine_deaths == 1


def test_keys_are_heard_while_the_game_has_the_focus(game: Game, tmp_path: Path) -> None:
    settings = Settings.model_validate({"screenshots": str(tmp_path / "shots"), "overlay": {"note_s": 0}})

    def press(player: Player) -> None:
        colours = quadrants(player.screen)
        xdotool("key", "ctrl+alt+n")
        eventually(lambda: quadrants(player.screen) != colours)
        xdotool("keydown", "ctrl+alt+c")
        eventually(player.sees_game)
        time.sleep(0.2)
        assert player.sees_game()
        xdotool("keyup", "ctrl+alt+c")
        eventually(player.sees_skin)
        xdotool("key", "ctrl+alt+x")
        eventually(lambda: list((tmp_path / "shots").glob("reskin-*.png")))
        xdotool("key", "ctrl+alt+q")  # ends the run, which nothing else does before its 60 s are over

    player = Player(game, press)
    player.start()
    status = run(RunOptions(window="Tux Test", theme="neon-rain", engine=QUICK, seconds=60, settings=settings))
    player.join(5)
    assert player.error is None
    assert not player.is_alive()
    assert status.ended_because == "the player quit"
    (shot,) = (tmp_path / "shots").glob("reskin-*.png")
    assert cv2.imread(str(shot)).shape == (360, 640, 3)


def test_20_random_resizes_and_moves_end_with_the_skin_where_the_window_is(game: Game) -> None:
    draw = random.Random(4)

    def resize(player: Player) -> None:
        for _ in range(20):
            xdotool("windowsize", game.window.id, draw.randint(40, 1200), draw.randint(40, 680))
            xdotool("windowmove", game.window.id, draw.randint(-600, 900), draw.randint(-300, 500))
            time.sleep(draw.random() * 0.1)
        xdotool("windowsize", "--sync", game.window.id, 640, 360)
        xdotool("windowmove", "--sync", game.window.id, 200, 120)
        eventually(player.sees_skin)
        xdotool("windowminimize", "--sync", game.window.id)
        eventually(lambda: not player.sees_skin() or not player.screen.any())
        xdotool("windowmap", "--sync", game.window.id)
        eventually(player.sees_skin)

    play(game, resize)


def test_a_hung_engine_shows_the_game_and_a_new_one_brings_the_skin(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "HUNG_NS", 1_000_000_000)  # five seconds for a player

    def hang(player: Player) -> None:
        eventually(lambda: player.engine)
        os.kill(player.engine[0].pid or 0, signal.SIGSTOP)
        stopped_s = time.monotonic()
        eventually(player.sees_game)
        assert time.monotonic() - stopped_s < 0.25 + SLACK_S
        eventually(player.sees_skin, limit_s=20)

    status = play(game, hang)
    assert status.engine_deaths == 1


def test_a_window_of_one_pixel_is_left_alone_until_it_grows(game: Game) -> None:
    def shrink(player: Player) -> None:
        xdotool("windowsize", game.window.id, 1, 1)
        eventually(lambda: not player.screen[60:].any())  # below the title bar
        time.sleep(0.5)
        assert not player.screen[60:].any()
        xdotool("windowsize", "--sync", game.window.id, 640, 360)
        eventually(player.sees_skin)

    play(game, shrink)


def test_half_off_the_screen_the_visible_half_is_skinned(game: Game) -> None:
    def push(player: Player) -> None:
        xdotool("windowmove", "--sync", game.window.id, 1280 - 320, 200)
        visible = Region(1280 - 300, 240, 300, 300)  # within the window whatever its frame's width

        def is_skinned() -> bool:
            shown = screen_pixels(visible)
            upper, lower = shown[20, 20], shown[-20, 20]
            return tuple(upper) != QUADRANTS_BGR[0] and tuple(lower) != QUADRANTS_BGR[2] and upper.any()

        eventually(is_skinned)

    play(game, push)


def test_a_window_in_front_of_the_game_is_left_alone_and_the_skin_comes_back_behind_it(game: Game) -> None:
    told: list[str] = []

    def cover(player: Player) -> None:
        with Game("In Front"):
            eventually(player.sees_game)  # the one in front: it looks the same
            eventually(lambda: any(text.startswith("paused") and "covered" in text for text in told))
        eventually(player.sees_skin)

    play(game, cover, on_state=told.append)


def test_a_deleted_theme_file_changes_nothing_on_the_screen(game: Game, tmp_path: Path) -> None:
    theme = tmp_path / "mine.toml"
    theme.write_text(Path("themes/neon-rain.toml").read_text())

    def delete(player: Player) -> None:
        colours = settled_quadrants(lambda: player.screen)  # it has faded in
        theme.unlink()
        time.sleep(0.6)  # two looks at the file, 100 ms apart
        assert quadrants(player.screen) == colours
        xdotool("key", "ctrl+alt+n")
        eventually(lambda: quadrants(player.screen) != colours)

    settings = Settings.model_validate({"overlay": {"note_s": 0}})
    play(game, delete, theme=theme, settings=settings)


def test_a_game_that_opens_its_window_again_is_found_and_one_that_does_not_ends_the_run_with_a_sentence(
    game: Game,
) -> None:
    told: list[str] = []

    def close(player: Player) -> None:
        eventually(lambda: any(text.startswith("active") for text in told))
        game.close()
        eventually(lambda: not player.screen.any())
        with Game("Tux Test"):
            eventually(player.sees_skin)
        eventually(lambda: any(text.startswith("lost") for text in told), limit_s=10)
        assert player.run_is_over.wait(END_S)

    status = play(game, close, seek_s=3, on_state=told.append)
    assert status.ended_because.endswith("is gone")
    assert "Tux Test" in status.ended_because
    states = [text.partition(":")[0] for text in told]
    assert states.index("active") < states.index("seeking", 1)


def test_a_recording_has_24_frames_a_second_and_the_shot_is_the_last_picture(game: Game, tmp_path: Path) -> None:
    video, shot = tmp_path / "play.mp4", tmp_path / "last.png"

    def wait(player: Player) -> None:
        time.sleep(1.3)
        eventually(lambda: "Reskin output" in subprocess.check_output(["wmctrl", "-l"], text=True))

    status = play(game, wait, record=video, record_split=True, output_window=True, shot=shot)
    assert status.failures == []
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        times = [float(frame.pts * stream.time_base) for frame in frames]
    both = frames[-1].to_ndarray(format="bgr24")
    assert both.shape == (360, 640 + 2 + 640, 3)
    for seen, own in zip(quadrants(both[:, :640]), QUADRANTS_BGR, strict=True):
        assert np.abs(np.subtract(seen, own)).max() < 16
    assert np.allclose(np.diff(times), 1 / 24, atol=1e-3)
    assert len(times) / 24 >= 1.2
    picture = cv2.imread(str(shot))
    assert picture.shape == (360, 640, 3)
    assert all(a != b for a, b in zip(quadrants(picture), QUADRANTS_BGR, strict=True))


def started(script: Path) -> subprocess.Popen[str]:
    """The script as a program of its own, any warning of which is an error."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip


def test_sigterm_ends_everything_and_leaves_nothing(game: Game, tmp_path: Path) -> None:
    script = tmp_path / "play.py"
    script.write_text(
        "from reskin.app import RunOptions, run\n"
        "if __name__ == '__main__':\n"
        "    def warm(engine): print(engine.pid, flush=True)\n"
        f"    print(run(RunOptions(window='Tux Test', engine='{QUICK}'), on_warm=warm).ended_because)\n"
    )
    app = started(script)
    assert app.stdout is not None
    engine_pid = int(app.stdout.readline())
    app.send_signal(signal.SIGTSTP)  # Ctrl-Z does nothing
    app.send_signal(signal.SIGTERM)
    said, errors = app.communicate(timeout=10)
    assert said.strip() == "stopped"
    assert errors == ""
    assert app.returncode == 0
    assert not Path(f"/proc/{engine_pid}").exists()
    assert quadrants(screen_pixels(Region(200, 120, 640, 360))) == QUADRANTS_BGR


def test_ctrl_z_is_ignored_while_reskin_plays_and_by_what_it_starts() -> None:
    """It would leave the last picture over a game that runs on, and the panic key unheard."""
    before = signal.getsignal(signal.SIGTSTP)
    with _signals():
        assert signal.getsignal(signal.SIGTSTP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGTSTP) is before


def test_the_panic_key_gives_the_game_back_while_the_engine_hangs_and_while_the_loop_itself_does(
    game: Game, tmp_path: Path
) -> None:
    script = tmp_path / "play.py"
    script.write_text(
        "import os, signal, time\n"
        "from reskin import loop\n"
        "from reskin.app import RunOptions, run\n"
        "if __name__ == '__main__':\n"
        "    def warm(engine): os.kill(engine.pid, signal.SIGSTOP)\n"
        "    def hang(text): print(text, flush=True); 'off' in text and time.sleep(60)\n"
        f"    run(RunOptions(window='Tux Test', engine='{QUICK}', on_state=hang), on_warm=warm)\n"
    )
    app = started(script)
    assert app.stdout is not None
    said = [app.stdout.readline()]
    while "fault" not in said[-1]:
        said.append(app.stdout.readline())
    xdotool("key", "ctrl+alt+End")  # heard: the game is back, and saying so hangs the loop
    while "Switched off" not in said[-1] and said[-1]:
        said.append(app.stdout.readline())
    xdotool("key", "ctrl+alt+End")  # not heard by the loop any more
    app.communicate(timeout=5)
    assert app.returncode == EXIT_STATUS
    assert quadrants(screen_pixels(Region(200, 120, 640, 360))) == QUADRANTS_BGR


def test_not_exactly_one_thing_to_play_is_an_error(display: str) -> None:
    with pytest.raises(CaptureError, match="expected exactly one"):
        run(RunOptions(engine=QUICK))


def test_a_game_that_ends_at_once_is_told(display: str) -> None:
    with pytest.raises(CaptureError, match="ended at once with exit status 3"):
        run(RunOptions(command=(sys.executable, "-c", "raise SystemExit(3)"), engine=QUICK))


def test_a_display_that_goes_away_ends_the_run_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with VirtualDisplay((800, 600)) as display:
        monkeypatch.setenv("DISPLAY", display.name)
        with Game("Tux Test") as game:
            ending = threading.Thread(target=display.stop)
            options = RunOptions(window=str(game.window.id), engine=QUICK, seconds=60)
            with pytest.raises(DisplayError, match="went away"):
                run(options, on_warm=lambda engine: ending.start())
            ending.join()
