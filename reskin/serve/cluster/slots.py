"""How many sessions one GPU (or CPU slot) may play: from the step times that were measured there, never a guess.

Sessions whose frames arrive within a tick are stepped together, so the question is how many steps fit into the share
of a tick that the engine may have. Only batch sizes that were measured are used: nothing is extrapolated beyond the
largest of them, and nothing in between is interpolated (a larger batch is taken). What else a session costs (encoding
it, its history's memory) bounds the number too where it was measured.

A table is what `tools/bench_slots.py` writes, one line for each device, preset and window:

    {"NVIDIA H200": {"small": {"1280x720": {"batches": {"1": {"p50": 9.0, "p95": 9.5}}}}}}

Knows nothing of Ray, engines or files; a clock is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from reskin.errors import ServeError

FPS = 24.0
SHARE = 0.8  # of a tick: the rest is for decoding, for handing over, and for the tail beyond p95
MOST = 1024  # sessions a replica, however fast its engine: more in one process was never tried


class SlotsError(ServeError):
    """There is no measurement to compute slots from."""


class Times(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)  # a bench may say more: the worst, the median
    p95: float = Field(gt=0)  # milliseconds of one step of the whole batch


class Line(BaseModel):
    """What was measured of one preset at one window on one device."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    batches: dict[int, Times] = Field(min_length=1)
    encode_ms: float | None = Field(None, gt=0)  # of one core and one frame, both ways
    cores: int | None = Field(None, gt=0)
    session_bytes: int | None = Field(None, gt=0)  # of the device's memory: history, buffers
    free_bytes: int | None = Field(None, gt=0)  # of the device's memory beside the weights


TABLE = TypeAdapter(dict[str, dict[str, dict[str, Line]]])  # device, preset, window


def steps_ms(line: Line, sessions: int) -> float:
    """Time of stepping so many sessions once, in the cheapest mix of the batches that were measured."""
    return _costs_ms(line, sessions)[sessions]


def _costs_ms(line: Line, most: int) -> list[float]:
    """Of 0, 1, 2 ... sessions; never falls: whatever steps more sessions would step fewer as well."""
    costs = [0.0]
    for count in range(1, most + 1):
        costs.append(min(times.p95 + costs[max(0, count - size)] for size, times in line.batches.items()))
    return costs


def limits(line: Line, fps: float = FPS, share: float = SHARE) -> dict[str, int]:
    """What bounds the slots, each by itself: engine, and where they were measured encode and memory."""
    budget_ms = 1e3 / fps * share
    found = {"engine": sum(spent <= budget_ms for spent in _costs_ms(line, MOST)[1:])}
    if line.encode_ms is not None and line.cores is not None:
        found["encode"] = int(line.cores * budget_ms / line.encode_ms)
    if line.session_bytes is not None and line.free_bytes is not None:
        found["memory"] = line.free_bytes // line.session_bytes
    return found


def slots(line: Line, fps: float = FPS, share: float = SHARE) -> int:
    """The smallest limit; SlotsError when not even one session keeps up."""
    found = limits(line, fps, share)
    binding = min(found, key=lambda name: found[name])
    if found[binding] < 1:
        raise SlotsError(
            f"computing slots: not one session fits at {fps:g} frames a second ({binding}: measured "
            f"{ {size: times.p95 for size, times in sorted(line.batches.items())} } ms at p95). Take a smaller preset"
        )
    return found[binding]


def line_of(table: str, device: str, preset: str, window: str) -> Line:
    """The line of a table in JSON; SlotsError names what the table has instead."""
    try:
        found = TABLE.validate_json(table)
    except ValidationError as error:
        raise SlotsError(f"reading the table of step times: {error.errors()[0]['msg']}. Write it anew with the bench") \
            from error  # fmt: skip
    try:
        return found[device][preset][window]
    except KeyError:
        have = [f"{d}, {p}, {w}" for d, presets in found.items() for p, windows in presets.items() for w in windows]
        raise SlotsError(
            f"computing slots: nothing was measured for {device}, {preset}, {window} (there is: "
            f"{'; '.join(have) or 'nothing'}). Run python -m tools.bench_slots there, or say how many: slots in the "
            "cluster's args, --assume-steps for tools.capacity"
        ) from None


def measure(step: Callable[[int], object], batches: tuple[int, ...], frames: int, clock_ns: Callable[[], int]) -> Line:
    """Times `step(batch)` here and now; the first three of each batch are not counted (compilation, caches)."""
    times: Mapping[int, list[float]] = {batch: [] for batch in batches}
    for batch in batches:
        for index in range(frames + 3):
            begin_ns = clock_ns()
            step(batch)
            if index >= 3:
                times[batch].append((clock_ns() - begin_ns) / 1e6)
    p95 = {batch: sorted(spans)[min(len(spans) - 1, int(0.95 * len(spans)))] for batch, spans in times.items()}
    return line_from({batch: max(span, 1e-6) for batch, span in p95.items()})


def line_from(p95_ms: Mapping[int, float], *, encode_ms: float | None = None, cores: int | None = None) -> Line:
    batches = {batch: Times(p95=span) for batch, span in p95_ms.items()}
    return Line(batches=batches, encode_ms=encode_ms, cores=cores, session_bytes=None, free_bytes=None)
