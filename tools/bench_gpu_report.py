"""What `tools/bench.py gpu` prints: a table for people, then one line of JSON. The timing is in `bench_gpu.py`."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict

import click
import torch
from rich.console import Console
from rich.table import Table

from engine.config import SHAPES
from engine.gpu.backends import BackendError
from tools.bench_gpu import Row, ceilings, kernels, new_step, sd_turbo_shaped, time_backend

COLUMNS = ("p50 ms", "p95", "worst", "model", "floor", "model/floor", "launches", "grown B")


def report(presets: Sequence[str], sizes: Sequence[tuple[int, int]], backends: Sequence[str], frames: int,
           device_name: str) -> None:  # fmt: skip
    """sizes (w, h). ClickException where there is no such device."""
    device = torch.device(device_name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise click.ClickException(
            "timing frames on cuda: torch sees no CUDA device. Run this on a machine with one, or try --device cpu"
        )
    cuda = device.type == "cuda"
    dtype = torch.bfloat16 if cuda else torch.float32
    console = Console()
    reached = ceilings(device, dtype, 8192 if cuda else 1024)
    where = torch.cuda.get_device_name() if cuda else platform.processor() or platform.machine()
    console.print(
        f"{where}, torch {torch.__version__}, {dtype}: a product reached {reached.flop_s / 1e9:,.0f} GFLOP/s, "
        f"a copy {reached.bytes_s / 1e9:,.0f} GB/s", highlight=False, soft_wrap=True,
    )  # fmt: skip
    table = Table("preset, backend, window", *COLUMNS)
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
    print(json.dumps(found))


def cells(row: Row) -> list[str]:
    times = (row.frame_p50_ms, row.frame_p95_ms, row.frame_worst_ms, row.model_ms, row.floor_ms)
    return [*(f"{ms:.2f}" for ms in times), f"{row.model_ms / row.floor_ms:.1f}", str(row.launches),
            str(row.grown_bytes)]  # fmt: skip
