"""The Win32 functions on the fake desktop, by the names and the results that Windows gives them.

Traps: without PerMonitorV2 awareness a scaled screen's coordinates are virtual; awareness can be set once, and not
after a window of ours; a chord that another program has is refused with 1409; a thread has no queue before it looks.
"""

from __future__ import annotations

import ctypes
import queue
import threading
from typing import Any

from reskin.frame import Region
from reskin.platforms.windows import win32 as w
from reskin.platforms.windows.fake.desktop import FakeWindow, FakeWindows

_PROCESSES = 0x5000  # a process handle is this plus the process's number, a token handle the same plus 0x100000
_MINE = -1
_TOKENS = 0x100000


class FakeFunctions:
    """One method for each function of `win32.FUNCTIONS`, by its name."""

    def __init__(self, desktop: FakeWindows) -> None:
        self.desktop = desktop
        self.error = 0

    def _window(self, handle: int | None) -> FakeWindow | None:
        window = self.desktop.window(handle or 0)
        if window is None:
            self.error = w.ERROR_INVALID_WINDOW_HANDLE
        return window

    # Processes.

    def SetProcessDpiAwarenessContext(self, context: int) -> int:
        if self.desktop.awareness or any(window.pid == self.desktop.pid for window in self.desktop.order):
            self.error = w.ERROR_ACCESS_DENIED
            return 0
        self.desktop.awareness = context
        return 1

    def GetThreadDpiAwarenessContext(self) -> int:
        return self.desktop.awareness

    def AreDpiAwarenessContextsEqual(self, one: int, other: int) -> int:
        return int(one == other)

    def RtlGetVersion(self, version: w.OSVERSIONINFO) -> int:
        assert version.size == ctypes.sizeof(w.OSVERSIONINFO)
        version.major, version.build = 10, self.desktop.build
        return 0

    def GetCurrentProcess(self) -> int:
        return _MINE

    def GetCurrentThreadId(self) -> int:
        return threading.get_ident() & 0xFFFFFFFF

    def OpenProcess(self, access: int, inherit: int, pid: int) -> int:
        return _PROCESSES + pid

    def CloseHandle(self, handle: int) -> int:
        assert handle not in (0, None, _MINE)
        return 1

    def QueryFullProcessImageNameW(self, process: int, flags: int, path: Any, length: Any) -> int:
        path.value = "C:\\Games\\" + self.desktop.programs.get(process - _PROCESSES, "game.exe")
        length.value = len(path.value)
        return 1

    def OpenProcessToken(self, process: int, access: int, token: Any) -> int:
        pid = self.desktop.pid if process == _MINE else process - _PROCESSES
        if pid in self.desktop.elevated and self.desktop.pid not in self.desktop.elevated:
            self.error = w.ERROR_ACCESS_DENIED
            return 0
        token.value = _TOKENS + pid
        return 1

    def GetTokenInformation(self, token: int, kind: int, value: Any, size: int, got: Any) -> int:
        value.value = int(token - _TOKENS in self.desktop.elevated)
        return 1

    def SHQueryUserNotificationState(self, state: Any) -> int:
        state.value = w.QUNS_RUNNING_D3D_FULL_SCREEN if self.desktop.exclusive else 5
        return 0

    # Windows.

    def EnumWindows(self, callback: Any, given: int) -> int:
        return int(all(callback(window.handle, given) for window in list(self.desktop.order)))

    def IsWindow(self, handle: int) -> int:
        return int(self.desktop.window(handle) is not None)

    def IsWindowVisible(self, handle: int) -> int:
        window = self._window(handle)
        return int(window is not None and window.is_visible)

    def IsIconic(self, handle: int) -> int:
        window = self._window(handle)
        return int(window is not None and window.is_minimised)

    def GetWindowTextW(self, handle: int, text: Any, length: int) -> int:
        window = self._window(handle)
        text.value = window.title[: length - 1] if window else ""
        return len(text.value)

    def GetClassNameW(self, handle: int, text: Any, length: int) -> int:
        window = self._window(handle)
        text.value = window.class_name[: length - 1] if window else ""
        return len(text.value)

    def GetWindowThreadProcessId(self, handle: int, pid: Any) -> int:
        window = self._window(handle)
        pid.value = window.pid if window else 0
        return int(window is not None)

    def GetClientRect(self, handle: int, rect: w.RECT) -> int:
        window = self._window(handle)
        if window is None:
            return 0
        inside = self._as_told(window, window.client)
        rect.left, rect.top, rect.right, rect.bottom = 0, 0, inside.w, inside.h
        return 1

    def ClientToScreen(self, handle: int, point: w.POINT) -> int:
        window = self._window(handle)
        if window is None:
            return 0
        inside = self._as_told(window, window.client)
        point.x, point.y = point.x + inside.x, point.y + inside.y
        return 1

    def _as_told(self, window: FakeWindow, region: Region) -> Region:
        """Virtual coordinates for a process that does not know of the screen's scale."""
        is_aware = self.desktop.awareness == w.DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2
        scale = 1.0 if is_aware else self.desktop.monitor_of(window).scale
        return Region(*(round(value / scale) for value in (region.x, region.y, region.w, region.h)))

    def DwmGetWindowAttribute(self, handle: int, attribute: int, value: Any, size: int) -> int:
        window = self._window(handle)
        assert size == ctypes.sizeof(value)
        if window is None:
            return -2147024890  # E_HANDLE
        if attribute == w.DWMWA_CLOAKED:
            value.value = int(window.is_cloaked)
        else:
            frame = window.frame
            value.left, value.top, value.right, value.bottom = frame.x, frame.y, frame.x + frame.w, frame.y + frame.h
        return 0

    def GetForegroundWindow(self) -> int:
        return self.desktop.front

    def GetAncestor(self, handle: int, kind: int) -> int:
        window = self._window(handle)
        while window is not None and window.owner and kind == w.GA_ROOTOWNER:
            window = self._window(window.owner)
        return window.handle if window else 0

    def GetWindow(self, handle: int, which: int) -> int:
        handles = [window.handle for window in self.desktop.order]
        place = handles.index(handle) + 1 if handle in handles else len(handles)
        return handles[place] if place < len(handles) else 0

    def GetWindowLongPtrW(self, handle: int, index: int) -> int:
        window = self._window(handle)
        if window is None:
            return 0
        return window.style if window.next_style is None else window.next_style

    def SetWindowLongPtrW(self, handle: int, index: int, value: int) -> int:
        window = self._window(handle)
        if window is None:
            return 0
        before = self.GetWindowLongPtrW(handle, index)
        window.next_style = value
        return before

    def SetWindowPos(self, handle: int, after: int, x: int, y: int, width: int, height: int, flags: int) -> int:
        window = self._window(handle)
        if window is None:
            return 0
        if flags & w.SWP_FRAMECHANGED and window.next_style is not None:
            window.style, window.next_style = window.next_style, None
        if after == w.HWND_TOPMOST:
            window.style |= w.WS_EX_TOPMOST
            self.desktop.raise_window(window)
        if not flags & w.SWP_NOACTIVATE:
            self.desktop.activate(window)
        return 1

    def SetLayeredWindowAttributes(self, handle: int, key: int, alpha: int, flags: int) -> int:
        window = self._window(handle)
        if window is None:
            return 0
        if not self.GetWindowLongPtrW(handle, w.GWL_EXSTYLE) & w.WS_EX_LAYERED:
            self.error = 87
            return 0
        window.alpha = alpha
        self.desktop.touch()
        return 1

    def SetWindowDisplayAffinity(self, handle: int, affinity: int) -> int:
        window = self._window(handle)
        if window is None:
            return 0
        if window.pid != self.desktop.pid:
            self.error = w.ERROR_ACCESS_DENIED
            return 0
        window.affinity = affinity if self.desktop.build >= 19041 else min(affinity, w.WDA_MONITOR)
        self.desktop.touch()
        return 1

    def GetWindowDisplayAffinity(self, handle: int, affinity: Any) -> int:
        window = self._window(handle)
        affinity.value = window.affinity if window else 0
        return int(window is not None)

    # Screens.

    def MonitorFromWindow(self, handle: int, which: int) -> int:
        window = self._window(handle)
        return self.desktop.monitor_of(window).handle if window else 0

    def GetMonitorInfoW(self, handle: int, info: w.MONITORINFOEX) -> int:
        assert info.size == ctypes.sizeof(w.MONITORINFOEX)
        for monitor in self.desktop.monitors:
            if monitor.handle == handle:
                r, info.device = monitor.region, monitor.device
                info.monitor = w.RECT(r.x, r.y, r.x + r.w, r.y + r.h)
                info.flags = int(monitor is self.desktop.monitors[0])
                return 1
        return 0

    def GetDisplayConfigBufferSizes(self, flags: int, paths: Any, modes: Any) -> int:
        paths.value, modes.value = len(self.desktop.monitors), 2 * len(self.desktop.monitors)
        return 0

    def QueryDisplayConfig(
        self, flags: int, paths: Any, path_list: Any, modes: Any, mode_list: Any, topology: Any
    ) -> int:
        for number in range(paths.value):
            path_list[number].target_id = number
        return 0

    def DisplayConfigGetDeviceInfo(self, info: w.DISPLAYCONFIG_ADVANCED_COLOR_INFO) -> int:
        assert info.size == ctypes.sizeof(w.DISPLAYCONFIG_ADVANCED_COLOR_INFO)
        info.flags = 1 | (w.ADVANCED_COLOR_ENABLED if self.desktop.monitors[info.id].hdr else 0)
        return 0

    # Keys.

    def PeekMessageW(self, message: w.MSG, window: int, first: int, last: int, remove: int) -> int:
        self.desktop.messages.setdefault(self.GetCurrentThreadId(), queue.Queue())
        return 0

    def GetMessageW(self, message: w.MSG, window: int, first: int, last: int) -> int:
        message.message, message.wparam = self.desktop.messages[self.GetCurrentThreadId()].get()
        return int(message.message != w.WM_QUIT)

    def PostThreadMessageW(self, thread: int, message: int, wparam: int, lparam: int) -> int:
        if thread not in self.desktop.messages:  # the thread has no queue yet
            self.error = 1444
            return 0
        self.desktop.messages[thread].put((message, wparam))
        return 1

    def RegisterHotKey(self, window: int, number: int, modifiers: int, key: int) -> int:
        chord = (modifiers & ~w.MOD_NOREPEAT, key)
        if chord in self.desktop.taken_keys or chord in self.desktop.hotkeys:
            self.error = w.ERROR_HOTKEY_ALREADY_REGISTERED
            return 0
        self.desktop.hotkeys[chord] = (self.GetCurrentThreadId(), number)
        return 1

    def UnregisterHotKey(self, window: int, number: int) -> int:
        mine = (self.GetCurrentThreadId(), number)
        chords = [chord for chord, owner in self.desktop.hotkeys.items() if owner == mine]
        for chord in chords:
            del self.desktop.hotkeys[chord]
        return int(bool(chords))

    def GetAsyncKeyState(self, key: int) -> int:
        return -0x8000 if key in self.desktop.keys_down else 0

    def VkKeyScanW(self, character: int) -> int:
        letter = chr(character)
        codes = {"=": 0xBB, "-": 0xBD, "+": 0x1BB, ".": 0xBE, ",": 0xBC}
        return ord(letter.upper()) if letter.isascii() and letter.isalnum() else codes.get(letter, -1)
