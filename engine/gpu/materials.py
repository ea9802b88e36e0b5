"""From the Reader's votes to the materials of a frame, as `engine/offline.py` has it, in torch.

Settling them is an op of its own (`kernels.ops`). Functions of tensors alone: no memory, no waiting for the device,
shapes fixed by the arguments. Pictures (c, h, w) float32, colours in [0, 1]. `past` () is 1, or 0 where there is no
frame before: what was then counts for nothing.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.color_vote import OUTVOTED_FAR
from engine.config import HUD
from engine.gpu.color_vote import colors_of, outvote
from engine.refine import FOLLOW_STEP
from engine.stillness import BELIEVED, CHANGED, DOUBTED, MEMORY_FRAMES, MOVING
from engine.votes import CONFIDENCE
from kernels.reference import ALIKE, around


def lay_out_votes(votes: Tensor) -> tuple[Tensor, Tensor]:
    """Votes of 2x2 blocks (4 (k + 1), h/2, w/2) to materials (k, h, w), probabilities, and depth (1, h, w)."""
    pixels = F.pixel_shuffle(votes.float(), 2)
    return (CONFIDENCE * pixels[:-1]).softmax(dim=0), pixels[-1:].sigmoid()


def follow(rgb: Tensor, read_rgb: Tensor, settled: Tensor, votes: Tensor, low: Tensor) -> Tensor:
    """Materials (k, h, w) of a frame that was not read: each pixel takes them from where its colour was when one was.

    `votes` (PLACES, k) are of that frame's colours, low (h, 1) is `lowness`. No op of its own: some 100 launches, still
    less than the Reader takes on a small GPU.
    """
    weights, total = torch.zeros_like(rgb[:1]), torch.zeros_like(settled)
    for (near, there), (_, color) in zip(around(settled, FOLLOW_STEP), around(read_rgb, FOLLOW_STEP), strict=True):
        weight = near * (ALIKE / (ALIKE + (color - rgb).square().sum(dim=0, keepdim=True))).square()
        weights, total = weights + weight, total + weight * there
    return outvote(colors_of(rgb), low, votes, total / weights, weights, OUTVOTED_FAR)


def watch_stillness(luminance: Tensor, before: Tensor, still: Tensor, past: Tensor) -> Tensor:
    """(1, h, w) how much each pixel stood still while the picture moved, as of now."""
    changed = (box_mean((luminance - before).abs(), 5) > CHANGED).float()
    moving = (changed.mean() > MOVING).float() * past
    return still + moving * (1 - changed - still) / MEMORY_FRAMES


def doubt_hud(materials: Tensor, still: Tensor) -> Tensor:
    """Materials whose HUD gives way to the others where the picture did not stand still."""
    hud = materials[HUD : HUD + 1]
    doubted = hud * (1 - ((still - DOUBTED) / (BELIEVED - DOUBTED)).clamp(0, 1))
    others = materials * (1 + doubted / (1 - hud).clamp(min=1e-4))
    return torch.cat([others[:HUD], hud - doubted, others[HUD + 1 :]])


def box_mean(picture: Tensor, side: int) -> Tensor:
    """The mean over side x side places around each of (c, h, w), which reach beyond neither; borders are mirrored."""
    reach = side // 2
    return F.avg_pool2d(F.pad(picture, (reach,) * 4, mode="reflect"), side, stride=1)
