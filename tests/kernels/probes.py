"""One plain product, to show that what interprets and what judges the kernels does: not an op of the engine."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

N = 64


def factors() -> tuple[Tensor, Tensor]:
    """(64, 192) and (192, 64) bfloat16."""
    rng = torch.Generator().manual_seed(0)
    return torch.randn(64, 192, generator=rng).bfloat16(), torch.randn(192, N, generator=rng).bfloat16()


def product(a: Tensor, b: Tensor, rows: int, *, half_sums: bool = False) -> Tensor:
    """a (m, d) @ b (d, 64) in a's precision, `rows` of a to a program; `half_sums` adds up in it too."""
    out = torch.empty(len(a), N, dtype=a.dtype, device=a.device)
    _product[(len(a) // rows,)](a, b, out, a.shape[1], ROWS=rows, N=N, STEP=64, HALF_SUMS=half_sums)
    return out


@triton.jit
def _product(a, b, out, d, ROWS: tl.constexpr, N: tl.constexpr, STEP: tl.constexpr, HALF_SUMS: tl.constexpr):
    row, column, inner = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.arange(0, N), tl.arange(0, STEP)
    total = tl.zeros((ROWS, N), tl.float32)
    for start in range(0, d, STEP):
        left = tl.load(a + row[:, None] * d + start + inner[None, :])
        right = tl.load(b + (start + inner)[:, None] * N + column[None, :])
        total = tl.dot(left, right, total)
    rounded = total.to(out.dtype.element_ty)
    if HALF_SUMS:
        rounded = rounded + rounded
    tl.store(out + row[:, None] * N + column[None, :], rounded)
