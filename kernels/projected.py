"""A product onto the residual, bias and gate in its epilogue: attention's way back, and the MLP's. Imports triton.

768 columns are few: at 576 tokens 128x128 makes 30 tiles and 64x128 54, of 132 multiprocessors; 64x64 makes 108.
The MLP's 3072 inputs are not split over programs: 108 tiles in s parts are ceil(108 s / 132) rounds of 48 / s steps, so
2 to 5 parts leave the busiest multiprocessor its 48 steps, and 6 leave 40, 128 KB less to read, for 160 KB of partial
sums to write and read again. What it takes on a device, `tools/bench.py gpu` prints beside its traffic.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.products import begin, product, rows_of
from kernels.tiles import PLAIN, Tiles, best_tiles, check


def projected(x: Tensor, y: Tensor, weight: Tensor, bias: Tensor, gate: Tensor, *, tiles: Tiles | None = None,
              pdl: bool = False) -> Tensor:  # fmt: skip
    """As `kernels.reference.projected`; gate may lie apart by session. `tiles` and `pdl` say only how."""
    (b, n, d), m = x.shape, y.shape[2]
    check(x, y, weight)
    tiles = tiles or best_tiles(PLAIN, b, n, d)
    out = torch.empty_like(x)
    _projected[(tiles.programs(1, n, d), b)](
        x, y, weight, bias, gate, out, n, gate.stride(0), D=d, M=m, ROWS=tiles.rows, COLUMNS=tiles.columns,
        DEPTH=tiles.depth(x), PDL=pdl, num_warps=tiles.warps, num_stages=tiles.stages, launch_pdl=pdl,
    )  # fmt: skip
    return out


@triton.jit
def projected_tile(x, y, weight, bias, gate, out, n, row_block, column_block, M, D: tl.constexpr,
                   ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr):  # fmt: skip
    """One tile of one session, at which x, out (n, D) and y (n, M) point; x may be out."""
    rows, own = rows_of(row_block, n, ROWS)
    columns = column_block * COLUMNS + tl.arange(0, COLUMNS)
    total = product(y, rows, weight, columns, y, y, M, ROWS, COLUMNS, DEPTH, False)
    total += tl.load(bias + columns).to(tl.float32)[None, :]
    at = rows[:, None] * D + columns[None, :]
    summed = tl.load(x + at).to(tl.float32) + tl.load(gate + columns).to(tl.float32)[None, :] * total
    tl.store(out + at, summed.to(out.dtype.element_ty), own[:, None])


@triton.jit
def _projected(x, y, weight, bias, gate, out, n, gate_stride, D: tl.constexpr, M: tl.constexpr, ROWS: tl.constexpr,
               COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PDL: tl.constexpr):  # fmt: skip
    begin(PDL)
    row_blocks = tl.cdiv(n, ROWS)
    tile, session = tl.program_id(0), tl.program_id(1).to(tl.int64)
    projected_tile(x + session * n * D, y + session * n * M, weight, bias, gate + session * gate_stride,
                   out + session * n * D, n, tile % row_blocks, tile // row_blocks, M, D, ROWS, COLUMNS,
                   DEPTH)  # fmt: skip
