"""The fake's libraries: functions that are called as ctypes calls them, by pointer and with declared types.

Traps: a function whose types were not declared is refused, as is one called with others; a NULL handle comes back as
None; the last error stays from call to call.
"""

from __future__ import annotations

import ctypes
from typing import Any

from reskin.platforms.windows.fake.desktop import FakeWindows
from reskin.platforms.windows.fake.functions import FakeFunctions

_TEXTS = {
    5: "Access is denied.", 1400: "Invalid window handle.", 1409: "Hot key is already registered.",
    87: "The parameter is incorrect.",
}  # fmt: skip


class FakeLibraries:
    """What `Win32` asks for functions; `calls` are the names called, oldest first."""

    def __init__(self, desktop: FakeWindows) -> None:
        self.functions = FakeFunctions(desktop)
        self.calls: list[str] = []
        self.failing: dict[str, int] = {}  # function to the error that it gives from now on

    def load(self, name: str) -> Any:
        return _Library(self)

    def last_error(self) -> int:
        return self.functions.error

    def clear_error(self) -> None:
        self.functions.error = 0

    def describe(self, code: int) -> str:
        return _TEXTS.get(code, "Unknown error.")


class _Library:
    def __init__(self, libraries: FakeLibraries) -> None:
        self._libraries = libraries

    def __getattr__(self, name: str) -> _Function:
        function = _Function(name, self._libraries)
        setattr(self, name, function)
        return function


class _Function:
    """As a ctypes function: it has `argtypes` and `restype`, and takes what they take."""

    def __init__(self, name: str, libraries: FakeLibraries) -> None:
        self.argtypes: tuple[Any, ...] | None = None
        self.restype: Any = None
        self._name = name
        self._libraries = libraries

    def __call__(self, *arguments: Any) -> int | None:
        if self.argtypes is None or self.restype is None:
            raise AssertionError(f"{self._name} is called without declared types")
        if len(arguments) != len(self.argtypes):
            raise TypeError(f"{self._name} takes {len(self.argtypes)} arguments, got {len(arguments)}")
        for kind, argument in zip(self.argtypes, arguments, strict=True):
            kind.from_param(argument)  # TypeError as ctypes raises it
        self._libraries.calls.append(self._name)
        if self._name in self._libraries.failing:
            self._libraries.functions.error = self._libraries.failing[self._name]
            result = 0
        else:
            result = getattr(self._libraries.functions, self._name)(*(_target(argument) for argument in arguments))
        return None if self.restype is ctypes.c_void_p and not result else result


def _target(argument: Any) -> Any:
    """What a pointer points to; anything else as it is."""
    return getattr(argument, "_obj", argument)
