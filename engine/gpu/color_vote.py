"""The vote of a picture's colours (`engine.color_vote`) in torch, with shapes fixed by the arguments.

Votes are counted in whole numbers, so that their sum does not depend on the order in which a GPU adds them up.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.color_vote import COLORS, FEW, KEPT, LEVELS, PLACES
from engine.config import HUD

WHOLE = 1 << 40  # a sure vote; those of a million pixels fit into 64 bits


def colors_of(rgb: Tensor) -> Tensor:
    """(h * w,) int64 below `COLORS`: the number of each pixel's colour, of (3, h, w)."""
    r, g, b = (rgb * LEVELS).long().clamp(0, LEVELS - 1)
    return ((r * LEVELS + g) * LEVELS + b).flatten()


def tally(colors: Tensor, low: Tensor, materials: Tensor, before: Tensor, past: Tensor) -> Tensor:
    """(PLACES, k): the votes of materials (k, h, w), and what is left of those `before`, if `past` () is 1.

    low (h, 1): `engine.color_vote.lowness`.
    """
    said = materials.square()
    said = torch.cat([said[:HUD], torch.zeros_like(said[:1]), said[HUD + 1 :]])
    cast = [(share * said * WHOLE).round().long().flatten(1).T for share in (1 - low, low)]
    sums = torch.zeros(PLACES, len(said), dtype=torch.int64, device=said.device)
    sums = sums.index_add(0, colors, cast[0]).index_add(0, COLORS + colors, cast[1])
    left = past * KEPT * before
    return torch.where(left > FEW, left, 0) + sums.float() / WHOLE


def outvote(colors: Tensor, low: Tensor, votes: Tensor, materials: Tensor, counts: Tensor, against: float) -> Tensor:
    """Materials (k, h, w) with what their colours say: `counts` (1, h, w) to `against` a pixel."""
    above, below = (votes[places].T.reshape(materials.shape) for places in (colors, COLORS + colors))
    said = torch.lerp(above, below, low.expand_as(above)).square()
    total = said.sum(dim=0, keepdim=True)
    own, hud = counts / (counts + against * (total > 0)), materials[HUD : HUD + 1]
    shares = said / torch.where(total > 0, total, 1)
    voted = own * materials + (1 - own) * (1 - hud) * shares
    return torch.cat([voted[:HUD], hud, voted[HUD + 1 :]])
