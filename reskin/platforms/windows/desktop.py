"""What the Windows desktop says of its windows, screens and programs, as Python values. Changes nothing on it.

Knows nothing of capturing or showing. Coordinates are true pixels, since the process is made aware of each monitor's
scale before the first question is asked; without that, a game on a screen at 150 % would be found in the wrong place.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from ctypes import byref, sizeof
from dataclasses import dataclass

from reskin.frame import Region
from reskin.platforms.windows import win32 as w
from reskin.platforms.windows.win32 import Win32, Win32Error

BUILD_EXCLUDE = 19041  # Windows 10 2004: windows can be left out of captures
BUILD_WINDOW_CAPTURE = 18362  # Windows 10 1903: Windows.Graphics.Capture of one window by its handle
BUILD_NO_CURSOR = 19041  # Windows 10 2004: captures of a window without the mouse pointer
BUILD_NO_BORDER = 20348  # Windows Server 2022, Windows 11: no yellow border
BUILD_INTERVAL = 26100  # Windows 11 24H2: the least interval between two frames can be set, and must be
_TEXT_LIMIT = 512
_PATH_LIMIT = 32768


@dataclass(frozen=True, slots=True)
class Monitor:
    handle: int
    device: str  # "\\\\.\\DISPLAY1", the name that DXGI uses too
    region: Region
    is_primary: bool


class Desktop:
    """One for the program's life. `dpi_note` says why coordinates may be off, or is empty."""

    def __init__(self, win32: Win32) -> None:
        self.win32 = win32
        self.dpi_note = self._become_dpi_aware()
        self.build = self._build()
        self._in_front = 0

    def _become_dpi_aware(self) -> str:
        """PerMonitorV2, once, before any window of ours: afterwards Windows refuses."""
        try:
            self.win32.call("SetProcessDpiAwarenessContext", w.DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2)
        except Win32Error as error:
            context = self.win32.call("GetThreadDpiAwarenessContext")
            if self.win32.call("AreDpiAwarenessContextsEqual", context, w.DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2):
                return ""
            return (
                f"this process could not be made aware of each monitor's scale ({error}). Where a screen is scaled, "
                "windows may be found in the wrong place; start Reskin by its own command."
            )
        return ""

    def _build(self) -> int:
        version = w.OSVERSIONINFO(size=sizeof(w.OSVERSIONINFO))
        self.win32.call("RtlGetVersion", byref(version))
        return int(version.build)

    def windows(self) -> list[int]:
        """Every top-level window, topmost first."""
        found: list[int] = []

        def add(window: int | None, _: int) -> int:
            found.append(window or 0)
            return 1

        self.win32.call("EnumWindows", w.EnumWindowsCallback(add), 0)
        return found

    def exists(self, window: int) -> bool:
        return bool(self.win32.call("IsWindow", window))

    def is_visible(self, window: int) -> bool:
        """Shown, and not hidden away by the system, as the windows of another virtual desktop are."""
        cloaked = w.DWORD()
        if not self.win32.call("IsWindowVisible", window):
            return False
        try:
            self.win32.call("DwmGetWindowAttribute", window, w.DWMWA_CLOAKED, byref(cloaked), sizeof(cloaked))
        except Win32Error:
            return True  # older systems do not know the question
        return not cloaked.value

    def is_minimised(self, window: int) -> bool:
        return bool(self.win32.call("IsIconic", window))

    def extended_style(self, window: int) -> int:
        return self.win32.call("GetWindowLongPtrW", window, w.GWL_EXSTYLE)

    def title(self, window: int) -> str:
        text = ctypes.create_unicode_buffer(_TEXT_LIMIT)
        self.win32.call("GetWindowTextW", window, text, _TEXT_LIMIT)
        return text.value

    def class_name(self, window: int) -> str:
        text = ctypes.create_unicode_buffer(_TEXT_LIMIT)
        self.win32.call("GetClassNameW", window, text, _TEXT_LIMIT)
        return text.value

    def pid(self, window: int) -> int:
        process = w.DWORD()
        self.win32.call("GetWindowThreadProcessId", window, byref(process))
        return int(process.value)

    def program(self, pid: int) -> str:
        """The program's file name, such as "game.exe"; empty when Windows does not tell."""
        path, length = ctypes.create_unicode_buffer(_PATH_LIMIT), w.DWORD(_PATH_LIMIT)
        try:
            process = self.win32.call("OpenProcess", w.PROCESS_QUERY_LIMITED_INFORMATION, 0, pid)
        except Win32Error:
            return ""
        try:
            self.win32.call("QueryFullProcessImageNameW", process, 0, path, byref(length))
        except Win32Error:
            return ""
        finally:
            self.win32.call("CloseHandle", process)
        return path.value.rpartition("\\")[2]

    def is_elevated(self, pid: int | None = None) -> bool:
        """Whether a program (default: this one) runs as administrator. One that may not be asked does."""
        process = token = 0
        try:
            if pid is None or pid == os.getpid():
                process = self.win32.call("GetCurrentProcess")  # a constant that needs no closing
            else:
                process = self.win32.call("OpenProcess", w.PROCESS_QUERY_LIMITED_INFORMATION, 0, pid)
            opened, elevated, size = w.HANDLE(), w.DWORD(), w.DWORD()
            self.win32.call("OpenProcessToken", process, w.TOKEN_QUERY, byref(opened))
            token = opened.value or 0
            self.win32.call(
                "GetTokenInformation", token, w.TokenElevation, byref(elevated), sizeof(elevated), byref(size)
            )
            return bool(elevated.value)
        except Win32Error as error:
            return error.code == w.ERROR_ACCESS_DENIED
        finally:
            for handle in (token, process if pid not in (None, os.getpid()) else 0):
                if handle:
                    self.win32.call("CloseHandle", handle)

    def client_region(self, window: int) -> Region:
        """The window's inside on the screen: without title bar and borders."""
        rect, origin = w.RECT(), w.POINT()
        self.win32.call("GetClientRect", window, byref(rect))
        self.win32.call("ClientToScreen", window, byref(origin))
        return Region(origin.x, origin.y, rect.right - rect.left, rect.bottom - rect.top)

    def frame_region(self, window: int) -> Region:
        """The window as it is seen, with title bar: its rectangle without the invisible borders of Windows 10."""
        rect = w.RECT()
        self.win32.call("DwmGetWindowAttribute", window, w.DWMWA_EXTENDED_FRAME_BOUNDS, byref(rect), sizeof(rect))
        return _region(rect)

    def monitor_of(self, window: int) -> Monitor:
        """The one with the larger part of the window, or the nearest."""
        handle = self.win32.call("MonitorFromWindow", window, w.MONITOR_DEFAULTTONEAREST)
        info = w.MONITORINFOEX(size=sizeof(w.MONITORINFOEX))
        self.win32.call("GetMonitorInfoW", handle, byref(info))
        return Monitor(handle, info.device, _region(info.monitor), bool(info.flags & w.MONITORINFOF_PRIMARY))

    def foreground(self) -> int:
        """The window that has the keyboard; 0 for a moment while it changes."""
        return self.win32.call("GetForegroundWindow")

    def is_in_front(self, window: int) -> bool:
        """Whether the player is in this window or in a dialog of it. Between two windows, the last answer stays.

        By the window that owns both in the end: Delphi and Visual Basic 6 have a hidden one that owns the game's.
        """
        front = self.foreground()
        if front:
            self._in_front = self._root_owner(front)
        return self._in_front == self._root_owner(window)

    def _root_owner(self, window: int) -> int:
        return self.win32.call("GetAncestor", window, w.GA_ROOTOWNER) or window

    def is_exclusive_fullscreen(self) -> bool:
        """A Direct3D program owns the screen: no window of ours can lie over it."""
        state = w.INT()
        self.win32.call("SHQueryUserNotificationState", byref(state))
        return state.value == w.QUNS_RUNNING_D3D_FULL_SCREEN

    def below(self, window: int) -> Iterator[int]:
        """The windows under this one, from the top."""
        for _ in range(4096):  # the order may change while it is walked, so it might never end
            window = self.win32.call("GetWindow", window, w.GW_HWNDNEXT)
            if not window:
                return
            yield window

    def hdr_screens(self) -> int:
        """How many active screens are in HDR; 0 as well where Windows is too old to say."""
        paths, modes = w.UINT(), w.UINT()
        try:
            self.win32.call("GetDisplayConfigBufferSizes", w.QDC_ONLY_ACTIVE_PATHS, byref(paths), byref(modes))
            path_list = (w.DISPLAYCONFIG_PATH_INFO * max(1, paths.value))()
            mode_list = (w.DISPLAYCONFIG_MODE_INFO * max(1, modes.value))()
            self.win32.call(
                "QueryDisplayConfig", w.QDC_ONLY_ACTIVE_PATHS, byref(paths), path_list, byref(modes), mode_list, None
            )
            return sum(self._is_hdr(path_list[index]) for index in range(paths.value))
        except Win32Error:
            return 0

    def _is_hdr(self, path: w.DISPLAYCONFIG_PATH_INFO) -> bool:
        info = w.DISPLAYCONFIG_ADVANCED_COLOR_INFO(
            kind=w.DISPLAYCONFIG_DEVICE_INFO_GET_ADVANCED_COLOR_INFO, size=sizeof(w.DISPLAYCONFIG_ADVANCED_COLOR_INFO),
            adapter=path.target_adapter, id=path.target_id,
        )  # fmt: skip
        self.win32.call("DisplayConfigGetDeviceInfo", byref(info))
        return bool(info.flags & w.ADVANCED_COLOR_ENABLED)


def _region(rect: w.RECT) -> Region:
    return Region(rect.left, rect.top, rect.right - rect.left, rect.bottom - rect.top)
