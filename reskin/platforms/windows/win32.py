"""The Win32 calls in use: their types, the values that they take (Microsoft's names), one check for errors. No logic.

Every function stands in one table with its result, its arguments and how it fails, so that none is called with
guessed types (a guessed int cuts a handle in half on 64 bits). Sizes are those of Windows on any system: LONG and
DWORD are 32 bits here, where `ctypes.wintypes` would follow the machine. Follows learn.microsoft.com/windows/win32.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_int16, c_int32, c_ssize_t, c_uint16, c_uint32, c_void_p, c_wchar, c_wchar_p
from enum import Enum
from typing import Any, NamedTuple, Protocol

from reskin.errors import DisplayError

BOOL, LONG, DWORD, UINT, INT, HRESULT = c_int32, c_int32, c_uint32, c_uint32, c_int32, c_int32
HANDLE = HWND = HMONITOR = c_void_p
SIZED = c_ssize_t  # LONG_PTR, LPARAM, WPARAM

DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2 = -4
GWL_EXSTYLE = -20
WS_EX_TOPMOST, WS_EX_TRANSPARENT, WS_EX_TOOLWINDOW = 0x8, 0x20, 0x80
WS_EX_LAYERED, WS_EX_NOACTIVATE = 0x80000, 0x8000000
HWND_TOPMOST = -1
SWP_NOSIZE, SWP_NOMOVE, SWP_NOACTIVATE, SWP_FRAMECHANGED, SWP_NOOWNERZORDER = 0x1, 0x2, 0x10, 0x20, 0x200
LWA_ALPHA = 0x2
WDA_NONE, WDA_MONITOR, WDA_EXCLUDE_FROM_CAPTURE = 0x0, 0x1, 0x11
GA_ROOT, GA_ROOTOWNER = 2, 3
GW_HWNDNEXT = 2
MONITOR_DEFAULTTONEAREST = 2
MONITORINFOF_PRIMARY = 1
DWMWA_EXTENDED_FRAME_BOUNDS, DWMWA_CLOAKED = 9, 14
QUNS_RUNNING_D3D_FULL_SCREEN = 3
PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
TOKEN_QUERY = 0x8
TokenElevation = 20  # of the enumeration TOKEN_INFORMATION_CLASS
MOD_ALT, MOD_CONTROL, MOD_SHIFT, MOD_WIN, MOD_NOREPEAT = 0x1, 0x2, 0x4, 0x8, 0x4000
WM_QUIT, WM_HOTKEY = 0x12, 0x312
VK_LCONTROL, VK_RMENU = 0xA2, 0xA5
PM_NOREMOVE = 0
QDC_ONLY_ACTIVE_PATHS = 2
DISPLAYCONFIG_DEVICE_INFO_GET_ADVANCED_COLOR_INFO = 9
ADVANCED_COLOR_ENABLED = 0x2  # the bit advancedColorEnabled
ERROR_ACCESS_DENIED, ERROR_HOTKEY_ALREADY_REGISTERED, ERROR_INVALID_WINDOW_HANDLE = 5, 1409, 1400


class RECT(Structure):
    _fields_ = [("left", LONG), ("top", LONG), ("right", LONG), ("bottom", LONG)]


class POINT(Structure):
    _fields_ = [("x", LONG), ("y", LONG)]


class MONITORINFOEX(Structure):
    _fields_ = [
        ("size", DWORD), ("monitor", RECT), ("work", RECT), ("flags", DWORD), ("device", c_wchar * 32),
    ]  # fmt: skip


class MSG(Structure):
    _fields_ = [
        ("window", HWND), ("message", UINT), ("wparam", SIZED), ("lparam", SIZED), ("time", DWORD), ("point", POINT),
        ("private", DWORD),
    ]  # fmt: skip


class OSVERSIONINFO(Structure):
    _fields_ = [
        ("size", DWORD), ("major", DWORD), ("minor", DWORD), ("build", DWORD), ("platform", DWORD),
        ("service_pack", c_wchar * 128),
    ]  # fmt: skip


class LUID(Structure):
    _fields_ = [("low", DWORD), ("high", LONG)]


class DISPLAYCONFIG_PATH_INFO(Structure):
    _fields_ = [
        ("source_adapter", LUID), ("source_id", UINT), ("source_mode", UINT), ("source_flags", UINT),
        ("target_adapter", LUID), ("target_id", UINT), ("target_mode", UINT), ("technology", UINT), ("rotation", UINT),
        ("scaling", UINT), ("refresh_numerator", UINT), ("refresh_denominator", UINT), ("scan_lines", UINT),
        ("available", BOOL), ("target_flags", UINT), ("flags", UINT),
    ]  # fmt: skip


class DISPLAYCONFIG_MODE_INFO(Structure):
    _fields_ = [("kind", UINT), ("id", UINT), ("adapter", LUID), ("mode", UINT * 12)]


class DISPLAYCONFIG_ADVANCED_COLOR_INFO(Structure):
    _fields_ = [
        ("kind", UINT), ("size", UINT), ("adapter", LUID), ("id", UINT), ("flags", UINT), ("encoding", UINT),
        ("bits_per_channel", UINT),
    ]  # fmt: skip


_prototype: Any = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
EnumWindowsCallback: Any = _prototype(BOOL, HWND, SIZED)


class Fails(Enum):
    NEVER = "its result is the answer"
    ZERO = "zero; the reason is in GetLastError"
    ZERO_AND_CODE = "zero, where GetLastError is not zero too"
    CODE = "the result is itself the reason, unless zero"
    MINUS_ONE = "-1; the reason is in GetLastError"


class Declaration(NamedTuple):
    library: str
    result: Any
    arguments: tuple[Any, ...]
    fails: Fails


def _user32(result: Any, *arguments: Any, fails: Fails = Fails.NEVER) -> Declaration:
    return Declaration("user32", result, arguments, fails)


FUNCTIONS: dict[str, Declaration] = {
    "AreDpiAwarenessContextsEqual": _user32(BOOL, HANDLE, HANDLE),
    "ClientToScreen": _user32(BOOL, HWND, POINTER(POINT), fails=Fails.ZERO),
    "DisplayConfigGetDeviceInfo": _user32(LONG, POINTER(DISPLAYCONFIG_ADVANCED_COLOR_INFO), fails=Fails.CODE),
    "EnumWindows": _user32(BOOL, EnumWindowsCallback, SIZED, fails=Fails.ZERO),
    "GetAncestor": _user32(HWND, HWND, UINT),
    "GetAsyncKeyState": _user32(c_int16, INT),
    "GetClassNameW": _user32(INT, HWND, c_wchar_p, INT, fails=Fails.ZERO),
    "GetClientRect": _user32(BOOL, HWND, POINTER(RECT), fails=Fails.ZERO),
    "GetDisplayConfigBufferSizes": _user32(LONG, UINT, POINTER(UINT), POINTER(UINT), fails=Fails.CODE),
    "GetForegroundWindow": _user32(HWND),
    "GetMessageW": _user32(BOOL, POINTER(MSG), HWND, UINT, UINT, fails=Fails.MINUS_ONE),
    "GetMonitorInfoW": _user32(BOOL, HMONITOR, POINTER(MONITORINFOEX), fails=Fails.ZERO),
    "GetThreadDpiAwarenessContext": _user32(HANDLE),
    "GetWindow": _user32(HWND, HWND, UINT),
    "GetWindowDisplayAffinity": _user32(BOOL, HWND, POINTER(DWORD), fails=Fails.ZERO),
    "GetWindowLongPtrW": _user32(SIZED, HWND, INT, fails=Fails.ZERO_AND_CODE),
    "GetWindowTextW": _user32(INT, HWND, c_wchar_p, INT),
    "GetWindowThreadProcessId": _user32(DWORD, HWND, POINTER(DWORD), fails=Fails.ZERO),
    "IsIconic": _user32(BOOL, HWND),
    "IsWindow": _user32(BOOL, HWND),
    "IsWindowVisible": _user32(BOOL, HWND),
    "MonitorFromWindow": _user32(HMONITOR, HWND, DWORD, fails=Fails.ZERO),
    "PeekMessageW": _user32(BOOL, POINTER(MSG), HWND, UINT, UINT, UINT),
    "PostThreadMessageW": _user32(BOOL, DWORD, UINT, SIZED, SIZED, fails=Fails.ZERO),
    "QueryDisplayConfig": _user32(
        LONG, UINT, POINTER(UINT), POINTER(DISPLAYCONFIG_PATH_INFO), POINTER(UINT), POINTER(DISPLAYCONFIG_MODE_INFO),
        c_void_p, fails=Fails.CODE,
    ),
    "RegisterHotKey": _user32(BOOL, HWND, INT, UINT, UINT, fails=Fails.ZERO),
    "SetLayeredWindowAttributes": _user32(BOOL, HWND, DWORD, ctypes.c_ubyte, DWORD, fails=Fails.ZERO),
    "SetProcessDpiAwarenessContext": _user32(BOOL, HANDLE, fails=Fails.ZERO),
    "SetWindowDisplayAffinity": _user32(BOOL, HWND, DWORD, fails=Fails.ZERO),
    "SetWindowLongPtrW": _user32(SIZED, HWND, INT, SIZED, fails=Fails.ZERO_AND_CODE),
    "SetWindowPos": _user32(BOOL, HWND, HWND, INT, INT, INT, INT, UINT, fails=Fails.ZERO),
    "UnregisterHotKey": _user32(BOOL, HWND, INT, fails=Fails.ZERO),
    "VkKeyScanW": _user32(c_int16, c_uint16),
    "DwmGetWindowAttribute": Declaration("dwmapi", HRESULT, (HWND, DWORD, c_void_p, DWORD), Fails.CODE),
    "CloseHandle": Declaration("kernel32", BOOL, (HANDLE,), Fails.ZERO),
    "GetCurrentProcess": Declaration("kernel32", HANDLE, (), Fails.NEVER),
    "GetCurrentThreadId": Declaration("kernel32", DWORD, (), Fails.NEVER),
    "OpenProcess": Declaration("kernel32", HANDLE, (DWORD, BOOL, DWORD), Fails.ZERO),
    "QueryFullProcessImageNameW": Declaration("kernel32", BOOL, (HANDLE, DWORD, c_wchar_p, POINTER(DWORD)), Fails.ZERO),
    "GetTokenInformation": Declaration("advapi32", BOOL, (HANDLE, INT, c_void_p, DWORD, POINTER(DWORD)), Fails.ZERO),
    "OpenProcessToken": Declaration("advapi32", BOOL, (HANDLE, DWORD, POINTER(HANDLE)), Fails.ZERO),
    "SHQueryUserNotificationState": Declaration("shell32", HRESULT, (POINTER(INT),), Fails.CODE),
    "RtlGetVersion": Declaration("ntdll", LONG, (POINTER(OSVERSIONINFO),), Fails.CODE),
}  # fmt: skip


class Libraries(Protocol):
    """Where the functions come from: Windows itself, or the fake that ships."""

    def load(self, name: str) -> Any: ...
    def last_error(self) -> int: ...
    def clear_error(self) -> None: ...
    def describe(self, code: int) -> str: ...


class WindowsLibraries:
    """The real ones. Only Windows has these parts of ctypes, so they are looked up when called."""

    def load(self, name: str) -> Any:
        return getattr(ctypes, "WinDLL")(name, use_last_error=True)  # noqa: B009

    def last_error(self) -> int:
        return int(getattr(ctypes, "get_last_error")())  # noqa: B009

    def clear_error(self) -> None:
        getattr(ctypes, "set_last_error")(0)  # noqa: B009

    def describe(self, code: int) -> str:
        return str(getattr(ctypes, "FormatError")(code)).strip()  # noqa: B009


class Win32Error(DisplayError):
    """A call that failed: its name, what it was given, the system's code and its text."""

    def __init__(self, function: str, arguments: tuple[Any, ...], code: int, text: str) -> None:
        shown = ", ".join(hex(value) if isinstance(value, int) else str(value) for value in arguments)
        super().__init__(f"calling {function}({shown}): Windows answered {code:#x}, {text}")
        self.function, self.arguments, self.code = function, arguments, code


