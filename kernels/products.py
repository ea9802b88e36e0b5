"""What the token kernels share: the product of a tile, and the norm before it. Imports triton.

Ragged rows are not masked but taken from the last token, so that every load is whole, and only the store leaves them
out. Products run on the tensor cores in the weights' precision and add in float32; all other arithmetic is float32.
"""

from __future__ import annotations

import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from kernels import reference

EPSILON = tl.constexpr(reference.EPSILON)


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
def product(a, rows, weight, columns, scale, shift, K, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
            DEPTH: tl.constexpr, MODULATED: tl.constexpr):  # fmt: skip
    """(ROWS, COLUMNS) float32: `rows` of a (., K) times `columns` of weight (., K), transposed.

    MODULATED: a normalised, times 1 + scale (K,), plus shift (K,), rounded to its precision first; K then a constant.
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
