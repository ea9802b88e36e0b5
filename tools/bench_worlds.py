"""G-buffers a second of the training worlds: `python tools/bench_worlds.py --device cuda`.

The compiled tracer on one core, and on a GPU the Triton kernel on the same frames: its time alone (a launch and the
small tables that it reads), and with the packing of the scenes and their upload. Reading nothing back: training would
use the frames where they are. A table for people, one JSON line last. For figures worth quoting, use an idle machine.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.worlds.gpu_trace import LABELS, pack
from engine.worlds.shots import RenderJob
from engine.worlds.timeline import clip_frames
from engine.worlds.trace import trace
from kernels.raymarch import raymarch_batch

WARM_UP, CLIP_FRAMES = 3, 8


def frames_per_second(render: Callable[[], object], frames: int, repeats: int) -> dict[str, float]:
    """Median and worst of some calls that render `frames` each; they are too few for more."""
    spans = []
    for _ in range(repeats + WARM_UP):
        began = time.perf_counter()
        render()
        spans.append(time.perf_counter() - began)
    kept = frames / np.array(spans[WARM_UP:])
    return {"p50": float(np.median(kept)), "worst": float(kept.min())}


def on_cpu(frames: list[RenderJob], size: tuple[int, int]) -> None:
    for frame in frames:
        trace(frame.scene, frame.camera, size, time_s=frame.time_s, previous=frame.previous)


def on_gpu(frames: list[RenderJob], size: tuple[int, int], repeats: int) -> dict[str, dict[str, float]]:
    packed = pack(frames, "cuda")

    def launch() -> None:
        raymarch_batch(packed, size, LABELS)
        torch.cuda.synchronize()

    def pack_and_launch() -> None:
        raymarch_batch(pack(frames, "cuda"), size, LABELS)
        torch.cuda.synchronize()

    return {
        "kernel": frames_per_second(launch, len(frames), repeats),
        "kernel, with packing and upload": frames_per_second(pack_and_launch, len(frames), repeats),
    }


@click.command(help=__doc__)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--clips", default=8, show_default=True, help=f"Random scenes; {CLIP_FRAMES} frames of each.")
@click.option("--repeats", default=5, show_default=True)
@click.option("--size", nargs=2, type=int, default=(144, 256), show_default=True, metavar="ROWS COLUMNS")
def main(device: str, clips: int, repeats: int, size: tuple[int, int]) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        raise click.UsageError("--device cuda was asked for, and torch finds no CUDA device: see `nvidia-smi`")
    frames = [frame for seed in range(clips) for frame in clip_frames(seed, CLIP_FRAMES)]
    figures = {"tracer, one core": frames_per_second(lambda: on_cpu(frames, size), len(frames), repeats)}
    hardware = platform.machine()
    if device == "cuda":
        figures |= on_gpu(frames, size, repeats)
        hardware += ", " + torch.cuda.get_device_name()
    table = Table(title=f"frames a second, {size[1]}x{size[0]}, {len(frames)} frames a call, {hardware}")
    table.add_column("")
    table.add_column("p50 / worst", justify="right")
    for name, figure in figures.items():
        table.add_row(name, " / ".join(f"{value:.0f}" for value in figure.values()))
    Console().print(table)
    click.echo(json.dumps({"size": size, "frames": len(frames), "hardware": hardware, "frames_per_second": figures}))


if __name__ == "__main__":
    main()
