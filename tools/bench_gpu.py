"""Times whole frames on a GPU, from pinned bytes to pinned bytes, beside the physical floor and other ways: parts.

`python tools/bench.py gpu` runs it. Weights are random: no time depends on them. The floor is what the products and the
memory traffic of a frame take at the rates that a large product and a large copy reached in the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from engine.config import Preset
from engine.gpu.backends import BackendError, open_backend
from engine.gpu.capture import capture
from engine.gpu.frame import FrameStep
from engine.gpu.low_precision import LinearOps
from engine.reader import Reader
from engine.token_painter import TokenPainter
from engine.worlds.styles import random_style
from kernels import reference
from kernels.ops import Arguments, Op, Shape

WARM_UP = 20
MS = 1e3


@dataclass(frozen=True, kw_only=True)
class Ceilings:
    """What this device reached, in this run."""

    flop_s: float  # of a large product in the engine's precision
    bytes_s: float  # read and written by a large copy


@dataclass(frozen=True, kw_only=True)
class Row:
    """One backend on one preset and window."""

    frame_p50_ms: float
    frame_p95_ms: float
    frame_worst_ms: float
    model_ms: float  # of the device's work alone, without the way there and back
    floor_ms: float
    launches: int  # kernels on the device a frame; 0 where nothing counts them
    grown_bytes: int  # of device memory, first frame to last


def clock(device: torch.device) -> Callable[[], float]:
    """Seconds, after everything that was asked of the device is done."""

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    return now


def median_s(work: Callable[[], object], now: Callable[[], float], tries: int = 20) -> float:
    spans = []
    for _ in range(tries + 3):
        began = now()
        work()
        spans.append(now() - began)
    return float(np.median(spans[3:]))


def ceilings(device: torch.device, dtype: torch.dtype, side: int = 8192) -> Ceilings:
    """side: of the square matrices; half of the bytes of the copy are read, half are written."""
    now = clock(device)
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    source, target = (torch.empty(side, side, 4, device=device, dtype=torch.float32) for _ in range(2))
    product_s, copy_s = median_s(lambda: a @ b, now), median_s(lambda: target.copy_(source), now)
    return Ceilings(flop_s=2 * side**3 / product_s, bytes_s=2 * source.nbytes / copy_s)


def graph_of(work: Callable[[], object], calls: int = 1) -> torch.cuda.CUDAGraph:
    """So many calls captured."""

    def all_calls() -> None:
        for _ in range(calls):
            work()

    return capture(all_calls)


def device_s(work: Callable[[], object], device: torch.device, calls: int = 50) -> float:
    """Of one call on the device: on CUDA many in one graph, or what is timed are the launches from Python."""
    if device.type != "cuda":
        return median_s(work, clock(device))
    return median_s(graph_of(work, calls).replay, clock(device)) / calls


def new_step(preset: Preset, window: tuple[int, int], device: torch.device, dtype: torch.dtype) -> FrameStep:
    """A frame with random weights."""
    torch.manual_seed(0)
    assert preset.tokens is not None
    reader = Reader(preset.reader_widths).to(device, dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    painter = TokenPainter(preset.tokens, preset.size).to(device, dtype)
    step = FrameStep(preset, reader, painter, window)
    step.set_theme(random_style(np.random.default_rng(0)))
    return step


def floor_s(step: FrameStep, reached: Ceilings) -> float:
    """The longer of two: all of a frame's products, and its weights, its ring and its bytes once for each use.

    The reference takes the window to the model's size by dense products, nearly all of zeros: no floor, left out.
    """
    with FlopCounterMode(display=False) as counter:
        step()
    step.reset()
    with FlopCounterMode(display=False) as resizing:
        reference.to_model(step.screen, step.preset.size)
    flop = counter.get_total_flops() - resizing.get_total_flops()
    steps = step.preset.steps
    weights = [sum(weight.nbytes for weight in part.parameters()) for part in (step.reader, step.painter)]
    ring = sum(kept.nbytes for kept in (*step.ring.keys, *step.ring.values))
    moved = weights[0] + steps * (weights[1] + ring) + step.screen.nbytes + step.shown.nbytes
    return max(flop / reached.flop_s, moved / reached.bytes_s)


def time_backend(name: str, step: FrameStep, reached: Ceilings, frames: int) -> Row:
    """BackendError where it cannot run here."""
    floor = floor_s(step, reached)
    backend = open_backend(name, step)
    device = step.screen.device
    cuda, now = device.type == "cuda", clock(device)
    game = torch.randint(0, 256, step.screen.shape, dtype=torch.uint8)
    shown = torch.empty_like(game)
    if cuda:
        game, shown = game.pin_memory(), shown.pin_memory()

    def frame() -> None:
        step.screen.copy_(game, non_blocking=True)
        backend.run()
        shown.copy_(step.shown, non_blocking=True)

    for _ in range(min(WARM_UP, frames)):
        frame()
    before = torch.cuda.memory_allocated() if cuda else 0
    spans = []
    for _ in range(frames):
        began = now()
        frame()
        spans.append(now() - began)
    return Row(
        frame_p50_ms=MS * float(np.median(spans)), frame_p95_ms=MS * float(np.percentile(spans, 95)),
        frame_worst_ms=MS * max(spans), model_ms=MS * median_s(backend.run, now, min(frames, 50)),
        floor_ms=MS * floor, launches=launches(frame) if cuda else 0,
        grown_bytes=torch.cuda.memory_allocated() - before if cuda else 0,
    )  # fmt: skip


def launches(frame: Callable[[], None]) -> int:
    """Kernels that one frame runs on the device, inside a graph or not."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        frame()
        torch.cuda.synchronize()
    return sum(event.count for event in seen.key_averages() if event.device_type.name == "CUDA")


