"""The MLP's first half in one pass: norm, modulation, product, bias, GELU. Imports triton. Tiles: `tiles.py`."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.products import begin, product, rows_of
from kernels.tiles import MODULATED, Tiles, best_tiles, check


def modulated_up(x: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor, *, tiles: Tiles | None = None,
                 pdl: bool = False) -> Tensor:  # fmt: skip
    """As `kernels.reference.modulated_up`; scale and shift may lie apart by session. `tiles` and `pdl` say only how."""
    (b, n, d), m = x.shape, weight.shape[0]
    check(x, weight)
    tiles = tiles or best_tiles(MODULATED, b, n, m)
    out = torch.empty(b, n, m, dtype=x.dtype, device=x.device)
    _modulated_up[(tiles.programs(1, n, m), b)](
        x, scale, shift, weight, bias, out, n, scale.stride(0), shift.stride(0), D=d, M=m, ROWS=tiles.rows,
        COLUMNS=tiles.columns, DEPTH=tiles.depth(x), PDL=pdl, num_warps=tiles.warps, num_stages=tiles.stages,
        launch_pdl=pdl,
    )  # fmt: skip
    return out


@triton.jit
def gelu(x):
    """Its tanh form, 0.5 x (1 + tanh(u)), which is x / (1 + exp(-2 u)): one exponential, and no overflow to NaN."""
    u = 0.7978845608028654 * (x + 0.044715 * x * x * x)
    return x / (1.0 + tl.exp(-2.0 * u))


@triton.jit
def up_tile(x, scale, shift, weight, bias, out, n, row_block, column_block, D: tl.constexpr, M: tl.constexpr,
            ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr):  # fmt: skip
    """One tile of one session, at which x and out (n, M) point."""
    rows, own = rows_of(row_block, n, ROWS)
    columns = column_block * COLUMNS + tl.arange(0, COLUMNS)
    total = product(x, rows, weight, columns, scale, shift, D, ROWS, COLUMNS, DEPTH, True)
    hidden = gelu(total + tl.load(bias + columns).to(tl.float32)[None, :])
    tl.store(out + rows[:, None] * M + columns[None, :], hidden.to(out.dtype.element_ty), own[:, None])


@triton.jit
def _modulated_up(x, scale, shift, weight, bias, out, n, scale_stride, shift_stride, D: tl.constexpr, M: tl.constexpr,
                  ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PDL: tl.constexpr):  # fmt: skip
    begin(PDL)
    row_blocks = tl.cdiv(n, ROWS)
    tile, session = tl.program_id(0), tl.program_id(1).to(tl.int64)
    up_tile(x + session * n * D, scale + session * scale_stride, shift + session * shift_stride, weight, bias,
            out + session * n * M, n, tile % row_blocks, tile // row_blocks, D, M, ROWS, COLUMNS, DEPTH)  # fmt: skip
