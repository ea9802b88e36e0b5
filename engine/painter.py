"""The Painter: a causal denoiser that paints one frame over its underpainting. Torch only; exported for the app.

Predicts the clean frame as the underpainting plus a residual, from the noisy frame at sigma, the underpainting, the
source, the last output with its own noise level, the paint map's patterns and the style's light (x-prediction: at
this patch size noise and velocity fail). A U-Net of two levels behind a 4x space-to-depth; norms fold at export.
Shapes: pictures (b, 3, h, w) in [-1, 1]; about 0.11 GMAC at 256x144.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import PATTERNS
from engine.reader import ConvNorm

PATCH = 4
SURFACE = len(PATTERNS) + 2  # per pixel: pattern weights, scale and glow of what it is
PATCH_CHANNELS = -(-(12 * PATCH**2 + SURFACE) // 8) * 8  # the last few are zero: onnxruntime's kernels take eights
CONDITION = 15 + 2  # the style's light vector, sigma, the history's noise level


def surface_map(materials: Tensor, style: Tensor) -> Tensor:
    """(SURFACE, h/4, w/4): scale, glow and patterns of what lies in each patch.

    materials (h, w, k) probabilities; style (k, 11 + patterns) as `Style.per_material` gives it.
    """
    laid_out = materials @ style[:, 9:]  # behind the nine colour columns
    return F.avg_pool2d(laid_out.permute(2, 0, 1)[None], PATCH)[0]


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
    def __init__(self, width: int = 32, deep: int = 64) -> None:
        super().__init__()
        self.condition = nn.Sequential(nn.Linear(CONDITION, 64), nn.SiLU())
        self.enter = ConvNorm(PATCH_CHANNELS, width, 1)
        self.fine_in = Conditioned(width, 64)
        self.down = ConvNorm(width, deep, stride=2)
        self.coarse = nn.ModuleList([Conditioned(deep, 64), Conditioned(deep, 64)])
        self.up = ConvNorm(deep, width, 1)
        self.fine_out = Conditioned(width, 64)
        self.residual = nn.Conv2d(width, 3 * PATCH**2, 1)
        nn.init.zeros_(self.residual.weight)
        assert self.residual.bias is not None
        nn.init.zeros_(self.residual.bias)

    def forward(self, noisy: Tensor, underpainting: Tensor, source: Tensor, history: Tensor, surface: Tensor,
                condition: Tensor) -> Tensor:  # fmt: skip
        """The clean frame (b, 3, h, w). surface (b, SURFACE, h/4, w/4); condition (b, CONDITION)."""
        pictures = torch.cat([noisy, underpainting, source, history], dim=1)
        patches = torch.cat([F.pixel_unshuffle(pictures, PATCH), surface], dim=1)
        patches = F.pad(patches, (0, 0, 0, 0, 0, PATCH_CHANNELS - patches.shape[1]))
        return underpainting + F.pixel_shuffle(self.patch_residual(patches, condition), PATCH)

    def patch_residual(self, patches: Tensor, condition: Tensor) -> Tensor:
        """What a frame adds to its underpainting in 4x4 patches: (b, PATCH_CHANNELS, h/4, w/4) to (b, 48, ...)."""
        c = self.condition(condition)
        fine = self.fine_in(self.enter(patches), c)
        x = self.down(fine)
        for block in self.coarse:
            x = block(x, c)
        x = fine + F.interpolate(self.up(x), scale_factor=2.0)
        return self.residual(self.fine_out(x, c))
