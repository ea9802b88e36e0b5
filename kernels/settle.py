"""A frame's materials averaged over neighbours of like colour, then over time: one pass. Imports triton.

A program holds all materials of a stretch of a row, so that the 13 weights of a pixel are found once for all of them.
In plain torch the same is some 90 launches.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels import reference

COLUMNS = 64  # pixels of one program, with all materials of each
ALIKE, STILL, CARRY = (tl.constexpr(value) for value in (reference.ALIKE, reference.STILL, reference.CARRY))


def settle(rgb: Tensor, materials: Tensor, rgb_before: Tensor, settled_before: Tensor, past: Tensor) -> Tensor:
    """As `kernels.reference.settle`; all contiguous float32."""
    assert all(part.is_contiguous() for part in (rgb, materials, rgb_before, settled_before))
    k, h, w = materials.shape
    settled = torch.empty_like(materials)
    _settle[(triton.cdiv(w, COLUMNS), h)](
        rgb, materials, rgb_before, settled_before, past, settled, h, w, k, COLUMNS=COLUMNS,
        MATERIALS=triton.next_power_of_2(k),
    )  # fmt: skip
    return settled


@triton.jit
def _distance(a, b, at_a, at_b, plane, inside):
    """Squared colour distance of a pixel of `a` to one of `b`."""
    total = tl.zeros(at_a.shape, tl.float32)
    for c in tl.static_range(3):
        step = tl.load(a + c * plane + at_a, inside, 0.0) - tl.load(b + c * plane + at_b, inside, 0.0)
        total += step * step
    return total


@triton.jit
def _settle(rgb, materials, rgb_before, settled_before, past, settled, h, w, k, COLUMNS: tl.constexpr,
            MATERIALS: tl.constexpr):  # fmt: skip
    y = tl.program_id(1)
    x = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    inside, plane = x < w, h * w
    number = tl.arange(0, MATERIALS)[:, None]
    all_inside = (number < k) & inside[None, :]
    here = y * w + x
    total = tl.zeros((MATERIALS, COLUMNS), tl.float32)
    weights = tl.zeros((COLUMNS,), tl.float32)
    for i in tl.static_range(5):
        for j in tl.static_range(5):
            if (i - 2) * (i - 2) + (j - 2) * (j - 2) <= 4:
                near = 2.0 if (i - 2) * (i - 2) + (j - 2) * (j - 2) < 2 else (0.5 if i == 2 or j == 2 else 1.0)
                row = tl.minimum(tl.maximum(y + i - 2, 0), h - 1)
                there = row * w + tl.minimum(tl.maximum(x + j - 2, 0), w - 1)
                ratio = ALIKE / (ALIKE + _distance(rgb, rgb, here, there, plane, inside))
                weight = near * ratio * ratio
                weights += weight
                total += weight[None, :] * tl.load(materials + number * plane + there[None, :], all_inside, 0.0)
    change = _distance(rgb_before, rgb, here, here, plane, inside)
    share = tl.load(past) * CARRY * STILL / (STILL + change)
    before = tl.load(settled_before + number * plane + here[None, :], all_inside, 0.0)
    out = total * ((1.0 - share) / weights)[None, :] + share[None, :] * before
    tl.store(settled + number * plane + here[None, :], out, all_inside)
