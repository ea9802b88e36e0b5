"""Two real games from Debian, started on a display of their own and brought by key presses to where they are played.

`with playing(GAMES["supertux"]) as game:` for tools/real_game.py and tests/live. Knows nothing of Reskin's loop, only
of displays, windows, keys, and of pictures that move. No game says what it shows, so it is seen in its picture. Mean
change from look to look in grey levels: loading 0; Extreme Tux Racer's menus up to 0.7 (falling snow), its race 5+;
SuperTux's black title of a level 0.01 to 0.06, its play 0.1 to 15.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reskin.errors import CaptureError, DisplayError
from reskin.platforms.base import Capture
from reskin.platforms.window_info import WindowInfo
from reskin.platforms.x11.capture import X11WindowCapture
from reskin.platforms.x11.windows import list_windows
from reskin.virtual_display import VirtualDisplay

WINDOW_LIMIT_S = 30.0
PLAY_LIMIT_S = 90.0  # Extreme Tux Racer loads its course for 10 s on a busy core
LOOK_EVERY_S = 0.1
MENU_LEVELS, MENU_LOOKS = 0.01, 4
PLAY_LOOKS = 12  # a second of it: a menu that opens moves three looks
MOVING_SHARE = 0.6  # of the looks
BLACK_LEVELS = 30  # a picture is black up to this mean
SAMPLE_PX = 2  # every second pixel tells
PRESS_S = 1.0  # after a key for a menu
TAP_S, HOLD_S = 0.3, 0.8


@dataclass(frozen=True, kw_only=True)
class RealGame:
    program: str
    package: str  # of Debian and Ubuntu
    arguments: tuple[str, ...] = ()  # {w}, {h}, {folder} and {level} are filled in
    level: str = ""
    play_levels: float  # in play, its picture changes by more from look to look, and in no menu
    margin_px: int = 0  # by which the screen is larger than the window: room for the window manager's frame
    menu_keys: tuple[str, ...] = ()  # each pressed, once, when the menu before it is there
    held_keys: tuple[str, ...] = ()  # in play: held one after the other, round and round
    tap_key: str = ""  # in play: tapped with each of them


GAMES = {
    "supertux": RealGame(
        program="/usr/games/supertux2", package="supertux", margin_px=64, play_levels=0.1,
        arguments=(
            "-w", "-g", "{w}x{h}", "--disable-sound", "--disable-music", "--renderer", "sdl", "--userdir", "{folder}",
            "/usr/share/games/supertux2/levels/{level}.stl",
        ),
        level="world2/welcome_forest",  # half a minute without an enemy that could reach Tux
        menu_keys=("Return",), held_keys=("Right", "Left"), tap_key="space",
    ),
    # It takes its settings from the home in the password file whatever $HOME says, and has no arguments. Without
    # settings its window fills the screen, so the screen is made as large as the window shall be. The keys: the
    # player, Practice, Bunny Hill, Race.
    "etr": RealGame(
        program="/usr/games/etr", package="extremetuxracer", play_levels=2.0,
        menu_keys=("Return", "Down", "Return", "Return"), held_keys=("Up",),
    ),
}  # fmt: skip


class PlayedGame:
    """A real game, alone on its display."""

    def __init__(self, game: RealGame, process: subprocess.Popen[bytes], display: VirtualDisplay) -> None:
        self.process = process
        self.display = display
        self._game = game
        self.window: WindowInfo = self._wait_for_window()

    def xdotool(self, *arguments: object) -> str:
        """What a player's hands do; returns what xdotool prints."""
        command = ["xdotool", *(str(argument) for argument in arguments)]
        return subprocess.run(
            command, env=self.display.environment(), check=True, capture_output=True, text=True, timeout=20
        ).stdout

    def press(self, key: str) -> None:
        """Down and up, far enough apart for a game that asks once a frame what is down."""
        self.xdotool("keydown", key)
        time.sleep(TAP_S)
        self.xdotool("keyup", key)

    def open_capture(self) -> Capture:
        """The game's own picture, whatever covers it; close it."""
        return X11WindowCapture(self.window.id, display=self.display.name)

    @contextlib.contextmanager
    def hands(self) -> Iterator[None]:
        """The game is played until the block ends: a thread holds keys and taps another."""
        done = threading.Event()
        player = threading.Thread(target=self._play, args=(done,), daemon=True)
        player.start()
        try:
            yield
        finally:
            done.set()
            player.join()

    def go_into_play(self) -> None:
        """Through the menus, once; CaptureError when the game cannot be seen to be played in the end."""
        capture = self.open_capture()
        try:
            for key in self._game.menu_keys:
                self._wait(f"be ready for the key {key}", lambda: _moves(capture, MENU_LEVELS, MENU_LOOKS))
                self.press(key)
                time.sleep(PRESS_S)
            with self.hands():
                self._wait("be in play", lambda: self._is_played(capture))
        finally:
            capture.close()

    def _is_played(self, capture: Capture) -> bool:
        if not _moves(capture, self._game.play_levels, PLAY_LOOKS):
            return False
        frame = capture.grab()
        return frame is not None and frame.bgra_u8[::SAMPLE_PX, ::SAMPLE_PX, :3].mean() > BLACK_LEVELS

    def _play(self, done: threading.Event) -> None:
        game = self._game
        with contextlib.suppress(subprocess.SubprocessError):  # the display has ended, and the game with it
            for key in itertools.cycle(game.held_keys):
                self.xdotool("keydown", key)
                if game.tap_key:
                    self.xdotool("keydown", game.tap_key)
                    done.wait(TAP_S)
                    self.xdotool("keyup", game.tap_key)
                done.wait(HOLD_S)
                self.xdotool("keyup", key)
                if done.is_set():
                    return

    def _wait_for_window(self) -> WindowInfo:
        windows: list[WindowInfo] = []

        def has_shown() -> bool:
            windows[:] = [window for window in list_windows(self.display.name) if window.pid == self.process.pid]
            time.sleep(LOOK_EVERY_S)
            return bool(windows)

        self._wait("show a window", has_shown, limit_s=WINDOW_LIMIT_S)
        return windows[0]

    def _wait(self, what: str, has_come: Callable[[], bool], *, limit_s: float = PLAY_LIMIT_S) -> None:
        end_s = time.monotonic() + limit_s
        while not has_come():
            if self.process.poll() is not None:
                raise CaptureError(f"waiting for {self._game.program} to {what}: it ended ({self.process.returncode}).")
            if time.monotonic() > end_s:
                raise CaptureError(
                    f"waiting for {self._game.program} to {what}: not within {limit_s:.0f} s. Run it by hand to see; "
                    f"its menus are taken to need the keys {', '.join(self._game.menu_keys)}."
                )


