"""The overlay on Windows: one borderless window over the game, on top, never activated, that clicks go through.

A pygame-ce window, made what it must be by its extended style on the top-level handle: TRANSPARENT and LAYERED let the
mouse through, NOACTIVATE keeps the game's focus, alpha 255 keeps it opaque (less would switch DirectFlip off). Windows
keeps a style in a cache until SetWindowPos says that the frame changed. SDL may make its window anew, and Windows may
forget that a window is left out of captures when it is hidden and shown: so handle, style and affinity are looked at
again at every frame, and set again where they are not as they must be.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from ctypes import byref
from typing import Any

import numpy as np

from reskin.errors import OverlayError
from reskin.frame import Frame, Region
from reskin.platforms.placing import fill, within_limits
from reskin.platforms.windows import win32 as w
from reskin.platforms.windows.desktop import BUILD_EXCLUDE, Desktop
from reskin.platforms.windows.win32 import Win32Error
from reskin.remedies import install_command

TITLE = "Reskin"  # one window and one title for the program's life: recorders find it again
STYLE = w.WS_EX_TRANSPARENT | w.WS_EX_LAYERED | w.WS_EX_NOACTIVATE
TOPMOST_TRIES = 10  # after each change of the window in front: games push themselves up, and two that fight flicker
_OPAQUE = 255
# A surface without a GPU renderer behind it is 10-40 times faster where there is none, and keeps SDL from making the
# window anew; the second keeps it from taking the keyboard when it is shown.
SDL_SETTINGS = {
    "SDL_FRAMEBUFFER_ACCELERATION": "0", "SDL_WINDOW_NO_ACTIVATION_WHEN_SHOWN": "1", "PYGAME_HIDE_SUPPORT_PROMPT": "1",
}  # fmt: skip


class WindowsOverlay:
    """Sink over the window that `game` gives (0: over none in particular). `load` gives the module pygame.

    `excluded`: left out of all captures, recorders' too, as a capture of the screen demands. OverlayError where Windows
    cannot. `only_in_front`: hidden while the player is in another window.
    """

    name = "windows overlay"

    def __init__(
        self, desktop: Desktop, load: Callable[[], Any], *, game: Callable[[], int] = lambda: 0,
        excluded: bool = False, only_in_front: bool = True,
    ) -> None:  # fmt: skip
        if excluded and desktop.build < BUILD_EXCLUDE:
            raise OverlayError(
                f"opening the overlay: Windows build {desktop.build} cannot leave a window out of captures, so Reskin "
                "would film itself. Update to Windows 10 version 2004 or newer, or capture the game's window itself: "
                f"{install_command('windows')}"
            )
        self._desktop = desktop
        self._game = game
        self._excluded = excluded
        self._style = STYLE | (w.WS_EX_TOOLWINDOW if excluded else 0)  # which hides it from recorders' lists too
        self._only_in_front = only_in_front
        self._front: int | None = None
        self._tries = 0
        self._is_shown = False
        for name, value in SDL_SETTINGS.items():
            os.environ.setdefault(name, value)
        self._pygame = load()
        self._window: Any = self._pygame.Window(
            TITLE, (1, 1), (0, 0), borderless=True, always_on_top=True, utility=excluded, hidden=True
        )
        self._window.get_surface()  # SDL may make the window anew here: the handle is taken after
        self._handle = 0
        self._region, self._placed = Region(0, 0, 1, 1), self._place()
        self._make_click_through()

    @property
    def handle(self) -> int:
        """The top-level window as it is now."""
        handle = int(self._window.handle)
        return self._desktop.win32.call("GetAncestor", handle, w.GA_ROOT) or handle

    def show(self, frame: Frame, region: Region) -> None:
        self._pump()
        game = self._game()
        if self._only_in_front and game and not self._desktop.is_in_front(game):
            self.hide()
            return
        region = within_limits(region)
        if region != self._region or self._place() != self._placed:  # Windows moves it too: a new scale, a monitor gone
            self._window.size, self._window.position = (region.w, region.h), (region.x, region.y)
            self._region, self._placed = region, self._place()  # as far as Windows lets it: else set at every tick
        self._make_click_through()
        surface = self._window.get_surface()
        draw(surface, frame.bgra_u8)
        self._window.flip()
        if not self._is_shown:
            self._window.show()
            self._is_shown = True
            self._handle = 0  # shown again: Windows may have forgotten the affinity, so nothing is taken for granted
        self._make_click_through()
        self._stay_on_top(game)

    def _place(self) -> tuple[int, ...]:
        return (*self._window.size, *self._window.position)

    def _make_click_through(self) -> None:
        """Style and affinity as they must be. Costs three questions while they are."""
        call, handle = self._desktop.win32.call, self.handle
        style = self._desktop.extended_style(handle)
        if handle != self._handle or style & self._style != self._style:
            call("SetWindowLongPtrW", handle, w.GWL_EXSTYLE, style | self._style)
            call("SetLayeredWindowAttributes", handle, 0, _OPAQUE, w.LWA_ALPHA)
            self._to_top(handle)
        if self._excluded and (handle != self._handle or self._affinity(handle) != w.WDA_EXCLUDE_FROM_CAPTURE):
            self._exclude(handle)
        self._handle = handle

    def _exclude(self, handle: int) -> None:
        try:
            self._desktop.win32.call("SetWindowDisplayAffinity", handle, w.WDA_EXCLUDE_FROM_CAPTURE)
        except Win32Error as error:
            raise OverlayError(
                f"leaving the overlay out of captures: {error}. Without that Reskin would film itself; capture the "
                f"game's window instead: {install_command('windows')}"
            ) from error
        got = self._affinity(handle)
        if got != w.WDA_EXCLUDE_FROM_CAPTURE:
            raise OverlayError(
                f"leaving the overlay out of captures: Windows set {got:#x} where {w.WDA_EXCLUDE_FROM_CAPTURE:#x} was "
                f"asked for, so captures would be black. Capture the game's window: {install_command('windows')}"
            )

    def _affinity(self, handle: int) -> int:
        affinity = w.DWORD()
        self._desktop.win32.call("GetWindowDisplayAffinity", handle, byref(affinity))
        return int(affinity.value)

    def _to_top(self, handle: int) -> None:
        flags = w.SWP_NOMOVE | w.SWP_NOSIZE | w.SWP_NOACTIVATE | w.SWP_FRAMECHANGED | w.SWP_NOOWNERZORDER
        self._desktop.win32.call("SetWindowPos", handle, w.HWND_TOPMOST, 0, 0, 0, 0, flags)

    def _stay_on_top(self, game: int) -> None:
        """On top again when another window came to the front; a few times only, then the other one has won."""
        front = self._desktop.foreground()
        if front != self._front:
            self._front, self._tries = front, TOPMOST_TRIES
        if self._tries == 0:
            return
        is_above = not game or game in self._desktop.below(self._handle)
        if is_above and self._desktop.extended_style(self._handle) & w.WS_EX_TOPMOST:
            self._tries = 0
        else:
            self._tries -= 1
            self._to_top(self._handle)

    def _pump(self) -> None:
        """Windows takes a window whose messages nobody reads for hung, and puts a white one in its place."""
        self._pygame.event.pump()

    def hide(self) -> None:
        """The untouched game at once; the next show brings the overlay back."""
        if self._is_shown:
            self._window.hide()
            self._is_shown = False

    def rest(self) -> None:
        """Its messages are read on: a program that asks all windows, hidden ones too, waits for each answer."""
        self._pump()

    def close(self) -> None:
        if self._window is not None:
            self._is_shown = False
            self._window.destroy()
            self._window = _NoWindow()


class _NoWindow:
    """What a closed overlay has: it can be closed again."""

    def destroy(self) -> None:
        pass


def draw(surface: Any, bgra_u8: np.ndarray) -> None:
    """Copy into the surface's own memory, which is BGRX on Windows; scaled when the sizes differ."""
    (width, height), pitch = surface.get_size(), surface.get_pitch()
    memory = np.frombuffer(surface.get_buffer(), np.uint8)
    target = memory.reshape(height, pitch)[:, : width * 4].reshape(height, width, 4)
    fill(target, bgra_u8)
