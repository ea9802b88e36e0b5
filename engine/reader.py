"""The Reader: a frame of any game to what every pixel is (material logits) and how far it is (depth).

A U-Net behind a 2x space-to-depth with attention at the coarsest level. BatchNorm folds into the convolutions at
export, ReLU fuses: at 256x144 about 0.60 GMAC. Torch only; the app runs the exported ONNX file (`engine/live.py`).
Shapes: rgb (b, 3, h, w) in [-1, 1] -> logits (b, k, h, w), depth (b, 1, h, w) in [0, 1]; h, w even.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import FAR_LOG, MATERIALS, NANO

CELL = 8  # blocks of 2x2 pixels a side of a coarsest cell


def encode_depth(depth_m: Tensor) -> Tensor:
    """Metres to [0, 1], logarithmic: a near step counts as much as a far one ten times its length."""
    return torch.log1p(depth_m) / FAR_LOG


class ConvNorm(nn.Sequential):
    def __init__(self, c_in: int, c_out: int, kernel: int = 3, stride: int = 1, *, act: bool = True) -> None:
        conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False)
        layers: list[nn.Module] = [conv, nn.BatchNorm2d(c_out)]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if act else []))


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(ConvNorm(width, width), ConvNorm(width, width, act=False))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.body(x))


class Attention(nn.Module):
    """Every coarse cell looks at every other: a wall here is sky there. Residual, zero at the start."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        b, d, h, w = x.shape
        q, k, v = self.qkv(x).reshape(b, 3, self.heads, d // self.heads, h * w).transpose(3, 4).unbind(1)
        mixed = F.scaled_dot_product_attention(q, k, v)  # (b, heads, n, d / heads)
        return x + self.out(mixed.transpose(2, 3).reshape(b, d, h, w))


class Reader(nn.Module):
    def __init__(self, widths: tuple[int, int, int, int] = NANO.reader_widths) -> None:
        super().__init__()
        w2, w4, w8, w16 = widths
        self.stem = ConvNorm(14, w2)
        self.down4 = nn.Sequential(ConvNorm(w2, w4, stride=2), Residual(w4))
        self.down8 = nn.Sequential(ConvNorm(w4, w8, stride=2), Residual(w8))
        self.down16 = nn.Sequential(ConvNorm(w8, w16, stride=2), Residual(w16), Attention(w16), Residual(w16))
        self.to8, self.up8 = ConvNorm(w16, w8, 1), ConvNorm(w8, w8)
        self.to4, self.up4 = ConvNorm(w8, w4, 1), ConvNorm(w4, w4)
        self.to2, self.up2 = ConvNorm(w4, w2, 1), ConvNorm(w2, w2)
        # Each scale votes, coarse to fine: what a large thing is need not squeeze through the fine scale's few
        # channels, and the deep layers hear the loss directly.
        outputs = len(MATERIALS) + 1
        self.head8, self.head4 = nn.Conv2d(w8, outputs, 1), nn.Conv2d(w4, outputs, 1)
        self.head = nn.Conv2d(w2, 4 * outputs, 1)

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        out = F.pixel_shuffle(self.votes(rgb), 2)  # (b, k + 1, h, w)
        return out[:, :-1], torch.sigmoid(out[:, -1:])

    def votes(self, rgb: Tensor) -> Tensor:
        """(b, 4 (k + 1), h/2, w/2): logits and depth of the four pixels of every 2x2 block, not yet laid out."""
        fine, coarse = self.block_votes(F.pixel_unshuffle(rgb, 2))
        return fine + coarse.repeat_interleave(4, dim=1)

    def block_votes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Votes on 2x2 blocks (b, 12, h/2, w/2): of each pixel (b, 4 (k + 1), ...), of each block (b, k + 1, ...)."""
        rows, columns = x.shape[-2:]
        if rows % CELL or columns % CELL:  # the last cells reach over the picture's edge
            x = F.pad(x, (0, -columns % CELL, 0, -rows % CELL), mode="replicate")
        b, _, h, w = x.shape
        y_position = torch.linspace(-1, 1, h, device=x.device, dtype=x.dtype).view(1, 1, h, 1).expand(b, 1, h, w)
        x_position = torch.linspace(-1, 1, w, device=x.device, dtype=x.dtype).view(1, 1, 1, w).expand(b, 1, h, w)
        half = self.stem(torch.cat([x, y_position, x_position], dim=1))
        quarter = self.down4(half)
        eighth = self.down8(quarter)
        x = self.down16(eighth)
        x = self.up8(eighth + F.interpolate(self.to8(x), scale_factor=2.0))
        votes = F.interpolate(self.head8(x), scale_factor=2.0, mode="bilinear")
        x = self.up4(quarter + F.interpolate(self.to4(x), scale_factor=2.0))
        votes = F.interpolate(votes + self.head4(x), scale_factor=2.0, mode="bilinear")  # (b, k + 1, h/2, w/2)
        x = self.up2(half + F.interpolate(self.to2(x), scale_factor=2.0))
        return self.head(x)[..., :rows, :columns], votes[..., :rows, :columns]
