"""What a chord's text says; and from single keys going down and up to the actions that chords stand for.

The text is in pynput's syntax, read by hand because importing pynput needs a display. Knows no keyboard library and no
thread.

A chord fires when its main key goes down while its modifiers are held; further modifiers do not block it (a player
holds shift to run), but of two chords on one key the one with more of its modifiers held wins. Holding a key makes
keyboards repeat it as up-down pairs at one instant, so a release counts only once nothing came after it for a while.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from reskin.platforms.base import KeyEvent
from reskin.toml_reader import hint

REPEAT_GAP_NS = 40_000_000  # up-down pairs of auto-repeat come together; a finger needs more than 40 ms
MODIFIERS = ("ctrl", "alt", "shift", "cmd", "alt_gr")  # of either side: pynput makes one key of the two
NAMED_KEYS = (
    "up", "down", "left", "right", "home", "end", "page_up", "page_down", "insert", "delete", "backspace", "enter",
    "space", "tab", "esc", "pause", "print_screen", "scroll_lock", "menu", *(f"f{n}" for n in range(1, 21)),
)  # fmt: skip


def chord_parts(chord: str) -> frozenset[str]:
    """The keys of a chord; two chords with equal parts are the same chord. ValueError for what pynput cannot read."""
    text = chord.strip().lower()
    parts = re.split(r"\+(?=.)", text) if text else []  # a "+" that ends the text is the plus key itself
    keys = 0
    for part in parts:
        name = part[1:-1] if re.fullmatch(r"<[a-z_0-9]+>", part) else ""
        if name in MODIFIERS:
            continue
        if part in MODIFIERS or part in NAMED_KEYS:
            raise ValueError(f'"{part}" must be written "<{part}>"')
        if len(part) != 1 and name not in NAMED_KEYS and not name.isdigit():
            raise ValueError(f'"{part}" is no key{hint(name or part, (*MODIFIERS, *NAMED_KEYS))}')
        keys += 1
    if parts and keys != 1:
        raise ValueError(f"has {keys} keys besides the modifiers; a chord has exactly one")
    if len(set(parts)) != len(parts):
        raise ValueError("has the same key twice")
    return frozenset(parts)


@dataclass(frozen=True, kw_only=True)
class Chord:
    main: Hashable
    modifiers: frozenset[Hashable]


class ChordTracker:
    """Feed every key with its time, then ask for the events; times are monotonic nanoseconds."""

    def __init__(self, chords: Mapping[str, Chord]) -> None:
        self._chords = dict(chords)
        self._modifiers: frozenset[Hashable] = frozenset().union(*(chord.modifiers for chord in chords.values()))
        self._held_modifiers: set[Hashable] = set()
        self._down: set[str] = set()  # actions that were reported as pressed
        self._released_ns: dict[str, int] = {}  # of those, the ones that went up and may be repeating
        self._events: list[KeyEvent] = []

    def feed(self, key: Hashable, pressed: bool, now_ns: int) -> None:
        self._settle(now_ns)
        if key in self._modifiers:
            self._feed_modifier(key, pressed, now_ns)
        if not pressed:
            self._lift({action for action in self._down if self._chords[action].main == key}, now_ns)
        else:
            for action in self._fired_by(key):
                repeated = self._released_ns.pop(action, None) is not None or action in self._down
                if not repeated:
                    self._down.add(action)
                    self._events.append(KeyEvent(action, pressed=True))

    def events(self, now_ns: int) -> list[KeyEvent]:
        """What happened since the last call, oldest first."""
        self._settle(now_ns)
        events, self._events = self._events, []
        return events

    def _feed_modifier(self, key: Hashable, pressed: bool, now_ns: int) -> None:
        if pressed:
            self._held_modifiers.add(key)
        else:
            self._held_modifiers.discard(key)
            self._lift({action for action in self._down if key in self._chords[action].modifiers}, now_ns)

    def _fired_by(self, key: Hashable) -> list[str]:
        candidates = [
            action for action, chord in self._chords.items()
            if chord.main == key and chord.modifiers <= self._held_modifiers
        ]  # fmt: skip
        most = max((len(self._chords[action].modifiers) for action in candidates), default=0)
        return [action for action in candidates if len(self._chords[action].modifiers) == most]

    def _lift(self, actions: set[str], now_ns: int) -> None:
        for action in actions:
            self._released_ns.setdefault(action, now_ns)

    def _settle(self, now_ns: int) -> None:
        """Report the releases that no repeat has taken back."""
        for action in [a for a, released_ns in self._released_ns.items() if now_ns - released_ns >= REPEAT_GAP_NS]:
            del self._released_ns[action]
            self._down.discard(action)
            self._events.append(KeyEvent(action, pressed=False))
