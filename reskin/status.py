"""What the loop counts and times, for the terminal, the log, the control page and the benches.

Written in the loop's process alone. Times are rolling windows of a fixed size, so a day of play costs the same memory
as a minute.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from reskin.glass_meter import GlassReport
from reskin.rolling import Rolling
from reskin.shared_frames import NO_DRIFT, Drift


class EngineState(Enum):
    STARTING = "starting"  # loading its model, or painting its first frame
    ACTIVE = "active"
    REMOTE = "remote"  # a server paints
    AWAY = "away"  # a server does not answer, and nobody paints instead
    LATE = "late"  # no sign of life for 250 ms
    HUNG = "hung"  # none for 5 s: being killed
    DEAD = "dead"  # ended; will be started again


class PlayState(Enum):
    """What `reskin.fault_states` makes of it all; it says what each means."""

    SEEKING = "seeking"
    ACTIVE = "active"
    PAUSED = "paused"
    LOST = "lost"
    FAULT = "fault"


@dataclass(kw_only=True)
class Status:
    # since the loop began: grabbed == shown + dropped at the end
    grabbed: int = 0
    shown: int = 0  # grabbed frames of which a painting was presented
    dropped_overtaken: int = 0  # a newer frame came before the engine, or the loop, got to this one
    dropped_hidden: int = 0  # painted, but the player looked at the game itself, or the window's size had changed
    dropped_engine: int = 0  # the engine died or raised over it, or the loop ended first
    engine_deaths: int = 0
    engine_errors: int = 0  # exceptions that the renderer raised
    skipped: int = 0  # ticks that went by before the loop was back

    # since the warm-up ended
    measured_from_ns: int = 0
    measured_until_ns: int = 0
    ticks: int = 0  # at which the player should have got a new picture
    missed: int = 0  # of those, without one: the last was repeated, or the game itself was shown
    stood_still: int = 0  # ticks in pauses that count as neither: the machine slept, or something held up the program
    missed_by: Counter[str] = field(default_factory=Counter)  # what was slower than usual, as far as it is known yet
    lateness_ms: Rolling = field(default_factory=Rolling)  # start of the present minus its deadline
    latency_ms: Rolling = field(default_factory=Rolling)  # grab to presented, as the loop knows it
    stages_ms: dict[str, Rolling] = field(default_factory=dict)

    # now
    state: PlayState = PlayState.SEEKING
    why: str = ""  # it is not active, in words
    engine: EngineState = EngineState.STARTING
    engine_name: str = ""
    quality: int = 0
    drift: Drift = NO_DRIFT  # of the last painting
    theme: str = ""  # its name
    strength: float = 0.0
    view: str = ""
    is_on: bool = True
    size: tuple[int, int] = (0, 0)  # (h, w) of the last frame grabbed
    ended_because: str = ""
    failures: list[str] = field(default_factory=list)  # of sinks that were dropped; the loop went on
    glass: GlassReport | None = None  # what a player saw, where a meter was watching

    @property
    def dropped(self) -> int:
        return self.dropped_overtaken + self.dropped_hidden + self.dropped_engine

    @property
    def presented(self) -> int:
        """New pictures since the warm-up."""
        return self.ticks - self.missed

    @property
    def missed_share(self) -> float:
        return self.missed / self.ticks if self.ticks else 0.0

    @property
    def fps(self) -> float:
        elapsed_s = (self.measured_until_ns - self.measured_from_ns) / 1e9
        return self.presented / elapsed_s if elapsed_s > 0 else 0.0

    def summary(self) -> dict[str, str | int | float]:
        """What is so now, for programs."""
        return {
            "state": self.state.value, "why": self.why, "engine": self.engine.value, "quality": self.quality,
            "fps": round(self.fps, 2), "missed_share": round(self.missed_share, 4),
            "latency_p95_ms": round(self.latency_ms.percentile(95), 1),
            "engine_deaths": self.engine_deaths, "engine_errors": self.engine_errors,
        }  # fmt: skip

    def time(self, stage: str, ms: float) -> None:
        self.stages_ms.setdefault(stage, Rolling()).add(ms)

    def begin_measuring(self, now_ns: int) -> None:
        """The warm-up is over: forget what was measured in it."""
        self.measured_from_ns = self.measured_until_ns = now_ns
        self.ticks = self.missed = self.stood_still = 0
        self.missed_by.clear()
        for times in (self.lateness_ms, self.latency_ms, *self.stages_ms.values()):
            times.clear()
