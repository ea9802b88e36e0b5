"""Grabs one window's own pixels through windows-capture (Windows.Graphics.Capture), also while it is covered.

The overlay is not in it, so it need not be left out of captures and OBS sees it. The preferred way where it works.

Facts of windows-capture 2.0.1 that this follows: options that the system lacks raise when the session starts; frames
come by a callback in its own thread, on change alone, and their buffer is only valid inside it; a frame is the whole
window with its title bar; a minimised window gives none. From Windows 11 24H2 on, frames come at a third of the rate
unless the least interval is set to 1 ms (before, it cannot be set). With a window that is left out of captures on top
of the game, that interval must stay unset: Windows then forgets updates (Win32CaptureSample #103). Ours never is here.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from reskin.errors import CaptureError
from reskin.frame import Frame, Region
from reskin.platforms.base import CaptureState
from reskin.platforms.placing import part_on
from reskin.platforms.windows.desktop import BUILD_INTERVAL, BUILD_NO_BORDER, BUILD_NO_CURSOR, BUILD_WINDOW_CAPTURE
from reskin.platforms.windows.game_window import GameWindow
from reskin.platforms.windows.win32 import Win32Error
from reskin.remedies import install_command

FIRST_FRAME_LIMIT_S = 2.0  # a window that can be seen sends its first frame at once
RESTART_PAUSE_NS = 1_000_000_000
STUCK_GRABS = 12  # of another size than the window's: half a second; a resized window is right within some frames
INTERVAL_MS = 1


def wanted_options(build: int) -> dict[str, object]:
    """What to ask for on this Windows; None leaves an option as the system has it."""
    return {
        "cursor_capture": False if build >= BUILD_NO_CURSOR else None,
        "draw_border": False if build >= BUILD_NO_BORDER else None,
        "secondary_window": None,
        "minimum_update_interval": INTERVAL_MS if build >= BUILD_INTERVAL else None,
        "dirty_region": None,
    }


NO_OPTIONS: dict[str, object] = dict.fromkeys(wanted_options(0))  # its own defaults ask for a cursor, which may raise


class WindowCapture:
    """Capture of one window. `load` gives the module windows_capture."""

    sees_overlay = False

    def __init__(self, game: GameWindow, load: Callable[[], Any]) -> None:
        self.window_id = game.window
        self.name = f'windows window {game.window:#x} "{game.title}"'
        self.title = game.title
        self._game = game
        self._state = CaptureState.PAUSED
        self._index = 0
        self._frames = _Frames()
        self._cut = np.empty((0, 0, 4), np.uint8)
        self._control: Any = None
        self._restart_ns = 0
        self._frame = Region(0, 0, 0, 0)  # the window with its title bar, as it was located
        self._wrong_grabs, self._renewed_for = 0, (0, 0)
        build = game.desktop.build
        if build < BUILD_WINDOW_CAPTURE:
            raise CaptureError(
                f"capturing {self.name}: Windows build {build} cannot capture single windows, 18362 (Windows 10 1903) "
                "can."
            )
        try:
            self._module = load()
        except ImportError as error:
            raise CaptureError(
                f"capturing {self.name}: windows-capture cannot be loaded ({error}); {install_command('windows')}"
            ) from error
        self._start()
        if game.sample()[0] is CaptureState.ACTIVE and not self._frames.came.wait(FIRST_FRAME_LIMIT_S):
            self.close()
            raise CaptureError(f"capturing {self.name}: no picture came in {FIRST_FRAME_LIMIT_S:.0f} s.")

    def _start(self) -> None:
        """With all that is wanted, then with nothing but the window, since one option that is lacking ends it all."""
        wanted = wanted_options(self._game.desktop.build)
        errors = []
        for options in (wanted, wanted | {"draw_border": None, "minimum_update_interval": None}, NO_OPTIONS):
            try:
                self._control = self._session(options)
                return
            except Exception as error:  # noqa: BLE001  it raises plain Exceptions of its own
                errors.append(f"{error}")
        raise CaptureError(f"capturing {self.name}: windows-capture refuses ({'; '.join(dict.fromkeys(errors))}).")

    def _session(self, options: dict[str, object]) -> Any:
        session = self._module.WindowsCapture(**options, window_hwnd=self._game.window)
        frames = self._frames

        def on_frame_arrived(frame: Any, control: Any) -> None:
            frames.put(frame.frame_buffer)

        def on_closed() -> None:
            frames.closed = True

        session.event(on_frame_arrived)
        session.event(on_closed)
        return session.start_free_threaded()

    @property
    def state(self) -> CaptureState:
        return self._state

    def locate(self) -> Region | None:
        if self._state is CaptureState.LOST:
            return None
        self._state, region = self._game.sample()
        if region is None:
            return None
        try:
            self._frame = self._game.desktop.frame_region(self._game.window)
            part = part_on(region, self._frame)  # maximised, some reach over the frame that is captured
        except Win32Error:  # it closes right now; `sample` says so next time
            part = None
        if part is None:
            self._state = CaptureState.PAUSED
        return part

    def grab(self) -> Frame | None:
        """The window's newest picture, or the last again while nothing changes in it."""
        region = self.locate()
        if region is None:
            return None
        self._revive()
        pixels = self._frames.take()
        if pixels is None:
            self._game.silent()
            return None
        self._game.heard()
        captured_ns = time.monotonic_ns()
        self._renew_stuck(pixels)
        inside = _inside(pixels, self._frame, region)
        if inside is None:
            return None  # it is being resized: the frame has the old size yet
        if self._cut.shape != inside.shape:
            self._cut = np.empty(inside.shape, np.uint8)
        np.copyto(self._cut, inside)
        self._index += 1
        return Frame(self._index - 1, captured_ns, self._cut)

    def _renew_stuck(self, pixels: np.ndarray) -> None:
        """A session that keeps the size from before a maximising is begun anew, once for each size."""
        size_px = (self._frame.w, self._frame.h)
        self._wrong_grabs = 0 if pixels.shape[1::-1] == size_px else self._wrong_grabs + 1
        if self._wrong_grabs >= STUCK_GRABS and size_px != self._renewed_for:
            self._renewed_for, self._wrong_grabs = size_px, 0
            with contextlib.suppress(Exception):  # its thread may have ended by itself
                self._control.stop()
            self._frames.closed = True

    def _revive(self) -> None:
        """A session that ended though the window is there (the GPU was reset) is begun again, once a second at most."""
        if not (self._frames.closed or self._control.is_finished()):
            return
        now_ns = time.monotonic_ns()
        if now_ns >= self._restart_ns:
            self._restart_ns = now_ns + RESTART_PAUSE_NS
            self._frames = _Frames()
            with contextlib.suppress(CaptureError):  # tried again in a second; the game's end is found by `sample`
                self._start()

    def close(self) -> None:
        self._state = CaptureState.LOST
        if self._control is not None:
            with contextlib.suppress(Exception):  # its thread may have ended by itself
                self._control.stop()


