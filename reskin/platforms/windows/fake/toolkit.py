"""A fake of the part of pygame-ce that the overlay uses, and the fake system as a whole.

Traps: a window may be made anew when its surface is first asked for (SDL does, without a framebuffer setting), and at
any time later; then its handle is another and all that was set on the old one is gone. What is drawn shows at `flip`.
"""

from __future__ import annotations

import numpy as np

from reskin.frame import Frame, Region
from reskin.platforms.fake import FakeCapture
from reskin.platforms.windows import win32 as w
from reskin.platforms.windows.desktop import Desktop
from reskin.platforms.windows.fake.captures import FakeDxcam, FakeFallbackHotkeys, FakeWindowsCapture
from reskin.platforms.windows.fake.desktop import FakeMonitor, FakeWindow, FakeWindows
from reskin.platforms.windows.fake.libraries import FakeLibraries
from reskin.platforms.windows.parts import System
from reskin.platforms.windows.win32 import Win32

GAME = Region(100, 80, 640, 360)
SCREEN = Region(0, 0, 1920, 1080)
_PADDING = 64  # bytes after each row of a surface, as a pitch may have


class FakePygame:
    def __init__(self, desktop: FakeWindows) -> None:
        self.windows: list[FakePygameWindow] = []
        self.pumped = 0
        self.event = self
        self._desktop = desktop

    def pump(self) -> None:
        self.pumped += 1

    def Window(
        self, title: str, size: tuple[int, int], position: tuple[int, int], *, borderless: bool = False,
        always_on_top: bool = False, utility: bool = False, hidden: bool = False,
    ) -> FakePygameWindow:  # fmt: skip
        style = (w.WS_EX_TOPMOST if always_on_top else 0) | (w.WS_EX_TOOLWINDOW if utility else 0)
        window = self._desktop.add(
            title, Region(*position, *size), class_name="SDL_app", pid=self._desktop.pid, style=style,
            border=(0, 0, 0, 0) if borderless else (1, 31, 1, 1), is_visible=not hidden,
        )  # fmt: skip
        self.windows.append(FakePygameWindow(self._desktop, window))
        return self.windows[-1]


class FakePygameWindow:
    def __init__(self, desktop: FakeWindows, window: FakeWindow) -> None:
        self.window = window
        self._desktop = desktop
        self._surface: FakeSurface | None = None

    @property
    def handle(self) -> int:
        return self.window.handle

    @property
    def size(self) -> tuple[int, int]:
        return self.window.client.w, self.window.client.h

    @size.setter
    def size(self, size_px: tuple[int, int]) -> None:
        self._desktop.move(
            self.window,
            Region(self.window.client.x, self.window.client.y, *size_px),
            np.zeros((size_px[1], size_px[0], 4), np.uint8),
        )

    @property
    def position(self) -> tuple[int, int]:
        return self.window.client.x, self.window.client.y

    @position.setter
    def position(self, position: tuple[int, int]) -> None:
        self._desktop.move(self.window, Region(*position, *self.size))

    def get_surface(self) -> FakeSurface:
        if self._surface is None:
            self._desktop.remake(self.window)
        if self._surface is None or self._surface.get_size() != self.size:
            self._surface = FakeSurface(self.size)
        return self._surface

    def flip(self) -> None:
        assert self._surface is not None
        self._desktop.draw(self.window, self._surface.picture())

    def show(self) -> None:
        self._desktop.set_shown(self.window, True)
        if not self.window.style & w.WS_EX_NOACTIVATE:
            self._desktop.activate(self.window)

    def hide(self) -> None:
        self._desktop.set_shown(self.window, False)

    def destroy(self) -> None:
        self._desktop.remove(self.window)


class FakeSurface:
    """32 bits a pixel, rows with padding after them."""

    def __init__(self, size_px: tuple[int, int]) -> None:
        self._size_px = size_px
        self._memory = bytearray(size_px[1] * self.get_pitch())

    def get_size(self) -> tuple[int, int]:
        return self._size_px

    def get_pitch(self) -> int:
        return self._size_px[0] * 4 + _PADDING

    def get_buffer(self) -> bytearray:
        return self._memory

    def picture(self) -> np.ndarray:
        width, height = self._size_px
        rows = np.frombuffer(self._memory, np.uint8).reshape(height, self.get_pitch())
        return rows[:, : width * 4].reshape(height, width, 4).copy()


class FakeSystem:
    """A Windows with one game on it, in front. `system` is for `windows.parts`; the rest is for scripting it."""

    def __init__(
        self, build: int = 26100, *, client: Region = GAME, screens: tuple[Region, ...] = (SCREEN,), scale: float = 1.0
    ) -> None:  # fmt: skip
        self.desktop = FakeWindows(build)
        self.desktop.monitors = [
            FakeMonitor(0x10001 + number, rf"\\.\DISPLAY{number + 1}", screen, scale)
            for number, screen in enumerate(screens)
        ]
        self.game = self.desktop.add("Fake Game", client)
        self.desktop.activate(self.game)
        self.play(0)
        self.libraries = FakeLibraries(self.desktop)
        self.pygame = FakePygame(self.desktop)
        self.fallbacks: list[FakeFallbackHotkeys] = []
        real = Desktop(Win32(self.libraries))
        self.dxcam = FakeDxcam(self.desktop)
        self.windows_capture = FakeWindowsCapture(self.desktop)
        self.system = System(
            desktop=real, dxcam=lambda: self.dxcam, windows_capture=lambda: self.windows_capture,
            pygame=lambda: self.pygame, open_region=self._region, fallback_hotkeys=self._fallback,
        )  # fmt: skip

    def play(self, number: int) -> np.ndarray:
        """The game draws its next picture; returns it."""
        rows, columns = np.mgrid[0 : self.game.client.h, 0 : self.game.client.w]
        picture = np.stack(
            [columns % 256, rows % 256, np.full_like(rows, number % 256), np.full_like(rows, 255)], axis=-1
        )
        self.desktop.draw(self.game, picture.astype(np.uint8))
        assert self.game.pixels is not None
        return self.game.pixels

    def _region(self, region: Region) -> FakeRegionCapture:
        return FakeRegionCapture(self.desktop, region)

    def _fallback(self, bindings: object) -> FakeFallbackHotkeys:
        self.fallbacks.append(FakeFallbackHotkeys(bindings))
        return self.fallbacks[-1]


class FakeRegionCapture(FakeCapture):
    """A rectangle of the fake screen, as mss gives it."""

    sees_overlay = True

    def __init__(self, desktop: FakeWindows, region: Region) -> None:
        super().__init__((region.w, region.h), origin=(region.x, region.y))
        self._desktop = desktop
        self._region = region

    def grab(self) -> Frame | None:
        frame = super().grab()
        if frame is not None:
            np.copyto(frame.bgra_u8, self._desktop.captured(self._region))
        return frame
