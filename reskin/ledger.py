"""The loop's books: where every grabbed frame ends, and what every tick gave.

What `Status` counts and times is written here; `Controls.tell`, the loop, the sinks' `Shield` and `app.run` write the
rest. A frame ends as shown or as dropped for one reason, counted where it happens and not by subtraction. Knows nothing
of pixels, and takes the time from the loop.
"""

from __future__ import annotations

from dataclasses import dataclass

from reskin.engine_link import Engine, EngineNews
from reskin.pace import TICK_HZ, TICK_NS
from reskin.shared_frames import SharedFrame
from reskin.status import Status

STOOD_STILL_TICKS = 2 * TICK_HZ  # more than these at once, and the machine slept or the program was stopped: no play


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one tick gave, for `Ledger.tick`."""

    deadline_ns: int
    present_ns: int  # when presenting began
    shown_ns: int  # when it was done
    painting: SharedFrame | None  # the new one


class Ledger:
    def __init__(self, status: Status) -> None:
        self._status = status
        self._in_flight: dict[int, int] = {}  # index to grab time; oldest first, at most a few
        self._overdue = 0  # ticks in a row that were missed because nothing came back
        self.grab_began_ns = 0  # of the newest painting's frame

    @property
    def has_in_flight(self) -> bool:
        return bool(self._in_flight)

    def grabbed(self, index: int, size: tuple[int, int], *, began_ns: int, grabbed_ns: int, now_ns: int) -> None:
        """A frame was taken from the game and handed to the engine."""
        self._status.grabbed += 1
        self._status.size = size
        self._status.time("grab", (grabbed_ns - began_ns) / 1e6)
        self._status.time("submit", (now_ns - grabbed_ns) / 1e6)
        self._in_flight[index] = began_ns

    def painted(self, painting: SharedFrame) -> float:
        """A painting came back, so the older frames never will; returns the ms from its grab until it was ready."""
        for older in [index for index in self._in_flight if index < painting.index]:
            del self._in_flight[older]
            self._status.dropped_overtaken += 1
        self.grab_began_ns = self._in_flight.pop(painting.index)
        if self._overdue:
            self._blame(self._slowest(painting))
        for stage, ms in painting.stages_ms.items():
            self._status.time(stage, ms)
        self._status.drift = painting.drift
        return (painting.finished_ns - self.grab_began_ns) / 1e6

    def lost(self) -> None:
        """The engine has died, or the loop ends: nothing in flight will come back."""
        self._status.dropped_engine += len(self._in_flight)
        self._in_flight.clear()
        self._blame("engine gone")

    def engine(self, engine: Engine, news: EngineNews, quality: int) -> None:
        self._status.engine = engine.state
        self._status.engine_name = engine.name
        self._status.engine_deaths += news.died
        self._status.engine_errors += news.errors
        self._status.quality = quality

    def tick(self, tick: Tick, *, visible: bool, wanted: bool, skipped: int) -> bool:
        """Write a tick down. `visible`: a painting was seen, new or old; `wanted`: a new one should have been;
        `skipped`: ticks that went by before the loop was back; very many count as a pause. True when it was wanted
        and missed.
        """
        status = self._status
        status.skipped += skipped
        if skipped > STOOD_STILL_TICKS:
            status.measured_from_ns += skipped * TICK_NS
            status.stood_still += skipped
            skipped = 0
        if tick.painting is not None:
            status.shown += visible
            status.dropped_hidden += not visible
        if visible:
            status.lateness_ms.add((tick.present_ns - tick.deadline_ns) / 1e6)
            status.time("show", (tick.shown_ns - tick.present_ns) / 1e6)
            if tick.painting is not None:
                status.latency_ms.add((tick.shown_ns - self.grab_began_ns) / 1e6)
        missed = wanted and not (visible and tick.painting is not None)
        status.measured_until_ns = tick.shown_ns
        if wanted:
            status.ticks += 1 + skipped
            status.missed += missed + skipped
            self._explain(tick, missed=missed, skipped=skipped)
        return missed

    def _explain(self, tick: Tick, *, missed: bool, skipped: int) -> None:
        if skipped:
            self._status.missed_by["loop late"] += skipped
        if missed and tick.painting is not None:
            self._status.missed_by["not shown"] += 1
        elif missed and not self._in_flight:
            self._status.missed_by["nothing grabbed"] += 1
        elif missed:
            self._overdue += 1  # which stage it was is told by the painting that is late

    def _blame(self, stage: str) -> None:
        if self._overdue:
            self._status.missed_by[stage] += self._overdue
        self._overdue = 0

    def _slowest(self, painting: SharedFrame) -> str:
        """The stage that took the most longer than it usually does; "engine" is the sum of the others."""
        stages_ms = painting.stages_ms
        parts = [stage for stage in stages_ms if stage != "engine"] or ["engine"]
        usual_ms = self._status.stages_ms
        return max(parts, key=lambda part: stages_ms[part] - (usual_ms[part].percentile(50) if part in usual_ms else 0))