@contextlib.contextmanager
def playing(game: RealGame, size_px: tuple[int, int] = (1280, 720)) -> Iterator[PlayedGame]:
    """The game in play, hands off, on a virtual display, in a window of `size_px` (w, h); both end with the block."""
    for program, package in ((game.program, game.package), ("xdotool", "xdotool")):
        if shutil.which(program) is None:
            raise DisplayError(
                f"starting {game.program}: the program {program} is not installed. "
                f"Install it (Debian, Ubuntu: apt-get install {package})."
            )
    w, h = size_px
    with (
        VirtualDisplay((w + game.margin_px, h + game.margin_px)) as display,
        tempfile.TemporaryDirectory(prefix="reskin-game-") as folder,
        (Path(folder) / "said.txt").open("w+b") as said,
    ):
        process = subprocess.Popen(
            [game.program, *(part.format(w=w, h=h, folder=folder, level=game.level) for part in game.arguments)],
            env={**display.environment(), "SDL_AUDIODRIVER": "dummy", "ALSOFT_DRIVERS": "null"},
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip
        try:
            played = PlayedGame(game, process, display)
            played.go_into_play()
            yield played
        finally:
            process.kill()  # it has nothing to save
            process.wait()


def _moves(capture: Capture, levels: float, looks: int) -> bool:
    """Whether most of `looks` looks at the game differ from the look before by more than `levels` grey levels."""
    samples = []
    for _ in range(looks + 1):
        frame = capture.grab()
        if frame is not None:
            samples.append(frame.bgra_u8[::SAMPLE_PX, ::SAMPLE_PX, :3].astype(np.int16))
        time.sleep(LOOK_EVERY_S)
    moved = [a.shape != b.shape or np.abs(b - a).mean() > levels for a, b in itertools.pairwise(samples)]
    return sum(moved) >= MOVING_SHARE * looks
