"""Tiles of a product, and which of them fill a Hopper; the pixels of a program that has one a lane. No triton.

A tile is what one program computes: `rows` tokens of one session by `columns` outputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

MULTIPROCESSORS = 132  # of an H100 or H200
RESERVED_BYTES = 1024  # of shared memory, that CUDA takes for each program
LAYERS_SHARED_BYTES = 57_352  # of a program of `token_layers`: two lie on an H100 or A100, one where there are 100 KB
COLUMNS = 128  # pixels of one program, where a lane is a pixel: as many as four warps have, Triton's default


@dataclass(frozen=True, kw_only=True)
class Tiles:
    rows: int
    columns: int
    warps: int
    stages: int = 3  # steps in flight

    def __str__(self) -> str:
        return f"{self.rows}x{self.columns}"

    def depth(self, x: Tensor) -> int:
        """Of one step along the inputs: 128 bytes, a swizzled row of shared memory. 64 of float32 would need 263 KB."""
        return 128 // x.element_size()

    def programs(self, sessions: int, n: int, columns: int) -> int:
        assert columns % self.columns == 0, f"tiles of {self.columns} leave some of {columns} columns unwritten"
        return sessions * cdiv(n, self.rows) * (columns // self.columns)


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
        return cdiv(tiles.programs(sessions, n, columns), MULTIPROCESSORS) * (tiles.rows + tiles.columns)

    return min(fitting, key=read)


def best_splits(tiles: int, key_blocks: int, programs: int) -> int:
    """Into how many parts the keys of `tiles` blocks of queries go, so that the busiest of `programs` does least.

    A part costs two blocks of keys more: its queries, and its result written and read again, are 40 KB, a block's keys
    and values 16 KB. 108 tiles of 45 blocks: three for 396 programs, two for 264. No part is without a block.
    """

    def done(splits: int) -> int:
        return cdiv(tiles * splits, programs) * (cdiv(key_blocks, splits) + 2)

    return cdiv(key_blocks, cdiv(key_blocks, min(range(1, min(key_blocks, 8) + 1), key=done)))


def programs_at_once(x: Tensor, most: int, shared_bytes: int) -> int:
    """How many programs that take so much shared memory lie on x's GPU at once, `most` on a multiprocessor.

    Where x lies on none: on an H100, for which kernels are compiled ahead of time.
    """
    if not x.is_cuda:
        return most * MULTIPROCESSORS
    found = torch.cuda.get_device_properties(x.device)
    fitting = found.shared_memory_per_multiprocessor // (shared_bytes + RESERVED_BYTES)
    return max(1, min(most, fitting)) * found.multi_processor_count


def cdiv(total: int, part: int) -> int:
    return -(-total // part)


def check(*tensors: Tensor) -> None:
    """That a kernel may walk over these as they lie, in one precision."""
    for tensor in tensors:
        assert tensor.is_contiguous(), f"{tuple(tensor.shape)} with strides {tensor.stride()}"
        assert tensor.dtype == tensors[0].dtype, f"{tensor.dtype} among {tensors[0].dtype}"
