"""How a run is: one of five states, with the reason in words. What the status and the player's notes are made from.

    SEEKING  nothing to show yet: the engine is starting, or the game's window is looked for
    ACTIVE   the skin is on the game (and in words, where another engine than the one asked for paints it)
    PAUSED   there is nothing to paint: the window is minimised, hidden or too small, or the player switched it off
    LOST     the game's window has been away for 2 s
    FAULT    there should be a skin and there is none, or not for long: the reason says whose fault it is

In every state but ACTIVE the player has the untouched game; the presenter sees to that by itself, by the age of what it
has, and never waits for this. Knows nothing of windows, processes or pixels: facts come in once a tick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reskin.pace import TICK_HZ
from reskin.platforms.base import CaptureState
from reskin.rolling import Rolling
from reskin.status import EngineState, PlayState

LOST_NS = 2_000_000_000  # a game that changes its mode closes its window and opens another: no loss until then
BLACK_NS = 2_000_000_000  # a game's own fade through black, or its loading, is no fault of the capture
STALLED_NS = 250_000_000  # by then the presenter has given the game back (STALE_NS and a tick), which is what is said
START_NS = 2_000_000_000  # from the first painting on: the first ones may be late, as everything is new
BLACK_LEVEL = 8  # of 255: no sample of a black picture is lighter
AGAIN_NS = 10_000_000_000  # a fault that lasts is told again, with what the player can do
SLOW_FACTOR = 3.0
SLOW_TICKS = 2 * TICK_HZ
LOOK_TICKS = 8  # three times a second is often enough
USUAL_TICKS = 20 * TICK_HZ  # so one slow second in them is left out by their p95

LATE = "The engine is late: this is the game itself, until it keeps up again"
TOO_SLOW = (
    "The engine is too slow for this machine now: this is the game itself. Close other programs, or make the "
    "game's window smaller"
)
SLOW = "The engine takes three times as long as before, as it does when memory is full: trying a lower quality"
UNSEEN = "The game's window is minimised, hidden, or a quarter of it is covered by another"
BLACK = "The game's picture is black: this is the game itself. In full screen, try borderless instead"
STALLED = "The game's window gives no picture: this is the game itself"
ENGINE_FAULTS = {
    EngineState.STARTING: "The engine is starting again: this is the game itself",
    EngineState.DEAD: "The engine has ended and will be started again: this is the game itself",
    EngineState.HUNG: "The engine hangs and is being ended: this is the game itself",
    EngineState.LATE: LATE,
    EngineState.AWAY: "The engine's server does not answer: this is the game itself",
}
SAID_BY_THE_ENGINE = {ENGINE_FAULTS[state] for state in (EngineState.STARTING, EngineState.DEAD, EngineState.HUNG)}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one tick knows."""

    capture: CaptureState
    is_large_enough: bool = True  # the window
    has_picture: bool = True
    is_black: bool = False
    engine: EngineState = EngineState.ACTIVE
    has_painted: bool = True  # since the run began
    standing: str = ""  # what the engine says of itself, as long as it is so
    is_on: bool = True
    is_comparing: bool = False
    is_well: bool = True  # a painting is on the screen, or is held back until its fade may begin


