"""The fake desktop: windows in their order, screens, a mouse, keys. What a person sees, and what a capture gets.

Traps: a window that is LAYERED shows nothing before its alpha is set; TRANSPARENT lets the mouse through only where it
is LAYERED too; a style counts only once SetWindowPos says that the frame changed; a window that is left out of
captures is black in them before Windows 10 2004, and after it was hidden and shown; an exclusive fullscreen game hides
all others and is seen by none; a game in the background of another window is covered by it.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from reskin.frame import Region
from reskin.platforms.placing import part_on
from reskin.platforms.windows import win32 as w

_BACKGROUND = (96, 64, 32, 255)


@dataclass
class FakeMonitor:
    handle: int
    device: str
    region: Region
    scale: float = 1.0  # 1.5 is 150 %
    hdr: bool = False
    angle: int = 0


@dataclass
class FakeWindow:
    handle: int
    title: str
    client: Region
    class_name: str = "Game"
    pid: int = 4242
    border: tuple[int, int, int, int] = (1, 31, 1, 1)  # what is seen of the frame: left, top, right, bottom
    owner: int = 0
    is_visible: bool = True
    is_minimised: bool = False
    is_cloaked: bool = False
    style: int = 0  # as it counts
    next_style: int | None = None  # as it was set, until the frame is told to have changed
    alpha: int | None = None
    affinity: int = w.WDA_NONE
    forgot_affinity: bool = False  # hidden and shown: captures get black until it is set again
    pixels: np.ndarray | None = None  # (h, w, 4) of the inside
    clicks: list[tuple[int, int]] = field(default_factory=list)

    @property
    def frame(self) -> Region:
        left, top, right, bottom = self.border
        c = self.client
        return Region(c.x - left, c.y - top, c.w + left + right, c.h + top + bottom)

    @property
    def is_shown(self) -> bool:
        is_drawn = not self.style & w.WS_EX_LAYERED or self.alpha is not None
        return self.is_visible and not self.is_minimised and not self.is_cloaked and is_drawn

    def picture(self) -> np.ndarray:
        """(h, w, 4) of the whole window, its title bar in grey."""
        frame, (left, top, _, _) = self.frame, self.border
        whole = np.full((frame.h, frame.w, 4), 128, np.uint8)
        if self.pixels is not None:
            rows, columns = max(0, -top), max(0, -left)  # of the inside, that reach over the frame
            shown = self.pixels[rows : rows + frame.h, columns : columns + frame.w]
            y, x = max(0, top), max(0, left)
            whole[y : y + len(shown), x : x + shown.shape[1]] = shown
        return whole


class FakeWindows:
    """Scripted by its attributes and methods; every change of what is on a screen wakes who waits for one."""

    def __init__(self, build: int = 26100) -> None:
        self.build = build
        self.pid = 1000  # of Reskin
        self.monitors = [FakeMonitor(0x10001, r"\\.\DISPLAY1", Region(0, 0, 1920, 1080))]
        self.order: list[FakeWindow] = []  # topmost first
        self.front = 0
        self.programs: dict[int, str] = {}  # by process
        self.elevated: set[int] = set()
        self.exclusive = False  # a Direct3D game owns the screen
        self.awareness = 0  # -4 is PerMonitorV2
        self.taken_keys: set[tuple[int, int]] = set()  # by other programs
        self.hotkeys: dict[tuple[int, int], tuple[int, int]] = {}  # chord to (thread, number)
        self.keys_down: set[int] = set()
        self.messages: dict[int, queue.Queue[tuple[int, int]]] = {}
        self.changes = 0  # of what the screens show
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self._handles: Iterator[int] = itertools.count(0x7FF0_0000_0010, 0x10)  # more than 32 bits: none may be cut

    # What happens on the desktop.

    def add(self, title: str, client: Region, **more: object) -> FakeWindow:
        window = FakeWindow(next(self._handles), title, client, **more)  # type: ignore[arg-type]
        with self.lock:
            self.order.insert(0, window)
            self.touch()
        return window

    def remove(self, window: FakeWindow) -> None:
        with self.lock:
            self.order.remove(window)
            self.touch()

    def remake(self, window: FakeWindow) -> None:
        """As SDL does: another handle, and nothing of what was set on the old one."""
        with self.lock:
            window.handle, window.style, window.next_style = next(self._handles), window.style & w.WS_EX_TOPMOST, None
            window.alpha, window.affinity = None, w.WDA_NONE
            self.touch()

    def draw(self, window: FakeWindow, pixels: np.ndarray) -> None:
        """The program draws its inside anew: (h, w, 4)."""
        with self.lock:
            window.pixels = pixels.copy()
            self.touch()

    def move(self, window: FakeWindow, client: Region, pixels: np.ndarray | None = None) -> None:
        with self.lock:
            window.client = client
            if pixels is not None:
                window.pixels = pixels.copy()
            self.touch()

    def activate(self, window: FakeWindow) -> None:
        """The player goes to this window: it has the keyboard, and lies above all of its kind."""
        with self.lock:
            self.front = window.handle
            self.raise_window(window)

    def raise_window(self, window: FakeWindow) -> None:
        with self.lock:
            self.order.remove(window)
            first = 0 if window.style & w.WS_EX_TOPMOST else sum(bool(o.style & w.WS_EX_TOPMOST) for o in self.order)
            self.order.insert(first, window)
            self.touch()

    def set_shown(self, window: FakeWindow, shown: bool) -> None:
        with self.lock:
            if shown and not window.is_visible and window.affinity == w.WDA_EXCLUDE_FROM_CAPTURE:
                window.forgot_affinity, window.affinity = True, w.WDA_MONITOR
            window.is_visible = shown
            self.touch()

    def click(self, x: int, y: int) -> FakeWindow | None:
        """What the mouse hits there; it becomes the window in front, unless it may not be activated."""
        for window in self.order:
            goes_through = window.style & w.WS_EX_TRANSPARENT and window.style & w.WS_EX_LAYERED
            if window.is_shown and not goes_through and part_on(Region(x, y, 1, 1), window.client):
                window.clicks.append((x - window.client.x, y - window.client.y))
                if not window.style & w.WS_EX_NOACTIVATE:
                    self.activate(window)
                return window
        return None

    def press(self, modifiers: int, key: int) -> bool:
        """A chord goes down; true when a hotkey took it from the game."""
        self.keys_down.add(key)
        owner = self.hotkeys.get((modifiers, key))
        if owner is not None:
            self.messages[owner[0]].put((w.WM_HOTKEY, owner[1]))
        return owner is not None

    def release(self, key: int) -> None:
        self.keys_down.discard(key)

    def touch(self) -> None:
        with self.lock:
            self.changes += 1
            self.changed.notify_all()

    # What is to be seen.

    def window(self, handle: int) -> FakeWindow | None:
        return next((window for window in self.order if window.handle == handle), None)

    def seen(self, area: Region) -> np.ndarray:
        """(h, w, 4) of what a person sees there."""
        return self._compose(area, lambda window: window.picture())

    def captured(self, area: Region) -> np.ndarray:
        """(h, w, 4) of what a capture of the screen gets there."""
        return self._compose(area, self._for_capture)

    def _for_capture(self, window: FakeWindow) -> np.ndarray | None:
        if window.affinity == w.WDA_NONE:
            return window.picture()
        if window.affinity == w.WDA_EXCLUDE_FROM_CAPTURE and self.build >= 19041:
            return None
        return np.zeros_like(window.picture())

    def _compose(self, area: Region, picture: Callable[[FakeWindow], np.ndarray | None]) -> np.ndarray:
        canvas = np.empty((area.h, area.w, 4), np.uint8)
        canvas[:] = _BACKGROUND
        with self.lock:
            if self.exclusive:
                return np.zeros_like(canvas)
            for window in reversed(self.order):
                part = part_on(window.frame, area)
                pixels = picture(window) if window.is_shown and part else None
                if part is None or pixels is None:
                    continue
                from_x, from_y = part.x - window.frame.x, part.y - window.frame.y
                canvas[part.y - area.y : part.y - area.y + part.h, part.x - area.x : part.x - area.x + part.w] = pixels[
                    from_y : from_y + part.h, from_x : from_x + part.w
                ]
        return canvas

    def monitor_of(self, window: FakeWindow) -> FakeMonitor:
        """The one with the larger part, or the nearest."""

        def rank(monitor: FakeMonitor) -> tuple[int, int]:
            part = part_on(window.frame, monitor.region)
            middle = (window.frame.x + window.frame.w // 2, window.frame.y + window.frame.h // 2)
            m = monitor.region
            away = abs(middle[0] - m.x - m.w // 2) + abs(middle[1] - m.y - m.h // 2)
            return (part.w * part.h if part else 0, -away)

        return max(self.monitors, key=rank)
