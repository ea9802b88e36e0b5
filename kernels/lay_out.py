"""The paint maps of a frame from its materials, depth and light, in one pass. Imports triton.

A lane is a model pixel: it walks over the materials once and sums what each says of it. In plain torch the same is some
60 launches, each over all materials of all pixels.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels import reference
from kernels.tiles import COLUMNS

SKY, HUD, RANGE, BROAD = (tl.constexpr(v) for v in (reference.SKY, reference.HUD, reference.RANGE, reference.BROAD))
SPREAD_FLOOR, SKY_SPREAD_FLOOR = tl.constexpr(reference.SPREAD_FLOOR), tl.constexpr(reference.SKY_SPREAD_FLOOR)
ABSENT, FAR_LOG = tl.constexpr(reference.ABSENT), tl.constexpr(reference.FAR_LOG)
FAINT, SAY_FLOOR = tl.constexpr(reference.FAINT), tl.constexpr(reference.SAY_FLOOR)


def lay_out(materials: Tensor, depth: Tensor, mean: Tensor, spread: Tensor, whole: Tensor, halo: Tensor, ramps: Tensor,
            fog_color: Tensor, fog_density: Tensor, keep_hud: Tensor,
            left: Tensor) -> tuple[Tensor, ...]:  # fmt: skip
    """As `kernels.reference.lay_out`; all contiguous float32. The maps are views of one tensor."""
    assert all(part.is_contiguous() for part in (materials, depth, mean, spread, whole, halo, ramps))
    (k, h, w), (_, cells_y, cells_x) = materials.shape, mean.shape
    maps = torch.empty(12, h, w, device=materials.device)
    _lay_out[(triton.cdiv(w, COLUMNS), h)](
        materials, depth, mean, spread, whole, halo, ramps, fog_color, fog_density, keep_hud,
        left, maps, h, w, cells_y, cells_x, MATERIALS=k, COLUMNS=COLUMNS,
    )  # fmt: skip
    return maps.split([3, 3, 3, 1, 1, 1])


@triton.jit
def _between_cells(at, cell_px, cells):
    """Along an axis: the cell before a pixel's middle, and the weight of the one after."""
    place = (at.to(tl.float32) + 0.5) / cell_px - 0.5
    place = tl.minimum(tl.maximum(place, 0.0), cells - 1.001)
    before = place.to(tl.int32)
    return before, place - before.to(tl.float32)


@triton.jit
def _spread(cells, at, line, down, across, inside):
    """Bilinear between four cells; `line` is the length of a row of them."""
    above = tl.load(cells + at, inside, 0.0) * (1.0 - across) + tl.load(cells + at + 1, inside, 0.0) * across
    below = tl.load(cells + at + line, inside, 0.0) * (1.0 - across)
    below += tl.load(cells + at + line + 1, inside, 0.0) * across
    return above * (1.0 - down) + below * down


@triton.jit
def _lay_out(materials, depth, mean, spread, whole, halo, ramps, fog_color, fog_density, keep_hud, left, maps,
             h, w, cells_y, cells_x, MATERIALS: tl.constexpr, COLUMNS: tl.constexpr):  # fmt: skip
    y = tl.program_id(1)
    x = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    inside, plane, cells = x < w, h * w, cells_y * cells_x
    here = y * w + x
    high = 1.0 - y / (0.75 * h)  # 1 at the top, 0 a little below the middle
    high = tl.minimum(tl.maximum(high, 0.0), 1.0)
    cell_row, down = _between_cells(y, h // cells_y, cells_y)
    cell_column, across = _between_cells(x, w // cells_x, cells_x)
    cell = cell_row * cells_x + cell_column

    zero = tl.zeros((COLUMNS,), tl.float32)
    total, center, reach = zero, zero, zero
    likely, kept = zero, zero
    dark_r, dark_g, dark_b, middle_r, middle_g, middle_b = zero, zero, zero, zero, zero, zero
    light_r, light_g, light_b = zero, zero, zero
    for i in range(MATERIALS):
        share = tl.load(materials + i * plane + here, inside, 0.0)
        say = tl.maximum(share - FAINT, 0.0)
        likely += say
        kept += say * tl.load(left + i)
        share = tl.maximum(share - ABSENT, 0.0)
        deviation = _spread(spread + i * cells, cell, cells_x, down, across, inside)
        deviation = RANGE * tl.maximum(deviation, tl.where(i == SKY, SKY_SPREAD_FLOOR, SPREAD_FLOOR))
        own = _spread(mean + i * cells, cell, cells_x, down, across, inside)
        own -= BROAD * (own - tl.load(whole + i))
        own += tl.where(i == SKY, 0.75 * (2.0 * high - 1.0), 0.0) * deviation  # the sky is light at the horizon
        total += share
        center += share * own
        reach += share * deviation
        dark_r += share * tl.load(ramps + i)
        dark_g += share * tl.load(ramps + MATERIALS + i)
        dark_b += share * tl.load(ramps + 2 * MATERIALS + i)
        middle_r += share * tl.load(ramps + 3 * MATERIALS + i)
        middle_g += share * tl.load(ramps + 4 * MATERIALS + i)
        middle_b += share * tl.load(ramps + 5 * MATERIALS + i)
        light_r += share * tl.load(ramps + 6 * MATERIALS + i)
        light_g += share * tl.load(ramps + 7 * MATERIALS + i)
        light_b += share * tl.load(ramps + 8 * MATERIALS + i)
    norm = 1.0 / (total + 1e-6)

    density, sky = tl.load(fog_density), tl.load(materials + SKY * plane + here, inside, 0.0)
    metres = tl.exp(FAR_LOG * tl.load(depth + here, inside, 0.0)) - 1.0
    veil = tl.minimum(1.2 * density, 0.75) * (1.0 - high) * (1.0 - high)
    haze = 0.9 * (1.0 - tl.exp(-0.02 * density * metres)) * (1.0 - sky) + veil * sky
    clear = (1.0 - haze) * norm
    out = maps + here
    for c in tl.static_range(3):
        dark = dark_r if c == 0 else (dark_g if c == 1 else dark_b)
        middle = middle_r if c == 0 else (middle_g if c == 1 else middle_b)
        light = light_r if c == 0 else (light_g if c == 1 else light_b)
        base = dark * clear + tl.load(fog_color + c) * haze + tl.load(halo + c * plane + here, inside, 0.0)
        tl.store(out + c * plane, base, inside)
        tl.store(out + (3 + c) * plane, (middle - dark) * clear, inside)
        tl.store(out + (6 + c) * plane, (light - middle) * clear, inside)
    hud = (tl.load(materials + HUD * plane + here, inside, 0.0) - 0.3) * 2.5
    tl.store(out + 9 * plane, center * norm, inside)
    tl.store(out + 10 * plane, 1.0 / (reach * norm + 1e-3), inside)
    keep = tl.minimum(tl.maximum(hud, 0.0), 1.0) * tl.load(keep_hud)
    keep += (1.0 - keep) * kept / tl.maximum(likely, SAY_FLOOR)
    tl.store(out + 11 * plane, tl.minimum(keep, 1.0), inside)
