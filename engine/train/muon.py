"""Muon: momentum whose matrices are made orthogonal, so that every direction of a weight learns at one speed.

Follows Jordan et al. 2024 (kellerjordan.github.io/posts/muon) with the Newton-Schulz quintic; convolutions count as
matrices (out, in * kernel). torch.optim.Muon takes two-dimensional weights only, and here nearly all have four.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """The nearest orthogonal matrix, roughly: singular values land in about [0.7, 1.2]."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    # The steps multiply x from the left by polynomials of x x^T alone, so they are taken among these small squares:
    # half of the time, and the same to a few 1e-7.
    gram = x @ x.T
    product = torch.eye(len(gram), dtype=x.dtype, device=x.device)
    for _ in range(steps):
        factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal().add_(a)
        product = factor @ product
        gram = factor @ gram @ factor
    x = product @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(self, params: Iterable[Tensor], lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.01):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(weight)
                average = state["momentum"]
                average.lerp_(weight.grad, 1 - group["momentum"])
                update = torch.lerp(weight.grad, average, group["momentum"]).reshape(weight.shape[0], -1)
                scale = max(1.0, update.shape[0] / update.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(orthogonal(update).reshape(weight.shape), alpha=-group["lr"] * scale)


def split_optimizers(model: torch.nn.Module, *, matrix_lr: float, other_lr: float) -> list[torch.optim.Optimizer]:
    """Muon for the weights inside, AdamW for biases, norms, tables and the layers named `head`, `residual`, `film`.

    What a parametrization (`engine.train.sparse`) stands over is called layer.parametrizations.weight.original.
    """
    outer = ("head", "head4", "head8", "residual", "film")
    matrices: list[Tensor] = []
    others: list[Tensor] = []
    for name, weight in model.named_parameters():
        *layers, kind = name.split(".")
        inner = kind in ("weight", "original") and weight.ndim >= 2 and not any(layer in outer for layer in layers)
        (matrices if inner else others).append(weight)
    return [Muon(matrices, lr=matrix_lr), torch.optim.AdamW(others, lr=other_lr, weight_decay=0.01)]
