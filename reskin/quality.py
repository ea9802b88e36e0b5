"""Which quality level the engine runs at: down when misses persist, up again when there is room, without swinging.

Level 0 is the preset as it is; each level up costs less. Knows nothing of engines: misses and times come in,
a level comes out. Time is counted in ticks, so it needs no clock.
"""

from __future__ import annotations

from reskin.pace import TICK_HZ
from reskin.renderer import QUALITY_LEVELS
from reskin.rolling import Rolling

BUDGET_MS = 1000 / TICK_HZ
WINDOW_TICKS = TICK_HZ  # misses are counted over the last second
DOWN_MISSES = 6  # of 24: a quarter missed is seen as stutter, one or two are not
ROOM = 0.85  # of the budget: the better level must be expected to need less than this
COST_RATIO = 2.0  # of a level to the next, until it has been measured
# What a measurement may say. The two levels ran at different times: beyond these it tells of what else ran then. With
# more than 2.5 a better level would hardly be tried again, with less than 1.1 one that does not fit at every hold.
LEAST_RATIO, MOST_RATIO = 1.1, 2.5
HOLD_TICKS = 5 * TICK_HZ  # at least this long at a level before a better one is tried
HOLD_LIMIT_TICKS = 160 * TICK_HZ  # each try that fails doubles the hold, up to this
CLEAN_PAINTINGS = 600 * TICK_HZ  # ten minutes without a death give back a level that deaths took
CLEAN_LIMIT_PAINTINGS = 16 * CLEAN_PAINTINGS  # each level that is taken again doubles them, up to this


class QualityGovernor:
    """`level` is what the engine should run at; call `tick` once per tick that counts."""

    def __init__(self) -> None:
        self.level = 0
        self.best_level = 0  # raised by deaths, and lowered when they stay away; never above the last level
        self._misses = [False] * WINDOW_TICKS
        self._times = Rolling(WINDOW_TICKS)
        self._ticks = 0  # at this level
        self._hold_ticks = HOLD_TICKS
        self._came_up = False
        self._cost_ratio = [COST_RATIO] * QUALITY_LEVELS  # [q]: cost of level q - 1 over that of level q
        self._cost_above: float | None = None  # of the level that was just left downwards
        self._clean = 0  # paintings since the last death, or since a level was given back
        self._clean_needed = CLEAN_PAINTINGS
        self._gave_back = False  # a level, so that the next that deaths take is taken again

    def tick(self, *, missed: bool, engine_ms: float | None) -> bool:
        """True when the level has changed. `engine_ms` is the newest frame's time, None when there was none."""
        self._misses[self._ticks % WINDOW_TICKS] = missed
        self._ticks += 1
        if engine_ms is not None:
            self._times.add(engine_ms)
            self._forgive()
        if sum(self._misses) >= DOWN_MISSES and self.level < QUALITY_LEVELS - 1:
            return self._step_down()
        if self._ticks < self._hold_ticks:
            return False
        if self._came_up:  # this level has held: later tries need not wait any longer than the first
            self._came_up = False
            self._hold_ticks = HOLD_TICKS
        if any(self._misses) or len(self._times) < WINDOW_TICKS:  # its times say little of what it costs
            return False
        self._learn_cost()
        return self._has_room() and self._step_up()

    def give_way(self) -> bool:
        """One level lower now, for a reason that misses do not show. False when there is none left."""
        return self.level < QUALITY_LEVELS - 1 and self._step_down()

    def died(self) -> None:
        """The engine has ended: what it painted until now was not clean."""
        self._clean = 0

    def lower_best(self) -> bool:
        """One tier lower until the deaths have stayed away for long (three deaths). False when there is none left."""
        if self.best_level >= QUALITY_LEVELS - 1:
            return False
        self.best_level += 1
        if self._gave_back:
            self._clean_needed = min(2 * self._clean_needed, CLEAN_LIMIT_PAINTINGS)
            self._gave_back = False
        if self.level < self.best_level:
            self._go_to(self.best_level)
        return True

    def _forgive(self) -> None:
        """Paintings are counted, not ticks: an engine that has nothing to paint proves nothing."""
        self._clean += 1
        if self.best_level > 0 and self._clean >= self._clean_needed:
            self.best_level -= 1
            self._clean, self._gave_back = 0, True

    def _learn_cost(self) -> None:
        """Once after each step down, when this level's times are known."""
        if self._cost_above is not None:
            # p50 over p95: `_has_room` takes it times p95, so it expects the median that the level above had, scaled by
            # how this level's p95 has changed since. The p95 of that level is of the misses that it was left for.
            ratio = self._cost_above / max(self._times.percentile(95), 0.1)
            self._cost_ratio[self.level] = min(MOST_RATIO, max(LEAST_RATIO, ratio))
            self._cost_above = None

    def _has_room(self) -> bool:
        if self.level <= self.best_level:
            return False
        return self._times.percentile(95) * self._cost_ratio[self.level] < ROOM * BUDGET_MS

    def _step_down(self) -> bool:
        failed_try = self._came_up
        self._cost_above = self._times.percentile(50) if len(self._times) else None
        self._go_to(self.level + 1)
        if failed_try:
            self._hold_ticks = min(2 * self._hold_ticks, HOLD_LIMIT_TICKS)
        return True

    def _step_up(self) -> bool:
        self._cost_above = None
        self._go_to(self.level - 1)
        self._came_up = True
        return True

    def _go_to(self, level: int) -> None:
        self.level = level
        self._came_up = False
        self._ticks = 0
        self._misses = [False] * WINDOW_TICKS
        self._times.clear()
