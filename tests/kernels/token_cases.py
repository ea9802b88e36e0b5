"""A transformer Painter small enough for the interpreter, some frames for it, and layers for the one launch of all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor

from engine.config import TransformerShape
from engine.painter import CONDITION
from engine.ring import Ring
from engine.token_painter import TokenOps, TokenPainter, patch_channels
from engine.token_stack import StackedPainter
from kernels.ops import OPS
from kernels.reference import LayerStack

SHAPE = TransformerShape(patch=8, width=128, layers=1, hidden=256, bottleneck=24, slots=3)
SIZE = (24, 40)  # 15 tokens
FRAMES = 4  # the two slots beside the anchor's are both written anew


@torch.no_grad()
def painted(paint: Callable[..., Tensor], ring: Ring) -> tuple[list[Tensor], Ring]:
    """Each frame's outputs (b, n, channels) and the ring at the end; the second session has a cut after two frames."""
    rng = Generator().manual_seed(2)
    sessions, _, tokens, _ = ring.keys[0].shape
    outputs = []
    for i in range(FRAMES):
        ring.turn(torch.tensor([i, i % 2]))
        patches = torch.randn(sessions, tokens, patch_channels(SHAPE.patch), generator=rng)
        outputs.append(paint(patches, torch.rand(sessions, CONDITION, generator=rng), ring))
    return outputs, ring


@torch.no_grad()
def painter() -> TokenPainter:
    """Every weight random, so that nothing is zero by its start."""
    torch.manual_seed(5)
    made = TokenPainter(SHAPE, SIZE).eval()
    for weight in made.parameters():
        weight.add_(0.1 * torch.randn(weight.shape))
    return made


def painted_op_by_op(ops: TokenOps) -> tuple[list[Tensor], Ring]:
    made = painter()
    made.ops = ops
    return painted(made.token_outputs, made.ring(2))


def painted_in_one_launch(layers: Callable[..., Tensor]) -> tuple[list[Tensor], Ring]:
    made = StackedPainter(painter())
    return painted(partial(made.token_outputs, layers=layers), made.ring(2))


def stacked(layers: int, b: int, s: int, n: int, d: int, m: int, dtype: torch.dtype, seed: int = 7) -> tuple[Any, ...]:
    """Arguments of `token_layers`, heads of 64."""
    rng, e = Generator().manual_seed(seed), 64

    def normal(*shape: int, std: float = 1.0, mean: float = 0.0) -> Tensor:
        return (mean + std * torch.randn(*shape, generator=rng)).to(dtype)

    stack = LayerStack(
        qkv=normal(layers, 3 * d, d, std=d**-0.5), qkv_bias=normal(layers, 3 * d, std=0.1),
        q_gain=normal(layers, e, std=0.2, mean=1), k_gain=normal(layers, e, std=0.2, mean=1),
        out=normal(layers, d, d, std=d**-0.5), out_bias=normal(layers, d, std=0.1),
        up=normal(layers, m, d, std=d**-0.5), up_bias=normal(layers, m, std=0.1),
        down=normal(layers, d, m, std=m**-0.5), down_bias=normal(layers, d, std=0.1),
    )  # fmt: skip
    bias = torch.randn(layers, b, d // e, s, generator=rng)
    bias[:, 0, :, 1:-1] = -torch.inf
    angle = 6 * torch.rand(n, e // 2, generator=rng)
    slot = torch.arange(b) % (s - 1) + 1
    return (
        normal(b, n, d), normal(b, layers, 6, d, std=0.3), stack, bias.index_fill(3, slot, 0.0), angle.cos().to(dtype),
        angle.sin().to(dtype), normal(layers, b, s, n, d), normal(layers, b, s, n, d), slot,
    )  # fmt: skip


LAYER_DTYPES = (torch.float32, torch.bfloat16)
STACK = {"layers": 2, "b": 2, "s": 3, "n": 37, "d": 128, "m": 128}
# Phase by phase the programs may run one after another; in one launch with barriers only one may be there.
LAUNCHES = {"phase by phase": {"programs": 3, "one_by_one": True}, "one launch": {"programs": 1}}


def through(layers: Callable[..., Tensor], arguments: tuple[Any, ...], **way: Any) -> tuple[Tensor, Tensor, Tensor]:
    """What `layers`, the reference or the launch, makes of x, the keys and the values."""
    return layers(*arguments, **way), arguments[6], arguments[7]


def attended(attention: Callable[..., Tensor]) -> tuple[Tensor, Tensor]:
    """A frame over a ring with two slots unwritten, of which the second time other numbers are left there."""
    op = next(op for op in OPS if op.name == "ring_attention")
    q, keys, values, bias = op.example({"b": 1, "n": 64, "d": 64, "e": 64, "s": 4})
    bias[..., 0] = 0.5  # the first and the last are written
    first = attention(q, keys, values, bias)
    keys[:, 1:3], values[:, 1:3] = -7.0, 1e4
    return first, attention(q, keys, values, bias)
