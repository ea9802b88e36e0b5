"""What the tests of the transformer Painter share: a tiny one, and clips of random tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.config import TransformerShape
from engine.painter import CONDITION
from engine.ring import Ring
from engine.token_painter import TokenOps, TokenPainter, patch_channels
from tests.engine.tiny import SIZE

SHAPE = TransformerShape(patch=8, width=32, layers=2, hidden=48, head=16, bottleneck=24, slots=4)
CHANNELS = patch_channels(SHAPE.patch)


def new_painter(*, decided: bool = True) -> TokenPainter:
    """Every weight random, so that nothing is zero by its start; or as a new one is."""
    torch.manual_seed(5)
    painter = TokenPainter(SHAPE, SIZE)
    if decided:
        with torch.no_grad():
            for weight in painter.parameters():
                weight.add_(torch.randn(weight.shape) * 0.15)
    return painter.eval()


def clip_of(frames: int) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(2)
    tokens = SIZE[0] // SHAPE.patch * (SIZE[1] // SHAPE.patch)
    return torch.randn(frames, tokens, CHANNELS, generator=rng), torch.rand(frames, CONDITION, generator=rng)


@torch.no_grad()
def paint_by_ring(painter: TokenPainter, patches: Tensor, conditions: Tensor, ring: Ring | None = None,
                  ops: TokenOps | None = None) -> Tensor:  # fmt: skip
    ring, painter.ops = ring or painter.ring(), ops
    outputs = []
    for i in range(len(patches)):
        ring.turn(torch.tensor([i]))
        # An earlier denoising step, whose keys and values the last one replaces.
        painter.token_outputs(torch.zeros_like(patches[i : i + 1]), conditions[i : i + 1], ring)
        outputs.append(painter.token_outputs(patches[i : i + 1], conditions[i : i + 1], ring))
    return torch.cat(outputs)
