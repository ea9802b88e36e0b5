"""What `tools/bench.py gpu` prints: a table for people, then one line of JSON. The timing is in `bench_gpu.py`."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import torch
from rich.console import Console
from rich.table import Table

from engine.config import SHAPES
from engine.gpu.backends import BackendError, place_of
from engine.gpu.measured import PATH, TABLE, with_line
from engine.gpu.measured import Table as Measured
from tools.bench_gpu import Row, ceilings, kernels, new_step, sd_turbo_shaped, time_backend

COLUMNS = ("p50 ms", "p95", "worst", "model", "floor", "model/floor", "launches", "grown B")


def report(presets: Sequence[str], sizes: Sequence[tuple[int, int]], backends: Sequence[str], frames: int,
           device_name: str, table_path: Path | None = None) -> None:  # fmt: skip
    """sizes (w, h). What is measured goes into the table at `table_path`, on a GPU the engine's own unless said.

    ClickException where there is no such device.
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
    for preset in presets:
        for size in sizes:
            for backend in backends:
                name = f"{preset} {backend} {size[0]}x{size[1]}"
                step = new_step(SHAPES[preset], size[::-1], device, dtype)  # type: ignore[index]
                try:
                    row = time_backend(backend, step, reached, frames)
                except BackendError as error:
                    console.print(f"[yellow]{name}: not run. {error}", highlight=False)
                    continue
                found[name] = asdict(row)
                line = {"p50": row.frame_p50_ms, "p95": row.frame_p95_ms, "worst": row.frame_worst_ms}
                measured = with_line(measured, place_of(step), {backend: line})
                table.add_row(name, *cells(row))
    if cuda:
        found["kernels"] = kernels(device, reached)
        try:
            found["sd_turbo_shaped_p50_ms"] = sd_turbo_shaped(device, min(frames, 100))
        except BackendError as error:
            console.print(f"[yellow]SD-Turbo-shaped pipeline: not run. {error}", highlight=False)
    console.print(table)
    for name, row in found.get("kernels", {}).items():  # type: ignore[attr-defined]
        console.print(f"{name}: " + ", ".join(f"{key} {value:.4f}" for key, value in row.items()), highlight=False)
    if "sd_turbo_shaped_p50_ms" in found:
        console.print(f"SD-Turbo-shaped, 512x512, one step, tiny autoencoder: {found['sd_turbo_shaped_p50_ms']:.2f} ms")
    if table_path is not None:
        table_path.write_bytes(TABLE.dump_json(measured, indent=1) + b"\n")
        console.print(f"{table_path}: what the backend auto goes by", highlight=False, soft_wrap=True)
    print(json.dumps(found))


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
