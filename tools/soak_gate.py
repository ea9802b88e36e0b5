"""What a soak is judged by: the slope of each series over its end, by least squares. Pure arithmetic.

Two end points say little: a gate on "more than 10 % and more than 20 MB" has passed runs that leaked half their memory.
The slope of the last three quarters must lie below the limit with twice its own error: what it may well be counts, not
the best guess. And that of the last quarter must not be surely above it. An error takes in that samples of one second
are much like those of the second before, memory above all, which moves in steps: a quarter alone can hardly tell them
from a slope.
What cannot be measured does not pass: too few samples, holes, or noise that leaves growth beyond the limit possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_SAMPLES = 20  # in the last quarter
LEAST_SHARE = 0.5  # of the samples that must be numbers
SIGMAS = 2.0
MOST_ALIKE = 0.999  # correlation of neighbours; above it the error would not be known


@dataclass(frozen=True, kw_only=True)
class Verdict:
    name: str
    passes: bool
    slope: float  # per hour, over the last quarter
    trend: float  # per hour, over the last three quarters
    error: float  # of the trend, one standard deviation
    limit: float
    text: str


def judge(name: str, unit: str, times_s: Sequence[float], values: Sequence[float], limit: float) -> Verdict:
    """`values` may hold NaN, where a sample could not or should not be taken; `limit` is per hour."""
    times, samples = np.asarray(times_s, float), np.asarray(values, float)
    last, most = (_known(times, samples, share) for share in (1 / 4, 3 / 4))
    if last is None or most is None:
        text = f"{name}: cannot be judged, too few samples in the last quarter, or too many holes; run longer"
        none = float("nan")
        return Verdict(name=name, passes=False, slope=none, trend=none, error=none, limit=limit, text=text)
    slope, own_error = _line(*last)
    trend, error = _line(*most)
    grows = max(slope - SIGMAS * own_error, trend - SIGMAS * error) > limit
    passes = trend + SIGMAS * error <= limit and not grows
    why = "" if passes else ": it grows" if grows else ": cannot be told from this much, run longer"
    text = (f"{name}: {trend:+.2f} ± {error:.2f} {unit} an hour ({slope:+.2f} ± {own_error:.2f} in the last quarter), "
            f"at most {limit:g}{why}")  # fmt: skip
    return Verdict(name=name, passes=passes, slope=slope, trend=trend, error=error, limit=limit, text=text)


def _known(times: np.ndarray, samples: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Times and values of a share of the run at its end; None if they are too few to judge by."""
    if len(times) == 0:
        return None
    late = times >= times[-1] - (times[-1] - times[0]) * share
    known = late & np.isfinite(samples)
    if known.sum() < LEAST_SAMPLES or known.sum() < LEAST_SHARE * late.sum():
        return None
    return times[known], samples[known]


def _line(times_s: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """The slope of the least squares line, per hour, and its standard error where neighbours are alike."""
    centred = times_s - times_s.mean()
    spread = float(centred @ centred)
    slope = float(centred @ (values - values.mean())) / spread
    rest = values - values.mean() - slope * centred
    squares = float(rest @ rest)
    alike = float(np.clip(rest[:-1] @ rest[1:] / squares, 0, MOST_ALIKE)) if squares > 0 else 0.0
    error = np.sqrt(squares / max(1, len(times_s) - 2) / spread * (1 + alike) / (1 - alike))
    return slope * 3600, float(error) * 3600
