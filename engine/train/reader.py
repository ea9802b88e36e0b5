"""Stage 1: the Reader learns materials and depth from the worlds. Cross-entropy, label smoothing, L1 on depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from engine.config import MATERIALS
from engine.reader import Reader, encode_depth
from engine.train.muon import split_optimizers
from engine.train.run import TrainingRun
from engine.worlds.samples import clips

# The fourth root of how rare a material's pixels are in the worlds: half of what would make all count the same.
WEIGHTS = {
    "sky": 0.95, "ground": 0.71, "foliage": 1.06, "rock": 1.02, "structure": 0.96, "roof": 1.48, "water": 1.17,
    "character": 1.4, "prop": 1.36, "glow": 1.83, "hud": 1.12,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ReaderRecipe:
    size: tuple[int, int] = (144, 256)
    batch: int = 16
    matrix_lr: float = 0.02
    other_lr: float = 2e-3
    minutes: float = 50.0
    workers: int = 1


class ReaderSamples(IterableDataset):  # type: ignore[type-arg]
    """(rgb (3, h, w) in [-1, 1], material (h, w) int64, depth (1, h, w) in [0, 1])"""

    def __init__(self, split: str, size: tuple[int, int]) -> None:
        self.split, self.size = split, size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        torch.set_num_threads(1)
        for clip in clips(self.split, self.size, worker=worker, workers=workers):
            yield reader_tensors(clip[0].rgb, clip[0].material, clip[0].buffer.depth)


def reader_tensors(rgb: np.ndarray, material: np.ndarray, depth: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    pixels = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1))) * 2 - 1
    return pixels, torch.from_numpy(material.astype(np.int64)), encode_depth(torch.from_numpy(depth))[None]


def reader_loss(reader: torch.nn.Module, batch: tuple[Tensor, Tensor, Tensor], weight: Tensor) -> tuple[Tensor, Tensor]:
    """The loss and the share of pixels right."""
    rgb, material, depth = batch
    logits, guess = reader(rgb)
    loss = F.cross_entropy(logits, material, weight=weight, label_smoothing=0.02)
    # The HUD has no depth of its own: what lies behind it is what counts there.
    loss = loss + 0.5 * F.l1_loss(guess, depth)
    return loss, (logits.argmax(1) == material).float().mean()


def validation_batch(size: tuple[int, int], count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The same held-out frames every time."""
    samples = clips("validation", size, fresh=1.0)
    rows = [next(samples)[0] for _ in range(count)]
    tensors = [reader_tensors(row.rgb, row.material, row.buffer.depth) for row in rows]
    rgb, material, depth = (torch.stack(column) for column in zip(*tensors, strict=True))
    return rgb, material, depth


@torch.no_grad()
def evaluate_reader(reader: torch.nn.Module, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, float]:
    """Accuracy over all pixels and per material, and the mean depth error."""
    reader.eval()
    rgb, material, depth = batch
    logits, guess = zip(*(reader(part) for part in rgb.split(16)), strict=True)
    right = torch.cat(logits).argmax(1) == material
    figures = {"accuracy": right.float().mean().item(), "depth_l1": (torch.cat(guess) - depth).abs().mean().item()}
    for i, name in enumerate(MATERIALS):
        here = material == i
        figures[name] = right[here].float().mean().item() if here.any() else float("nan")
    return {name: round(value, 4) for name, value in figures.items()}


def train_reader(folder: Path, recipe: ReaderRecipe, *, start: Path | None = None, evaluate_every: int = 200) -> Reader:
    """Runs or resumes the stage; returns the averaged Reader. `start` is the checkpoint of an earlier, smaller run."""
    torch.manual_seed(0)
    reader = Reader().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        reader.load_state_dict(torch.load(start, weights_only=True)["model"])
    optimizers = split_optimizers(reader, matrix_lr=recipe.matrix_lr, other_lr=recipe.other_lr)
    run = TrainingRun(folder, reader, optimizers, minutes=recipe.minutes)
    weight = torch.tensor([WEIGHTS[name] for name in MATERIALS])
    held_out = validation_batch(recipe.size, 64)
    loader = DataLoader(ReaderSamples("train", recipe.size), batch_size=recipe.batch, num_workers=recipe.workers,
                        prefetch_factor=4)  # fmt: skip
    reader.train()
    for batch in loader:
        batch[0] = batch[0].contiguous(memory_format=torch.channels_last)
        loss, accuracy = reader_loss(reader, batch, weight)
        loss.backward()
        run.after_backward()
        if run.step % 20 == 0:
            run.log(loss=round(loss.item(), 4), accuracy=round(accuracy.item(), 4))
        if run.step % evaluate_every == 0 or run.finished:
            run.log(validation=evaluate_reader(run.averaged.module, held_out))
            reader.train()
        if run.finished:
            break
    run.save()
    return run.averaged.module  # type: ignore[return-value]
