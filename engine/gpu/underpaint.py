"""The underpainting in torch: light statistics, paint maps, and the picture they show. As `engine/offline.py` has it.

Functions of tensors alone, like `materials.py`; what depends on the size alone is in a `Grid`, made once. Every step is
the formula of the oracle, with sums over materials as one small product instead of a loop.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import MATERIALS
from engine.gpu.materials import box_mean
from engine.gpu.style import StyleTensors
from engine.offline import CALM
from engine.underpaint import BROAD, CELL, FAR_LOG, HUD, RANGE, SKY, SKY_SPREAD_FLOOR, SPREAD_FLOOR, WINDOW
from kernels.reference import luminance

K = len(MATERIALS)
TIGHT, WIDE = 2.0, 3.5  # pixels at half and at a quarter of the size: the two blurs of a halo


class PaintMaps(NamedTuple):
    """As `engine.underpaint.PaintMaps`, (c, h, w): a ramp of colours and how the game's luminance runs along it."""

    base: Tensor  # (3, h, w)
    shade: Tensor  # (3, h, w)
    shine: Tensor  # (3, h, w)
    mean: Tensor  # (1, h, w)
    gain: Tensor  # (1, h, w)
    keep: Tensor  # (1, h, w)


class Grid(nn.Module):
    """What the size (h, w) alone decides; multiples of 16, at least 28 of them each way for the statistics' window."""

    high: Tensor  # (h, 1): 1 at the top, 0 a little below the middle, less further down
    floor: Tensor  # (k, 1, 1): the least spread of a material
    rows: Tensor  # (h,) int64: the cell above each row
    columns: Tensor  # (w,) int64: the cell left of each column
    down: Tensor  # (h, 1): weight of the cell below
    across: Tensor  # (w,): weight of the cell to the right

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        h, w = size
        floor = torch.full((K, 1, 1), SPREAD_FLOOR)
        floor[SKY] = SKY_SPREAD_FLOOR
        (rows, down), (columns, across) = _between_cells(h), _between_cells(w)
        buffers = {
            "high": 1 - torch.arange(h)[:, None] / (0.75 * h), "floor": floor, "rows": rows, "columns": columns,
            "down": down[:, None], "across": across,
            "tight_rows": blur(h // 2, TIGHT), "tight_columns": blur(w // 2, TIGHT).T,
            "wide_rows": blur(h // 4, WIDE), "wide_columns": blur(w // 4, WIDE).T,
        }  # fmt: skip
        for name, value in buffers.items():
            self.register_buffer(name, value.contiguous(), persistent=False)

    def spread(self, cells: Tensor) -> Tensor:
        """(c, cells y, cells x) to (c, h, w), bilinear between the cells' centres."""
        lines = torch.lerp(cells[:, self.rows], cells[:, self.rows + 1], self.down)
        return torch.lerp(lines[:, :, self.columns], lines[:, :, self.columns + 1], self.across)

    def halo(self, source: Tensor) -> Tensor:
        """(c, h, w) light around what shines: a tight blur at half the size, a wide one at a quarter.

        A blur is a product with a banded matrix from either side: no border to pad, and 20 us of an H200 at 1024x576.
        """
        half = F.avg_pool2d(source, 2)
        tight = self.get_buffer("tight_rows") @ half @ self.get_buffer("tight_columns")
        wide = self.get_buffer("wide_rows") @ F.avg_pool2d(half, 2) @ self.get_buffer("wide_columns")
        return _double(0.35 * tight + 0.5 * _double(wide))


def light_statistics(light: Tensor, materials: Tensor) -> Tensor:
    """(3, k, cells y, cells x) sums of weight, luminance and its square per material, over a wide window of cells."""
    weight = materials.square()  # uncertain pixels say little
    first = weight * light
    sums = F.avg_pool2d(torch.cat([weight, first, first * light]), CELL) * CELL**2
    whole = sums.sum(dim=(1, 2), keepdim=True)
    # A little of the whole frame stands in where a material is missing nearby.
    return (box_mean(sums, WINDOW) + 1e-3 * whole / whole[:K].sum()).unflatten(0, (3, K))


def blend_statistics(now: Tensor, before: Tensor, past: Tensor) -> Tensor:
    return torch.lerp(now, before, CALM * past)


def lay_out(materials: Tensor, depth: Tensor, statistics: Tensor, style: StyleTensors, grid: Grid) -> PaintMaps:
    """The maps of one frame from its materials (k, h, w), depth (1, h, w) and light."""
    share = torch.where(materials.amax(dim=2, keepdim=True) < 0.02, 0, materials.square())  # rows without it
    share = share / (share.sum(dim=0, keepdim=True) + 1e-6)
    own, deviation = _light(statistics, grid)
    haze = _haze(depth, materials[SKY : SKY + 1], style.fog_density, grid.high)

    dark, middle, light = mix(style.ramps, share).split(3)
    shining = mix(style.glow, materials)
    halo = grid.halo(shining.square() * mix(style.light, materials)) * (shining.amax() > 0.05)
    return PaintMaps(
        base=dark * (1 - haze) + style.fog_color * haze + halo,
        shade=(middle - dark) * (1 - haze),
        shine=(light - middle) * (1 - haze),
        mean=(share * own).sum(dim=0, keepdim=True),
        gain=1 / ((share * deviation).sum(dim=0, keepdim=True) + 1e-3),
        keep=((materials[HUD : HUD + 1] - 0.3) * 2.5).clamp(0, 1) * style.keep_hud,
    )


def _light(statistics: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    """(k, h, w) each: the luminance around which a material's ramp is laid, and its spread to either end."""
    weight, first, second = statistics
    mean = first / (weight + 1e-6)
    deviation = (second / (weight + 1e-6) - mean.square()).clamp(min=0).sqrt()
    totals = statistics.sum(dim=(2, 3)) + 1e-6
    whole = (totals[1] / totals[0])[:, None, None]
    own, spread = grid.spread(torch.cat([mean, deviation])).split(K)
    spread = RANGE * torch.maximum(spread, grid.floor)
    own = own - BROAD * (own - whole)
    lift = 0.75 * (2 * grid.high.clamp(0, 1) - 1) * spread[SKY : SKY + 1]  # the sky is light at the horizon
    return torch.cat([own[:SKY], own[SKY : SKY + 1] + lift, own[SKY + 1 :]]), spread


def _haze(depth: Tensor, sky: Tensor, density: Tensor, high: Tensor) -> Tensor:
    """(1, h, w) how much the fog takes: by distance, and by height in the sky; nothing at density 0."""
    metres = (FAR_LOG * depth).exp() - 1
    veil = (1.2 * density).clamp(max=0.75) * (1 - high.clamp(0, 1)).square()
    return 0.9 * (1 - (-0.02 * density * metres).exp()) * (1 - sky) + veil * sky


def mix(table: Tensor, materials: Tensor) -> Tensor:
    """(n, k) and (k, h, w) to (n, h, w): what the table says of every pixel's materials."""
    return (table @ materials.flatten(1)).unflatten(1, materials.shape[1:])


def evaluate(light: Tensor, maps: PaintMaps) -> Tensor:
    """(3, h, w): the painted colour of every pixel, for luminance (1, h, w) in [0, 1]."""
    x = ((light - maps.mean) * maps.gain).clamp(-1, 1)
    x = 1.5 * x - 0.5 * x**3  # softly into the ends
    return maps.base + maps.shade * (1 + x.clamp(max=0)) + maps.shine * x.clamp(min=0)


def paint(rgb: Tensor, maps: PaintMaps) -> Tensor:
    """(3, h, w) in [0, 1]: what the maps show, kept pixels included."""
    return torch.lerp(evaluate(luminance(rgb), maps), rgb, maps.keep).clamp(0, 1)


def surface_means(materials: Tensor, depth: Tensor, maps: PaintMaps, style: StyleTensors, patch: int) -> Tensor:
    """(channels, h/patch, w/patch): means of what lies in each patch, in the order of `engine.painter.SURFACE`."""
    means = F.avg_pool2d(torch.cat([materials, depth, maps.shade, maps.shine]), patch)
    return torch.cat([mix(style.surface, means[:K]), means])


def _between_cells(size: int) -> tuple[Tensor, Tensor]:
    """The cell before each pixel's middle along an axis, and the weight of the one after."""
    at = ((torch.arange(size, dtype=torch.float64) + 0.5) / CELL - 0.5).clamp(0, size // CELL - 1.001)
    return at.long(), (at - at.long()).float()


def blur(size: int, sigma: float) -> Tensor:
    """(size, size): a Gaussian along an axis whose ends are mirrored; cv2's own, on unit pulses."""
    return torch.from_numpy(cv2.GaussianBlur(np.eye(size, dtype=np.float32), (0, 0), sigmaX=1e-6, sigmaY=sigma))


def _double(picture: Tensor) -> Tensor:
    """(c, h, w) at twice the size, bilinear."""
    return F.interpolate(picture[None], scale_factor=2.0, mode="bilinear")[0]
