"""One loop on fakes and a clock that jumps."""

from __future__ import annotations

from reskin.engine_link import InlineEngine
from reskin.loop import LoopOptions, run_loop
from reskin.pace import TICK_HZ
from reskin.platforms.fake import FakeHotkeys
from reskin.renderer import TintRenderer
from reskin.status import Status
from tests.loop.fakes import CountingGame, JumpingClock, RememberingOverlay, two_themes


class Bench:
    """One loop on fakes; `run(ticks)` plays that many ticks."""

    def __init__(self, cost_ms: float = 10.0) -> None:
        self.clock = JumpingClock()
        self.game = CountingGame(clock=self.clock.now_ns)
        self.overlay = RememberingOverlay(self.clock.now_ns)
        self.keys = FakeHotkeys()
        self.engine = InlineEngine(TintRenderer(), self.clock, cost_ms=cost_ms)
        self.status = Status()
        self.options: dict[str, object] = {}

    def run(self, ticks: int) -> Status:
        until_ns = self.clock.time_ns + ticks * 1_000_000_000 // TICK_HZ
        return run_loop(
            self.game, self.overlay, self.keys, [], two_themes(), self.engine, clock=self.clock,
            stop=lambda: self.clock.time_ns >= until_ns, status=self.status,
            options=LoopOptions(**{"note_s": 0, **self.options}),
        )  # fmt: skip
