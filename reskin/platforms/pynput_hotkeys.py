"""Global hotkeys through pynput, heard while the game has the focus. The game hears the keys too: pynput cannot take
them away, so chords should be ones that games leave alone.

pynput calls from a thread of its own; all that happens there is one put into a bounded queue, and the panic switch,
which must not depend on the loop. Chords are worked out in `poll`, in the loop's thread.
pynput is imported late, because its import opens the display.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import time
from collections.abc import Hashable, Mapping
from typing import Any

from reskin.errors import DisplayError, HotkeyError
from reskin.platforms.base import KeyEvent
from reskin.platforms.chords import Chord, ChordTracker
from reskin.platforms.panic import PanicSwitch

_QUEUE_LIMIT = 256  # keys; ten seconds of furious typing between two polls, then the newest are dropped
_JOIN_LIMIT_S = 1.0
_COLUMNS = 4  # of a key's signs in X: two layouts, without and with Shift
_FIRST_SIGN, _LAST_SIGN = 0x21, 0x7E  # keysyms that are ASCII
EXAMPLE = '"<ctrl>+<alt>+n" or "<f9>"'


class PynputHotkeys:
    """`bindings`: action to chord in pynput's syntax; an empty chord binds nothing. HotkeyError names a bad chord."""

    name = "pynput"
    notes: tuple[str, ...] = ()

    def __init__(self, bindings: Mapping[str, str]) -> None:
        keyboard = _import_keyboard()
        chords = _parse_all(keyboard, bindings)
        self._tracker = ChordTracker(chords)
        self._panic = PanicSwitch(chords["panic"]) if "panic" in chords else None
        self._keys: queue.Queue[tuple[Any, bool, int]] = queue.Queue(_QUEUE_LIMIT)
        bound = frozenset(char for chord in chords.values() if (char := getattr(chord.main, "char", None)))
        self._listener = _quiet_listener(keyboard, self._post, bound)
        self._listener.start()
        self._listener.wait()
        self._check_listener()

    def _post(self, key: Any, pressed: bool) -> None:
        now_ns = time.monotonic_ns()
        if self._panic is not None:
            self._panic.feed(_canonical(self._listener, key), pressed, now_ns)
        with contextlib.suppress(queue.Full):
            self._keys.put_nowait((key, pressed, now_ns))

    def poll(self) -> list[KeyEvent]:
        self._check_listener()
        if self._panic is not None:
            self._panic.answer(time.monotonic_ns())
        while True:
            try:
                key, pressed, at_ns = self._keys.get_nowait()
            except queue.Empty:
                return self._tracker.events(time.monotonic_ns())
            self._tracker.feed(_canonical(self._listener, key), pressed, at_ns)

    def _check_listener(self) -> None:
        if self._listener.failure is not None or not self._listener.is_alive():
            raise DisplayError(
                f"listening for hotkeys: the listener ended ({self._listener.failure or 'no reason given'}). "
                "The display went away or forbids listening; check $DISPLAY and start Reskin again."
            )

    def close(self) -> None:
        """Stop listening; closing twice, or after the display went away, is fine."""
        if self._panic is not None:
            self._panic.close()
        if self._listener.is_alive():
            self._listener.stop()
            self._listener.wake()
            self._listener.join(_JOIN_LIMIT_S)


def parse_chord(keyboard: Any, action: str, chord: str) -> Chord:
    """One main key and any modifiers; HotkeyError says what is wrong with anything else."""
    try:
        keys = keyboard.HotKey.parse(chord.strip().lower())
    except ValueError as error:
        raise HotkeyError(
            f'reading the hotkey of "{action}": "{chord}" is no chord ("{error}" cannot be read). Expected keys joined '
            f"by +, names in angle brackets, such as {EXAMPLE}."
        ) from error
    mains = [key for key in keys if not isinstance(key, keyboard.Key)]
    if len(mains) != 1:
        raise HotkeyError(
            f'reading the hotkey of "{action}": "{chord}" has {len(mains)} keys besides the modifiers, expected one, '
            f"such as {EXAMPLE}."
        )
    return Chord(main=mains[0], modifiers=frozenset(keys) - {mains[0]})


def _parse_all(keyboard: Any, bindings: Mapping[str, str]) -> dict[str, Chord]:
    chords: dict[str, Chord] = {}
    for action, text in bindings.items():
        if not text:
            continue
        chord = parse_chord(keyboard, action, text)
        for other, taken in chords.items():
            if taken == chord:
                raise HotkeyError(
                    f'reading the hotkeys: "{action}" and "{other}" both have {text}. Change one of them.'
                )
        chords[action] = chord
    return chords


def _import_keyboard() -> Any:
    try:
        from pynput import keyboard
    except ImportError as error:  # raised without a display, where a backend is missing, and on Wayland alone
        raise DisplayError(
            f"listening for hotkeys: pynput cannot reach the keyboard ({str(error).splitlines()[0]}). "
            "Expected an X11 session; check $DISPLAY."
        ) from error
    return keyboard


def _quiet_listener(keyboard: Any, post: Any, bound: frozenset[str]) -> Any:
    """pynput's listener with an end in good order; the private names are those of pynput 1.8's X11 part.

    `bound` are the characters of chords: a key that bears one in any place is that one, where the layout in use gives
    another (digits of AZERTY need Shift, a Cyrillic layout has no Latin letters).
    """

    class QuietListener(keyboard.Listener):  # type: ignore[misc]
        failure: Exception | None = None

        def run(self) -> None:
            """Keep the error that ended it, where pynput would print a traceback and leave its sockets open."""
            try:
                super().run()
            except Exception as error:  # noqa: BLE001 - of whatever kind python-xlib raises; `poll` reports it
                self.failure = error
                self._mark_ready()  # or who waits for the start would wait for ever
                for connection in self._x11_connections():
                    with contextlib.suppress(Exception):  # it is the broken one
                        connection.close()

        if sys.platform.startswith("linux"):  # Windows' part has another method of that name

            def _event_to_key(self, display: Any, event: Any) -> Any:
                key = super()._event_to_key(display, event)
                char = getattr(key, "char", None)
                if char is None or char.lower() in bound:
                    return key
                columns = (display.keycode_to_keysym(event.detail, column) for column in range(_COLUMNS))
                others = (chr(keysym).lower() for keysym in columns if _FIRST_SIGN <= keysym <= _LAST_SIGN)
                return next((keyboard.KeyCode.from_char(other) for other in others if other in bound), key)

        def wake(self) -> None:
            """pynput asks the recording connection to stop, which hears that with the next key; ask over the other."""
            for connection in self._x11_connections()[:1]:
                with contextlib.suppress(Exception):  # broken: then the listener ends by that
                    connection.record_disable_context(self._context)
                    connection.flush()

        def _x11_connections(self) -> list[Any]:
            names = ("_display_stop", "_display_record")
            return [getattr(self, name) for name in names if hasattr(self, name)]

    return QuietListener(on_press=lambda key: post(key, True), on_release=lambda key: post(key, False))


def _canonical(listener: Any, key: Any) -> Hashable:
    """Left and right modifiers are one, capitals are small; None for a key that pynput cannot name."""
    canonical: Hashable = None if key is None else listener.canonical(key)
    return canonical
