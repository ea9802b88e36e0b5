"""The vote of a picture's colours (`engine.color_vote`) in torch, with shapes fixed by the arguments.

Votes are counted in whole numbers, so that their sum does not depend on the order in which a GPU adds them up.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.color_vote import BANDS, FEW, KEPT, LEVELS, PLACES
from engine.config import HUD

WHOLE = 1 << 40  # a sure vote; those of a million pixels fit into 64 bits


def places_of(rgb: Tensor) -> Tensor:
    """(h * w,) int64 below `PLACES`: where the votes of each pixel of (3, h, w) are counted."""
    _, h, w = rgb.shape
    band = (torch.arange(h, device=rgb.device) * BANDS // h)[:, None].expand(h, w)
    r, g, b = (rgb * LEVELS).long().clamp(0, LEVELS - 1)
    return (((band * LEVELS + r) * LEVELS + g) * LEVELS + b).flatten()


def tally(places: Tensor, materials: Tensor, before: Tensor, past: Tensor) -> Tensor:
    """(PLACES, k): the votes of materials (k, h, w), and what is left of those `before`, if `past` () is 1."""
    cast = (materials.flatten(1).T.square() * WHOLE).round().long()
    cast = torch.cat([cast[:, :HUD], torch.zeros_like(cast[:, HUD : HUD + 1]), cast[:, HUD + 1 :]], dim=1)
    sums = torch.zeros(PLACES, cast.shape[1], dtype=torch.int64, device=cast.device).index_add(0, places, cast)
    left = past * KEPT * before
    return torch.where(left > FEW, left, 0) + sums.float() / WHOLE


def outvote(places: Tensor, votes: Tensor, materials: Tensor, counts: Tensor, against: float) -> Tensor:
    """Materials (k, h, w) with what their colours say: `counts` (1, h, w) to `against` a pixel."""
    color = votes[places].T.reshape(materials.shape).square()
    total = color.sum(dim=0, keepdim=True)
    own, hud = counts / (counts + against * (total > 0)), materials[HUD : HUD + 1]
    shares = color / torch.where(total > 0, total, 1)
    voted = own * materials + (1 - own) * (1 - hud) * shares
    return torch.cat([voted[:HUD], hud, voted[HUD + 1 :]])
