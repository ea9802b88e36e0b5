"""Prunes a TokenPainter and trains it back: what is left is measured before and after, beside the whole one.

Costs are those of one denoising step of one frame; fidelity is to the true rendering of clips that nothing was trained
on. Knows nothing of files but the run's folder.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from engine.config import SMALL
from engine.painter import CONDITION
from engine.prune import Loss, importance, pruned
from engine.sampler import schedule, stepped
from engine.token_painter import TokenPainter
from engine.train.painter import Brush, PainterRecipe, clip_loss, train_on
from engine.train.painter_data import ClipStore, PainterClips

BATCHES = 4  # that importance and fidelity are measured on
TRIES = 20  # of a step that is timed
STEPS = SMALL.steps  # of the denoising, as the presets for a GPU play


@dataclass(frozen=True, kw_only=True)
class Size:
    """What is to stay of every layer, and of how many."""

    layers: int
    heads: int
    hidden: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table."""

    name: str
    parameters: int
    gflop: float
    step_ms: float
    psnr_db: float


def prune_and_train(painter: TokenPainter, size: Size, store: ClipStore, held_out: ClipStore, recipe: PainterRecipe,
                    folder: Path, device: torch.device) -> tuple[TokenPainter, list[Row]]:  # fmt: skip
    """The pruned Painter after its training, and what it cost and gained; resumes where the folder has a checkpoint."""
    painter = painter.to(device)
    against_truth = replace(recipe, shortcut_share=0.0)  # a shortcut is held to what the Painter itself says
    found = importance(painter, list(losses(store, against_truth, device)))
    smaller = pruned(painter, found, layers=size.layers, heads=size.heads, hidden=size.hidden).to(device)
    rows = [measured("whole", painter, held_out, device), measured("pruned", smaller, held_out, device)]
    trained = train_on(smaller, store, folder, recipe, device=device)
    assert isinstance(trained, TokenPainter)
    return trained, [*rows, measured("pruned, trained back", trained.eval(), held_out, device)]


def losses(store: ClipStore, recipe: PainterRecipe, device: torch.device) -> Iterator[Loss]:
    """Losses of batches that are the same at every call, noise and all."""
    for seed in range(BATCHES):
        clips = store.batch(torch.Generator(device).manual_seed(seed), recipe.batch)

        def loss(painter: TokenPainter, clips=clips, seed=seed):  # type: ignore[no-untyped-def]
            return clip_loss(painter, clips, recipe, torch.Generator(device).manual_seed(seed))[0]

        yield loss


@torch.no_grad()
def measured(name: str, painter: TokenPainter, held_out: ClipStore, device: torch.device,
             cost: tuple[float, float] | None = None) -> Row:  # fmt: skip
    """Fidelity is that of clips as they are played. `cost`: GFLOP and ms of a step, where they are known already."""
    squared = []
    for seed in range(BATCHES):
        rng = torch.Generator(device).manual_seed(seed)
        clips = held_out.batch(rng, 2, varied=False)
        squared.append(F.mse_loss(played(painter, clips, rng), clips.target * 2 - 1).item())
    mse = sum(squared) / len(squared)
    gflop, step_ms = cost or step_cost(painter, device)
    return Row(
        name=name, parameters=sum(weight.numel() for weight in painter.parameters()),
        gflop=gflop, step_ms=step_ms,
        psnr_db=float(-10 * torch.log10(torch.tensor(mse / 4 + 1e-12))),  # pictures in [-1, 1]
    )  # fmt: skip


@torch.no_grad()
def played(painter: TokenPainter, clips: PainterClips, rng: torch.Generator, steps: int = STEPS) -> Tensor:
    """The frames (b, t, 3, h, w) in [-1, 1] as a player would see them: from noise, the same for each, and from the
    Painter's own past. Nothing of the truth goes in.
    """
    b, t = clips.source.shape[:2]
    brush, own = Brush(painter, b, rng.device), list[Tensor]()
    noise = torch.randn(clips.anchor.shape, generator=rng, device=rng.device)
    for i in range(t):
        last, anchor = (own[-1], own[0]) if own else (noise, noise)
        brush.turn([i] * b)
        noisy = noise
        for sigma, step in schedule(steps):
            levels = torch.tensor([sigma, step, float(i == 0), float(i == 0)], device=rng.device).expand(b, -1)
            condition = torch.cat([clips.light, levels], dim=1)
            clean = brush(noisy, last, anchor, clips.look(i), condition).clamp(-1, 1)
            noisy = stepped(noisy, clean, sigma, step)
        own.append(clean)
    return torch.stack(own, dim=1)


@torch.no_grad()
def step_cost(painter: TokenPainter, device: torch.device, tries: int = TRIES) -> tuple[float, float]:
    """GFLOP and median ms of one denoising step of one frame, op by op in torch."""
    patches = torch.randn(1, painter.tokens, painter.squeeze.in_features, device=device)
    condition, ring = torch.rand(1, CONDITION, device=device), painter.ring(device=device)
    ring.turn(torch.zeros(1, dtype=torch.int64, device=device))
    with FlopCounterMode(display=False) as counter:
        painter.token_outputs(patches, condition, ring)
    took_ms = []
    for _ in range(tries):
        began = time.perf_counter()
        painter.token_outputs(patches, condition, ring)
        if device.type == "cuda":
            torch.cuda.synchronize()
        took_ms.append((time.perf_counter() - began) * 1e3)
    return counter.get_total_flops() / 1e9, sorted(took_ms)[tries // 2]
