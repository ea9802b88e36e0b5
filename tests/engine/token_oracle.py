"""The slow truth of `engine/token_painter.py`: all frames of a clip in one pass, under a mask. Nothing is kept."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.token_painter import TokenPainter
from kernels.reference import modulated, rms_normalized, rotated


def visible_age(frame: int, other: int, slots: int) -> int | None:
    """The age under which a frame sees another, None where it does not: those behind it, as many as fit."""
    if other > frame:
        return None
    if other == 0 and frame > 0:
        return slots  # the anchor, at any distance
    return frame - other if frame - other < slots - 1 else None


def paint_whole(painter: TokenPainter, patches: Tensor, conditions: Tensor) -> Tensor:
    """patches (t, n, channels), conditions (t, c) -> outputs (t, n, 4 patch^2)."""
    t, n, _ = patches.shape
    shape = painter.shape
    heads = shape.width // shape.head
    films = painter.film(painter.condition(conditions)).view(t, 6, shape.width)
    x = painter.enter(painter.squeeze(patches))
    cos, sin = painter.cos, painter.sin
    for i, layer in enumerate(painter.layers):
        scale, shift, gate, mlp_scale, mlp_shift, mlp_gate = (films + painter.layer_film[i]).unbind(1)
        q, k, v = layer.qkv(modulated(x, scale, shift)).view(t, n, 3, heads, shape.head).permute(2, 3, 0, 1, 4)
        q = rotated(rms_normalized(q) * layer.q_gain, cos, sin)  # (heads, t, n, e)
        k = rotated(rms_normalized(k) * layer.k_gain, cos, sin)
        scores = torch.einsum("hane,hbme->habnm", q, k) / shape.head**0.5
        for frame in range(t):
            for other in range(t):
                age = visible_age(frame, other, shape.slots)
                bias = torch.full((heads,), -torch.inf) if age is None else painter.age_bias[i, :, age]
                scores[:, frame, other] += bias[:, None, None]
        weights = scores.permute(0, 1, 3, 2, 4).flatten(3).softmax(-1).view(heads, t, n, t, n)
        seen = torch.einsum("hanbm,hbme->anhe", weights, v).reshape(t, n, shape.width)
        x = x + gate[:, None] * layer.out(seen)
        hidden = F.gelu(layer.up(modulated(x, mlp_scale, mlp_shift)), approximate="tanh")
        x = x + mlp_gate[:, None] * layer.down(hidden)
    return painter.residual(rms_normalized(x))
