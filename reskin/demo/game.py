"""The bundled game: a process of its own with an ordinary window, to be captured and reskinned like any other game.

    python -m reskin.demo.game [--size 1280x720] [--level hills|scroller] [--fps 30] [--seconds N] [--marker]

WASD or arrows walk, Q and E turn (in the scroller: run and jump), Escape quits; left alone for 3 s it walks by itself.
Costs about 10 ms of one core a frame. Knows nothing of Reskin but the latency marker.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from typing import Any, Protocol

import numpy as np

from reskin.crash_stacks import show_crashes
from reskin.log import start_process_log

TITLE = "Reskin demo game"
RENDER_LIMIT_PX = 854 * 480  # larger windows are drawn at this many pixels and enlarged, all but the HUD
# Loading takes 4 s, and 20 s the first time, when numba compiles. There is no window before the level is there, for the
# loading picture would be the first that is reskinned; after this long a player is shown that something happens.
WINDOWLESS_S = 40.0
SMALLEST_PX = 48  # a window narrower or lower than this is filled with one colour


class Play(Protocol):
    """A level being played."""

    def step(self, keys: Any, step_s: float) -> None: ...
    def paint(self, frame: np.ndarray) -> None: ...
    def hud(self, bgra_u8: np.ndarray) -> None: ...


class Loader:
    """Builds the level beside the window's loop, so that the window answers meanwhile."""

    def __init__(self, level: str) -> None:
        self.play: Play | None = None
        self.error: BaseException | None = None
        self._level = level
        self._thread = threading.Thread(target=self._load, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        return self.play is not None or self.error is not None

    def wait(self, limit_s: float) -> None:
        self._thread.join(limit_s)

    def _load(self) -> None:
        try:
            from reskin.demo.plays import LEVELS

            play = LEVELS[self._level]()
            play.paint(np.zeros((64, 36), np.uint32))  # compiles
            self.play = play
        except Exception as error:  # noqa: BLE001 - the window's loop raises it: a thread's own traceback would leave it waiting
            self.error = error


def run(size_px: tuple[int, int], level: str, *, fps: float = 30.0, seconds: float | None = None,
        marker: bool = False) -> float:  # fmt: skip
    """Play until the window is closed, SIGTERM, or `seconds` of play are over; returns the frames a second it made."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.setdefault("SDL_WINDOWS_DPI_AWARENESS", "permonitorv2")  # else Windows enlarges what is drawn
    os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")  # a GL window without a GPU costs 20 ms a frame
    import pygame

    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    loader = Loader(level)
    until = time.monotonic() + WINDOWLESS_S
    while time.monotonic() < until and not loader.done and not stopped.is_set():
        loader.wait(0.05)
    pygame.display.init()
    pygame.display.set_mode(size_px, pygame.RESIZABLE)
    pygame.display.set_caption(TITLE)
    tick_s = 1.0 / fps
    frames, began, due = 0, 0.0, time.monotonic()
    try:
        while not stopped.is_set():
            for event in pygame.event.get():
                if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE):
                    stopped.set()
            if loader.error is not None:
                raise loader.error
            surface = pygame.display.get_surface()
            if loader.play is None:
                _draw_loading(surface, time.monotonic())
            else:
                began = began or time.monotonic()
                loader.play.step(pygame.key.get_pressed(), tick_s)
                _draw(surface, loader.play)
                frames += 1
            if marker:
                _draw_marker(surface)
            pygame.display.flip()
            if began and seconds is not None and time.monotonic() - began >= seconds:
                break
            due += tick_s
            pause = due - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            else:
                due -= pause  # late: the missed frames are dropped, not caught up
    finally:
        pygame.quit()
    return frames / max(1e-9, time.monotonic() - began) if began else 0.0


def _pixels(surface: Any) -> np.ndarray:
    """(h, w, 4) BGRA bytes of a 32-bit surface, its own memory; locks it while it lives."""
    import pygame

    return pygame.surfarray.pixels2d(surface).T.view(np.uint8).reshape(surface.get_height(), surface.get_width(), 4)


def _draw(surface: Any, play: Play) -> None:
    import cv2

    cv2.setNumThreads(1)  # the other core is the engine's

    w, h = surface.get_size()
    if min(w, h) < SMALLEST_PX:
        surface.fill((80, 140, 70))
        return
    shrink = max(1.0, (w * h / RENDER_LIMIT_PX) ** 0.5)
    frame = _frame_of((round(w / shrink), round(h / shrink)))
    play.paint(frame)
    pixels = _pixels(surface)
    if shrink == 1.0:
        cv2.transpose(frame.view(np.uint8).reshape(w, h, 4), dst=pixels)
    else:
        small = cv2.transpose(frame.view(np.uint8).reshape(*frame.shape, 4))
        cv2.resize(small, (w, h), dst=pixels, interpolation=cv2.INTER_LINEAR)
    play.hud(pixels)


_frames: dict[tuple[int, int], np.ndarray] = {}


def _frame_of(size_px: tuple[int, int]) -> np.ndarray:
    """The (w, h) uint32 buffer of this size; only the newest size is kept."""
    if size_px not in _frames:
        _frames.clear()
        _frames[size_px] = np.zeros(size_px, np.uint32)
    return _frames[size_px]


def _draw_loading(surface: Any, now_s: float) -> None:
    import cv2

    surface.fill((46, 74, 92))
    w, h = surface.get_size()
    if min(w, h) < SMALLEST_PX:
        return
    pixels = _pixels(surface)
    text = "Loading the valley" + "." * (1 + int(now_s * 2) % 3)
    cv2.putText(
        pixels, text, (w // 2 - 150, h // 2), cv2.FONT_HERSHEY_DUPLEX, 0.9, (240, 240, 240, 255), 1, cv2.LINE_AA
    )


def _draw_marker(surface: Any) -> None:
    from reskin.marker import MARKER_H_PX, MARKER_W_PX, draw_marker, marker_time

    if surface.get_width() >= MARKER_W_PX and surface.get_height() >= MARKER_H_PX:
        draw_marker(_pixels(surface), marker_time(time.monotonic_ns()))


def main() -> None:
    show_crashes()
    start_process_log("demo-game")
    parser = argparse.ArgumentParser(prog="reskin.demo.game", description="The game that `reskin demo` reskins.")
    parser.add_argument(
        "--size", dest="size_px", metavar="SIZE", default="1280x720", type=_size_px,
        help="of the window, WxH (default %(default)s)",
    )  # fmt: skip
    parser.add_argument("--level", default="hills", choices=("hills", "scroller"))
    parser.add_argument("--fps", default=30.0, type=float, help="frames a second (default %(default)s)")
    parser.add_argument("--seconds", type=float, help="end after this many seconds of play")
    parser.add_argument("--marker", action="store_true", help="draw the latency marker, for `tools/bench.py live`")
    options = parser.parse_args()
    made = run(options.size_px, options.level, fps=options.fps, seconds=options.seconds, marker=options.marker)
    print(f"{TITLE}: {made:.1f} frames a second")  # noqa: T201


def _size_px(text: str) -> tuple[int, int]:
    w, _, h = text.partition("x")
    if not (w.isdigit() and h.isdigit() and 0 < int(w) <= 7680 and 0 < int(h) <= 4320):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected WIDTHxHEIGHT in pixels such as 1280x720")
    return int(w), int(h)


if __name__ == "__main__":
    main()