class Win32:
    """`win32.call("GetClientRect", window, byref(rect))`: declared types, and Win32Error when it fails."""

    def __init__(self, libraries: Libraries) -> None:
        self._libraries = libraries
        self._loaded: dict[str, Any] = {}
        self._functions: dict[str, Any] = {}

    def call(self, name: str, *arguments: Any) -> int:
        """The result as a number; a NULL handle, which ctypes gives as None, is 0."""
        declared = FUNCTIONS[name]
        function = self._functions.get(name) or self._declare(name, declared)
        self._libraries.clear_error()
        result = function(*arguments)
        number = 0 if result is None else int(result)
        code = number
        match declared.fails:
            case Fails.NEVER:
                return number
            case Fails.CODE:
                failed = number != 0
            case Fails.MINUS_ONE:
                failed, code = number == -1, self._libraries.last_error()
            case Fails.ZERO:
                failed, code = number == 0, self._libraries.last_error()
            case Fails.ZERO_AND_CODE:
                code = self._libraries.last_error()
                failed = number == 0 and code != 0
        if failed:
            raise Win32Error(name, arguments, code & 0xFFFFFFFF, self._libraries.describe(code))
        return number

    def _declare(self, name: str, declared: Declaration) -> Any:
        if declared.library not in self._loaded:
            self._loaded[declared.library] = self._libraries.load(declared.library)
        function = getattr(self._loaded[declared.library], name)
        function.argtypes, function.restype = declared.arguments, declared.result
        self._functions[name] = function
        return function
