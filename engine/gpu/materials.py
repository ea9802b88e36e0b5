"""From the Reader's votes to the materials of a frame, as `engine/offline.py` has it, in torch.

Functions of tensors alone: no memory, no waiting for the device, shapes fixed by the arguments. Pictures (c, h, w)
float32, colours in [0, 1]. `past` () is 1, or 0 where there is no frame before: what was then counts for nothing.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.offline import NEAR
from engine.refine import ALIKE, CARRY, STILL
from engine.stillness import BELIEVED, CHANGED, DOUBTED, MEMORY_FRAMES, MOVING
from engine.underpaint import HUD, LUMA
from engine.votes import CONFIDENCE

TAPS = tuple((y, x, NEAR[abs(y), abs(x)]) for y in range(-2, 3) for x in range(-2, 3) if abs(y) + abs(x) <= 2)


def lay_out_votes(votes: Tensor) -> tuple[Tensor, Tensor]:
    """Votes of 2x2 blocks (4 (k + 1), h/2, w/2) to materials (k, h, w), probabilities, and depth (1, h, w)."""
    pixels = F.pixel_shuffle(votes.float(), 2)
    return (CONFIDENCE * pixels[:-1]).softmax(dim=0), pixels[-1:].sigmoid()


def luminance_of(rgb: Tensor) -> Tensor:
    """(3, h, w) to (1, h, w)."""
    red, green, blue = rgb.split(1)
    return float(LUMA[0]) * red + float(LUMA[1]) * green + float(LUMA[2]) * blue


def settle(rgb: Tensor, materials: Tensor, rgb_before: Tensor, settled_before: Tensor, past: Tensor) -> Tensor:
    """Materials averaged over neighbours of like colour, then over time where nothing changed."""
    change = (rgb_before - rgb).square().sum(dim=0)
    return torch.lerp(gather(rgb, materials), settled_before, past * CARRY * STILL / (STILL + change))


def gather(rgb: Tensor, materials: Tensor) -> Tensor:
    """Every pixel's materials from the 13 places around it, by nearness and by how alike their colour is."""
    near = shifted(rgb)
    weights = torch.stack([near_share / (ALIKE + (there - rgb).square().sum(dim=0)).square()
                           for there, (_, _, near_share) in zip(near, TAPS, strict=True)])  # fmt: skip
    weights = weights / weights.sum(dim=0)
    total = torch.zeros_like(materials)
    for weight, there in zip(weights, shifted(materials), strict=True):
        total = total.addcmul(weight, there)
    return total


def shifted(picture: Tensor) -> list[Tensor]:
    """(c, h, w) as each of the 13 places sees it: views of one copy whose borders repeat."""
    _, h, w = picture.shape
    padded = F.pad(picture[None], (2, 2, 2, 2), mode="replicate")[0]
    return [padded[:, 2 + y : 2 + y + h, 2 + x : 2 + x + w] for y, x, _ in TAPS]


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
