"""A tiny game for tests: a real window in its own process, whose pixels and events are known.

Four solid quadrants, and the frame number as a marker (reskin.latency) in the corner. Key presses, clicks and focus
changes are written to stdout. Run as `python -m tests.games TITLE X Y W H`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

from reskin.platforms.window_info import WindowInfo
from reskin.platforms.x11.windows import find_window

QUADRANTS_BGR = ((40, 40, 220), (60, 200, 60), (220, 90, 30), (30, 210, 230))  # upper left, upper right, lower ...
_START_LIMIT_S = 15.0


class Game:
    """`with Game("Tux Test") as game:` a window on $DISPLAY; `window` as the desktop lists it."""

    def __init__(self, title: str, *, at: tuple[int, int] = (200, 120), size: tuple[int, int] = (640, 360)) -> None:
        self.title = title
        self.events: list[str] = []
        self._arguments = [title, *(str(number) for number in (*at, *size))]

    def __enter__(self) -> Self:
        environment = os.environ | {"SDL_VIDEODRIVER": "x11", "SDL_FRAMEBUFFER_ACCELERATION": "0"}
        environment |= {"SDL_MOUSE_FOCUS_CLICKTHROUGH": "1", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.games", *self._arguments],
            cwd=Path(__file__).parent.parent, env=environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait_for("focus gained")
        self.window: WindowInfo = find_window(self.title)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill it: the window goes as it does when a game crashes."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def wait_for(self, event: str, limit_s: float = _START_LIMIT_S) -> None:
        """Until the game has reported a line that starts like this."""
        end_s = time.monotonic() + limit_s
        while not any(line.startswith(event) for line in list(self.events)):
            assert time.monotonic() < end_s, f"{event!r} did not come within {limit_s} s; got {self.events}"
            time.sleep(0.01)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.events.append(line.rstrip())


def xdotool(*arguments: object) -> None:
    """Drive the desktop as a player's hands would."""
    subprocess.run(["xdotool", *(str(argument) for argument in arguments)], check=True, timeout=20)


def play(title: str, x: int, y: int, w: int, h: int) -> None:
    """The game itself; runs until its window is closed."""
    os.environ["SDL_VIDEO_WINDOW_POS"] = f"{x},{y}"
    import numpy as np
    import pygame

    from reskin.latency import MARKER_H_PX, MARKER_W_PX, NUMBER_LIMIT, draw_marker

    pygame.display.init()
    pygame.display.set_caption(title)
    screen = pygame.display.set_mode((w, h), pygame.RESIZABLE)
    clock = pygame.time.Clock()
    marker_u8 = np.zeros((MARKER_H_PX, MARKER_W_PX, 3), np.uint8)
    frame = 0
    while True:
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                return
            if event.type == pygame.KEYDOWN:
                print("key", pygame.key.name(event.key), flush=True)
            elif event.type == pygame.MOUSEBUTTONDOWN:
                print("click", *event.pos, flush=True)
            elif event.type == pygame.WINDOWFOCUSGAINED:
                print("focus gained", flush=True)
            elif event.type == pygame.WINDOWFOCUSLOST:
                print("focus lost", flush=True)
        screen = pygame.display.get_surface()
        w, h = screen.get_size()
        for index, (blue, green, red) in enumerate(QUADRANTS_BGR):
            left, top = index % 2 * (w // 2), index // 2 * (h // 2)
            screen.fill((red, green, blue), (left, top, w - left, h - top))
        draw_marker(marker_u8, frame % NUMBER_LIMIT)
        if w >= MARKER_W_PX and h >= MARKER_H_PX:
            screen.blit(pygame.image.frombuffer(marker_u8.tobytes(), marker_u8.shape[1::-1], "RGB"), (0, 0))
        pygame.display.flip()
        frame += 1
        clock.tick(60)


if __name__ == "__main__":
    play(sys.argv[1], *(int(number) for number in sys.argv[2:6]))
