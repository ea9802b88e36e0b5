"""Where missed ticks lie: within a second of a change, or elsewhere. For tools/bench_changes.py.

A stall of the host makes a run with changes miss ticks that no change has cost; what a change costs lies near it. Knows
nothing of what a change is: it is given spans of time. All times are of `time.monotonic_ns`, as the loop's own.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reskin.pace import TICK_NS
from reskin.status import Status

NEAR_NS = 1_000_000_000  # after a change: it is read, faded in, and its first frames are painted
Span = tuple[int, int]  # ns, from and until


class TimedStatus(Status):
    """A status that knows when its ticks were missed, also those of the warm-up.

    Several that are told at once, after the loop stood still, lie one tick apart up to then.
    """

    def __init__(self) -> None:
        self.missed_ns: list[int] = []
        super().__init__()

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "missed":
            now_ns = time.monotonic_ns()
            more = value - self.missed  # 0 before it is set: the class has its default
            self.missed_ns += [now_ns - i * TICK_NS for i in reversed(range(more))]
        super().__setattr__(name, value)


@dataclass(frozen=True, kw_only=True)
class Share:
    """Ticks missed in so many seconds."""

    missed: int = 0
    seconds: float = 0.0

    def __add__(self, other: Share) -> Share:
        return Share(missed=self.missed + other.missed, seconds=self.seconds + other.seconds)

    def __str__(self) -> str:
        if not self.seconds:
            return "none, in no time"
        return f"{self.missed / self.seconds:.3f} ({self.missed} in {self.seconds:.0f} s)"


def near_and_elsewhere(missed_ns: Sequence[int], changes: Sequence[Span], measured: Span) -> tuple[Share, Share]:
    """Of what was missed in `measured`: from the beginning of a change until NEAR_NS after its end, and the rest."""
    begin_ns, end_ns = measured
    near = _joined([(max(a, begin_ns), min(b + NEAR_NS, end_ns)) for a, b in changes])
    there = [at_ns for at_ns in missed_ns if begin_ns <= at_ns <= end_ns]
    count = sum(any(a <= at_ns <= b for a, b in near) for at_ns in there)
    seconds = sum(b - a for a, b in near) / 1e9
    rest = Share(missed=len(there) - count, seconds=(end_ns - begin_ns) / 1e9 - seconds)
    return Share(missed=count, seconds=seconds), rest


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Those that are no empty ones, where they overlap as one."""
    joined: list[Span] = []
    for a, b in sorted(span for span in spans if span[0] < span[1]):
        if joined and a <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(b, joined[-1][1])
        else:
            joined.append((a, b))
    return joined
