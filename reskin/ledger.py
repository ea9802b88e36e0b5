"""The loop's books: where every grabbed frame ends, and what every tick gave. All of `Status` is written from here.

A frame ends as shown or as dropped for one reason, counted where it happens and not by subtraction. Knows nothing of
pixels, and takes the time from the loop.
"""

from __future__ import annotations

from dataclasses import dataclass

from reskin.engine_link import Engine, EngineNews, Painting
from reskin.status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one tick gave, for `Ledger.tick`."""

    deadline_ns: int
    present_ns: int  # when presenting began
    shown_ns: int  # when it was done
    painting: Painting | None  # the new one


class Ledger:
    def __init__(self, status: Status) -> None:
        self._status = status
        self._in_flight: dict[int, int] = {}  # index to grab time; oldest first, at most a few
        self.grabbed_ns = 0  # of the newest painting's frame

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

    def painted(self, painting: Painting) -> float:
        """A painting came back, so the older frames never will; returns the ms from its grab until it was ready."""
        for older in [index for index in self._in_flight if index < painting.index]:
            del self._in_flight[older]
            self._status.dropped_overtaken += 1
        self.grabbed_ns = self._in_flight.pop(painting.index)
        for stage, ms in painting.stages_ms.items():
            self._status.time(stage, ms)
        self._status.drift = painting.drift
        return (painting.finished_ns - self.grabbed_ns) / 1e6

    def lost(self) -> None:
        """The engine has died, or the loop ends: nothing in flight will come back."""
        self._status.dropped_engine += len(self._in_flight)
        self._in_flight.clear()

    def engine(self, engine: Engine, news: EngineNews, quality: int) -> None:
        self._status.engine = engine.state
        self._status.engine_name = engine.name
        self._status.engine_deaths += news.died
        self._status.engine_errors += news.errors
        self._status.quality = quality

    def tick(self, tick: Tick, *, visible: bool, wanted: bool, skipped: int) -> bool:
        """Write a tick down. `visible`: a painting was seen, new or old; `wanted`: a new one should have been;
        `skipped`: ticks that went by before the loop was back. True when it was wanted and missed.
        """
        status = self._status
        status.skipped += skipped
        if tick.painting is not None:
            status.shown += visible
            status.dropped_hidden += not visible
        if visible:
            status.lateness_ms.add((tick.present_ns - tick.deadline_ns) / 1e6)
            status.time("show", (tick.shown_ns - tick.present_ns) / 1e6)
            if tick.painting is not None:
                status.latency_ms.add((tick.shown_ns - self.grabbed_ns) / 1e6)
        missed = wanted and not (visible and tick.painting is not None)
        status.measured_until_ns = tick.shown_ns
        if wanted:
            status.ticks += 1 + skipped
            status.missed += missed + skipped
        return missed
