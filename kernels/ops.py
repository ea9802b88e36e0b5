"""The op table: every op of the frame with arguments to try it on. What tests and the benchmark iterate over.

A row's name is the function `reference.<name>` and, with the same signature, the Triton one of `kernels/<name>.py`.
To add one: a function in `reference.py`, a file, a row. Importing this needs torch; triton is imported when a kernel is
asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import torch
from torch import Generator, Tensor

from kernels import reference
from kernels.tiles import MODULATED, PLAIN

Shape = Mapping[str, int]
Function = Callable[..., Any]
Arguments = tuple[Any, ...]
Way = Mapping[str, Any]  # keyword arguments that change how a kernel computes, not what

SMALL, BASE = {"h": 360, "w": 640}, {"h": 576, "w": 1024}  # the presets of engine.config, which is above this package
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
    writes: tuple[int, ...] = ()  # arguments that it writes in place
    ways: tuple[
        Way, ...
    ] = ()  # beside its own choice; interpreted with the first of the tried shapes, compiled with all that ship
    pdl: bool = False  # can be set up while the kernel before still runs (`pdl=True`)

    def trials(self) -> Iterator[tuple[Shape, torch.dtype, Way]]:
        """What the interpreter computes: every dtype, and every way in the last of them, on the first shape; the others
        in the first dtype, since where rows end has nothing to do with it, and the third in the last too, whose steps
        along the inputs are longer.
        """
        first, last = self.dtypes[0], self.dtypes[-1]
        for i, shape in enumerate(self.tried):
            for dtype in self.dtypes if i == 0 else dict.fromkeys((first, last)) if i == 2 else (first,):
                ways = self.ways if i == 0 and dtype == last else ()
                yield from ((shape, dtype, way) for way in ({}, *ways))

    def builds(self) -> Iterator[tuple[Shape, torch.dtype, Way]]:
        """What is compiled ahead of time: every shape as it ships, the last in every dtype."""
        for shape in self.shipped:
            yield from ((shape, dtype, {}) for dtype in self.dtypes[:-1] if shape == self.shipped[-1])
            yield from ((shape, self.dtypes[-1], way) for way in ({}, *self.ways, *([{"pdl": True}] * self.pdl)))

    def reference(self) -> Function:
        return getattr(reference, self.name)

    def kernel(self) -> Function:
        """The Triton version. Imports triton, which is compiled or interpreted from then on."""
        return getattr(import_module(f"kernels.{self.name}"), self.name)

    def example(self, shape: Shape, dtype: torch.dtype | None = None, seed: int = 0) -> Arguments:
        """Arguments of this shape, on the CPU; the same for the same seed."""
        return self.arguments(Generator().manual_seed(seed), dtype or self.dtypes[-1], **shape)

    def run(self, function: Function, arguments: Arguments, **way: Any) -> tuple[Tensor, ...]:
        """What `function`, the reference or the kernel, returns, then what it has written in place."""
        returned = function(*arguments, **way)
        written = (arguments[i] for i in self.writes)
        return (*(returned if isinstance(returned, tuple) else (returned,)), *written)


def kernels(*, pdl: bool = False) -> SimpleNamespace:
    """The Triton version of every op by its name, to stand where the module `kernels.reference` does.

    `pdl`: those that can are set up while the kernel before still runs (programmatic dependent launch, Hopper on).
    """
    return SimpleNamespace(**{op.name: partial(op.kernel(), pdl=True) if pdl and op.pdl else op.kernel() for op in OPS})


def case_name(op: Op, shape: Shape, dtype: torch.dtype, way: Way | None = None) -> str:
    """How tests and the benchmark call one run: to_model height=17 width=31 h=8 w=12 float32."""
    named = (f"{name}={value}" for name, value in {**shape, **(way or {})}.items())
    return " ".join([op.name, *named, str(dtype).removeprefix("torch.")])


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
    numbers, noise = (torch.tensor([number]) for number in (0.9, 0.6, 0.5)), torch.randn(8, 4096, generator=rng) * 0.08
    return screen, reference.to_model(screen, (h, w)), *maps, *numbers, noise, torch.tensor([7], dtype=torch.int32)


def _settle(rng: Generator, _: torch.dtype, h: int, w: int, past: int = 1) -> Arguments:
    rgb = torch.rand(3, h, w, generator=rng) * 0.2 + 0.4
    materials, before = ((3 * torch.randn(11, h, w, generator=rng)).softmax(dim=0) for _ in range(2))
    moved = rgb + 0.05 * torch.rand(3, h, w, generator=rng) * (torch.rand(1, h, w, generator=rng) > 0.5)
    return rgb, materials, moved, before, torch.tensor(float(past))


def _lay_out(rng: Generator, _: torch.dtype, h: int, w: int) -> Arguments:
    def unit(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=rng)

    materials = (4 * torch.randn(11, h, w, generator=rng)).softmax(dim=0)
    materials[3, h // 2 :] = 0.01  # left out there
    light = unit(11, h // 4, w // 4), 0.3 * unit(11, h // 4, w // 4), unit(11), 0.2 * unit(3, h, w)
    looks = unit(9, 11), unit(3, 1, 1), torch.tensor([0.4]), torch.ones(1), unit(11).round()
    return materials, unit(1, h, w), *light, *looks


def _modulation(rng: Generator, b: int, d: int) -> Tensor:
    """(b, 6, d): scale, shift and gate of the attention and of the MLP, apart by session as the engine has them."""
    return 0.3 * torch.randn(b, 6, d, generator=rng)


def _linear(rng: Generator, dtype: torch.dtype, m: int, d: int) -> tuple[Tensor, Tensor]:
    weight, bias = torch.randn(m, d, generator=rng) / d**0.5, 0.1 * torch.randn(m, generator=rng)
    return weight.to(dtype), bias.to(dtype)


def _modulated_qkv(rng: Generator, dtype: torch.dtype, b: int, n: int, d: int, e: int, s: int,
                   r: int | None = None) -> Arguments:  # fmt: skip
    r = r or d
    x, (q_gain, k_gain) = 2 * torch.randn(b, n, d, generator=rng) + 0.5, 1 + 0.3 * torch.randn(2, e, generator=rng)
    angle = 6 * torch.rand(n, e // 2, generator=rng)
    scale, shift = _modulation(rng, b, d).to(dtype)[:, :2].unbind(1)
    keys, values = torch.randn(2, b, s, n, r, generator=rng).to(dtype)
    slot = torch.randperm(max(b, s), generator=rng)[:b] % s
    return (
        x.to(dtype), scale, shift, *_linear(rng, dtype, 3 * r, d), q_gain.to(dtype), k_gain.to(dtype),
        angle.cos().to(dtype), angle.sin().to(dtype), keys, values, slot,
    )  # fmt: skip


def _ring_attention(rng: Generator, dtype: torch.dtype, b: int, n: int, d: int, e: int, s: int) -> Arguments:
    q, (keys, values) = 1.5 * torch.randn(b, n, d, generator=rng), torch.randn(2, b, s, n, d, generator=rng)
    bias = torch.randn(b, d // e, s, generator=rng)
    bias[0, :, 1:-1] = -torch.inf  # nothing there yet, and whole programs of the keys' split may find nothing
    bias[-1, :, 0] = -torch.inf
    return q.to(dtype), keys.to(dtype), values.to(dtype), bias


def _projected(rng: Generator, dtype: torch.dtype, b: int, n: int, d: int, m: int) -> Arguments:
    x, y = (torch.randn(b, n, width, generator=rng).to(dtype) for width in (d, m))
    return x, y, *_linear(rng, dtype, d, m), _modulation(rng, b, d).to(dtype)[:, 2]


def _modulated_up(rng: Generator, dtype: torch.dtype, b: int, n: int, d: int, m: int) -> Arguments:
    x, (scale, shift) = 2 * torch.randn(b, n, d, generator=rng), _modulation(rng, b, d).to(dtype)[:, 3:5].unbind(1)
    return x.to(dtype), scale, shift, *_linear(rng, dtype, m, d)


# Primes, one row, one column, smaller than the model, two programs a row, and the model's own size.
_WINDOWS = (
    {"height": 13, "width": 31, "h": 8, "w": 12}, {"height": 1, "width": 203, "h": 4, "w": 16},
    {"height": 11, "width": 1, "h": 4, "w": 4}, {"height": 5, "width": 7, "h": 12, "w": 20},
    {"height": 5, "width": 301, "h": 4, "w": 136}, {"height": 8, "width": 20, "h": 8, "w": 20},
)  # fmt: skip
_MODELS = (
    {"h": 3, "w": 67}, {"h": 1, "w": 1}, {"h": 5, "w": 5}, {"h": 3, "w": 16, "past": 0},
)  # fmt: skip
_CELLS = {"h": 8, "w": 12}, {"h": 8, "w": 148}, {"h": 9, "w": 9}
_FRAMES = tuple({**window, **model} for model in (SMALL, BASE) for window in (HD, FULL_HD))

# One token, primes, widths that only the smallest tile divides, narrow heads; the first with all ways of computing it.
_FRAME_OVER_RING = (
    {"b": 2, "n": 37, "d": 128, "e": 64, "s": 3}, {"b": 1, "n": 1, "d": 64, "e": 64, "s": 2},
    {"b": 1, "n": 131, "d": 192, "e": 64, "s": 2}, {"b": 3, "n": 13, "d": 64, "e": 16, "s": 4},
    {"b": 1, "n": 65, "d": 64, "e": 32, "s": 3},
)  # fmt: skip
_FRAME = (
    {"b": 2, "n": 37, "d": 128, "m": 256}, {"b": 1, "n": 1, "d": 64, "m": 64}, {"b": 1, "n": 131, "d": 192, "m": 320},
    {"b": 1, "n": 1023, "d": 64, "m": 64},
)  # fmt: skip
_TOKENS, _WIDTH = {"b": 1, "n": 576}, {"d": 768}  # of small and of base; a frame of base has more layers
_FLOATS = (torch.float32, torch.bfloat16)  # as reskin.gpu_renderer asks for: bfloat16 on a GPU

OPS = (
    Op(name="to_model", arguments=_to_model, tried=_WINDOWS, shipped=_FRAMES),
    Op(name="to_screen", arguments=_to_screen, tried=_WINDOWS, shipped=_FRAMES, tolerance=1.0),
    Op(name="lay_out", arguments=_lay_out, tried=_CELLS, shipped=(SMALL, BASE), tolerance=2e-5),
    Op(name="settle", arguments=_settle, tried=_MODELS, shipped=(SMALL, BASE)),
    Op(
        name="modulated_qkv",
        arguments=_modulated_qkv,
        tried=(*_FRAME_OVER_RING, {"b": 2, "n": 37, "d": 256, "e": 64, "s": 3, "r": 128}),  # half of the heads
        dtypes=_FLOATS,
        mma=True,
        pdl=True,
        shipped=({**_TOKENS, **_WIDTH, "e": 64, "s": 5},),
        writes=(9, 10),
        ways=tuple({"tiles": tiles} for tiles in MODULATED),
    ),
    Op(
        name="ring_attention",
        arguments=_ring_attention,
        tried=_FRAME_OVER_RING,
        dtypes=_FLOATS,
        mma=True,
        pdl=True,
        shipped=({**_TOKENS, **_WIDTH, "e": 64, "s": 5},),
        ways=({"splits": 1}, {"splits": 2}),
    ),
    Op(
        name="projected",
        arguments=_projected,
        tried=_FRAME,
        dtypes=_FLOATS,
        mma=True,
        pdl=True,
        shipped=tuple({**_TOKENS, **_WIDTH, "m": m} for m in (768, 3072)),
        ways=tuple({"tiles": tiles} for tiles in PLAIN),
    ),
    Op(
        name="modulated_up",
        arguments=_modulated_up,
        tried=_FRAME,
        dtypes=_FLOATS,
        mma=True,
        pdl=True,
        shipped=({**_TOKENS, **_WIDTH, "m": 3072},),
        ways=tuple({"tiles": tiles} for tiles in MODULATED),
    ),
)
