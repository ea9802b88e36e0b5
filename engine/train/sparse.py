"""Training a TokenPainter back after 2:4 pruning: what was cut stays cut. Knows nothing of how sparse products run."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils import parametrize

from engine.gpu.low_precision import products, two_of_four
from engine.token_painter import TokenPainter


class Masked(nn.Module):
    """A weight of which only what the mask has is there."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.mask


def cut(painter: TokenPainter) -> None:
    """From now on the products' weights are 2:4 sparse, whatever is learnt."""
    for linear in products(painter):
        parametrize.register_parametrization(linear, "weight", Masked(two_of_four(linear.weight)))


def settle(painter: TokenPainter) -> None:
    """Ordinary weights again, with zeros in them."""
    for linear in products(painter):
        parametrize.remove_parametrizations(linear, "weight")
