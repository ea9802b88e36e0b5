"""Whether a server lives, and whether it should get more players. Two questions, asked by whoever runs it.

Healthy: the engine answers and the event loop runs; if not, a restart helps. Ready: healthy, and there is room, and it
is not being drained; if not, send players elsewhere. Knows nothing of HTTP, sessions or engines; the clock is passed
in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

STUCK_S = 10.0  # a frame has waited for so long: the engine hangs
UNPAINTED_S = 60.0  # frames have only come back as they were: time for its process to start anew a few times
LAG_S = 2.0  # the event loop came so late: it is blocked


@dataclass(kw_only=True)
class Health:
    clock: Callable[[], float]  # seconds, only growing
    loop_s: float = 0.25  # how often `tick` shall be called from the event loop
    is_draining: bool = False
    error: str = ""  # the kind of what ended the engine, never its text
    _ticked_s: float | None = None
    _lag_s: float = 0.0
    _waiting_since_s: float | None = field(default=None)
    _unpainted_since_s: float | None = None
    _unpainted_s: float = 0.0  # when a frame came back as it was

    def tick(self, frame_waits: bool, painted_since_last: bool, unpainted_since_last: bool = False) -> None:
        """From the event loop: does a session's frame wait for the engine, has it painted any, or given any back?"""
        now_s = self.clock()
        self._lag_s = 0.0 if self._ticked_s is None else max(0.0, now_s - self._ticked_s - self.loop_s)
        self._ticked_s = now_s
        if painted_since_last or not frame_waits:
            self._waiting_since_s = None
        elif self._waiting_since_s is None:
            self._waiting_since_s = now_s
        if unpainted_since_last and not painted_since_last:
            self._unpainted_s = now_s
            if self._unpainted_since_s is None:
                self._unpainted_since_s = now_s
        elif painted_since_last or now_s - self._unpainted_s > STUCK_S:  # nobody plays: it is not known any more
            self._unpainted_since_s = None

    def faults(self) -> list[str]:
        """Empty when healthy."""
        now_s = self.clock()
        found = [f"the engine has ended: {self.error}"] if self.error else []
        if self._waiting_since_s is not None and now_s - self._waiting_since_s > STUCK_S:
            found.append(f"a frame has waited {now_s - self._waiting_since_s:.0f} s for the engine")
        if self._unpainted_since_s is not None and now_s - self._unpainted_since_s > UNPAINTED_S:
            found.append(f"the engine has painted none of the frames for {now_s - self._unpainted_since_s:.0f} s")
        late_s = 0.0 if self._ticked_s is None else now_s - self._ticked_s - self.loop_s
        if max(late_s, self._lag_s) > LAG_S:
            found.append(f"the event loop came {max(late_s, self._lag_s):.1f} s late")
        return found

    def not_ready(self, free: int) -> list[str]:
        """Why no player should be sent here; `free` slots. Empty when ready."""
        found = self.faults()
        if self.is_draining:
            found.append("it is being drained")
        if free < 1:
            found.append("every slot is taken")
        return found
