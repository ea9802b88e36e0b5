"""How far a kernel is from its reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor

from kernels.reference import LayerStack


def error(result: Tensor, exact: Tensor) -> float:
    """The largest difference: of bytes in levels, else as a share of the largest value."""
    difference = float((result.double() - exact.double()).abs().max())
    return difference / max(float(exact.abs().max()), 1e-30) if exact.is_floating_point() else difference


def in_fp32(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    def raised(argument: Any) -> Any:
        if isinstance(argument, LayerStack):
            return replace(argument, **{name: weight.float() for name, weight in vars(argument).items()})
        return argument.float() if isinstance(argument, Tensor) and argument.is_floating_point() else argument

    return tuple(raised(argument) for argument in arguments)
