"""Stages 2 and 3 for nano: diffusion forcing with a corrupted history, on short clips.

Every frame of a clip has its own noise level (half of them pure noise, since one step is what runs), and sees the
frame before: the truth, the Painter's own output, or nothing, and that damaged by noise of a known level, a colour
cast, blur and rounding, while the target stays clean. Loss: L1 and L1 of gradients, both in x.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from engine.live import open_session, read_frame
from engine.painter import Painter, surface_map
from engine.painter_state import underpainting
from engine.refine import Refiner
from engine.style import Style
from engine.train.muon import split_optimizers
from engine.train.run import TrainingRun
from engine.underpaint import Underpainter
from engine.worlds.samples import SourceFrame, clips
from engine.worlds.styles import random_style
from engine.worlds.target import true_rendering


@dataclass(frozen=True, kw_only=True)
class PainterRecipe:
    size: tuple[int, int] = (144, 256)
    frames: int = 3
    batch: int = 4
    matrix_lr: float = 0.02
    other_lr: float = 1.5e-3
    minutes: float = 40.0
    gradient_weight: float = 0.8
    own_history: float = 0.6  # share of histories that are the Painter's own output
    workers: int = 1


class PainterSamples(IterableDataset):  # type: ignore[type-arg]
    """Clips as (source, underpainting, target (t, 3, h, w) in [-1, 1], surface (t, ...), light (15,))."""

    def __init__(self, split: str, recipe: PainterRecipe, reader: Path) -> None:
        self.split, self.recipe, self.reader = split, recipe, reader

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        torch.set_num_threads(1)
        session = open_session(self.reader, 1)
        rng = np.random.default_rng([7, worker])
        for clip in clips(self.split, self.recipe.size, frames=self.recipe.frames, worker=worker, workers=workers,
                          pool=300, fresh=0.12):  # fmt: skip
            yield painter_tensors(clip, random_style(rng), session)


def painter_tensors(clip: list[SourceFrame], style: Style, session) -> tuple[Tensor, ...]:  # type: ignore[no-untyped-def]
    refiner, seen, true = Refiner(), Underpainter(), Underpainter()
    sources, paintings, targets, surfaces = [], [], [], []
    for frame in clip:
        materials, depth = read_frame(session, frame.rgb)
        materials = refiner(frame.rgb, materials)
        maps = seen.paint(frame.rgb, materials, depth, style)
        sources.append(frame.rgb)
        paintings.append(underpainting(frame.rgb, maps))
        targets.append(true_rendering(frame, style, true))
        surfaces.append(surface_map(torch.from_numpy(materials), torch.from_numpy(style.per_material())))
    pictures = (planes_of(rows) for rows in (sources, paintings, targets))
    return *pictures, torch.stack(surfaces), torch.from_numpy(style.light_vector())


def planes_of(pictures: list[np.ndarray]) -> Tensor:
    """Pictures (h, w, 3) in [0, 1] to one (t, 3, h, w) in [-1, 1]."""
    return torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2)).float() * 2 - 1


def damage(history: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """History (b, 3, h, w) as it may arrive, and its known noise level (b, 1): noise, cast, gain, blur, rounding."""
    b = history.shape[0]

    def drawn(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(b, *shape, generator=rng) * (high - low) + low

    known = drawn(0, 1, 1) ** 2 * 0.7
    known = torch.where(drawn(0, 1, 1) < 0.1, torch.ones_like(known), known)  # at times there is no past at all
    cast = (drawn(0, 1, 1, 1, 1) < 0.5) * drawn(-0.15, 0.15, 3, 1, 1)
    gain = 1 + (drawn(0, 1, 1, 1, 1) < 0.4) * drawn(-0.2, 0.2, 1, 1, 1)
    out = history * gain + cast
    if torch.rand((), generator=rng) < 0.3:
        out = F.avg_pool2d(out, 3, 1, 1)
    out = torch.round(out * 127.5) / 127.5
    level = known[:, :, None, None]
    return out * (1 - level) + level * torch.randn(out.shape, generator=rng), known


def gradient_loss(ours: Tensor, truth: Tensor) -> Tensor:
    across = (ours.diff(dim=-1) - truth.diff(dim=-1)).abs().mean()
    return across + (ours.diff(dim=-2) - truth.diff(dim=-2)).abs().mean()


def clip_loss(painter: torch.nn.Module, batch: list[Tensor], recipe: PainterRecipe,
              rng: torch.Generator) -> tuple[Tensor, dict[str, float]]:  # fmt: skip
    """The loss of a batch of clips, painted frame by frame, and the squared errors of painting and underpainting."""
    source, under, target, surface, light = batch  # (b, t, ...)
    b, t = source.shape[:2]
    total, figures = torch.zeros(()), {"mse": 0.0, "mse_under": 0.0}
    before, own = torch.zeros_like(target[:, 0]), torch.zeros_like(target[:, 0])
    for i in range(t):
        sigma = torch.where(torch.rand(b, 1, generator=rng) < 0.5, 1.0, torch.rand(b, 1, generator=rng))
        level = sigma[:, :, None, None]
        noisy = target[:, i] * (1 - level) + level * torch.randn(target[:, i].shape, generator=rng)
        if i:
            use_own = torch.rand(b, 1, 1, 1, generator=rng) < recipe.own_history
            history, known = damage(torch.where(use_own, own, before), rng)
        else:
            history, known = torch.randn(before.shape, generator=rng), torch.ones(b, 1)
        condition = torch.cat([light, sigma, known], dim=1)
        ours = painter(noisy, under[:, i], source[:, i], history, surface[:, i], condition)
        truth = target[:, i]
        total = total + (ours - truth).abs().mean() + recipe.gradient_weight * gradient_loss(ours, truth)
        before, own = truth, ours.detach().clamp(-1, 1)
        figures["mse"] += F.mse_loss(own, truth).item() / t
        figures["mse_under"] += F.mse_loss(under[:, i], truth).item() / t
    return total / t, {name: round(value, 5) for name, value in figures.items()}


def train_painter(folder: Path, recipe: PainterRecipe, reader: Path) -> Painter:
    """Runs or resumes the stage over the Reader exported at `reader`; returns the averaged Painter."""
    torch.manual_seed(1)
    cv2.setNumThreads(1)
    rng = torch.Generator().manual_seed(1)
    painter = Painter().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizers = split_optimizers(painter, matrix_lr=recipe.matrix_lr, other_lr=recipe.other_lr)
    run = TrainingRun(folder, painter, optimizers, minutes=recipe.minutes, rng=rng)
    loader = DataLoader(PainterSamples("train", recipe, reader), batch_size=recipe.batch, num_workers=recipe.workers,
                        prefetch_factor=4)  # fmt: skip
    painter.train()
    for batch in loader:
        loss, figures = clip_loss(painter, batch, recipe, rng)
        loss.backward()
        run.after_backward()
        if run.step % 20 == 0:
            run.log(loss=round(loss.item(), 4), **figures)
        if run.finished:
            break
    run.save()
    return run.averaged.module  # type: ignore[return-value]