def op_times(op: Op, shape: Shape, device: torch.device, reached: Ceilings) -> dict[str, float]:
    """An op on the device: its Triton kernel, plain torch, and what its tensors' traffic alone takes.

    Plain torch multiplies in the tensors' precision where `LinearOps` has the op, else as the reference does. The same
    inputs again and again stay in the second-level cache, so a small op may take less than its traffic's time, which
    is that of memory.
    """
    arguments = tuple(part.to(device) if isinstance(part, Tensor) else part for part in op.example(shape))
    kernel, plain = op.kernel(), getattr(LinearOps, op.name, op.reference())
    return {
        "kernel_ms": MS * device_s(partial(kernel, *arguments), device),
        "torch_ms": MS * device_s(partial(plain, *arguments), device),
        "traffic_ms": MS * traffic_bytes(op, arguments) / reached.bytes_s,
    }


def traffic_bytes(op: Op, arguments: Arguments) -> int:
    """What the op reads and writes: its inputs and its results once, and of a ring only the slots that it writes."""
    results = op.run(op.reference(), arguments)[: -len(op.writes) or None]
    rings = [arguments[i] for i in op.writes]  # (b, s, n, d), of which each session's slot is written
    inputs = [part for i, part in enumerate(arguments) if isinstance(part, Tensor) and i not in op.writes]
    return sum(part.nbytes for part in (*inputs, *results)) + sum(ring.nbytes // ring.shape[1] for ring in rings)


def sd_turbo_shaped(device: torch.device, frames: int) -> float:
    """p50 ms of what one would take instead: a one-step image pipeline of SD-Turbo's shape with a tiny autoencoder.

    512x512, half precision, random weights, captured in a CUDA graph (the StreamDiffusion way). BackendError where
    diffusers is not installed.
    """
    if find_spec("diffusers") is None:
        raise BackendError("timing an SD-Turbo-shaped pipeline: diffusers is not installed. pip install diffusers")
    from diffusers import AutoencoderTiny, UNet2DConditionModel  # type: ignore[import-not-found]

    unet = UNet2DConditionModel(
        sample_size=64, cross_attention_dim=1024, attention_head_dim=(5, 10, 20, 20), use_linear_projection=True
    ).to(device, torch.float16)  # fmt: skip
    codec = AutoencoderTiny().to(device, torch.float16)
    picture = torch.rand(1, 3, 512, 512, device=device, dtype=torch.float16)
    text = torch.randn(1, 77, 1024, device=device, dtype=torch.float16)
    noise_level = torch.tensor(999, device=device)

    @torch.no_grad()
    def pipeline() -> Tensor:
        latent = codec.encode(picture).latents
        return codec.decode(latent - unet(latent, noise_level, text).sample).sample  # type: ignore[no-any-return]

    return MS * median_s(graph_of(pipeline).replay, clock(device), frames)
