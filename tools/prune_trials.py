"""FP8 and 2:4 sparsity for a Painter, each beside the Painter as it ships, on whole frames: what `prune.py` tries last.

Milliseconds are of a frame, pinned bytes to pinned bytes at 1080p; what ships is timed with the backend `auto` takes, a
trial compiled by torch and captured. A trial is kept where it is faster than what ships and loses no more than
`PSNR_LOST_DB`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from engine.config import Preset
from engine.gpu.backends import captured, open_backend
from engine.gpu.frame import FrameStep
from engine.gpu.low_precision import CONVERSIONS, TrialError, convert, products
from engine.gpu.measured import PATH, TABLE
from engine.reader import Reader
from engine.token_painter import TokenPainter
from engine.train.painter import PainterRecipe, train_on
from engine.train.painter_data import ClipStore
from engine.train.pruning import measured, step_cost
from engine.train.sparse import cut, settle
from tools.bench_gpu import MS, clock, median_s

WINDOW = (1080, 1920)
PSNR_LOST_DB = 0.2
GAIN = 0.97  # of the time, that a trial must do with


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One line of the table."""

    name: str
    gflop: float  # of a step, as the hardware counts: a 2:4 product is half of the dense one
    frame_ms: float
    psnr_db: float
    kept: bool
    why: str


def trials(painter: TokenPainter, preset: Preset, store: ClipStore, held_out: ClipStore, recipe: PainterRecipe,
           folder: Path, device: torch.device, window: tuple[int, int] = WINDOW,
           change: Callable[[TokenPainter, str], None] = convert) -> Iterator[Trial]:  # fmt: skip
    """What ships first. The 2:4 one is trained back by the recipe before it is measured."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    dense_gflop, _ = step_cost(painter.to(device), device)
    shipped = copy.deepcopy(painter).to(dtype).eval()
    own_ms, how = frame_ms(shipped, preset, device, window, compiled=False)
    # After that, in the precision and by the kernels that ship: what these lose is no trial's gain.
    own_db = measured("as it ships", shipped, held_out, device, cost=(dense_gflop, 0.0)).psnr_db
    yield Trial(name="as it ships", gflop=dense_gflop, frame_ms=own_ms, psnr_db=own_db, kept=True, why=how)
    sparse_gflop = 2 * painter.tokens * sum(linear.weight.numel() for linear in products(painter)) / 1e9 / 2
    for name in CONVERSIONS:
        changed = copy.deepcopy(painter)
        if name == "2:4":
            cut(changed)
            trained = train_on(changed, store, folder / "sparse", recipe, device=device)
            assert isinstance(trained, TokenPainter)
            settle(trained)
            changed = trained
        changed = changed.to(device, dtype).eval()
        gflop = dense_gflop - sparse_gflop * (name == "2:4")
        try:
            change(changed, name)
        except TrialError as error:
            yield Trial(name=name, gflop=gflop, frame_ms=float("nan"), psnr_db=float("nan"), kept=False, why=str(error))
            continue
        psnr_db = measured(name, changed, held_out, device, cost=(gflop, 0.0)).psnr_db
        took_ms, _ = frame_ms(changed, preset, device, window, compiled=True)
        kept, why = verdict(took_ms, own_ms, psnr_db, own_db)
        yield Trial(name=name, gflop=gflop, frame_ms=took_ms, psnr_db=psnr_db, kept=kept, why=why)


def verdict(ms: float, own_ms: float, psnr_db: float, own_db: float) -> tuple[bool, str]:
    """Whether a trial is kept, and why."""
    if ms > GAIN * own_ms:
        return False, f"a frame takes {ms / own_ms:.0%} of what it takes as it ships"
    if psnr_db < own_db - PSNR_LOST_DB:
        return False, f"{own_db - psnr_db:.2f} dB worse"
    return True, f"{own_ms / ms:.2f} times as fast"


def compiled_step(step: FrameStep) -> Callable[[], None]:
    return torch.compile(step, fullgraph=True, mode="max-autotune-no-cudagraphs")  # type: ignore[return-value]


def frame_ms(painter: TokenPainter, preset: Preset, device: torch.device, window: tuple[int, int], *,
             compiled: bool, frames: int = 200) -> tuple[float, str]:  # fmt: skip
    """p50 of a frame with a Reader of random weights, and how it was run. On a CPU op by op, a few frames."""
    cuda = device.type == "cuda"
    dtype = painter.squeeze.weight.dtype
    reader = Reader(preset.reader_widths).to(device, dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    ops = painter.ops
    step = FrameStep(replace(preset, tokens=painter.shape), reader, painter, window)
    if compiled:
        painter.ops = ops  # which the step has put back to the references
        run, how = (step.forward, "op by op") if not cuda else (captured(step, compiled_step(step)), "torch.compile")
    else:
        backend = open_backend("auto", step, TABLE.validate_json(PATH.read_bytes()))
        run, how = backend.run, backend.name
    game = torch.randint(0, 256, step.screen.shape, dtype=torch.uint8)
    shown = torch.empty_like(game)
    if cuda:
        game, shown = game.pin_memory(), shown.pin_memory()

    def frame() -> None:
        step.screen.copy_(game, non_blocking=True)
        run()
        shown.copy_(step.shown, non_blocking=True)

    return MS * median_s(frame, clock(device), frames if cuda else 2), how
