"""Which implementation of the frame's ops runs: the reference in torch, or the Triton kernels. `kernels` has both."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any, Protocol, cast

from torch import Tensor

from engine.token_painter import TokenOps
from kernels import reference

TOKEN_OPS = ("modulated_qkv", "ring_attention", "projected", "modulated_up")
PICTURE_OPS = ("to_model", "settle", "to_screen")


class FrameOps(TokenOps, Protocol):
    """Functions of the names and signatures in `kernels/reference.py`."""

    def to_model(self, bgra_u8: Tensor, size: tuple[int, int]) -> Tensor: ...
    def settle(self, rgb: Tensor, materials: Tensor, rgb_before: Tensor, settled_before: Tensor,
               past: Tensor) -> Tensor: ...  # fmt: skip
    def to_screen(self, bgra_u8: Tensor, guide: Tensor, base: Tensor, shade: Tensor, shine: Tensor, mean: Tensor,
                  gain: Tensor, keep: Tensor, strength: Tensor, outline: Tensor) -> Tensor: ...  # fmt: skip


def reference_ops() -> FrameOps:
    return cast(FrameOps, SimpleNamespace(**_functions(reference, (*TOKEN_OPS, *PICTURE_OPS))))


def triton_ops() -> FrameOps:
    """ImportError where triton is not installed."""
    functions = [_functions(import_module(f"kernels.{name}"), (name,)) for name in (*TOKEN_OPS, *PICTURE_OPS)]
    return cast(FrameOps, SimpleNamespace(**{name: op for each in functions for name, op in each.items()}))


def _functions(module: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names}
