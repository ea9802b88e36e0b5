"""The keyboard by XGrabKeyboard: what is typed comes here, the game hears nothing, and it keeps the focus.

It is taken only when every key is up, so that the game sees the hotkey's own keys go up; a key held longer (walking)
is told to the game when it does. It is given back when the last key typed is up. The server gives it back by itself
when this process ends, however it ends. Requests are sent at one poll and their replies read at the next, so no round
trip is waited for in the loop's thread. The layout is read anew whenever the keyboard is taken.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

import xcffib
import xcffib.xkb
import xcffib.xproto as xp

from reskin.errors import DisplayError
from reskin.platforms.base import EditKey, InputState, Typed
from reskin.platforms.x11.connection import XConnection
from reskin.platforms.x11.keymap import CONTROL, SHIFT, Keymap
from reskin.platforms.x11.keysyms import DEAD, EDIT_KEYS, composed, text_of
from reskin.prompts import LONGEST_PROMPT

KEYS_UP_NS = 500_000_000  # waited for before the keyboard is taken, and before it is given back
REFUSED_NS = 1_500_000_000  # from the wish on
_INSERT = 0xFF63


class X11TextInput:
    name = "XGrabKeyboard"

    def __init__(self, display: str | None = None) -> None:
        self.state = InputState.OFF
        self._is_ending = False
        self._x = XConnection(display)
        self._since_ns = 0
        self._reply: Any = None  # that the next poll reads
        self._focus: Any = None  # who has the focus; the same
        self._game = 0  # the window that had it when the keyboard was taken
        self._held_by_game: set[int] = set()
        self._down: set[int] = set()  # keys pressed since then
        self._dead = 0
        with self._x.guard("reading the keyboard's layout"):
            self._layout = self._ask_for_layout()
            self._keymap = Keymap.of_replies(self._x.key_codes[0], *(reply.reply() for reply in self._layout))
            self._speak_xkb()
            self._window = self._x.new_id()  # for pasting; never shown
            self._x.core.CreateWindow(
                0, self._window, self._x.root, 0, 0, 1, 1, 0, xp.WindowClass.InputOnly, 0, 0, [], is_checked=True
            ).check()

    def begin(self) -> None:
        self._is_ending = False  # it waits for keys to go up, so the keyboard is still ours
        if self.state is InputState.OFF:
            self.state, self._since_ns = InputState.STARTING, time.monotonic_ns()
            self._dead, self._down = 0, set()
            with self._x.guard("taking the keyboard"):
                self._layout = self._ask_for_layout()
                self._ask(self._x.core.QueryKeymap())

    def end(self) -> None:
        if self.state is InputState.ACTIVE:
            self._is_ending, self._since_ns = True, time.monotonic_ns()
        elif self.state is not InputState.OFF:
            self._give_back()

    def poll(self) -> list[Typed]:
        with self._x.guard("listening to what is typed"):
            typed = [piece for event in self._x.events() for piece in self._heard(event)]
            waited_ns = time.monotonic_ns() - self._since_ns
            if self.state is InputState.STARTING:
                self._take(waited_ns)
            elif self._is_ending and (not self._down or waited_ns > KEYS_UP_NS):
                self._give_back()
        return [] if self._is_ending else typed

    def close(self) -> None:
        with contextlib.suppress(DisplayError, xcffib.XcffibException):
            self._give_back()
        with contextlib.suppress(xcffib.XcffibException):
            self._x.close()
        self.state = InputState.OFF

    def _take(self, waited_ns: int) -> None:
        """One step towards the keyboard: are all keys up? then ask for it; was it given?"""
        reply, core = self._reply.reply(), self._x.core
        if isinstance(reply, xp.QueryKeymapReply):
            held = {8 * byte + bit for byte, bits in enumerate(reply.keys) for bit in range(8) if bits >> bit & 1}
            if held and waited_ns < KEYS_UP_NS:
                self._ask(core.QueryKeymap())
                return
            self._keymap = Keymap.of_replies(self._x.key_codes[0], *(reply.reply() for reply in self._layout))
            self._held_by_game = held
            self._focus = core.GetInputFocus()
            self._ask(self._grab())
        elif reply.status == xp.GrabStatus.Success:
            self._game = self._focus.reply().focus
            self.state = InputState.ACTIVE
        elif waited_ns < REFUSED_NS:
            self._ask(self._grab())
        else:
            self.state = InputState.REFUSED

    def _grab(self) -> Any:
        mode = xp.GrabMode.Async
        return self._x.core.GrabKeyboard(False, self._x.root, xp.Time.CurrentTime, mode, mode)

    def _ask(self, request: Any) -> None:
        self._reply = request
        self._x.flush()

    def _give_back(self) -> None:
        self.state, self._is_ending = InputState.OFF, False
        with self._x.guard("giving the keyboard back"):
            self._x.core.UngrabKeyboard(xp.Time.CurrentTime)
            self._x.flush()

    def _heard(self, event: Any) -> list[Typed]:
        if isinstance(event, xp.KeyReleaseEvent):
            self._down.discard(event.detail)
            if event.detail in self._held_by_game:
                self._tell_game(event)
        elif isinstance(event, xp.KeyPressEvent) and event.detail not in self._held_by_game:
            self._down.add(event.detail)
            return self._typed(event)
        elif isinstance(event, xp.SelectionNotifyEvent) and event.property:
            text = self._x.property_text(self._window, "RESKIN_PASTE")
            self._x.core.DeleteProperty(self._window, self._x.atom("RESKIN_PASTE"))
            return [Typed(text=" ".join(text.split())[:LONGEST_PROMPT])]
        return []

    def _typed(self, event: Any) -> list[Typed]:
        keysym = self._keymap.keysym(event.detail, event.state)
        if keysym == _INSERT and event.state & SHIFT:
            self._paste()
        elif keysym in EDIT_KEYS:
            self._dead = 0
            return [Typed(key=EDIT_KEYS[keysym])]
        elif self._keymap.is_shortcut(event.state):
            letter = text_of(self._keymap.keysym(event.detail, 0)).lower()
            if event.state & CONTROL and letter == "v":
                self._paste()
            elif event.state & CONTROL and letter == "u":
                return [Typed(key=EditKey.CLEAR)]
        elif keysym in DEAD:
            self._dead = keysym
        elif text := text_of(keysym):
            dead, self._dead = self._dead, 0
            return [Typed(text=composed(dead, text) if dead else text)]
        return []

    def _paste(self) -> None:
        """Asks for the clipboard; its owner answers by an event."""
        atoms = (self._x.atom(name) for name in ("CLIPBOARD", "UTF8_STRING", "RESKIN_PASTE"))
        self._x.core.ConvertSelection(self._window, *atoms, xp.Time.CurrentTime)
        self._x.flush()

    def _tell_game(self, event: Any) -> None:
        """A key that the game saw going down goes up: said by hand, as the keyboard is ours."""
        self._held_by_game.discard(event.detail)
        release = xp.KeyReleaseEvent.synthetic(
            event.detail, event.time, event.root, self._game, 0, event.root_x, event.root_y, 0, 0, event.state, True
        )
        self._x.core.SendEvent(True, self._game, xp.EventMask.KeyRelease, release.pack())
        self._x.flush()

    def _ask_for_layout(self) -> tuple[Any, Any]:
        first, last = self._x.key_codes
        return self._x.core.GetKeyboardMapping(first, last - first + 1), self._x.core.GetModifierMapping()

    def _speak_xkb(self) -> None:
        """Events then name the layout's group, and a key that repeats does not go up in between."""
        if self._x.has_extension("XKEYBOARD"):
            requests = self._x.extension(xcffib.xkb)
            repeats = xcffib.xkb.PerClientFlag.DetectableAutoRepeat
            requests.PerClientFlags(xcffib.xkb.ID.UseCoreKbd, repeats, repeats, 0, 0, 0).reply()
