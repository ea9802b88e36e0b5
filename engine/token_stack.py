"""The transformer Painter with all its layers as one op, `token_layers`: its weights and its ring in stacks.

For painting, not for training. Equal to `TokenPainter.token_outputs`, which runs the layers' ops one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.ring import Ring
from engine.token_painter import TokenPainter
from kernels import reference
from kernels.reference import LayerStack


@dataclass(frozen=True, kw_only=True)
class StackedRing(Ring):
    """A ring whose layers' keys and values are views of two tensors."""

    all_keys: Tensor  # (l, b, s, n, d)
    all_values: Tensor


class StackedPainter:
    """A TokenPainter's weights as they are now, copied."""

    def __init__(self, painter: TokenPainter) -> None:
        """ValueError for one that was pruned or split: the launch wants as many heads as fill the width."""
        if painter.kept_width != painter.shape.width:
            raise ValueError(
                f"stacking a Painter whose heads are {painter.kept_width} of {painter.shape.width} channels wide: one "
                "launch takes all layers only where they fill it. Take the backend cudagraph"
            )
        self.painter = painter
        layers = [dict(layer.named_parameters()) for layer in painter.layers]
        names = {
            "qkv": "qkv.weight", "qkv_bias": "qkv.bias", "q_gain": "q_gain", "k_gain": "k_gain", "out": "out.weight",
            "out_bias": "out.bias", "up": "up.weight", "up_bias": "up.bias", "down": "down.weight",
            "down_bias": "down.bias",
        }  # fmt: skip
        self.stack = LayerStack(
            **{ours: torch.stack([weights[theirs].detach() for weights in layers]) for ours, theirs in names.items()}
        )

    def ring(self, sessions: int = 1) -> StackedRing:
        """An empty one in the weights' precision, where they lie."""
        weight, shape = self.stack.qkv, self.painter.shape
        size = (shape.layers, sessions, shape.slots, self.painter.tokens, shape.width)
        keys, values = torch.zeros(2, *size, dtype=weight.dtype, device=weight.device)
        ages = Ring.empty(0, sessions, shape.slots, self.painter.tokens, shape.width, device=weight.device)
        return StackedRing(
            keys=tuple(keys), values=tuple(values), slot=ages.slot, age=ages.age, all_keys=keys, all_values=values
        )

    @torch.no_grad()
    def token_outputs(self, patches: Tensor, condition: Tensor, ring: StackedRing,
                      layers: Callable[..., Tensor] = reference.token_layers) -> Tensor:  # fmt: skip
        """As the TokenPainter's; `layers` is `token_layers` of `kernels.reference` or of `kernels.token_layers`."""
        frame = self.painter.frame(condition, ring)
        x = layers(self.painter.embed(patches), frame.modulation, self.stack, frame.slot_bias, frame.cos, frame.sin,
                   ring.all_keys, ring.all_values, ring.slot)  # fmt: skip
        return self.painter.read_out(x)
