"""Starts the marker game as a process of its own and hears what it reports. Knows nothing of desktops."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

_PACKAGES = Path(__file__).resolve().parent.parent.parent  # where `reskin` lies, as a checkout or installed


class MarkerProcess:
    """`with MarkerProcess("Title") as game:` its window is up and has the focus when "focus gained" has come."""

    def __init__(
        self, title: str, *, at: tuple[int, int] = (200, 120), size_px: tuple[int, int] = (640, 360),
        clock: bool = False,
    ) -> None:  # fmt: skip
        self.title = title
        self.events: list[str] = []
        numbers = [str(number) for number in (*at, *size_px)]
        self._command = [sys.executable, "-m", "reskin.demo.marker_game", title, *numbers, *["--clock"] * clock]

    def __enter__(self) -> Self:
        environment = {**os.environ, "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
        if sys.platform == "linux":
            environment["SDL_VIDEODRIVER"] = "x11"
        self.process = subprocess.Popen(
            self._command, cwd=_PACKAGES, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill it: the window goes as it does when a game crashes."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def has_come(self, event: str, limit_s: float) -> bool:
        """Whether the game reports a line that starts like this, in time."""
        end_s = time.monotonic() + limit_s
        while not any(line.startswith(event) for line in list(self.events)):
            if time.monotonic() >= end_s or (self.process.poll() is not None and not self._reader.is_alive()):
                return False
            time.sleep(0.01)
        return True

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(line.rstrip())
