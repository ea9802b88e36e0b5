"""What goes wrong on a player's desktop, done on purpose: for tools/soak.py and tools/kill_storm.py.

`DemoDesktop` is a display of its own with the bundled game on it; `ACTIONS` is a table of what `Chaos` can do to it, to
the app and to its engine. Linux only: signals, /proc and prlimit. Knows nothing of what is measured meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Self

from reskin.errors import CaptureError
from reskin.platforms.window_info import WindowInfo
from reskin.platforms.x11.windows import list_windows
from reskin.virtual_display import VirtualDisplay

MARGIN_PX = 64  # of the screen round the game's window
WINDOW_LIMIT_S = 60.0
FULL_S = 1.5  # how long a disk, or memory, is full
STOP_S = 1.0
STORM_RESIZES = 12


class DemoDesktop:
    """`with DemoDesktop() as desktop:` and `desktop.window` is the demo's, also after `restart_game`."""

    def __init__(self, size_px: tuple[int, int] = (640, 360), screen_px: tuple[int, int] | None = None) -> None:
        self.size_px = size_px
        self._display = VirtualDisplay(screen_px or (size_px[0] + MARGIN_PX, size_px[1] + MARGIN_PX))

    def __enter__(self) -> Self:
        self._display.__enter__()
        self.name = self._display.name
        os.environ["DISPLAY"] = self.name
        self._start_game()
        return self

    def __exit__(self, *_: object) -> None:
        self._end_game()
        self._display.__exit__(None, None, None)

    def restart_game(self) -> None:
        """Its window goes as when a game crashes, and comes again."""
        self._end_game()
        self._start_game()

    def xdotool(self, *arguments: object) -> None:
        command = ["xdotool", *(str(argument) for argument in arguments)]
        subprocess.run(command, env=self._display.environment(), check=True, timeout=20, stdout=subprocess.DEVNULL)

    def _start_game(self) -> None:
        w, h = self.size_px
        self._game = subprocess.Popen(
            [sys.executable, "-m", "reskin.demo.game", "--size", f"{w}x{h}"],
            env=self._display.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        self.window = self._wait_for_window()

    def _end_game(self) -> None:
        self._game.kill()
        self._game.wait()

    def _wait_for_window(self) -> WindowInfo:
        end_s = time.monotonic() + WINDOW_LIMIT_S
        while time.monotonic() < end_s and self._game.poll() is None:
            for window in list_windows(self.name):
                if window.pid == self._game.pid:
                    return window
            time.sleep(0.1)
        raise CaptureError("waiting for the demo's window: it did not come. `python -m reskin.demo.game` says why.")


class Chaos:
    """One bad thing at a time; `engine_pid` gives the engine's process, or None while there is none."""

    def __init__(self, desktop: DemoDesktop, engine_pid: Callable[[], int | None], seed: int = 1) -> None:
        self._desktop = desktop
        self._engine_pid = engine_pid
        self._draw = random.Random(seed)

    def kill_engine(self) -> None:
        self._signal_engine(signal.SIGKILL)

    def stop_engine(self) -> None:
        self._signal_engine(signal.SIGSTOP)
        time.sleep(STOP_S)
        self._signal_engine(signal.SIGCONT)

    def suspend(self) -> None:
        """The whole app stands still and goes on, as when a laptop sleeps."""
        subprocess.run(["sh", "-c", f"kill -STOP {os.getpid()}; sleep {STOP_S}; kill -CONT {os.getpid()}"], check=True)

    def kill_game(self) -> None:
        self._desktop.restart_game()

    def resize_storm(self) -> None:
        w, h = self._desktop.size_px
        for _ in range(STORM_RESIZES):
            self._size(self._draw.randint(20, w), self._draw.randint(20, h))
            time.sleep(self._draw.random() * 0.1)
        self._size(w, h)

    def hide(self) -> None:
        self._desktop.xdotool("windowminimize", self._desktop.window.id)
        time.sleep(STOP_S)
        self._desktop.xdotool("windowmap", self._desktop.window.id)

    def fill_memory(self) -> None:
        """The engine gets no more memory than it has."""
        pid = self._engine_pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                self._limit(pid, resource.RLIMIT_AS, 1 << 20)

    def fill_disk(self) -> None:
        """Nothing can be written while a screenshot is asked for."""
        self._desktop.xdotool("key", "ctrl+alt+x")
        self._limit(os.getpid(), resource.RLIMIT_FSIZE, 0)

    def change_theme(self) -> None:
        for _ in range(8):
            self._desktop.xdotool("key", "ctrl+alt+n")

    def _size(self, w: int, h: int) -> None:
        self._desktop.xdotool("windowsize", self._desktop.window.id, w, h)

    def _signal_engine(self, number: signal.Signals) -> None:
        pid = self._engine_pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _limit(self, pid: int, kind: int, limit: int) -> None:
        before = resource.prlimit(pid, kind)
        resource.prlimit(pid, kind, (limit, before[1]))
        try:
            time.sleep(FULL_S)
        finally:
            with contextlib.suppress(ProcessLookupError):  # it could not go on without
                resource.prlimit(pid, kind, before)


ACTIONS: dict[str, Callable[[Chaos], None]] = {
    "kill the engine": Chaos.kill_engine,
    "stop the engine": Chaos.stop_engine,
    "suspend the app": Chaos.suspend,
    "kill the game's X client": Chaos.kill_game,
    "resize storm": Chaos.resize_storm,
    "hide the window": Chaos.hide,
    "fill the memory": Chaos.fill_memory,
    "fill the disk": Chaos.fill_disk,
    "change themes": Chaos.change_theme,
}
