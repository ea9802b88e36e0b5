"""The vote of a picture's colours (`engine.color_vote`) in torch, with shapes fixed by the arguments.

Votes are counted in whole numbers, so that their sum does not depend on the order in which a GPU adds them up.
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.color_vote import BANDS, LEVELS, PLACES
from engine.config import HUD

WHOLE = 1 << 40  # a sure vote; those of a million pixels fit into 64 bits


def places_of(rgb: Tensor) -> Tensor:
    """(h * w,) int64 below `PLACES`: where the votes of each pixel of (3, h, w) are counted."""
    _, h, w = rgb.shape
    band = (torch.arange(h, device=rgb.device) * BANDS // h)[:, None].expand(h, w)
    r, g, b = (rgb * LEVELS).long().clamp(0, LEVELS - 1)
    return (((band * LEVELS + r) * LEVELS + g) * LEVELS + b).flatten()


def tally(places: Tensor, materials: Tensor) -> Tensor:
    """(PLACES, k): what the pixels of a colour say they are, HUD left out; zeros where no pixel has voted."""
    votes = (materials.flatten(1).T.square() * WHOLE).round().long()
    votes = torch.cat([votes[:, :HUD], torch.zeros_like(votes[:, HUD : HUD + 1]), votes[:, HUD + 1 :]], dim=1)
    sums = torch.zeros(PLACES, votes.shape[1], dtype=torch.int64, device=votes.device).index_add(0, places, votes)
    return sums.float() / sums.sum(dim=1, keepdim=True).clamp(min=1)


def outvote(places: Tensor, shares: Tensor, materials: Tensor, counts: Tensor, against: float) -> Tensor:
    """Materials (k, h, w) with what their colours say: `counts` (1, h, w) to `against` a pixel."""
    color = shares[places].T.reshape(materials.shape)
    own = counts / (counts + against * color.sum(dim=0, keepdim=True))
    hud = materials[HUD : HUD + 1]
    voted = own * materials + (1 - own) * (1 - hud) * color
    return torch.cat([voted[:HUD], hud, voted[HUD + 1 :]])
