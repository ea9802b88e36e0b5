"""What `tools/bench.py gpu` prints: a table for people, then one line of JSON. The timing is in `bench_gpu.py`."""

from __future__ import annotations

import itertools
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import click
import torch
from rich.console import Console
from rich.table import Table

from engine.config import SHAPES, Preset
from engine.gpu.backends import place_of
from engine.gpu.measured import PATH, TABLE, Place, with_line
from engine.gpu.measured import Table as Measured
from kernels.ops import OPS
from reskin.whole_file import write_whole
from tools.bench_gpu import Ceilings, Row, ceilings, new_step, op_times, sd_turbo_shaped, time_backend

Measurement = TypeVar("Measurement")
COLUMNS = ("p50 ms", "p95", "worst", "model", "floor", "model/floor", "launches", "grown B")


def report(presets: Sequence[str], sizes_px: Sequence[tuple[int, int]], backends: Sequence[str], frames: int,
           device_name: str, table_path: Path | None = None) -> None:  # fmt: skip
    """sizes_px (w, h). What is measured goes into the table at `table_path`, on a GPU the engine's own unless said.

    What cannot be measured is named and left out. ClickException where there is no such device.
    """
    device = torch.device(device_name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise click.ClickException(
            "timing frames on cuda: torch sees no CUDA device. Run this on a machine with one, or try --device cpu"
        )
    cuda = device.type == "cuda"
    dtype = torch.bfloat16 if cuda else torch.float32
    console = Console()
    reached = ceilings(device, dtype, 8192 if cuda else 512)
    where = torch.cuda.get_device_name() if cuda else platform.processor() or platform.machine()
    console.print(
        f"{where}, torch {torch.__version__}, {dtype}: a product reached {reached.flop_s / 1e9:,.0f} GFLOP/s, "
        f"a copy {reached.bytes_s / 1e9:,.0f} GB/s", highlight=False, soft_wrap=True,
    )  # fmt: skip
    table = Table("preset, backend, window", *COLUMNS)
    table_path = table_path or (PATH if cuda else None)
    measured = read_table(table_path) if table_path is not None else {}
    found: dict[str, object] = {"device": where, "flop_s": reached.flop_s, "bytes_s": reached.bytes_s}
    for preset, size_px, backend in itertools.product(presets, sizes_px, backends):
        name = f"{preset} {backend} {size_px[0]}x{size_px[1]}"
        timed = attempted(console, name, time_new_step, SHAPES[preset], size_px[::-1], backend, device, dtype, reached,  # type: ignore[index]
                          frames)  # fmt: skip
        if timed is None:
            continue
        place, row = timed
        found[name] = asdict(row)
        table.add_row(name, *cells(row))
        line = {"p50": row.frame_p50_ms, "p95": row.frame_p95_ms, "worst": row.frame_worst_ms}
        measured = with_line(measured, place, {backend: line})
        if table_path is not None:  # each at once: whatever ends the run, what was measured is there
            write_whole(table_path, TABLE.dump_json(measured, indent=1) + b"\n")
    console.print(table)
    if table_path is not None and table.row_count:
        console.print(f"{table_path}: what the backend auto goes by", highlight=False, soft_wrap=True)
    if cuda:
        found["kernels"] = kernel_times(console, device, reached)
        turbo_ms = attempted(console, "SD-Turbo-shaped pipeline", sd_turbo_shaped, device, min(frames, 100))
        if turbo_ms is not None:
            found["sd_turbo_shaped_p50_ms"] = turbo_ms
            console.print(f"SD-Turbo-shaped, 512x512, one step, tiny autoencoder: {turbo_ms:.2f} ms")
    print(json.dumps(found))


def attempted(console: Console, name: str, measure: Callable[..., Measurement],
              *arguments: object) -> Measurement | None:  # fmt: skip
    """What `measure` gives; None where it fails, which is said: the other measurements are worth having without it."""
    try:
        return measure(*arguments)
    except Exception as error:  # noqa: BLE001  compilers, drivers and other packages fail in many ways
        said = f"{name}: not run. {type(error).__name__}: {error}"
        console.print(said, style="yellow", highlight=False, markup=False, soft_wrap=True)
        return None


def time_new_step(preset: Preset, window: tuple[int, int], backend: str, device: torch.device, dtype: torch.dtype,
                  reached: Ceilings, frames: int) -> tuple[Place, Row]:  # fmt: skip
    step = new_step(preset, window, device, dtype)
    return place_of(step), time_backend(backend, step, reached, frames)


def kernel_times(console: Console, device: torch.device, reached: Ceilings) -> dict[str, dict[str, float]]:
    """Of every op at the presets' shapes, each printed when it is there."""
    rows = {}
    for op in OPS:
        for shape in op.shipped:
            name = " ".join([op.name, *(f"{axis}={size}" for axis, size in shape.items())])
            row = attempted(console, name, op_times, op, shape, device, reached)
            if row is not None:
                rows[name] = row
                console.print(f"{name}: " + ", ".join(f"{key} {ms:.4f}" for key, ms in row.items()), highlight=False)
    return rows


def read_table(path: Path) -> Measured:
    """The table in a file, empty where there is none; ClickException where it cannot be used."""
    try:
        return TABLE.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise click.ClickException(f"reading {path}: it is no table of measurements ({error}). Delete it") from error


def cells(row: Row) -> list[str]:
    times = (row.frame_p50_ms, row.frame_p95_ms, row.frame_worst_ms, row.model_ms, row.floor_ms)
    return [*(f"{ms:.2f}" for ms in times), f"{row.model_ms / row.floor_ms:.1f}", str(row.launches),
            str(row.grown_bytes)]  # fmt: skip
