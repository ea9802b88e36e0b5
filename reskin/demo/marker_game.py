"""A tiny game whose pixels and events are known: for `reskin selftest`, and for the tests.

Four solid quadrants, and a marker (reskin.marker) in the corner: the frame's number, or with --clock the time when it
was drawn. Key presses, clicks and focus changes are written to stdout, a line each.

    python -m reskin.demo.marker_game TITLE X Y W H [--clock] [--seconds N]
"""

from __future__ import annotations

import os
import sys
import time

from reskin.crash_stacks import show_crashes

QUADRANTS_BGR = ((40, 40, 220), (60, 200, 60), (220, 90, 30), (30, 210, 230))  # upper left, upper right, lower ...


def play(title: str, x: int, y: int, w: int, h: int, *, clock: bool = False, seconds: float | None = None) -> None:
    """The game itself; runs until its window is closed, or for some seconds."""
    os.environ["SDL_VIDEO_WINDOW_POS"] = f"{x},{y}"
    os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
    os.environ.setdefault("SDL_MOUSE_FOCUS_CLICKTHROUGH", "1")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.setdefault("SDL_WINDOWS_DPI_AWARENESS", "permonitorv2")  # else Windows enlarges what is drawn
    import numpy as np
    import pygame

    from reskin.marker import MARKER_H_PX, MARKER_W_PX, NUMBER_LIMIT, draw_marker, marker_time

    pygame.display.init()
    pygame.display.set_caption(title)
    screen = pygame.display.set_mode((w, h), pygame.RESIZABLE)
    ticks = pygame.time.Clock()
    marker_u8 = np.zeros((MARKER_H_PX, MARKER_W_PX, 3), np.uint8)
    frame, began_s = 0, time.monotonic()
    while seconds is None or time.monotonic() - began_s < seconds:
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                return
            if event.type == pygame.KEYDOWN:
                _say("key", pygame.key.name(event.key))
            elif event.type == pygame.MOUSEBUTTONDOWN:
                _say("click", *event.pos)
            elif event.type == pygame.WINDOWFOCUSGAINED:
                _say("focus gained")
            elif event.type == pygame.WINDOWFOCUSLOST:
                _say("focus lost")
        screen = pygame.display.get_surface() or screen
        w, h = screen.get_size()
        for index, (blue, green, red) in enumerate(QUADRANTS_BGR):
            left, top = index % 2 * (w // 2), index // 2 * (h // 2)
            screen.fill((red, green, blue), (left, top, w - left, h - top))
        draw_marker(marker_u8, marker_time(time.monotonic_ns()) if clock else frame % NUMBER_LIMIT)
        if w >= MARKER_W_PX and h >= MARKER_H_PX:
            screen.blit(pygame.image.frombuffer(marker_u8.tobytes(), marker_u8.shape[1::-1], "RGB"), (0, 0))
        pygame.display.flip()
        frame += 1
        ticks.tick(60)


def _say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201


if __name__ == "__main__":
    show_crashes()
    options = sys.argv[6:]
    until = float(options[options.index("--seconds") + 1]) if "--seconds" in options else None
    play(sys.argv[1], *(int(number) for number in sys.argv[2:6]), clock="--clock" in options, seconds=until)
