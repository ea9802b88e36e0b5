"""What the token kernels share: tiles of products, the norm before them, and which tiles fill a Hopper. Imports triton.

A tile is what one program computes: `rows` tokens of one session by `columns` outputs. Ragged rows are not masked but
taken from the last token, so that every load is whole, and only the store leaves them out. Products run on the tensor
cores in the weights' precision and add in float32; all other arithmetic is float32.
"""

from __future__ import annotations

from dataclasses import dataclass

import triton
import triton.language as tl
from torch import Tensor
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from kernels import reference

MULTIPROCESSORS = 132  # of an H100 or H200
EPSILON = tl.constexpr(reference.EPSILON)


@dataclass(frozen=True, kw_only=True)
class Tiles:
    rows: int
    columns: int
    warps: int
    depth: int = 64  # of one step along the inputs: 128 bytes of 16-bit numbers, a swizzled row of shared memory
    stages: int = 3  # steps in flight

    def programs(self, sessions: int, n: int, columns: int) -> int:
        return sessions * triton.cdiv(n, self.rows) * (columns // self.columns)


# Where the inputs go through registers (norm and modulation) 64x64 has its warpgroup instructions serialised by ptxas
# 12.8 (C7515): not among the first. All others have theirs overlap; tests/kernels holds them to it.
MODULATED = (Tiles(rows=128, columns=128, warps=8), Tiles(rows=64, columns=128, warps=4))
PLAIN = (*MODULATED, Tiles(rows=64, columns=64, warps=4))


def best_tiles(candidates: tuple[Tiles, ...], sessions: int, n: int, columns: int) -> Tiles:
    """Those whose busiest multiprocessor reads least: its rounds times the rows and columns of a tile.

    At one stream the second-level cache is the limit, not the tensor cores: a step of 64x64x64 computes for 64 cycles
    and reads 16 KB, 256 cycles' worth. b = 1, n = 576, 132 multiprocessors:

    | product | 128x128 | 64x128 | 64x64 |
    |---|---|---|---|
    | qkv, 2304 columns | **90 programs, 1 round of 256** | 162, 2 of 192 | 324, 3 of 128 |
    | up, 3072 | **120, 1 of 256** | 216, 2 of 192 | 432, 4 of 128 |
    | out and down, 768 | 30, 1 of 256 | 54, 1 of 192 | **108, 1 of 128** |
    """
    fitting = [tiles for tiles in candidates if columns % tiles.columns == 0] or [PLAIN[-1]]

    def read(tiles: Tiles) -> int:
        return triton.cdiv(tiles.programs(sessions, n, columns), MULTIPROCESSORS) * (tiles.rows + tiles.columns)

    return min(fitting, key=read)


def check(*tensors: Tensor) -> None:
    """That a kernel may walk over these as they lie, in one precision."""
    for tensor in tensors:
        assert tensor.is_contiguous(), f"{tuple(tensor.shape)} with strides {tensor.stride()}"
        assert tensor.dtype == tensors[0].dtype, f"{tensor.dtype} among {tensors[0].dtype}"


@triton.jit
def begin(PDL: tl.constexpr):
    """With programmatic dependent launch: the next kernel may be set up now, and this one waits for what it reads.

    Everything of the kernel before is visible after the wait; it in turn had waited for its own, so two back too.
    """
    if PDL:
        gdc_launch_dependents()
        gdc_wait()


@triton.jit
def inverse_rms(x, rows, D: tl.constexpr, ROWS: tl.constexpr):
    """1 / root mean square of `rows` (ROWS,) of x (., D), in a pass of its own over them.

    64 rows of 768 are 98 KB of cache, about 1 us of a multiprocessor's share; rows kept in registers for the product
    would be 96 a thread. Chunks of 64 keep the pass within the registers that the product needs anyway.
    """
    chunk = tl.arange(0, 64)
    squares = tl.zeros((ROWS, 64), tl.float32)
    for start in range(0, D, 64):
        part = tl.load(x + rows[:, None] * D + (start + chunk)[None, :]).to(tl.float32)
        squares += part * part
    return tl.rsqrt(tl.sum(squares, axis=1) / D + EPSILON)


@triton.jit
def product(a, rows, weight, columns, scale, shift, K: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
            DEPTH: tl.constexpr, MODULATED: tl.constexpr):  # fmt: skip
    """(ROWS, COLUMNS) float32: `rows` of a (., K) times `columns` of weight (., K), transposed.

    MODULATED: a normalised, times 1 + scale (K,), plus shift (K,), rounded to its precision first.
    """
    depth = tl.arange(0, DEPTH)
    left_at = a + rows[:, None] * K + depth[None, :]
    right_at = weight + columns[:, None] * K + depth[None, :]
    if MODULATED:
        inverse = inverse_rms(a, rows, K, ROWS)
    total = tl.zeros((ROWS, COLUMNS), tl.float32)
    for start in range(0, K, DEPTH):
        left = tl.load(left_at + start)
        right = tl.load(right_at + start)
        if MODULATED:
            gain = 1.0 + tl.load(scale + start + depth).to(tl.float32)
            offset = tl.load(shift + start + depth).to(tl.float32)
            turned = left.to(tl.float32) * inverse[:, None] * gain[None, :] + offset[None, :]
            left = turned.to(right.dtype)
        total = tl.dot(left, tl.trans(right), total, input_precision="tf32x3")
    return total


@triton.jit
def rows_of(block, n, ROWS: tl.constexpr):
    """The tokens of a tile, none beyond the last, and which of them are its own."""
    rows = block * ROWS + tl.arange(0, ROWS)
    return tl.minimum(rows, n - 1), rows < n
