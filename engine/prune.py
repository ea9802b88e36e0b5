"""A smaller TokenPainter from a trained one: the layers, heads and hidden channels that are least missed leave.

Layers by how much the loss grows without each (TinyFusion's lesson: depth is what pays at one stream); heads and hidden
channels by the loss's first-order change when each is scaled to nothing (Michel et al. 2019, Molchanov et al. 2019).
What stays is a multiple of what a tile holds, and every layer keeps as many. Torch only; training back is
`engine.train.painter` with the pruned checkpoint to start from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from engine.token_painter import Layer, TokenPainter
from kernels import reference

TILE = 128  # channels; heads go in pairs of 64

Loss = Callable[[TokenPainter], Tensor]  # of a fixed batch with a fixed generator: the same at every call


@dataclass(frozen=True, kw_only=True)
class Importance:
    """How much the loss minds each part; larger is more."""

    layers: Tensor  # (layers,) the loss without it, less the loss
    heads: Tensor  # (layers, heads)
    hidden: Tensor  # (layers, hidden)


class MaskedOps:
    """The reference ops with a factor on every head's and hidden channel's output; layers are told apart by order."""

    def __init__(self, painter: TokenPainter) -> None:
        shape, device = painter.shape, painter.squeeze.weight.device
        self.heads = torch.ones(shape.layers, shape.kept // shape.head, requires_grad=True, device=device)
        self.hidden = torch.ones(shape.layers, shape.hidden, requires_grad=True, device=device)
        self._layers, self._calls = shape.layers, 0
        self.modulated_qkv, self.projected = reference.modulated_qkv, reference.projected

    def ring_attention(self, q: Tensor, keys: Tensor, values: Tensor, slot_bias: Tensor) -> Tensor:
        seen = reference.ring_attention(q, keys, values, slot_bias)
        factor = self.heads[self._calls % self._layers]
        return (seen.unflatten(2, (len(factor), -1)) * factor[:, None]).flatten(2)

    def modulated_up(self, x: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        self._calls += 1  # the last op of a layer but one
        return reference.modulated_up(x, scale, shift, weight, bias) * self.hidden[(self._calls - 1) % self._layers]


def importance(painter: TokenPainter, losses: list[Loss]) -> Importance:
    """Measured over some batches, each a function that gives its loss; on the CPU. The painter is left as it was."""
    layers = torch.zeros(painter.shape.layers)
    heads = hidden = torch.zeros(())
    for loss in losses:
        masks = MaskedOps(painter)
        painter.ops = masks
        whole = loss(painter)
        by_head, by_hidden = torch.autograd.grad(whole, (masks.heads, masks.hidden))
        heads, hidden = heads + by_head.abs().cpu(), hidden + by_hidden.abs().cpu()
        painter.ops = None
        for i, layer in enumerate(painter.layers):
            painter.layers[i] = Skipped()
            with torch.no_grad():
                layers[i] += (loss(painter) - whole.detach()).cpu()
            painter.layers[i] = layer
    return Importance(layers=layers, heads=heads, hidden=hidden)


class Skipped(torch.nn.Module):
    """In a layer's place: nothing happens, and the frame's keys and values in the ring stay what they were."""

    def forward(self, x: Tensor, *_: object) -> Tensor:
        return x


@torch.no_grad()
def pruned(painter: TokenPainter, found: Importance, *, layers: int, heads: int, hidden: int) -> TokenPainter:
    """A new painter of so many layers, heads and hidden channels; ValueError where tiles would not be full."""
    shape = painter.shape
    kept = heads * shape.head
    if not (0 < layers <= shape.layers and 0 < kept <= shape.kept and 0 < hidden <= shape.hidden):
        raise ValueError(
            f"pruning {shape.layers} layers of {shape.kept // shape.head} heads and {shape.hidden} channels to "
            f"{layers}, {heads} and {hidden}. Expected no more of each, and at least one"
        )
    if kept % TILE or hidden % TILE:
        raise ValueError(
            f"pruning to {heads} heads of {shape.head} and {hidden} hidden channels: the kernels' tiles hold {TILE} "
            f"channels. Expected multiples: {-(-kept // TILE) * TILE} and {-(-hidden // TILE) * TILE} would fit"
        )
    smaller = TokenPainter(replace(shape, layers=layers, heads=heads, hidden=hidden), painter.size)
    stays = best(found.layers, layers)
    state = painter.state_dict()
    own = smaller.state_dict()
    for name, tensor in own.items():
        if not name.startswith(("layers.", "layer_film", "age_bias")):
            tensor.copy_(state[name])
    smaller.layer_film.copy_(painter.layer_film[stays])
    for to, source in enumerate(stays.tolist()):
        chosen = best(found.heads[source], heads)
        smaller.age_bias[to].copy_(painter.age_bias[source, chosen])
        old, new = painter.layers[source], smaller.layers[to]
        assert isinstance(old, Layer)
        assert isinstance(new, Layer)
        _copy_layer(old, new, chosen, best(found.hidden[source], hidden), shape.head)
    return smaller.eval()


def best(values: Tensor, count: int) -> Tensor:
    """Where the largest lie, in their own order."""
    return values.topk(count).indices.sort().values


def _copy_layer(old: Layer, new: Layer, heads: Tensor, hidden: Tensor, head: int) -> None:
    channels = (heads[:, None] * head + torch.arange(head)).flatten()
    rows = torch.cat([channels + i * old.out.in_features for i in range(3)])  # of q, of k, of v
    new.qkv.weight.copy_(old.qkv.weight[rows])
    new.qkv.bias.copy_(old.qkv.bias[rows])
    new.q_gain.copy_(old.q_gain)
    new.k_gain.copy_(old.k_gain)
    new.out.weight.copy_(old.out.weight[:, channels])
    new.out.bias.copy_(old.out.bias)
    new.up.weight.copy_(old.up.weight[hidden])
    new.up.bias.copy_(old.up.bias[hidden])
    new.down.weight.copy_(old.down.weight[:, hidden])
    new.down.bias.copy_(old.down.bias)
