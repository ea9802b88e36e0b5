"""The last way to give the player the game back: when the loop does not answer the panic key, the process ends.

Lives in the keyboard listener's thread, which runs while the loop is stuck in a call that does not return. With the
process go its window, its shared memory and its engine. Knows nothing of what the loop is stuck in.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Hashable

from reskin.platforms.chords import Chord, ChordTracker

ANSWER_S = 0.2  # a tick is 42 ms; the game is to be back within 250 ms
EXIT_STATUS = 3
_SAID = "reskin: the panic key was pressed and nothing answered within 0.2 s, so Reskin has ended itself\n"
_SAY_S = 0.02


def end_process() -> None:
    """At once: no handler, no flush, nothing that could wait; what is said is said by a thread, should that block."""
    threading.Thread(target=_say, daemon=True).start()
    time.sleep(_SAY_S)
    os._exit(EXIT_STATUS)


def _say() -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # no terminal, or one that has been closed
        sys.stderr.write(_SAID)


class PanicSwitch:
    """`feed` every key from the listener's thread, or tell it that the chord was `pressed` where the system knows
    chords itself; `answer` from the loop, whenever it asks for keys.
    """

    def __init__(self, chord: Chord | None = None, end: Callable[[], None] = end_process) -> None:
        self._tracker = ChordTracker({} if chord is None else {"panic": chord})
        self._end = end
        self._answered_ns = time.monotonic_ns()
        self._is_closed = False

    def feed(self, key: Hashable, pressed: bool, now_ns: int) -> None:
        self._tracker.feed(key, pressed, now_ns)
        if any(event.pressed for event in self._tracker.events(now_ns)):
            self.pressed(now_ns)

    def pressed(self, now_ns: int) -> None:
        timer = threading.Timer(ANSWER_S, self._check, (now_ns,))
        timer.daemon = True
        timer.start()

    def answer(self, now_ns: int) -> None:
        self._answered_ns = now_ns

    def close(self) -> None:
        self._is_closed = True

    def _check(self, pressed_ns: int) -> None:
        if self._answered_ns < pressed_ns and not self._is_closed:
            self._end()
