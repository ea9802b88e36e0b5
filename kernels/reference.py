"""Every op in plain torch, float32 inside: the specification that the Triton kernels of the same names are held to.

The token ops are those of a transformer that paints frame by frame over a ring of past keys and values:
b sessions, n tokens of a frame, d width, heads of e = 64 channels, s slots of the ring (a slot holds a frame), r the
width of queries, keys and values: d, or a share of it where several processes hold the heads.
Weights are (out, in), as torch.nn.Linear has them. `scale`, `shift` and `gate` (b, d) are a frame's own: they come from
its style and noise level. Ops that return nothing write into the buffers that they are given.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-6  # of the root mean square, under the root


def rms_normalized(x: Tensor) -> Tensor:
    """x (..., d) over the root mean square of its last axis, in float32."""
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON)


def rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x (..., n, e) turned pairwise (channel i with channel i + e/2) by angles given as cos and sin (n, e/2)."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


def modulated(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """x (b, n, d) normalised, then scaled and shifted by (b, d); float32."""
    return rms_normalized(x) * (1 + scale[:, None].float()) + shift[:, None].float()


def modulated_qkv(x: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor, q_gain: Tensor,
                  k_gain: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor,
                  slot: Tensor) -> Tensor:  # fmt: skip
    """The queries (b, n, r) of one frame; its keys and values go into the ring, in place.

    x (b, n, d); weight (3 r, d), bias (3 r); q_gain, k_gain (e,): queries and keys are normalised per head; cos, sin
    (n, e/2); keys, values (b, s, n, r), of which each session's `slot` (b,) int64 is written.
    """
    b, n, _ = x.shape
    e, r = q_gain.shape[0], weight.shape[0] // 3
    product = modulated(x, scale, shift).to(x.dtype).float() @ weight.float().T + bias.float()
    q, k, v = product.view(b, n, 3, r // e, e).permute(2, 0, 3, 1, 4)  # (b, heads, n, e) each
    q = rotated(rms_normalized(q) * q_gain.float(), cos.float(), sin.float())
    k = rotated(rms_normalized(k) * k_gain.float(), cos.float(), sin.float())
    session = torch.arange(b, device=x.device)
    keys[session, slot] = k.transpose(1, 2).reshape(b, n, r).to(keys.dtype)
    values[session, slot] = v.transpose(1, 2).reshape(b, n, r).to(values.dtype)
    return q.transpose(1, 2).reshape(b, n, r).to(x.dtype)


def ring_attention(q: Tensor, keys: Tensor, values: Tensor, slot_bias: Tensor) -> Tensor:
    """Every token of one frame looks at every token in the ring: (b, n, r).

    q (b, n, r); keys, values (b, s, n, r); slot_bias (b, heads, s) float32 is added to all scores of a slot, -inf where
    nothing has been written. Softmax over the slots' tokens together, at scale 1/sqrt(e).
    """
    b, s, n, r = keys.shape
    heads = slot_bias.shape[1]
    e = r // heads
    query = q.float().view(b, n, heads, e).transpose(1, 2)
    key = keys.float().view(b, s * n, heads, e).transpose(1, 2)
    value = values.float().view(b, s * n, heads, e).transpose(1, 2)
    bias = slot_bias[:, :, None, :, None].expand(b, heads, 1, s, n).reshape(b, heads, 1, s * n)
    out = F.scaled_dot_product_attention(query, key, value, attn_mask=bias.expand(-1, -1, n, -1))
    return out.transpose(1, 2).reshape(b, n, r).to(q.dtype)


def projected(x: Tensor, y: Tensor, weight: Tensor, bias: Tensor, gate: Tensor) -> Tensor:
    """The residual x (b, n, d) with y (b, n, m) projected onto it by weight (d, m), times the gate (b, d)."""
    product = y.float() @ weight.float().T + bias.float()
    return (x.float() + gate[:, None].float() * product).to(x.dtype)


def modulated_up(x: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The hidden layer of the MLP, (b, n, m): x (b, n, d) modulated, weight (m, d), then GELU (its tanh form)."""
    product = modulated(x, scale, shift).to(x.dtype).float() @ weight.float().T + bias.float()
    return F.gelu(product, approximate="tanh").to(x.dtype)
