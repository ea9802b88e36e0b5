"""The underpainting in torch: light statistics, paint maps, and the picture they show. As `engine/offline.py` has it.

Functions of tensors alone, like `materials.py`; what depends on the size alone is in `Blurs`, made once. The maps
themselves are an op (`kernels.ops`). Every step is the formula of the oracle.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import MATERIALS
from engine.gpu.materials import box_mean
from engine.gpu.style import StyleTensors
from engine.underpaint import CALM, CELL, WINDOW
from kernels import reference
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


class Blurs(nn.Module):
    """The blurs of a halo for a size (h, w), multiples of 16, as products with a banded matrix from either side.

    So no border is padded, and the halo is nine launches; its 0.8 GFLOP at 1024x576 are 20 us at 40 TFLOP/s.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        h, w = size
        buffers = {
            "tight_rows": blur(h // 2, TIGHT), "tight_columns": blur(w // 2, TIGHT).T,
            "wide_rows": blur(h // 4, WIDE), "wide_columns": blur(w // 4, WIDE).T,
        }  # fmt: skip
        for name, value in buffers.items():
            self.register_buffer(name, value.contiguous(), persistent=False)

    def halo(self, source: Tensor) -> Tensor:
        """(c, h, w) light around what shines: a tight blur at half the size, a wide one at a quarter."""
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


def lay_out(materials: Tensor, depth: Tensor, statistics: Tensor, style: StyleTensors, blurs: Blurs,
            ops: Any = reference) -> PaintMaps:  # fmt: skip
    """The maps of one frame from its materials (k, h, w), depth (1, h, w) and light; `ops` has `lay_out`."""
    weight, first, second = statistics
    mean = first / (weight + 1e-6)
    spread = (second / (weight + 1e-6) - mean.square()).clamp(min=0).sqrt()
    totals = statistics.sum(dim=(2, 3)) + 1e-6
    shining = mix(style.glow, materials)
    halo = blurs.halo(shining.square() * mix(style.light, materials)) * (shining.amax() > 0.05)
    looks = style.ramps, style.fog_color, style.fog_density, style.keep_hud, style.left
    return PaintMaps(*ops.lay_out(materials, depth, mean, spread, totals[1] / totals[0], halo, *looks))


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


def blur(size: int, sigma: float) -> Tensor:
    """(size, size): a Gaussian along an axis whose ends are mirrored; cv2's own, on unit pulses."""
    return torch.from_numpy(cv2.GaussianBlur(np.eye(size, dtype=np.float32), (0, 0), sigmaX=1e-6, sigmaY=sigma))


def _double(picture: Tensor) -> Tensor:
    """(c, h, w) at twice the size, bilinear."""
    return F.interpolate(picture[None], scale_factor=2.0, mode="bilinear")[0]
