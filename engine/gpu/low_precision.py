"""A TokenPainter's layers in plain torch as a GPU should have them; and FP8 and 2:4 sparsity for them, as trials.

`LinearOps` computes in the model's own precision, where the references compute in float32. It is what runs on a GPU
without the Triton kernels, and what torchao's weights need: it puts another kind of tensor in a Linear's place as its
weight, and what multiplies by it finds its kernel by `F.linear`. The Triton kernels know nothing of such weights. The
trials are kept only where a whole frame gains. torchao is an optional package, and both ways need a CUDA device (FP8
from compute capability 8.9 on, 2:4 from 8.0 on).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.token_painter import Layer, TokenPainter
from kernels import reference


class TrialError(RuntimeError):
    """A conversion that cannot be had here."""


class LinearOps:
    """The token ops with `F.linear` for every product, in the precision of x. As `kernels.reference`."""

    @staticmethod
    def ring_attention(q: Tensor, keys: Tensor, values: Tensor, slot_bias: Tensor) -> Tensor:
        (b, n, r), heads = q.shape, slot_bias.shape[1]
        query, key, value = (x.reshape(b, -1, heads, r // heads).transpose(1, 2) for x in (q, keys, values))
        bias = slot_bias.to(q.dtype).repeat_interleave(n, dim=2)[:, :, None].expand(-1, -1, n, -1)
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return seen.transpose(1, 2).reshape(b, n, r)

    @staticmethod
    def modulated_qkv(x: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor, q_gain: Tensor,
                      k_gain: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor,
                      slot: Tensor) -> Tensor:  # fmt: skip
        b, n, _ = x.shape
        e, r = q_gain.shape[0], weight.shape[0] // 3
        product = F.linear(reference.modulated(x, scale, shift).to(x.dtype), weight, bias).float()
        q, k, v = product.view(b, n, 3, r // e, e).permute(2, 0, 3, 1, 4)  # (b, heads, n, e) each
        q, k = (
            reference.rotated(reference.rms_normalized(part) * gain.float(), cos.float(), sin.float())
            for part, gain in ((q, q_gain), (k, k_gain))
        )
        session = torch.arange(b, device=x.device)
        for kept, part in ((keys, k), (values, v)):
            kept[session, slot] = part.transpose(1, 2).reshape(b, n, r).to(kept.dtype)
        return q.transpose(1, 2).reshape(b, n, r).to(x.dtype)

    @staticmethod
    def projected(x: Tensor, y: Tensor, weight: Tensor, bias: Tensor, gate: Tensor) -> Tensor:
        return (x.float() + gate[:, None].float() * F.linear(y, weight, bias).float()).to(x.dtype)

    @staticmethod
    def modulated_up(x: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        inputs = reference.modulated(x, scale, shift).to(x.dtype)
        return F.gelu(F.linear(inputs, weight, bias), approximate="tanh")


def products(painter: TokenPainter) -> list[nn.Linear]:
    """The large ones: four to a layer."""
    layers = [layer for layer in painter.layers if isinstance(layer, Layer)]
    return [linear for layer in layers for linear in (layer.qkv, layer.out, layer.up, layer.down)]


def two_of_four(weight: Tensor) -> Tensor:
    """Which two of every four inputs in a row have the largest weights: bool, of the shape (out, in)."""
    groups = weight.detach().abs().unflatten(1, (-1, 4))
    mask = torch.zeros_like(groups, dtype=torch.bool)
    return mask.scatter_(2, groups.topk(2, dim=2).indices, True).flatten(1)


def to_fp8(painter: TokenPainter) -> None:
    """Weights and activations of the products in FP8, each row with a scale of its own; activations' found anew."""
    from torchao.quantization import Float8DynamicActivationFloat8WeightConfig, PerRow, quantize_

    chosen = set(products(painter))
    config = Float8DynamicActivationFloat8WeightConfig(granularity=PerRow())
    quantize_(painter, config, filter_fn=lambda module, _: module in chosen)


def to_sparse(painter: TokenPainter) -> None:
    """The products' weights without the smaller two of every four, stored as the tensor cores take them."""
    from torchao.sparsity import semi_sparse_weight, sparsify_

    chosen = set(products(painter))
    with torch.no_grad():
        for linear in chosen:
            linear.weight.mul_(two_of_four(linear.weight))
    sparsify_(painter, semi_sparse_weight(), filter_fn=lambda module, _: module in chosen)


CONVERSIONS: dict[str, Callable[[TokenPainter], None]] = {"fp8": to_fp8, "2:4": to_sparse}


def convert(painter: TokenPainter, name: str) -> None:
    """Changes a Painter in bfloat16 in place, and how it multiplies. TrialError says what is missing here."""
    if find_spec("torchao") is None:
        raise TrialError(
            f"trying {name}: torchao is not installed. pip install --no-deps torchao (it would bring another torch)"
        )
    try:
        CONVERSIONS[name](painter)
    except (AssertionError, RuntimeError, ImportError, NotImplementedError) as error:  # how torchao says what it lacks
        raise TrialError(f"trying {name} on {painter.squeeze.weight.device}: torchao says: {error}") from error
    painter.ops = LinearOps()
