"""All layers of one denoising step in one launch: the single ops' tiles, with a barrier for the grid between phases.

Imports triton. Programs stay where they are and take every `programs`-th tile of a phase. A barrier is a counter that
only grows: every program adds one and waits for the number that all have reached. So all programs must lie on the GPU
at once; a cooperative launch of more is refused by the driver, where a common one would hang.

Six phases a layer: qkv, attention, its parts merged, out, up, down. The residual is one buffer, updated in place: a
tile of `out` or `down` reads of it only what it writes. What kept one kernel for all phases within 255 registers and
its products overlapping: a loop over phases with a branch each, `disable_licm`, so that no phase's addresses are
computed ahead of the loop (221 registers without, 188 with, both serialised), one code for `out` and `down` (181), and
shorter steps (204, and nothing serialised). Phases as functions of their own (`noinline`) take 201 registers but
serialise everything (C7510).
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.modulated_qkv import qkv_tile
from kernels.modulated_up import up_tile
from kernels.projected import projected_tile
from kernels.reference import LayerStack
from kernels.ring_attention import BLOCK, MERGED_ROWS, attention_tile, merged_tile
from kernels.tiles import LAYERS_SHARED_BYTES, best_splits, cdiv, check, programs_at_once

PHASES = 6  # a layer
WARPS, PER_MULTIPROCESSOR = 4, 2  # 128 threads of 204 registers, twice, are 52,224 of 65,536; float32 takes 255
ROWS = 64
# Steps of 32 where the inputs go through registers: with 64, which the single kernels take, ptxas 12.8 finds too few
# registers for all phases together and serialises every product of the kernel (C7512).
MODULATED_DEPTH = tl.constexpr(32)


def token_layers(x: Tensor, modulation: Tensor, stack: LayerStack, slot_bias: Tensor, cos: Tensor, sin: Tensor,
                 keys: Tensor, values: Tensor, slot: Tensor, *, programs: int | None = None,
                 one_by_one: bool = False) -> Tensor:  # fmt: skip
    """As `kernels.reference.token_layers`. `programs`: as many as can lie on the GPU at once, if not given.

    `one_by_one`: a launch for each phase, which no barrier is needed for.
    """
    (layers, b, s, n, d), m, e = keys.shape, stack.up.shape[1], stack.q_gain.shape[1]
    check(x, modulation, *vars(stack).values(), keys, values)
    programs = programs or programs_at_once(x, PER_MULTIPROCESSOR if x.element_size() == 2 else 1, LAYERS_SHARED_BYTES)
    splits = best_splits(cdiv(n, ROWS) * (d // e) * b, s * cdiv(n, BLOCK), programs)
    x = x.clone()
    queries, seen = torch.empty_like(x), torch.empty_like(x)
    hidden = torch.empty(b, n, m, dtype=x.dtype, device=x.device)
    parts = torch.empty(splits, b, n, d, device=x.device)
    weights = torch.empty(splits, b, n, d // e, device=x.device)
    counter = torch.zeros(1, dtype=torch.int32, device=x.device)
    last = PHASES * layers
    for first in range(last) if one_by_one else (0,):
        _token_layers[(programs,)](
            x, modulation, *vars(stack).values(), slot_bias.contiguous(), cos, sin, keys, values, slot, queries, seen,
            hidden, parts, weights, counter, b, first, first + 1 if one_by_one else last, LAYERS=layers, SLOTS=s, N=n,
            D=d, M=m, E=e, SPLITS=splits, WIDE=128 if d % 128 == 0 and m % 128 == 0 else 64, ROWS=ROWS,
            BLOCK=BLOCK, MERGED=MERGED_ROWS, num_warps=WARPS, num_stages=3, launch_cooperative_grid=True,
        )  # fmt: skip
    return x


@triton.jit
def grid_barrier(counter, goal):
    tl.debug_barrier()
    tl.atomic_add(counter, 1, sem="release", scope="gpu")
    while tl.atomic_add(counter, 0, sem="acquire", scope="gpu") < goal:
        pass
    tl.debug_barrier()


@triton.jit
def _qkv_phase(x, modulation, weight, bias, q_gain, k_gain, cos, sin, queries, keys, values, slot, b,
               FILM: tl.constexpr, SLOTS: tl.constexpr, N: tl.constexpr, D: tl.constexpr, E: tl.constexpr,
               WIDE: tl.constexpr, ROWS: tl.constexpr):  # fmt: skip
    row_blocks: tl.constexpr = (N + ROWS - 1) // ROWS
    tiles: tl.constexpr = row_blocks * (3 * D // WIDE)
    for tile in tl.range(tl.program_id(0), tiles * b, tl.num_programs(0), disable_licm=True):
        session, part = tile // tiles, tile % tiles
        film, at = modulation + session * FILM, session * N * D
        kept = (session * SLOTS + tl.load(slot + session)) * N * D
        qkv_tile(x + at, film, film + D, weight, bias, q_gain, k_gain, cos, sin, queries + at, keys + kept,
                 values + kept, N, part % row_blocks, part // row_blocks, D, D, E, ROWS, WIDE,
                 MODULATED_DEPTH)  # fmt: skip


@triton.jit
def _attention_phase(queries, keys, values, slot_bias, parts, weights, b, SLOTS: tl.constexpr, N: tl.constexpr,
                     D: tl.constexpr, E: tl.constexpr, SPLITS: tl.constexpr, QUERIES: tl.constexpr,
                     BLOCK: tl.constexpr):  # fmt: skip
    heads: tl.constexpr = D // E
    row_blocks: tl.constexpr = (N + QUERIES - 1) // QUERIES
    steps: tl.constexpr = (SLOTS * ((N + BLOCK - 1) // BLOCK) + SPLITS - 1) // SPLITS
    for tile in tl.range(tl.program_id(0), row_blocks * heads * SPLITS * b, tl.num_programs(0), disable_licm=True):
        head, row_block, rest = tile % heads, tile // heads % row_blocks, tile // (heads * row_blocks)
        session, split = rest % b, rest // b
        kept = session * SLOTS * N * D + head * E
        attention_tile(queries + session * N * D + head * E, keys + kept, values + kept,
                       slot_bias + (session * heads + head) * SLOTS, parts + rest * N * D + head * E,
                       weights + rest * N * heads + head, row_block, split * steps, heads, N, SLOTS, E, steps,
                       QUERIES, BLOCK)  # fmt: skip


@triton.jit
def _merging_phase(parts, weights, seen, b, N: tl.constexpr, D: tl.constexpr, E: tl.constexpr, SPLITS: tl.constexpr,
                   MERGED: tl.constexpr):  # fmt: skip
    heads: tl.constexpr = D // E
    row_blocks: tl.constexpr = (N + MERGED - 1) // MERGED
    for tile in tl.range(tl.program_id(0), row_blocks * heads * b, tl.num_programs(0), disable_licm=True):
        head, row_block, session = tile % heads, tile // heads % row_blocks, tile // (heads * row_blocks)
        at = session * N * D + head * E
        merged_tile(parts + at, weights + session * N * heads + head, seen + at, N, row_block, b * N * D,
                    b * N * heads, heads, E, SPLITS, MERGED)  # fmt: skip


@triton.jit
def _projecting_phase(x, y, weight, bias, gate, b, M, FILM: tl.constexpr, N: tl.constexpr, D: tl.constexpr):
    row_blocks: tl.constexpr = (N + 63) // 64
    tiles: tl.constexpr = row_blocks * (D // 64)
    for tile in tl.range(tl.program_id(0), tiles * b, tl.num_programs(0), disable_licm=True):
        session, part = tile // tiles, tile % tiles
        at = session * N * D
        projected_tile(x + at, y + session * N * M, weight, bias, gate + session * FILM, x + at, N, part % row_blocks,
                       part // row_blocks, M, D, 64, 64, 64)  # fmt: skip


@triton.jit
def _up_phase(x, modulation, weight, bias, hidden, b, FILM: tl.constexpr, N: tl.constexpr, D: tl.constexpr,
              M: tl.constexpr, WIDE: tl.constexpr, ROWS: tl.constexpr):  # fmt: skip
    row_blocks: tl.constexpr = (N + ROWS - 1) // ROWS
    tiles: tl.constexpr = row_blocks * (M // WIDE)
    for tile in tl.range(tl.program_id(0), tiles * b, tl.num_programs(0), disable_licm=True):
        session, part = tile // tiles, tile % tiles
        film = modulation + session * FILM
        up_tile(x + session * N * D, film, film + D, weight, bias, hidden + session * N * M, N, part % row_blocks,
                part // row_blocks, D, M, ROWS, WIDE,
                 MODULATED_DEPTH)  # fmt: skip


@triton.jit
def _token_layers(x, modulation, qkv, qkv_bias, q_gain, k_gain, out, out_bias, up, up_bias, down, down_bias, slot_bias,
                  cos, sin, keys, values, slot, queries, seen, hidden, parts, weights, counter, b, first, last,
                  LAYERS: tl.constexpr, SLOTS: tl.constexpr, N: tl.constexpr, D: tl.constexpr, M: tl.constexpr,
                  E: tl.constexpr, SPLITS: tl.constexpr, WIDE: tl.constexpr, ROWS: tl.constexpr,
                  BLOCK: tl.constexpr, MERGED: tl.constexpr):  # fmt: skip
    film: tl.constexpr = LAYERS * 6 * D
    for phase in tl.range(first, last, disable_licm=True):
        layer, kind = phase // 6, phase % 6
        frame = modulation + layer * 6 * D  # scale, shift, gate, and those of the MLP
        kept = layer * (tl.full((), SLOTS * N * D, tl.int64) * b)
        if kind == 0:
            _qkv_phase(x, frame, qkv + layer * 3 * D * D, qkv_bias + layer * 3 * D, q_gain + layer * E,
                       k_gain + layer * E, cos, sin, queries, keys + kept, values + kept, slot, b, film, SLOTS, N, D, E,
                       WIDE, ROWS)  # fmt: skip
        elif kind == 1:
            _attention_phase(queries, keys + kept, values + kept, slot_bias + layer * b * (D // E) * SLOTS, parts,
                             weights, b, SLOTS, N, D, E, SPLITS, ROWS, BLOCK)  # fmt: skip
        elif kind == 2:
            _merging_phase(parts, weights, seen, b, N, D, E, SPLITS, MERGED)
        elif kind == 4:
            _up_phase(x, frame + 3 * D, up + layer * M * D, up_bias + layer * M, hidden, b, film, N, D, M, WIDE, ROWS)
        else:  # one code for both: their products differ in depth only
            down_too = kind == 5
            width = tl.where(down_too, M, D)
            weight = tl.where(down_too, down, out) + layer * D * width
            bias = tl.where(down_too, down_bias, out_bias) + layer * D
            gate = frame + tl.where(down_too, 5, 2) * D
            _projecting_phase(x, tl.where(down_too, hidden, seen), weight, bias, gate, b, width, film, N, D)
        if phase + 1 < last:
            grid_barrier(counter, (phase + 1 - first) * tl.num_programs(0))
