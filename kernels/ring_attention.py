"""One frame's queries over every token in the ring, its keys split among programs. Imports triton.

Softmax in one pass (Dao et al. 2022), in powers of two. 576 queries of 12 heads in blocks of 64 are 108 programs for
132 multiprocessors, each walking 45 blocks of 64 keys alone: nothing runs on the tensor cores while it takes
exponentials. Split in three, 324 programs of 15 blocks lie up to three on a multiprocessor, which still has 45 blocks
to do but always another program to run; 106 registers a thread let four lie there. The parts, 5.3 MB in float32
of the cache, are put together by a second kernel.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.products import begin, rows_of
from kernels.tiles import MULTIPROCESSORS, best_splits, check

BLOCK = 64  # queries, and keys of a step: nine to a slot of 576 tokens
PROGRAMS = 3  # on a multiprocessor
MERGED_ROWS = 32
LOWEST = tl.constexpr(-1e30)  # where the maximum starts: finite, so that a block of -inf alone gives weights of 0


def ring_attention(q: Tensor, keys: Tensor, values: Tensor, slot_bias: Tensor, *, splits: int | None = None,
                   pdl: bool = False) -> Tensor:  # fmt: skip
    """As `kernels.reference.ring_attention`. `splits` (of the keys) and `pdl` say only how."""
    (b, s, n, d), heads = keys.shape, slot_bias.shape[1]
    check(q, keys, values)
    e, row_blocks, key_blocks = d // heads, triton.cdiv(n, BLOCK), s * triton.cdiv(n, BLOCK)
    splits = splits or best_splits(row_blocks * heads * b, key_blocks, PROGRAMS * MULTIPROCESSORS)
    steps = triton.cdiv(key_blocks, splits)
    splits = triton.cdiv(key_blocks, steps)  # four blocks in three parts are two and two
    out = torch.empty_like(q)
    parts = out if splits == 1 else torch.empty(splits, b, n, d, device=q.device)
    weights = torch.empty(splits, b, n, heads, device=q.device)
    _ring_attention[(row_blocks * heads, splits, b)](
        q, keys, values, slot_bias.contiguous(), parts, weights, HEADS=heads, N=n, SLOTS=s, E=e, STEPS=steps,
        SPLITS=splits, BLOCK=BLOCK, PDL=pdl, num_warps=4, num_stages=3, launch_pdl=pdl,
    )  # fmt: skip
    if splits > 1:
        _merged[(triton.cdiv(n, MERGED_ROWS), heads, b)](
            parts, weights, out, n, HEADS=heads, E=e, SPLITS=splits, ROWS=MERGED_ROWS, PDL=pdl, num_warps=4,
            launch_pdl=pdl,
        )  # fmt: skip
    return out


@triton.jit
def attention_tile(q, keys, values, slot_bias, out, weights, row_block, first, HEADS: tl.constexpr, N: tl.constexpr,
                   SLOTS: tl.constexpr, E: tl.constexpr, STEPS: tl.constexpr, QUERIES: tl.constexpr,
                   BLOCK: tl.constexpr):  # fmt: skip
    """Blocks `first` to `first + STEPS` of the keys for one block of queries of one head of one session.

    All pointers are at that head's first channel; slot_bias at its slots. weights (N, HEADS): base-2 logarithm of the
    sum of weights that went into out.
    """
    rows, own = rows_of(row_block, N, QUERIES)
    channel = tl.arange(0, E)
    at = rows[:, None] * (HEADS * E) + channel[None, :]
    query = tl.load(q + at)
    scale: tl.constexpr = 1.4426950408889634 / E**0.5
    per_slot: tl.constexpr = (N + BLOCK - 1) // BLOCK
    highest = tl.full((QUERIES,), LOWEST, tl.float32)
    total = tl.zeros((QUERIES,), tl.float32)
    mixed = tl.zeros((QUERIES, E), tl.float32)
    for step in range(STEPS):
        block = first + step
        slot = tl.minimum(block // per_slot, SLOTS - 1)
        tokens = block % per_slot * BLOCK + tl.arange(0, BLOCK)
        key_at = (slot * N + tl.minimum(tokens, N - 1))[:, None] * (HEADS * E) + channel[None, :]
        bias = tl.load(slot_bias + slot).to(tl.float32) * 1.4426950408889634
        key = tl.load(keys + key_at)
        scores = tl.dot(query, tl.trans(key), input_precision="tf32x3") * scale + bias
        if N % BLOCK != 0 or (SLOTS * per_slot) % STEPS != 0:  # at 576 tokens in three parts neither
            there = (tokens < N) & (block < SLOTS * per_slot)
            scores = tl.where(there[None, :], scores, float("-inf"))
        higher = tl.maximum(highest, tl.max(scores, axis=1))
        share = tl.exp2(scores - higher[:, None])
        kept = tl.exp2(highest - higher)
        total = total * kept + tl.sum(share, axis=1)
        value = tl.load(values + key_at)
        mixed = tl.dot(share.to(value.dtype), value, mixed * kept[:, None], input_precision="tf32x3")
        highest = higher
    mixed = mixed / tl.maximum(total, 1e-30)[:, None]
    tl.store(out + at, mixed.to(out.dtype.element_ty), own[:, None])
    tl.store(weights + rows * HEADS, highest + tl.log2(tl.maximum(total, 1e-30)), own)


@triton.jit
def merged_tile(parts, weights, out, n, row_block, part_stride, weight_stride, HEADS: tl.constexpr, E: tl.constexpr,
                SPLITS: tl.constexpr, ROWS: tl.constexpr):  # fmt: skip
    """The parts of some rows of one head of one session by their weights; all pointers at that head."""
    rows, own = rows_of(row_block, n, ROWS)
    at = rows[:, None] * (HEADS * E) + tl.arange(0, E)[None, :]
    highest = tl.full((ROWS,), LOWEST, tl.float32)
    for i in tl.static_range(SPLITS):
        highest = tl.maximum(highest, tl.load(weights + i * weight_stride + rows * HEADS))
    total = tl.zeros((ROWS,), tl.float32)
    mixed = tl.zeros((ROWS, E), tl.float32)
    for i in tl.static_range(SPLITS):
        share = tl.exp2(tl.load(weights + i * weight_stride + rows * HEADS) - highest)
        total += share
        mixed += share[:, None] * tl.load(parts + i * part_stride + at)
    tl.store(out + at, (mixed / total[:, None]).to(out.dtype.element_ty), own[:, None])


@triton.jit
def _ring_attention(q, keys, values, slot_bias, parts, weights, HEADS: tl.constexpr, N: tl.constexpr,
                    SLOTS: tl.constexpr, E: tl.constexpr, STEPS: tl.constexpr, SPLITS: tl.constexpr,
                    BLOCK: tl.constexpr, PDL: tl.constexpr):  # fmt: skip
    begin(PDL)
    head, row_block = tl.program_id(0) % HEADS, tl.program_id(0) // HEADS
    split, session = tl.program_id(1), tl.program_id(2).to(tl.int64)
    part = split * tl.num_programs(2) + session
    kept = session * SLOTS * N * HEADS * E + head * E
    attention_tile(q + session * N * HEADS * E + head * E, keys + kept, values + kept,
                   slot_bias + (session * HEADS + head) * SLOTS, parts + part * N * HEADS * E + head * E,
                   weights + part * N * HEADS + head, row_block, split * STEPS, HEADS, N, SLOTS, E, STEPS, BLOCK,
                   BLOCK)  # fmt: skip


@triton.jit
def _merged(parts, weights, out, n, HEADS: tl.constexpr, E: tl.constexpr, SPLITS: tl.constexpr, ROWS: tl.constexpr,
            PDL: tl.constexpr):  # fmt: skip
    begin(PDL)
    head, session, sessions = tl.program_id(1), tl.program_id(2).to(tl.int64), tl.num_programs(2)
    at = session * n * HEADS * E + head * E
    merged_tile(parts + at, weights + session * n * HEADS + head, out + at, n, tl.program_id(0),
                sessions * n * HEADS * E, sessions * n * HEADS, HEADS, E, SPLITS, ROWS)  # fmt: skip
