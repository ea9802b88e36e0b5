"""Stage 1: the Reader learns materials and depth from the worlds. Cross-entropy, label smoothing, L1 on depth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from engine.config import MATERIALS, SHAPES, Shape
from engine.reader import Reader, encode_depth
from engine.train import distributed
from engine.train.muon import split_optimizers
from engine.train.replays import LEAST_HELD, replayed
from engine.train.run import TrainingRun
from engine.train.sheet import colored, write_sheet
from engine.train.streams import Stream
from engine.worlds.samples import clips

# The fourth root of how rare a material's pixels are in the worlds: half of what would make all count the same.
WEIGHTS = {
    "sky": 0.95, "ground": 0.71, "foliage": 1.06, "rock": 1.02, "structure": 0.96, "roof": 1.48, "water": 1.17,
    "character": 1.4, "prop": 1.36, "glow": 1.83, "hud": 1.12,
}  # fmt: skip
SHEET_ROWS = 8
CPU = torch.device("cpu")

Batch = tuple[Tensor, Tensor, Tensor]
HELD_FRAMES = 2400  # of 144x256, 221 kB each, that a process keeps to be seen again


@dataclass(frozen=True, kw_only=True)
class ReaderRecipe:
    preset: Shape = "nano"
    size: tuple[int, int] = (144, 256)
    batch: int = 16  # of all processes together
    matrix_lr: float = 0.02
    other_lr: float = 2e-3
    minutes: float = 50.0
    steps: int | None = None  # where given, they count instead of the minutes; on a CPU a resumed run repeats exactly
    checkpoint_steps: int = 1000  # by steps: a checkpoint and a new stream of samples after each so many
    workers: int = 1  # processes that make samples, for each that trains; 0: it makes them itself
    replays: int = 3  # how often a frame is seen, on average
    seed: int = 0
    held_out: int = 64  # frames of the validation
    evaluate_every: int = 200  # steps


class ReaderSamples(IterableDataset):  # type: ignore[type-arg]
    """Packed as `packed` has them: rgb (3, h, w) uint8, material (h, w) uint8, depth (1, h, w) float16 in [0, 1]."""

    def __init__(self, split: str, size: tuple[int, int], stream: Stream | None = None, *, replays: int = 1) -> None:
        self.split, self.size, self.stream, self.replays = split, size, stream or Stream(), replays

    def __iter__(self) -> Iterator[Batch]:
        if get_worker_info() is not None:
            torch.set_num_threads(1)
        worker, workers = self.stream.place()
        frames = (
            packed(clip[0].rgb, clip[0].material, clip[0].buffer.depth)
            for clip in clips(self.split, self.size, worker=worker, workers=workers)
        )
        held = max(LEAST_HELD, HELD_FRAMES * 144 * 256 // (self.size[0] * self.size[1]))
        return replayed(frames, self.replays, held, np.random.default_rng([worker, self.replays]))


def packed(rgb: np.ndarray, material: np.ndarray, depth_m: np.ndarray) -> Batch:
    """A frame in 6 bytes a pixel, as it goes from process to process; no more is in it, for a screen shows bytes."""
    pixels = np.ascontiguousarray(np.rint(rgb.transpose(2, 0, 1) * 255).astype(np.uint8))
    far = encode_depth(torch.from_numpy(depth_m))[None].half()
    return torch.from_numpy(pixels), torch.from_numpy(np.ascontiguousarray(material)), far


@cache
def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 itself: 1.6 times as fast as float32. Without it, it would be far slower."""
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def reader_loss(reader: torch.nn.Module, batch: Batch, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The loss, in float32, and the share of pixels right. The network runs in bfloat16 where the device has it."""
    rgb, material, depth = batch
    with torch.autocast(rgb.device.type, torch.bfloat16, enabled=rgb.is_cuda or cpu_has_bfloat16()):
        logits, guess = reader(rgb)
    loss = F.cross_entropy(logits.float(), material, weight=weight, label_smoothing=0.02)
    # The HUD has no depth of its own: what lies behind it is what counts there.
    loss = loss + 0.5 * F.l1_loss(guess.float(), depth)
    return loss, (logits.argmax(1) == material).float().mean()


def validation_batch(size: tuple[int, int], count: int) -> Batch:
    """The same held-out frames every time."""
    samples = clips("validation", size, fresh=1.0)
    rows = [next(samples)[0] for _ in range(count)]
    tensors = [packed(row.rgb, row.material, row.buffer.depth) for row in rows]
    rgb, material, depth = (torch.stack(column) for column in zip(*tensors, strict=True))
    return rgb, material, depth


@torch.no_grad()
def evaluate_reader(reader: torch.nn.Module, batch: Batch, sheet: Path | None = None) -> dict[str, float]:
    """Accuracy over all pixels and per material, and the mean depth error; writes the contact sheet if asked for."""
    reader.eval()
    rgb, material, depth = batch
    logits, guess = zip(*(reader(part) for part in rgb.split(16)), strict=True)
    seen = torch.cat(logits).argmax(1)
    right = seen == material
    figures = {"accuracy": right.float().mean().item(), "depth_l1": (torch.cat(guess) - depth).abs().mean().item()}
    for i, name in enumerate(MATERIALS):
        here = material == i
        figures[name] = right[here].float().mean().item() if here.any() else float("nan")
    if sheet is not None:
        write_sheet(sheet, sheet_rows(rgb, seen, material))
    return {name: round(value, 4) for name, value in figures.items()}


def sheet_rows(rgb: Tensor, seen: Tensor, material: Tensor) -> list[list[np.ndarray]]:
    """Of some frames, spread over all: the source, the materials that were seen, and the true ones."""
    chosen = range(0, len(rgb), max(1, len(rgb) // SHEET_ROWS))[:SHEET_ROWS]
    pictures = (rgb.permute(0, 2, 3, 1).cpu().numpy() + 1) / 2
    read, true = seen.cpu().numpy(), material.cpu().numpy()
    return [[pictures[i], colored(read[i]), colored(true[i])] for i in chosen]


def train_reader(folder: Path, recipe: ReaderRecipe, *, start: Path | None = None,
                 device: torch.device = CPU) -> Reader:  # fmt: skip
    """Runs or resumes the stage; returns the averaged Reader. `start` is the checkpoint of an earlier, smaller run."""
    batch_size = distributed.part_of(recipe.batch)
    torch.manual_seed(recipe.seed)
    reader = Reader(SHAPES[recipe.preset].reader_widths).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        reader.load_state_dict(torch.load(start, weights_only=True, map_location="cpu")["model"])
    optimizers = split_optimizers(reader, matrix_lr=recipe.matrix_lr, other_lr=recipe.other_lr)
    run = TrainingRun(folder, reader, optimizers, minutes=recipe.minutes, steps=recipe.steps,
                      checkpoint_steps=recipe.checkpoint_steps)  # fmt: skip
    weight = torch.tensor([WEIGHTS[name] for name in MATERIALS], device=device)
    held_out = to_device(validation_batch(recipe.size, recipe.held_out), device) if distributed.rank() == 0 else None

    def stream_from(step: int) -> Iterable[Batch]:
        stream = Stream.here(seed=recipe.seed, step=step)
        samples = ReaderSamples("train", recipe.size, stream, replays=recipe.replays)
        return DataLoader(samples, batch_size=batch_size, num_workers=recipe.workers,
                          prefetch_factor=4 if recipe.workers else None, pin_memory=device.type == "cuda")  # fmt: skip

    reader.train()
    for batch in run.batches(stream_from):
        loss, accuracy = reader_loss(reader, to_device(batch, device), weight)
        loss.backward()
        run.after_backward()
        if run.step % 20 == 0:
            run.log(loss=round(loss.item(), 4), accuracy=round(accuracy.item(), 4))
        if held_out is not None and (run.step % recipe.evaluate_every == 0 or run.finished):
            sheet = folder / f"sheet_{run.step:06d}.png"
            run.log(validation=evaluate_reader(run.averaged.module, held_out, sheet))
            reader.train()
    run.save()
    return run.averaged.module  # type: ignore[return-value]


def to_device(batch: Batch, device: torch.device) -> Batch:
    """Packed frames as the network has them: rgb in [-1, 1], material int64, depth float32."""
    rgb, material, depth = (part.to(device, non_blocking=True) for part in batch)
    pixels = (rgb.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
    return pixels, material.long(), depth.float()
