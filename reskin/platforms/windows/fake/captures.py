"""Fakes of dxcam and windows-capture over the fake desktop: the calls in use, by the names that they have there.

dxcam's traps: `grab` gives None while the screen stands still, also for a region that was not asked for before;
`get_latest_frame` waits for a change for ever; a region outside of the screen raises, as does one while capture runs;
while access to the screen is lost `grab` does not come back; `create` gives a living camera out again with its old
settings, and takes SIGTERM over in the main thread; `grab(copy=False)` is a buffer that is used again.

windows-capture's traps: an option that the system lacks raises at the start; the frame's buffer is only good inside the
callback; frames are whole windows, come on change alone, and never from a minimised or an exclusive one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from reskin.frame import Region
from reskin.platforms.windows.desktop import BUILD_INTERVAL, BUILD_NO_BORDER, BUILD_NO_CURSOR, BUILD_WINDOW_CAPTURE
from reskin.platforms.windows.fake.desktop import FakeMonitor, FakeWindows

_Box = tuple[int, int, int, int]


class _Output:
    def __init__(self, monitor: FakeMonitor) -> None:
        self.devicename = ""
        self._monitor = monitor

    def update_desc(self) -> None:
        self.devicename = self._monitor.device


class _Factory:
    def __init__(self, desktop: FakeWindows) -> None:
        self.outputs = [[_Output(monitor)] for monitor in desktop.monitors]  # each screen on a GPU of its own


class FakeDxcam:
    """The module. `access` is taken away by clearing it."""

    def __init__(self, desktop: FakeWindows) -> None:
        self.desktop = desktop
        self.access = threading.Event()
        self.access.set()
        self.created: list[tuple[int, int]] = []
        self.sigterm_taken = False
        self.failure: Exception | None = None  # raised by every grab
        self._cameras: dict[tuple[int, int], FakeCamera] = {}
        setattr(self, "__factory", _Factory(desktop))
        desktop.awareness = desktop.awareness or -3  # it makes the process aware of screens itself, by the older level

    def create(
        self, device_idx: int = 0, output_idx: int | None = None, region: _Box | None = None, output_color: str = "RGB",
        max_buffer_len: int = 8, backend: str = "dxgi", processor_backend: str = "cv2",
    ) -> FakeCamera:  # fmt: skip
        self.sigterm_taken |= threading.current_thread() is threading.main_thread()
        key = (device_idx, output_idx or 0)
        camera = self._cameras.get(key)
        if camera is None or camera.is_released:
            camera = self._cameras[key] = FakeCamera(self, self.desktop.monitors[device_idx], output_color)
            self.created.append(key)
        return camera


class FakeCamera:
    def __init__(self, module: FakeDxcam, monitor: FakeMonitor, output_color: str) -> None:
        self.is_released = self.is_capturing = False
        self._module = module
        self._desktop = module.desktop
        self._monitor = monitor
        self._channels = {"RGB": [2, 1, 0], "BGR": [0, 1, 2], "BGRA": [0, 1, 2, 3], "RGBA": [2, 1, 0, 3]}[output_color]
        self._seen = -1  # the desktop's change that was grabbed last
        self._buffer: np.ndarray | None = None
        self._region: _Box = (0, 0, monitor.region.w, monitor.region.h)

    def grab(self, region: _Box | None = None, copy: bool = True, new_frame_only: bool = True) -> np.ndarray | None:
        if self.is_released:
            raise RuntimeError("DXCamera has been released and cannot be reused.")
        if self.is_capturing and region not in (None, self._region):
            raise ValueError("grab(region=...) is not supported while capture is running.")
        left, top, right, bottom = region or self._region
        screen = self._monitor.region
        if not (screen.w >= right > left >= 0 and screen.h >= bottom > top >= 0):
            raise ValueError(f"Invalid Region: Region should be in {screen.w}x{screen.h}")
        if self._module.failure is not None:
            raise self._module.failure
        if not self._module.access.is_set():  # access is lost: dxcam duplicates anew, again and again, until it can
            self._module.access.wait()
            self._seen = -1
            return None
        with self._desktop.lock:
            if self._seen == self._desktop.changes:
                return None
            self._seen = self._desktop.changes
            area = Region(screen.x + left, screen.y + top, right - left, bottom - top)
            picture = self._desktop.captured(area)[..., self._channels]
        if copy:
            return picture
        if self._buffer is None or self._buffer.shape != picture.shape:
            self._buffer = np.empty_like(picture)
        np.copyto(self._buffer, picture)
        return self._buffer

    def start(self, region: _Box | None = None, target_fps: int = 60, video_mode: bool = False, delay: int = 0) -> None:
        self._region = region or self._region
        self.is_capturing = True

    def get_latest_frame(self, copy: bool = True, with_timestamp: bool = False) -> np.ndarray | None:
        """Waits until the screen changes, however long that takes."""
        with self._desktop.changed:
            self._desktop.changed.wait_for(lambda: self._seen != self._desktop.changes)
        return self.grab(copy=copy)

    def stop(self) -> None:
        self.is_capturing = False

    def release(self) -> None:
        self.is_released = True


class FakeFrame:
    def __init__(self, frame_buffer: np.ndarray) -> None:
        self.frame_buffer = frame_buffer
        self.height, self.width = frame_buffer.shape[:2]
        self.timespan = 0


class FakeWindowsCapture:
    """The module windows_capture. `lacking` are options that raise; `sessions` the ones that were started."""

    def __init__(self, desktop: FakeWindows) -> None:
        self.desktop = desktop
        self.sessions: list[dict[str, object]] = []
        self.refuses = False  # as on a system without any capture of windows
        self.lacking = {
            option
            for option, build in (
                ("cursor_capture", BUILD_NO_CURSOR), ("draw_border", BUILD_NO_BORDER),
                ("minimum_update_interval", BUILD_INTERVAL), ("secondary_window", BUILD_INTERVAL),
                ("dirty_region", BUILD_INTERVAL),
            )
            if desktop.build < build
        }  # fmt: skip

    def WindowsCapture(
        self, cursor_capture: bool | None = True, draw_border: bool | None = None, secondary_window: bool | None = None,
        minimum_update_interval: int | None = None, dirty_region: bool | None = None, monitor_index: int | None = None,
        window_name: str | None = None, window_hwnd: int | None = None,
    ) -> FakeSession:  # fmt: skip
        options: dict[str, object] = {
            "cursor_capture": cursor_capture, "draw_border": draw_border, "secondary_window": secondary_window,
            "minimum_update_interval": minimum_update_interval, "dirty_region": dirty_region,
        }  # fmt: skip
        return FakeSession(self, options, window_hwnd or 0)


class FakeSession:
    def __init__(self, module: FakeWindowsCapture, options: dict[str, object], window: int) -> None:
        self._module = module
        self._options = options
        self._window = window
        self._handlers: dict[str, Callable[..., None]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def event(self, handler: Callable[..., None]) -> Callable[..., None]:
        if handler.__name__ not in ("on_frame_arrived", "on_closed"):
            raise ValueError("Invalid Event Handler Use on_frame_arrived Or on_closed")
        self._handlers[handler.__name__] = handler
        return handler

    def start_free_threaded(self) -> FakeSession:
        lacking = [name for name in self._module.lacking if self._options.get(name) is not None]
        if self._module.refuses or self._module.desktop.build < BUILD_WINDOW_CAPTURE:
            raise Exception("The Graphics Capture API is not supported on this platform.")
        if lacking:
            raise Exception(f"Setting {lacking[0]} is not supported by the Graphics Capture API on this platform.")
        if self._module.desktop.window(self._window) is None:
            raise Exception("Failed to convert item to GraphicsCaptureItem")
        self._module.sessions.append(self._options)
        self._thread.start()
        return self

    def is_finished(self) -> bool:
        return not self._thread.is_alive()

    def stop(self) -> None:
        self._stopped.set()
        self._module.desktop.touch()
        self._thread.join()

    def _run(self) -> None:
        desktop, seen = self._module.desktop, -1
        while not self._stopped.is_set():
            with desktop.changed:
                desktop.changed.wait_for(lambda: desktop.changes != seen or self._stopped.is_set())  # noqa: B023
                seen = desktop.changes
                window = desktop.window(self._window)
                picture = window.picture() if window and window.is_shown and not desktop.exclusive else None
            if window is None:
                self._handlers["on_closed"]()
                return
            if picture is not None:
                self._handlers["on_frame_arrived"](FakeFrame(picture), None)
                picture[:] = 77  # the memory is the system's again


class FakeFallbackHotkeys:
    """Stands for pynput: hears chords without taking them."""

    name = "fake pynput"
    notes: tuple[str, ...] = ()

    def __init__(self, bindings: Any) -> None:
        self.bindings = dict(bindings)
        self.closed = False

    def poll(self) -> list[Any]:
        return []

    def close(self) -> None:
        self.closed = True
