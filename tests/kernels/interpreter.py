"""Triton 3.6.0's interpreter with its faults in bfloat16 and under numpy 2.4 mended. Tests only; `mend()` once.

- bfloat16 is kept as its raw bits, and `tl.dot` multiplies those: its operands become float32 first.
- Casts to bfloat16 cut the low bits off, where a GPU rounds to the nearest: they round.
- Other arithmetic on it is silently wrong too. Kernels compute in float32, so here it is an error.
- A loop over numbers known at run time only asks an array of one element for an int, which numpy 2.4 refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import triton.language as tl
from triton.runtime import interpreter
from triton.runtime.interpreter import InterpreterBuilder, TensorHandle


def mend() -> None:
    InterpreterBuilder.create_dot = _dot_of_floats(InterpreterBuilder.create_dot)
    InterpreterBuilder.cast_impl = _rounding_cast(InterpreterBuilder.cast_impl)
    InterpreterBuilder.binary_op = _refusing(InterpreterBuilder.binary_op)
    interpreter.ReduceOps.apply_impl = _refusing_inputs(interpreter.ReduceOps.apply_impl)
    interpreter._patch_lang_tensor = _with_index(interpreter._patch_lang_tensor)


def to_floats(bits: np.ndarray) -> np.ndarray:
    """bfloat16 as uint16 to float32, exactly."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def to_bits(values: np.ndarray) -> np.ndarray:
    """float32 to bfloat16 as uint16, to the nearest, ties to even. No NaN."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def _is_bf16(handle: Any) -> bool:
    return handle.dtype.scalar == tl.bfloat16


def _floats(handle: TensorHandle) -> TensorHandle:
    return TensorHandle(to_floats(handle.data), tl.float32) if _is_bf16(handle) else handle


def _dot_of_floats(dot: Callable) -> Callable:
    def create_dot(self: Any, a: Any, b: Any, *rest: Any) -> TensorHandle:
        return dot(self, _floats(a), _floats(b), *rest)

    return create_dot


def _rounding_cast(cast: Callable) -> Callable:
    def cast_impl(self: Any, source: Any, type: Any) -> TensorHandle:
        if type.scalar != tl.bfloat16:
            return cast(self, _floats(source), type)
        return source if _is_bf16(source) else TensorHandle(to_bits(source.data), tl.bfloat16)

    return cast_impl


def _refusing(binary: Callable) -> Callable:
    def binary_op(self: Any, left: Any, right: Any, operation: Any) -> TensorHandle:
        if _is_bf16(left) or _is_bf16(right):
            raise TypeError(f"{operation.__name__} on bfloat16: load, then .to(tl.float32), then compute")
        return binary(self, left, right, operation)

    return binary_op


def _refusing_inputs(reduce: Callable) -> Callable:
    def apply_impl(self: Any, inputs: Any) -> Any:
        if any(_is_bf16(value) for value in inputs):
            raise TypeError("a reduction of bfloat16: load, then .to(tl.float32), then compute")
        return reduce(self, inputs)

    return apply_impl


def _with_index(patch: Callable) -> Callable:
    def patch_lang_tensor(tensor: Any, scope: Any) -> None:
        patch(tensor, scope)
        scope.set_attr(tensor, "__index__", lambda self: int(self.handle.data.item()))

    return patch_lang_tensor
