"""Who gets one of the slots, and who waits at which place: overload is refused at the door, never felt by who is in.

One who was refused keeps the place by coming back within PATIENCE_S; those before them go first. Knows nothing of
sessions, tokens or the network; for one thread.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from reskin.errors import ServeError

RETRY_S = 5.0  # after which one who waits shall ask again: 12 of the 30 offers of a minute
PATIENCE_S = 3 * RETRY_S  # a place in the queue that nobody asks about goes
MOST_WAITING = 256  # places in it


class AdmissionRefused(ServeError):
    """Every slot is taken. `position` is the place in the queue, from 1."""

    def __init__(self, position: int, retry_s: float = RETRY_S) -> None:
        super().__init__(f"entering: every slot is taken; place {position} in the queue, ask again in {retry_s:g} s")
        self.position = position
        self.retry_s = retry_s


class Admission:
    def __init__(self, slots: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.slots = slots
        self._clock = clock
        self._waiting: OrderedDict[str, float] = OrderedDict()  # who, and when they asked last

    @property
    def waiting(self) -> int:
        self._forget_the_gone()
        return len(self._waiting)

    def enter(self, who: str, taken: int) -> None:
        """Returns when `who` may take a slot, `taken` of which are; AdmissionRefused when not."""
        self._forget_the_gone()
        free = self.slots - taken
        places = list(self._waiting)
        place = places.index(who) if who in self._waiting else len(places)
        if place < free:
            self._waiting.pop(who, None)
            return
        if who in self._waiting or len(self._waiting) < MOST_WAITING:
            self._waiting[who] = self._clock()
        raise AdmissionRefused(place + 1)

    def _forget_the_gone(self) -> None:
        since_s = self._clock() - PATIENCE_S
        for who in [who for who, asked_s in self._waiting.items() if asked_s < since_s]:
            del self._waiting[who]
