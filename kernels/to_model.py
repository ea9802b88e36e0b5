"""Screen bytes to what the model sees: area average, BGRA to planar RGB, bytes to floats, in one pass. Imports triton.

A lane is a model pixel and walks over the screen pixels below it, each one word of four bytes. A frame of 1080p is
8.3 MB read once, 2 us at an H200's 4.3 TB/s; the words that two lanes share come from the cache.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.tiles import COLUMNS


def to_model(bgra_u8: Tensor, size: tuple[int, int]) -> Tensor:
    """As `kernels.reference.to_model`: (H, W, 4) uint8, contiguous, to (3, h, w) float32 in [0, 1]."""
    assert bgra_u8.is_contiguous()
    (height, width, _), (h, w) = bgra_u8.shape, size
    rgb = torch.empty(3, h, w, device=bgra_u8.device)
    taps = [-(-screen // model) + 1 for screen, model in ((height, h), (width, w))]
    _to_model[(triton.cdiv(w, COLUMNS), h)](
        bgra_u8.view(torch.int32), rgb, height, width, h, w, TAPS_Y=taps[0], TAPS_X=taps[1], COLUMNS=COLUMNS,
    )  # fmt: skip
    return rgb


@triton.jit
def _overlap(screen, model, here, there):
    """How much of model pixel `here` lies on screen pixel `there`; in these units every edge is a whole number."""
    shared = tl.minimum((here + 1) * screen, (there + 1) * model) - tl.maximum(here * screen, there * model)
    return tl.maximum(shared, 0).to(tl.float32)


@triton.jit
def _to_model(words, rgb, height, width, h, w, TAPS_Y: tl.constexpr, TAPS_X: tl.constexpr, COLUMNS: tl.constexpr):
    y = tl.program_id(1)
    x = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    top, left = y * height // h, x * width // w
    red = tl.zeros((COLUMNS,), tl.float32)
    green, blue = red, red
    for i in range(TAPS_Y):
        row = top + i
        down = _overlap(height, h, y, row)
        for j in range(TAPS_X):
            column = left + j
            word = tl.load(words + row * width + column, (x < w) & (row < height) & (column < width), 0)
            weight = down * _overlap(width, w, x, column)
            blue += weight * (word & 255).to(tl.float32)
            green += weight * ((word >> 8) & 255).to(tl.float32)
            red += weight * ((word >> 16) & 255).to(tl.float32)
    scale = 1.0 / (255.0 * height * width)
    plane = h * w
    at = rgb + y * w + x
    tl.store(at, red * scale, x < w)
    tl.store(at + plane, green * scale, x < w)
    tl.store(at + 2 * plane, blue * scale, x < w)
