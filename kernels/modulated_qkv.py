"""Norm, modulation, the product to queries, keys and values, their norms and rotation in one pass. Imports triton.

Keys and values go straight into the ring's slot: an attention that read the new ones from a buffer of their own took
247 registers, over the ring alone it takes 106. A tile holds whole heads of one kind, q, k or v.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from kernels.products import EPSILON, begin, product, rows_of
from kernels.tiles import MODULATED, Tiles, best_tiles, check


def modulated_qkv(x: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor, q_gain: Tensor,
                  k_gain: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, slot: Tensor, *,
                  tiles: Tiles | None = None, pdl: bool = False) -> Tensor:  # fmt: skip
    """As `kernels.reference.modulated_qkv`; scale, shift may lie apart by session. `tiles` and `pdl` say only how."""
    (b, n, d), e, r = x.shape, q_gain.shape[0], weight.shape[0] // 3
    check(x, weight, keys, values)
    tiles = tiles or best_tiles(MODULATED, b, n, 3 * r)
    queries = x.new_empty(b, n, r)
    _modulated_qkv[(tiles.programs(1, n, 3 * r), b)](
        x, scale, shift, weight, bias, q_gain, k_gain, cos, sin, queries, keys, values, slot, n, keys.shape[1],
        scale.stride(0), shift.stride(0), D=d, R=r, E=e, ROWS=tiles.rows, COLUMNS=tiles.columns, DEPTH=tiles.depth(x),
        PDL=pdl, num_warps=tiles.warps, num_stages=tiles.stages, launch_pdl=pdl,
    )  # fmt: skip
    return queries


@triton.jit
def turned_heads(x, gain, cos, sin, ROWS: tl.constexpr, HEADS: tl.constexpr, E: tl.constexpr):
    """x (ROWS, HEADS * E) normalised per head, times gain (E,), rotated by cos and sin (ROWS, E / 2).

    Channels i and i + E / 2 of a head are a pair, and in a warpgroup's accumulator they are one thread's.
    """
    half: tl.constexpr = E // 2
    pairs = tl.permute(tl.reshape(x, (ROWS, HEADS, 2, half)), (0, 1, 3, 2))
    first, second = tl.split(pairs)
    first_gain, second_gain = tl.split(tl.trans(tl.reshape(gain, (2, half))))
    inverse = tl.rsqrt(tl.sum(first * first + second * second, axis=2) / E + EPSILON)[:, :, None]
    first *= inverse * first_gain[None, None, :]
    second *= inverse * second_gain[None, None, :]
    cos, sin = cos[:, None, :], sin[:, None, :]
    both = tl.join(first * cos - second * sin, first * sin + second * cos)
    return tl.reshape(tl.permute(both, (0, 1, 3, 2)), (ROWS, HEADS * E))


@triton.jit
def qkv_tile(x, scale, shift, weight, bias, q_gain, k_gain, cos, sin, queries, keys, values, n, row_block, column_block,
             D: tl.constexpr, R: tl.constexpr, E: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
             DEPTH: tl.constexpr):  # fmt: skip
    """One tile of one session, at which x (n, D) and queries (n, R) point; keys and values (n, R) at its slot."""
    rows, own = rows_of(row_block, n, ROWS)
    columns = column_block * COLUMNS + tl.arange(0, COLUMNS)
    total = product(x, rows, weight, columns, scale, shift, D, ROWS, COLUMNS, DEPTH, True)
    total += tl.load(bias + columns).to(tl.float32)[None, :]
    kind = column_block * COLUMNS // R  # 0 queries, 1 keys, 2 values
    if kind < 2:
        channel = tl.arange(0, E)
        gain = tl.where(kind == 0, tl.load(q_gain + channel).to(tl.float32), tl.load(k_gain + channel).to(tl.float32))
        angle = rows[:, None] * (E // 2) + tl.arange(0, E // 2)[None, :]
        cosine, sine = tl.load(cos + angle).to(tl.float32), tl.load(sin + angle).to(tl.float32)
        total = turned_heads(total, gain, cosine, sine, ROWS, COLUMNS // E, E)
    # One store: three in branches, within the loop of `token_layers.py`, trip a pass of triton 3.6.0.
    target = tl.where(kind == 0, queries, tl.where(kind == 1, keys, values))
    at = rows[:, None] * R + (columns - kind * R)[None, :]
    tl.store(target + at, total.to(target.dtype.element_ty), own[:, None])


@triton.jit
def _modulated_qkv(x, scale, shift, weight, bias, q_gain, k_gain, cos, sin, queries, keys, values, slot, n, slots,
                   scale_stride, shift_stride, D: tl.constexpr, R: tl.constexpr, E: tl.constexpr, ROWS: tl.constexpr,
                   COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PDL: tl.constexpr):  # fmt: skip
    begin(PDL)
    row_blocks = tl.cdiv(n, ROWS)
    tile, session = tl.program_id(0), tl.program_id(1).to(tl.int64)
    kept = (session * slots + tl.load(slot + session)) * n * R
    qkv_tile(x + session * n * D, scale + session * scale_stride, shift + session * shift_stride, weight, bias, q_gain,
             k_gain, cos, sin, queries + session * n * R, keys + kept, values + kept, n, tile % row_blocks,
             tile // row_blocks, D, R, E, ROWS, COLUMNS, DEPTH)  # fmt: skip
