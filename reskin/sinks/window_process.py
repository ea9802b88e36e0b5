"""The process of the output window: takes the newest frame, shows it with its shape kept, hears the window's events.

One window with one title and one class for the program's life, so that a recorder finds it again. It asks for no focus
when it appears: the game keeps it. With the focus, F11 makes it fill its screen, and small again. Knows nothing of the
loop; `reskin.sinks.output_window` starts it.
"""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import numpy as np

from reskin.child_process import die_with
from reskin.letterbox import letterbox
from reskin.log import start_process_log
from reskin.shared_frames import Segment, receive_segment

if TYPE_CHECKING:
    import pygame

TITLE = "Reskin output"
WINDOW_CLASS = "reskin-output"
CLOSED = 3  # exit code: the player closed the window
LARGEST_SHARE = 0.6  # of the screen, at the start
EVENTS_EVERY_S = 0.02


def show_frames(connection: Connection, parent_pid: int) -> None:
    """The process's whole life: until "stop", the end of the app, or the window's closing."""
    die_with(parent_pid)
    start_process_log("output-window")
    if sys.platform.startswith("linux"):
        os.environ.setdefault("SDL_VIDEODRIVER", "x11")  # else SDL takes a screen that nobody sees, and says nothing
    os.environ["SDL_VIDEO_X11_WMCLASS"] = WINDOW_CLASS
    os.environ["SDL_FRAMEBUFFER_ACCELERATION"] = "0"  # a software surface: 0.4 ms a frame, and the window stays one
    os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
    os.environ.setdefault("SDL_WINDOWS_DPI_AWARENESS", "permonitorv2")  # else Windows enlarges what is drawn
    try:
        code = _show_for_ever(connection)
    except (EOFError, ConnectionResetError, BrokenPipeError):
        code = 0  # the app is gone
    except Exception as error:  # noqa: BLE001  whatever it is, the app must hear of it
        connection.send(f"{type(error).__name__}: {error}")
        code = 1
    sys.exit(code)


def _show_for_ever(connection: Connection) -> int:
    import pygame

    segment: Segment | None = None
    window: _Window | None = None
    while True:
        wait_s = EVENTS_EVERY_S
        while connection.poll(wait_s):
            match connection.recv():
                case ("segment", int(capacity), name):
                    segment = receive_segment(connection, capacity, name)
                case ("stop",):
                    return 0
            wait_s = 0.0
        frame = segment.game.take() if segment is not None else None
        if frame is not None:
            window = window or _Window(frame.bgra_u8.shape[1::-1])
            window.show(frame.bgra_u8)
        if window is not None:
            for event in pygame.event.get():
                if event.type in (pygame.QUIT, pygame.WINDOWCLOSE):
                    return CLOSED
                if event.type in (pygame.WINDOWSIZECHANGED, pygame.WINDOWEXPOSED):
                    window.show_again()
                elif event.type == pygame.KEYDOWN and event.key == pygame.K_F11:
                    window.toggle_fullscreen()


class _Window:
    def __init__(self, size_px: tuple[int, int]) -> None:
        import pygame

        pygame.display.init()
        screen_w, screen_h = pygame.display.get_desktop_sizes()[0]
        scale = min(1.0, LARGEST_SHARE * screen_w / size_px[0], LARGEST_SHARE * screen_h / size_px[1])
        start = (max(16, round(size_px[0] * scale)), max(16, round(size_px[1] * scale)))
        self._window: Any = pygame.Window(TITLE, start, resizable=True, hidden=True)
        self._surface: pygame.Surface = self._window.get_surface()
        self._last: np.ndarray | None = None
        self._is_fullscreen = False
        _ask_for_no_focus(self._window.handle)
        self._window.show()

    def toggle_fullscreen(self) -> None:
        """For a second screen: all of the one that the window is on, and back."""
        self._is_fullscreen = not self._is_fullscreen
        if self._is_fullscreen:
            self._window.set_fullscreen(True)
        else:
            self._window.set_windowed()

    def show(self, bgra_u8: np.ndarray) -> None:
        """(h, w, 4) of any size; valid until the next call."""
        self._last = bgra_u8
        self.show_again()

    def show_again(self) -> None:
        """At the window's size now."""
        if self._last is None:
            return
        surface = self._window.get_surface()
        w, h = surface.get_size()
        if min(w, h) < 1:
            return
        pixels = np.frombuffer(surface.get_buffer(), np.uint8).reshape(h, surface.get_pitch())[:, : w * 4]
        letterbox(self._last, pixels.reshape(h, w, 4))
        self._window.flip()


def _ask_for_no_focus(handle: int) -> None:
    """X11: a user time of 0 says that the window appears without the player's doing (EWMH). Elsewhere it gets it."""
    if not os.environ.get("DISPLAY") or not sys.platform.startswith("linux"):
        return
    from reskin.errors import DisplayError
    from reskin.platforms.x11.connection import XConnection

    try:
        x = XConnection()
    except DisplayError:
        return
    try:
        x.set_numbers(handle, "_NET_WM_USER_TIME", (0,), "CARDINAL")
        x.property_numbers(handle, "_NET_WM_USER_TIME")  # its answer says that the server has it
    finally:
        x.close()
