"""What explains the ticks that a soak missed: chaos, the machine, or a quality that has just changed. Pure bookkeeping.

Each explanation is counted by itself. What the app does to itself explains nothing: an engine that died unasked, or
misses that lowered the quality, are not excused by what followed from them.
"""

from __future__ import annotations

import math
from collections import Counter

from tools.soak_host import Taken

QUALITY_S = 2.0  # after a change of quality: nobody knows yet how long a frame takes
UNEXPLAINED = "nothing known"
CHAOS, FAULT, QUALITY = "chaos", "a fault that nobody caused", "a change of quality"
STOOD_STILL = "seconds in which the program stood still"
UNEXCUSED = (UNEXPLAINED, FAULT, STOOD_STILL)


class Misses:
    """`explain` once a sample, in order."""

    def __init__(self) -> None:
        self.by: Counter[str] = Counter()  # ticks, by what explains them
        self.deaths_unasked = 0  # of the engine
        self._missed = self._deaths = self._stood_still = 0
        self._quality, self._changed_s = 0, -math.inf

    def explain(self, now_s: float, *, missed: int, stood_still: int, deaths: int, quality: int, is_active: bool,
                after_chaos: bool, taken: Taken) -> str | None:  # fmt: skip
        """Counts of the whole run so far, `quality` with 0 for the best; what explains the new misses, if there are.

        `after_chaos`: an action ended within the settling time; `is_active`: the skin is on the game.
        """
        new, self._missed = missed - self._missed, missed
        still, self._stood_still = stood_still - self._stood_still, stood_still
        died, self._deaths = deaths - self._deaths, deaths
        if not after_chaos:
            self.deaths_unasked += died
        # Misses beside a better quality may follow from it, for frames cost more; those beside a worse one led to it.
        is_settling = quality < self._quality or now_s - self._changed_s <= QUALITY_S
        if quality != self._quality:
            self._quality, self._changed_s = quality, now_s
        if still > 0 and not after_chaos:
            self.by[STOOD_STILL] += still
        if new <= 0:
            return STOOD_STILL if still > 0 and not after_chaos else None
        if after_chaos:
            why = CHAOS
        elif not is_active or died:
            why = FAULT
        else:
            why = taken.who or (QUALITY if is_settling else UNEXPLAINED)
        self.by[why] += new
        return why

    @property
    def unexcused(self) -> int:
        return sum(self.by[why] for why in UNEXCUSED)

    def told(self) -> str:
        """The excused ones, in words."""
        return ", ".join(f"{count} by {why}" for why, count in self.by.items() if why not in UNEXCUSED) or "none else"