class _Frames:
    """The newest frame, copied in the callback's thread: three buffers, so neither side waits for the other's copy."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.closed = False
        self._lock = threading.Lock()
        self._buffers: list[np.ndarray | None] = [None, None, None]
        self._newest: int | None = None
        self._reading: int | None = None

    def put(self, pixels: np.ndarray) -> None:
        with self._lock:
            free = next(index for index in range(3) if index not in (self._newest, self._reading))
        buffer = self._buffers[free]
        if buffer is None or buffer.shape != pixels.shape:
            buffer = self._buffers[free] = np.empty(pixels.shape, np.uint8)
        np.copyto(buffer, pixels)
        with self._lock:
            self._newest = free
        self.came.set()

    def take(self) -> np.ndarray | None:
        """(h, w, 4) of the whole window, valid until the next take; None before the first."""
        with self._lock:
            self._reading = self._newest
        return None if self._reading is None else self._buffers[self._reading]


def _inside(pixels: np.ndarray, frame: Region, inside: Region) -> np.ndarray | None:
    """The window without title bar and borders; None where that does not lie in the picture."""
    left, top = inside.x - frame.x, inside.y - frame.y
    h, w = pixels.shape[:2]
    if left < 0 or top < 0 or left + inside.w > w or top + inside.h > h:
        return None
    return pixels[top : top + inside.h, left : left + inside.w]
