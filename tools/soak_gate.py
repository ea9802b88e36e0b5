"""What a soak is judged by: the slope of each series over its last quarter, by least squares. Pure arithmetic.

Two end points say little: a gate on "more than 10 % and more than 20 MB" has passed runs that leaked half their memory.
A slope passes where the limit lies above it and twice its own error: what it may well be counts, not the best guess.
What cannot be measured does not pass: too few samples, holes, or noise that leaves growth beyond the limit possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_SAMPLES = 20  # in the last quarter
LEAST_SHARE = 0.5  # of the samples that must be numbers
SIGMAS = 2.0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    name: str
    passes: bool
    slope: float  # per hour
    error: float  # of the slope, one standard deviation
    limit: float
    text: str


def judge(name: str, unit: str, times_s: Sequence[float], values: Sequence[float], limit: float) -> Verdict:
    """`values` may hold NaN, where a sample could not or should not be taken; `limit` is per hour."""
    times = np.asarray(times_s, float)
    last = np.asarray(values, float)
    if len(times) > 0:
        from_s = times[-1] - (times[-1] - times[0]) / 4
        times, last = times[times >= from_s], last[times >= from_s]
    known = np.isfinite(last)
    if known.sum() < LEAST_SAMPLES or known.mean() < LEAST_SHARE:
        text = f"{name}: cannot be judged, {known.sum()} of {len(last)} samples in the last quarter; run longer"
        return Verdict(name=name, passes=False, slope=float("nan"), error=float("nan"), limit=limit, text=text)
    slope, error = (figure * 3600 for figure in _line(times[known], last[known]))
    figures = f"{name}: {slope:+.2f} ± {error:.2f} {unit} an hour, at most {limit:g}"
    passes = slope + SIGMAS * error <= limit
    grows = slope - SIGMAS * error > limit
    why = "" if passes else ": it grows" if grows else ": cannot be told from this much, run longer"
    return Verdict(name=name, passes=passes, slope=slope, error=error, limit=limit, text=figures + why)


def _line(times: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """The slope of the least squares line, per second, and its standard error."""
    centred = times - times.mean()
    spread = float(centred @ centred)
    slope = float(centred @ (values - values.mean())) / spread
    rest = values - values.mean() - slope * centred
    return slope, float(np.sqrt(rest @ rest / max(1, len(times) - 2) / spread))
