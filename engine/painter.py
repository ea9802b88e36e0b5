"""The Painter: a causal denoiser that paints one frame over its underpainting. Torch only; exported for the app.

Predicts the clean frame (x-prediction: at this patch size noise and velocity fail) as the underpainting with its light
moved along each material's own ramp of colours, plus a residual, from: the noisy frame at sigma, the underpainting, the
source, the last output and the anchor with their noise levels, what surfaces lie where, and the style's light.
A U-Net of two levels behind a 4x space-to-depth; norms fold at export. Shapes: pictures (b, 3, h, w) in [-1, 1].
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import MATERIALS, NANO, PATCH, PATTERNS, PICTURES
from engine.reader import ConvNorm

# Means over a patch: scale, glow and pattern weights of what is there, materials, depth, shade and shine.
SURFACE = len(PATTERNS) + 2 + len(MATERIALS) + 1 + 6
PATCH_CHANNELS = -(-(3 * PICTURES * PATCH**2 + SURFACE) // 8) * 8  # the last few are zero: kernels take eights
OUTPUTS = 4  # of every pixel: how far its light moves along the ramp, and a residual in red, green and blue
LEVELS = (15, 17, 18)  # in the condition: noise levels of the noisy frame, of the last output and of the anchor
CONDITION = 15 + 4  # the style's light vector; sigma, step size, noise levels of the last output and of the anchor


class MapTensors(NamedTuple):
    """What a frame's maps say (engine.underpaint.PaintMaps), as (b, c, h, w) tensors, colours in [0, 1]."""

    source: Tensor
    base: Tensor
    shade: Tensor
    shine: Tensor
    x: Tensor  # (b, 1, h, w): where the game's light lies on the ramp, not yet clipped
    keep: Tensor  # (b, 1, h, w)
    surface: Tensor  # (b, SURFACE, h/4, w/4)

    def painted(self, move: Tensor | float = 0.0, residual: Tensor | float = 0.0) -> Tensor:
        """The picture (b, 3, h, w) in [-1, 1] with its light moved on the ramp, and a residual in those units."""
        x = (self.x + move).clamp(-1, 1)
        x = x * (1.5 - 0.5 * x * x)
        color = self.base + self.shade * (1 + x.clamp(max=0)) + self.shine * x.clamp(min=0) + residual / 2
        return (color + self.keep * (self.source - color)) * 2 - 1


def without_noise(noisy: Tensor, history: Tensor, anchor: Tensor, condition: Tensor) -> tuple[Tensor, ...]:
    """The three pictures times what of each is no noise: what is noise alone is not seen at all.

    In one step it says nothing, and it stands still where things move.
    """
    shares = 1 - condition[:, LEVELS, None, None, None]
    return noisy * shares[:, 0], history * shares[:, 1], anchor * shares[:, 2]


class Conditioned(nn.Module):
    """A 3x3 convolution whose output the style and the noise levels scale and shift."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.conv = ConvNorm(width, width, act=False)
        self.film = nn.Linear(condition, 2 * width)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, dim=1)
        return F.relu(x + self.conv(x) * (1 + scale) + shift)


class Painter(nn.Module):
    def __init__(self, widths: tuple[int, int] = NANO.painter_widths, blocks: int = NANO.painter_blocks) -> None:
        super().__init__()
        width, deep = widths
        self.condition = nn.Sequential(nn.Linear(CONDITION, 64), nn.SiLU())
        self.enter = ConvNorm(PATCH_CHANNELS, width, 1)
        self.fine_in = Conditioned(width, 64)
        self.down = ConvNorm(width, deep, stride=2)
        self.coarse = nn.ModuleList([Conditioned(deep, 64) for _ in range(blocks)])
        self.up = ConvNorm(deep, width, 1)
        self.fine_out = Conditioned(width, 64)
        self.residual = nn.Conv2d(width, OUTPUTS * PATCH**2, 1)
        nn.init.zeros_(self.residual.weight)
        assert self.residual.bias is not None
        nn.init.zeros_(self.residual.bias)

    def forward(self, noisy: Tensor, history: Tensor, anchor: Tensor, look: MapTensors, condition: Tensor) -> Tensor:
        """The clean frame (b, 3, h, w), not clipped. condition (b, CONDITION)."""
        noisy, history, anchor = without_noise(noisy, history, anchor, condition)
        under = look.painted().clamp(-1, 1)
        pictures = torch.cat([noisy, under, look.source * 2 - 1, history, anchor], dim=1)
        patches = torch.cat([F.pixel_unshuffle(pictures, PATCH), look.surface], dim=1)
        patches = F.pad(patches, (0, 0, 0, 0, 0, PATCH_CHANNELS - patches.shape[1]))
        out = F.pixel_shuffle(self.patch_outputs(patches, condition), PATCH)
        return look.painted(out[:, :1], out[:, 1:])

    def patch_outputs(self, patches: Tensor, condition: Tensor) -> Tensor:
        """What a frame adds to its underpainting in 4x4 patches: (b, PATCH_CHANNELS, h/4, w/4) to (b, 64, ...).

        The three pictures in them that may be noise come `without_noise`.
        """
        c = self.condition(condition)
        fine = self.fine_in(self.enter(patches), c)
        x = self.down(fine)
        for block in self.coarse:
            x = block(x, c)
        x = fine + F.interpolate(self.up(x), scale_factor=2.0)
        return self.residual(self.fine_out(x, c))
