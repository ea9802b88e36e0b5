"""Where a theme's finish goes in the frame: a place for it, and the finish that does nothing.

The finish itself belongs to the app (`reskin/finish_gpu.py`); the frame knows what it asks of one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.gpu.underpaint import PaintMaps


class FinishStage(nn.Module):
    """Leaves the maps as they are; draws no outline and no grain."""

    outline: Tensor  # (1,) in [0, 1]
    grain: Tensor  # (1,) in [0, 1]
    noise: Tensor  # (8, 4096) the grain's specks

    def __init__(self, noise: Tensor | None = None) -> None:
        super().__init__()
        for name in ("outline", "grain"):
            self.register_buffer(name, torch.zeros(1), persistent=False)
        self.register_buffer("noise", torch.zeros(8, 4096) if noise is None else noise, persistent=False)

    def forward(self, rgb: Tensor, maps: PaintMaps) -> PaintMaps:
        """Maps with the finish in them; rgb (3, h, w) is the game at the model's size."""
        return maps
