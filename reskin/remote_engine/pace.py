"""Which quality a server is asked for, by what it says once a second of its own times. Knows nothing of the network.

One that is slower than a tick is asked for less; more is tried again after a while, longer each time that it failed.
"""

from __future__ import annotations

from reskin.pace import TICK_HZ
from reskin.remote_engine.states import ServerFigures
from reskin.renderer import QUALITY_LEVELS

BUDGET_MS = 1000 / TICK_HZ
SLOW_SECONDS = 2  # in a row
ROOM = 0.4  # of the budget: a level better costs about twice as much
HOLD_SECONDS, HOLD_LIMIT_SECONDS = 10, 320


class ServerPace:
    def __init__(self) -> None:
        self.quality = 0
        self._slow = self._held = 0  # seconds
        self._hold = HOLD_SECONDS
        self._came_up = False

    def see(self, figures: ServerFigures) -> None:
        """The newest figures; `quality` is up to date then."""
        if figures.fps == 0:
            return  # it has painted nothing: there is nothing to judge
        self._held += 1
        self._slow = self._slow + 1 if figures.engine_ms_p95 > BUDGET_MS else 0
        if self._slow >= SLOW_SECONDS and self.quality < QUALITY_LEVELS - 1:
            self._hold = min(2 * self._hold, HOLD_LIMIT_SECONDS) if self._came_up else self._hold
            self._go_to(self.quality + 1, came_up=False)
        elif self.quality > 0 and self._held >= self._hold and figures.engine_ms_p95 < ROOM * BUDGET_MS:
            self._go_to(self.quality - 1, came_up=True)

    def _go_to(self, quality: int, *, came_up: bool) -> None:
        self.quality, self._came_up = quality, came_up
        self._slow = self._held = 0
