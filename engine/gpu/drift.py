"""The drift meter (`engine/drift.py`) in tensors: it decides on the device whether the history starts anew."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.drift import COLOR_LIMIT, FLAT, SHARPNESS_LIMIT, SHARPNESS_RANGE, SLOW_FRAMES


class DriftMeter(nn.Module):
    """One stream. `color` and `sharpness` are slow means; 0 and 1 are no drift."""

    color: Tensor  # (3,)
    sharpness: Tensor  # ()
    anchored: Tensor  # () float, how often a drift has started it anew

    def __init__(self) -> None:
        super().__init__()
        for name, start in {"color": torch.zeros(3), "sharpness": torch.ones(()),
                            "anchored": torch.zeros(())}.items():  # fmt: skip
            self.register_buffer(name, start, persistent=False)

    def restart(self) -> None:
        """Between frames: the history begins anew for another reason."""
        self.color.zero_()
        self.sharpness.fill_(1)

    def reading(self) -> Tensor:
        """(3,): the worst channel's colour, the sharpness, how often the history began anew."""
        return torch.stack([self.color.abs().amax(), self.sharpness, self.anchored])

    @torch.no_grad()
    def watch(self, under: Tensor, output: Tensor) -> Tensor:
        """() bool, whether a frame has drifted too far: underpainting (3, h, w) in [0, 1], output in [-1, 1].

        Where it has, the meter starts anew by itself.
        """
        shown, flat = (output + 1) / 2, FLAT * under.shape[1] * under.shape[2]
        ours, theirs = ((picture[:, :, 1:] - picture[:, :, :-1]).square().sum() + flat for picture in (shown, under))
        color = torch.lerp(self.color, (shown - under).mean(dim=(1, 2)), 1 / SLOW_FRAMES)
        sharpness = torch.lerp(self.sharpness, (ours / theirs).clamp(*SHARPNESS_RANGE), 1 / SLOW_FRAMES)
        limits = (sharpness > 1 / SHARPNESS_LIMIT) & (sharpness < SHARPNESS_LIMIT)
        drifted = (color.abs().amax() > COLOR_LIMIT) | ~limits
        self.color.copy_(torch.where(drifted, 0, color))
        self.sharpness.copy_(torch.where(drifted, 1, sharpness))
        self.anchored.add_(drifted)
        return drifted
