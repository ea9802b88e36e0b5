"""Global hotkeys through RegisterHotKey: Windows itself hears them, takes them from the game, and never sticks.

Registration belongs to a thread, so one of ours registers, reads its messages and gives up again. Windows tells of a
press but not of the release: while a chord is held, `poll` asks whether its key is still down. A chord that another
program has, or that RegisterHotKey cannot express (AltGr as a modifier), goes to the fallback, and `notes` says so at
once. Knows nothing of what actions do.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping
from ctypes import byref

from reskin.errors import HotkeyError, ReskinError
from reskin.platforms.base import Hotkeys, KeyEvent
from reskin.platforms.chords import chord_parts
from reskin.platforms.panic import PanicSwitch
from reskin.platforms.windows import win32 as w
from reskin.platforms.windows.desktop import Desktop
from reskin.platforms.windows.win32 import Win32Error

_MODIFIERS = {"ctrl": w.MOD_CONTROL, "alt": w.MOD_ALT, "shift": w.MOD_SHIFT, "cmd": w.MOD_WIN}
_KEYS = {
    "backspace": 0x08, "tab": 0x09, "enter": 0x0D, "pause": 0x13, "esc": 0x1B, "space": 0x20, "page_up": 0x21,
    "page_down": 0x22, "end": 0x23, "home": 0x24, "left": 0x25, "up": 0x26, "right": 0x27, "down": 0x28,
    "print_screen": 0x2C, "insert": 0x2D, "delete": 0x2E, "menu": 0x5D, "scroll_lock": 0x91,
    **{f"f{number}": 0x6F + number for number in range(1, 21)},
}  # fmt: skip
_ALT_GR = w.MOD_CONTROL | w.MOD_ALT
_START_LIMIT_S = 5.0
_QUEUE_LIMIT = 256


class WindowsHotkeys:
    """`bindings`: action to chord. `fallback` opens other hotkeys for the chords that cannot be registered."""

    name = "RegisterHotKey"

    def __init__(
        self, desktop: Desktop, bindings: Mapping[str, str], fallback: Callable[[Mapping[str, str]], Hotkeys]
    ) -> None:
        self._win32 = desktop.win32
        self.notes: tuple[str, ...] = ()  # for the player: which keys another program has
        self._pressed: queue.Queue[str] = queue.Queue(_QUEUE_LIMIT)
        self._held: dict[str, int] = {}  # action to the key that is down
        self._other: Hotkeys | None = None
        self._panic = PanicSwitch()
        chords, refused = _read(desktop, bindings)
        self._keys = {action: key for action, (_, key) in chords.items()}
        self._thread_id = 0
        self._taken: dict[str, Win32Error] = {}
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(chords,), name="reskin-hotkeys", daemon=True)
        self._thread.start()
        if not self._started.wait(_START_LIMIT_S):
            raise HotkeyError(f"listening for hotkeys: Windows did not answer in {_START_LIMIT_S:.0f} s. Start again.")
        refused |= {action: _why(error) for action, error in self._taken.items()}
        if refused:
            self._hand_over({action: bindings[action] for action in refused}, refused, fallback)

    def _hand_over(
        self, bindings: dict[str, str], refused: dict[str, str], fallback: Callable[[Mapping[str, str]], Hotkeys]
    ) -> None:
        named = "; ".join(f"{action} ({bindings[action]}): {reason}" for action, reason in refused.items())
        try:
            self._other = fallback(bindings)
        except ReskinError as error:
            self.close()
            raise HotkeyError(
                f"registering the hotkeys: {named}. Choose other chords in the settings (`reskin settings`)."
            ) from error
        self.notes = (f"Keys that other programs have or hear as well: {named}. `reskin settings` changes them",)

    def _listen(self, chords: dict[str, tuple[int, int]]) -> None:
        message = w.MSG()
        call = self._win32.call
        call("PeekMessageW", byref(message), 0, 0, 0, w.PM_NOREMOVE)  # makes the thread's queue
        self._thread_id = call("GetCurrentThreadId")
        actions = list(chords)
        registered = []
        for number, action in enumerate(actions):
            try:
                call("RegisterHotKey", 0, number, chords[action][0] | w.MOD_NOREPEAT, chords[action][1])
                registered.append(number)
            except Win32Error as error:
                self._taken[action] = error
        self._started.set()
        try:
            while call("GetMessageW", byref(message), 0, 0, 0):
                if message.message == w.WM_HOTKEY:
                    action = actions[message.wparam]
                    if action == "panic":  # heard in any case
                        self._panic.pressed(time.monotonic_ns())
                    elif self._is_typed(*chords[action]):
                        continue
                    with contextlib.suppress(queue.Full):
                        self._pressed.put_nowait(action)
        finally:
            for number in registered:
                call("UnregisterHotKey", 0, number)

    def _is_typed(self, modifiers: int, key: int) -> bool:
        """Whether a character was typed by AltGr: "@" is AltGr and Q on a German keyboard.

        To Windows AltGr is Ctrl and Alt: the right Alt key, with a left Ctrl key that it adds. Where a keyboard has no
        AltGr, nothing tells that from a right Alt and a left Ctrl that were both pressed.
        """
        if modifiers & _ALT_GR != _ALT_GR or key in _KEYS.values():
            return False
        return self._is_down(w.VK_RMENU) and self._is_down(w.VK_LCONTROL)

    def poll(self) -> list[KeyEvent]:
        self._panic.answer(time.monotonic_ns())
        events = []
        for action, key in list(self._held.items()):
            if not self._is_down(key):
                del self._held[action]
                events.append(KeyEvent(action, pressed=False))
        while True:
            try:
                action = self._pressed.get_nowait()
            except queue.Empty:
                break
            if action not in self._held:
                self._held[action] = self._keys[action]
                events.append(KeyEvent(action, pressed=True))
        return events + (self._other.poll() if self._other is not None else [])

    def _is_down(self, key: int) -> bool:
        return self._win32.call("GetAsyncKeyState", key) < 0  # the highest bit of 16

    def close(self) -> None:
        """Gives the keys back; closing twice is fine."""
        self._panic.close()
        if self._thread.is_alive():
            self._win32.call("PostThreadMessageW", self._thread_id, w.WM_QUIT, 0, 0)
            self._thread.join(_START_LIMIT_S)
        if self._other is not None:
            self._other.close()


def taken_chords(desktop: Desktop, bindings: Mapping[str, str]) -> dict[str, str]:
    """Action to why its chord cannot be registered now. Registers each for a moment."""
    chords, refused = _read(desktop, bindings)
    for number, (action, (modifiers, key)) in enumerate(chords.items()):
        try:
            desktop.win32.call("RegisterHotKey", 0, number, modifiers | w.MOD_NOREPEAT, key)
            desktop.win32.call("UnregisterHotKey", 0, number)
        except Win32Error as error:
            refused[action] = _why(error)
    return refused


def _read(desktop: Desktop, bindings: Mapping[str, str]) -> tuple[dict[str, tuple[int, int]], dict[str, str]]:
    """(modifiers, key) of each action, and why the others cannot be registered."""
    chords: dict[str, tuple[int, int]] = {}
    refused: dict[str, str] = {}
    digits_last = sorted(bindings.items(), key=lambda binding: binding[1].strip()[-1:].isdecimal())
    for action, chord in digits_last:
        if not chord:
            continue
        try:
            parts = chord_parts(chord)
        except ValueError as error:
            raise HotkeyError(
                f'reading the hotkey of "{action}": "{chord}" {error}. Expected one such as "<ctrl>+<alt>+n" or "<f9>".'
            ) from error
        found = _codes(desktop, parts)
        if isinstance(found, str):
            refused[action] = found
            continue
        plain = found[0] & ~w.MOD_SHIFT, found[1]
        if "<shift>" not in parts and any(map(str.isdecimal, parts)) and plain not in chords.values():
            found = plain  # AZERTY has its digits on Shift: their keys alone will do, where no other chord has them
        if found in chords.values():
            other = next(name for name, taken in chords.items() if taken == found)
            raise HotkeyError(f'reading the hotkeys: "{other}" and "{action}" both have {chord}. Change one of them.')
        chords[action] = found
    return chords, refused


def _codes(desktop: Desktop, parts: frozenset[str]) -> tuple[int, int] | str:
    modifiers = key = 0
    for part in parts:
        name = part.strip("<>") if len(part) > 1 else part
        if name in _MODIFIERS:
            modifiers |= _MODIFIERS[name]
        elif name in _KEYS:
            key = _KEYS[name]
        elif len(name) == 1:
            code = desktop.win32.call("VkKeyScanW", ord(name))
            if code == -1 and name.isascii() and name.isalnum():
                code = ord(name.upper())  # Cyrillic, Greek and other layouts: their keys are called by Latin capitals
            if code == -1:
                return f'this keyboard has no key for "{name}"'
            key = code & 0xFF
            modifiers |= w.MOD_SHIFT if code & 0x100 else 0
        elif name.isdigit():
            key = int(name)
        else:
            return f'Windows cannot register the modifier "{name}"'
    return modifiers, key


def _why(error: Win32Error) -> str:
    return "another program has it" if error.code == w.ERROR_HOTKEY_ALREADY_REGISTERED else str(error)