class FaultWatch:
    """`see` the facts of every tick; `state` and `why` are what is so now."""

    def __init__(self) -> None:
        self.state = PlayState.SEEKING
        self.why = ""
        self.is_slow = False
        self._has_been_active = False
        self._unpainted_until_ns = 0  # up to when nothing was
        self._stalled_since_ns: int | None = None
        self._away_since_ns: int | None = None
        self._black_since_ns: int | None = None
        self._told_ns = 0
        self._usual_ms = Rolling(USUAL_TICKS)
        self._recent_ms: list[float] = []

    @property
    def is_black(self) -> bool:
        """For so long that there is nothing to skin."""
        return self.why == BLACK

    def see(self, facts: Facts, now_ns: int) -> str | None:
        """Brings the state up to date; returns what the player is to be told, if anything."""
        before = self.why
        self._stalled_since_ns = _since(not facts.has_picture, self._stalled_since_ns, now_ns)
        self._away_since_ns = _since(facts.capture is CaptureState.SEEKING, self._away_since_ns, now_ns)
        self._black_since_ns = _since(facts.is_black, self._black_since_ns, now_ns)
        self.state, self.why = self._judge(facts, now_ns)
        if self.state is not PlayState.FAULT or self.why in SAID_BY_THE_ENGINE:
            self._told_ns = now_ns
            return None
        if self.why != before and facts.has_painted and self._has_been_active:
            self._told_ns = now_ns
            return self.why
        if now_ns - self._told_ns < AGAIN_NS:
            return None
        self._told_ns = now_ns
        return TOO_SLOW if self.why == LATE else self.why

    def engine_took(self, engine_ms: float) -> bool:
        """True when it takes three times as long as before, for two seconds: memory that is full looks like that."""
        self._recent_ms.append(engine_ms)
        if len(self._recent_ms) < SLOW_TICKS + LOOK_TICKS:
            return False
        older, self._recent_ms = self._recent_ms[:LOOK_TICKS], self._recent_ms[LOOK_TICKS:]
        for ms in older:
            self._usual_ms.add(ms)
        usual_p95 = self._usual_ms.percentile(95)
        is_known = len(self._usual_ms) >= SLOW_TICKS
        recent_p95 = sorted(self._recent_ms)[SLOW_TICKS * 95 // 100]
        self.is_slow = is_known and recent_p95 > SLOW_FACTOR * max(1.0, usual_p95)
        return self.is_slow and min(self._recent_ms) > usual_p95

    def forget_times(self) -> None:
        """The engine has changed: what it took before says nothing of what it will take."""
        self.is_slow = False
        self._usual_ms.clear()
        self._recent_ms.clear()

    def _judge(self, facts: Facts, now_ns: int) -> tuple[PlayState, str]:
        if facts.capture is CaptureState.LOST:
            return PlayState.LOST, "The game's window is gone"
        if self._away_since_ns is not None:
            is_lost = now_ns - self._away_since_ns >= LOST_NS
            return PlayState.LOST if is_lost else PlayState.SEEKING, "The game's window is gone: looking for it"
        if facts.capture is CaptureState.PAUSED:
            return PlayState.PAUSED, UNSEEN
        if not facts.is_large_enough:
            return PlayState.PAUSED, "The game's window is too small"
        if self._stalled_since_ns is not None:
            is_stalled = now_ns - self._stalled_since_ns >= STALLED_NS
            return (PlayState.FAULT, STALLED) if is_stalled else (self.state, self.why)
        if self._starts(facts, now_ns):
            return PlayState.SEEKING, "The engine is starting"
        if not facts.is_on:
            return PlayState.PAUSED, "Switched off"
        if facts.engine in ENGINE_FAULTS:
            said = facts.standing if facts.engine is EngineState.AWAY else ""
            return PlayState.FAULT, said or ENGINE_FAULTS[facts.engine]
        if self._black_since_ns is not None and now_ns - self._black_since_ns >= BLACK_NS:
            return PlayState.FAULT, BLACK
        if not facts.is_well and not facts.is_comparing:
            return PlayState.FAULT, facts.standing or LATE
        return (PlayState.FAULT, SLOW) if self.is_slow else (PlayState.ACTIVE, facts.standing)

    def _starts(self, facts: Facts, now_ns: int) -> bool:
        """Until the skin was there once; its first paintings may be late, as everything is new."""
        if not facts.has_painted:
            self._unpainted_until_ns = now_ns
        is_first = facts.engine is EngineState.STARTING  # also in the tick that shows its first painting
        self._has_been_active |= facts.is_well and facts.has_painted and not is_first
        return not self._has_been_active and (facts.is_on or not facts.has_painted) and (
            is_first or now_ns - self._unpainted_until_ns < START_NS
        )  # fmt: skip


def looks_black(bgra_u8: np.ndarray) -> bool:
    """By a coarse grid of samples: 0.01 ms."""
    h, w = bgra_u8.shape[:2]
    return bool(bgra_u8[:: max(1, h // 24), :: max(1, w // 32), :3].max() <= BLACK_LEVEL)


def _since(holds: bool, before_ns: int | None, now_ns: int) -> int | None:
    if not holds:
        return None
    return now_ns if before_ns is None else before_ns
