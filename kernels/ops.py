"""The op table: every op of the frame with arguments to try it on. What tests and the benchmark iterate over.

A row's name is the function `reference.<name>` and, with the same signature, the Triton one of `kernels/<name>.py`.
An op returns a tensor or a tuple of them; what it writes in place it returns too. To add one: a function in
`reference.py`, a file, a row. Importing this needs torch; triton is imported when a kernel is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch import Generator, Tensor

from kernels import reference

Shape = Mapping[str, int]
Function = Callable[..., Any]
Arguments = tuple[Any, ...]

SMALL, BASE = {"h": 352, "w": 640}, {"h": 576, "w": 1024}  # the presets of engine.config, which is above this package
HD, FULL_HD = {"height": 720, "width": 1280}, {"height": 1080, "width": 1920}


@dataclass(frozen=True, kw_only=True)
class Op:
    name: str
    arguments: Callable[..., Arguments]  # (generator, dtype, **shape): arguments on the CPU
    tried: tuple[Shape, ...]  # small, and such as hurt: what the interpreter computes
    shipped: tuple[Shape, ...]  # of the presets: compiled ahead of time, and measured
    # Of the inputs that may have one; the last is what ships. Below fp32 our error is compared with plain torch's.
    dtypes: tuple[torch.dtype, ...] = (torch.float32,)
    tolerance: float = 1e-5  # in fp32, of the largest value of each result; bytes: in levels
    mma: bool = False  # holds products that must run on the tensor cores' warpgroup instructions

    def reference(self) -> Function:
        return getattr(reference, self.name)

    def kernel(self) -> Function:
        """The Triton version. Imports triton, which is compiled or interpreted from then on."""
        return getattr(import_module(f"kernels.{self.name}"), self.name)

    def example(self, shape: Shape, dtype: torch.dtype | None = None, seed: int = 0) -> Arguments:
        """Arguments of this shape, on the CPU; the same for the same seed."""
        return self.arguments(Generator().manual_seed(seed), dtype or self.dtypes[-1], **shape)


def case_name(op: Op, shape: Shape, dtype: torch.dtype) -> str:
    """How tests and the benchmark call one run: to_model height=17 width=31 h=8 w=12 float32."""
    return " ".join([op.name, *(f"{axis}={size}" for axis, size in shape.items()), str(dtype).removeprefix("torch.")])


def results(returned: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """What an op gave, as a tuple."""
    return returned if isinstance(returned, tuple) else (returned,)


def _screen(rng: Generator, height: int, width: int) -> Tensor:
    """(H, W, 4) uint8: flat blocks with hard edges under a little noise, as games are."""
    blocks = torch.randint(0, 256, (-(-height // 9), -(-width // 11), 4), generator=rng)
    picture = blocks.repeat_interleave(9, dim=0).repeat_interleave(11, dim=1)[:height, :width]
    noise = torch.randint(-12, 13, (height, width, 4), generator=rng)
    return (picture + noise).clamp(0, 255).to(torch.uint8).contiguous()


def _to_model(rng: Generator, _: torch.dtype, height: int, width: int, h: int, w: int) -> Arguments:
    return _screen(rng, height, width), (h, w)


def _to_screen(rng: Generator, _: torch.dtype, height: int, width: int, h: int, w: int) -> Arguments:
    def unit(channels: int) -> Tensor:
        return torch.rand(channels, h, w, generator=rng)

    screen, (dark, middle, light) = _screen(rng, height, width), (unit(3) for _ in range(3))
    maps = (dark, middle - dark, light - middle, unit(1), 1 + 7 * unit(1), (3 * unit(1) - 2).clamp(min=0))
    return screen, reference.to_model(screen, (h, w)), *maps, torch.tensor([0.9]), torch.tensor([0.6])


# Primes, one row, one column, smaller than the model, two programs a row, and the model's own size.
_WINDOWS = (
    {"height": 17, "width": 31, "h": 8, "w": 12}, {"height": 1, "width": 203, "h": 4, "w": 16},
    {"height": 23, "width": 1, "h": 12, "w": 4}, {"height": 5, "width": 7, "h": 12, "w": 20},
    {"height": 13, "width": 301, "h": 4, "w": 136}, {"height": 8, "width": 20, "h": 8, "w": 20},
)  # fmt: skip
_FRAMES = tuple({**window, **model} for model in (SMALL, BASE) for window in (HD, FULL_HD))

OPS = (
    Op(name="to_model", arguments=_to_model, tried=_WINDOWS, shipped=_FRAMES),
    Op(name="to_screen", arguments=_to_screen, tried=_WINDOWS, shipped=_FRAMES, tolerance=1.0),
)
