"""One whole frame on the device: the window's bytes in, painted bytes out, and all that is remembered in between.

Everything lies in buffers that stay where they are, shapes are fixed, and nothing waits for the host: `forward` can be
captured in a CUDA graph once (`engine/gpu/backends.py`) and replayed, through theme changes and cuts. One stream. The
networks run in their own precision, everything else in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from engine.config import PATCH, Preset
from engine.gpu.drift import DriftMeter
from engine.gpu.finish import FinishStage
from engine.gpu.underlay import Seen, Underlay
from engine.gpu.underpaint import PaintMaps, paint, surface_means
from engine.painter import MapTensors
from engine.reader import Reader
from engine.ring import Ring
from engine.sampler import schedule, stepped
from engine.style import Style
from engine.token_painter import TokenPainter
from engine.token_stack import StackedPainter
from kernels import reference

CLEAN_END = 1e-6  # of the schedule

# How much of the frame is done: all of it; half of the denoising steps; no Painter; neither Painter nor Reader, the
# materials following the last reading. Words, since torch.compile keeps those apart and would make one of two numbers.
Effort = Literal["whole", "half", "resting", "following"]
# Of each quality level, frame by frame in turn; a stream begins with the first.
EFFORTS: tuple[tuple[Effort, ...], ...] = (("whole",), ("half",), ("resting",), ("resting", "following"))


class Inputs(NamedTuple):
    """What the Painter starts a frame of b sessions from, beside their ring."""

    noise: Tensor  # (b, 3, h, w)
    last: Tensor  # (b, 3, h, w) in [-1, 1]: the frame before, noise where there is no past
    anchor: Tensor  # (b, 3, h, w), likewise
    light: Tensor  # (b, 15) of the style
    level: Tensor  # (b, 1): 1 where there is no past, and that is known
    look: MapTensors


def denoised(painter: TokenPainter, given: Inputs, ring: Ring, denoisings: int, sizes: Tensor,
             token_outputs: Callable[..., Tensor] | None = None) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """How far each pixel's light moves (b, 1, h, w), its residual (b, 3, h, w), and the picture in [-1, 1] of both.

    sizes (denoisings, 2): sigma and step of each, on the device. The ring's present slots are written.
    """
    noisy = given.noise
    for i, (sigma, step) in enumerate(schedule(denoisings)):
        size = sizes[i : i + 1].expand(len(noisy), -1)
        condition = torch.cat([given.light, size, given.level, given.level], dim=1)
        move, residual = painter.moves(noisy, given.last, given.anchor, given.look, condition, ring, token_outputs)
        output = given.look.painted(move, residual).clamp(-1, 1)
        if sigma > step + CLEAN_END:
            noisy = stepped(noisy, output, sigma, step)
    return move, residual, output


class FrameStep(nn.Module):
    screen: Tensor  # (H, W, 4) uint8 BGRA: the game's window; written before a step
    shown: Tensor  # (H, W, 4) uint8 BGRA: what was painted; read after a step
    noise: Tensor  # (1, 3, h, w): every frame starts from the same, or a still picture would shimmer
    last: Tensor  # (1, 3, h, w) in [-1, 1]: the frame before
    anchor: Tensor  # (1, 3, h, w) in [-1, 1]: the first frame since a cut
    frame: Tensor  # (1,) int64: frames since then
    strength: Tensor  # (1,) of the theme
    count: Tensor  # (1,) int32: frames in all, to the grain's period; moves the grain

    def __init__(self, preset: Preset, reader: Reader, painter: TokenPainter, window: tuple[int, int],
                 *, finish: FinishStage | None = None, seed: int = 0) -> None:  # fmt: skip
        """window (H, W) in pixels. The networks are used as they are: device and precision are theirs."""
        super().__init__()
        self.reader, self.painter = reader.eval(), painter.eval()
        self.preset = preset
        weight = painter.squeeze.weight
        self.underlay, self.drift = Underlay(preset.size), DriftMeter()
        self.finish = finish or FinishStage()
        self.use(reference)
        self.ring = painter.ring(dtype=weight.dtype, device=weight.device)
        self.token_outputs: Callable[..., Tensor] = painter.token_outputs
        noise = np.random.default_rng(seed).standard_normal((1, 3, *preset.size), np.float32)
        buffers = {
            "screen": torch.zeros(*window, 4, dtype=torch.uint8), "shown": torch.zeros(*window, 4, dtype=torch.uint8),
            "noise": torch.from_numpy(noise), "last": torch.zeros(noise.shape), "anchor": torch.zeros(noise.shape),
            "frame": torch.zeros(1, dtype=torch.int64), "count": torch.zeros(1, dtype=torch.int32),
            "strength": torch.ones(1),
            **{f"steps_{count}": torch.tensor(schedule(count)) for count in {preset.steps, self.plan("half")[0]}},
        }  # fmt: skip
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)
        for module in (self.underlay, self.drift, self.finish):
            module.to(weight.device)
        for name in buffers:
            setattr(self, name, self.get_buffer(name).to(weight.device))

    def plan(self, effort: Effort) -> tuple[int, bool]:
        """How many denoising steps, and whether the frame is read."""
        whole = self.preset.steps
        return {"whole": whole, "half": max(1, whole // 2)}.get(effort, 0), effort != "following"

    def use(self, ops: Any) -> None:
        """`kernels.reference` or `kernels.ops.kernels()`: who runs the ops from the next frame on."""
        self.ops = self.underlay.ops = ops
        self.painter.ops = None if ops is reference else ops

    def stack(self, layers: Callable[..., Tensor] = reference.token_layers) -> None:
        """All of a step's layers as one op from the next frame on, with a ring of its own; the weights are copied."""
        stacked = StackedPainter(self.painter)
        self.ring, self.token_outputs = stacked.ring(), partial(stacked.token_outputs, layers=layers)
        self.forget()

    def unstack(self) -> None:
        """Back to an op for each part of a layer."""
        weight = self.painter.squeeze.weight
        self.ring = self.painter.ring(dtype=weight.dtype, device=weight.device)
        self.token_outputs = self.painter.token_outputs
        self.forget()

    def set_theme(self, style: Style, *, strength: float = 1.0, keep_hud: bool = True, is_new: bool = True) -> None:
        """From the next frame on. Between frames. The Painter's past is forgotten where it shows what `is_new`."""
        self.underlay.style.set(style, keep_hud=keep_hud)
        self.strength.fill_(strength)
        if is_new:
            self.forget()

    def forget(self) -> None:
        """The Painter's past begins anew with the next frame. Between frames."""
        self.frame.zero_()
        self.drift.restart()

    def reset(self) -> None:
        """The next frame has nothing to do with the last. Between frames."""
        self.underlay.reset()
        self.forget()

    @torch.no_grad()
    def forward(self, effort: Effort = "whole") -> None:
        """`screen` to `shown`. The first frame of a stream is read, and none follows a reading of another stream."""
        rgb, (steps, read) = self.ops.to_model(self.screen, self.preset.size), self.plan(effort)
        seen = self.underlay(rgb, self.votes(rgb[None])[0] if read else None)
        self.show(rgb, self.paint(rgb, seen, steps) if steps else seen.maps)

    def votes(self, rgb: Tensor) -> Tensor:
        """What the Reader says of pictures (b, 3, h, w) in [0, 1]."""
        return self.reader.votes((rgb * 2 - 1).to(self.reader.head.weight.dtype)).float()

    def paint(self, rgb: Tensor, seen: Seen, denoisings: int) -> PaintMaps:
        """The maps with the Painter's outputs in them, and its history one frame further."""
        self.ring.turn(self.frame)
        sizes = self.get_buffer(f"steps_{denoisings}")
        found = denoised(self.painter, self.inputs(rgb, seen), self.ring, denoisings, sizes, self.token_outputs)
        return self.keep(rgb, seen, *found)

    def inputs(self, rgb: Tensor, seen: Seen) -> Inputs:
        """Of this one session; the frame (3, h, w) in [0, 1]."""
        new = self.frame == 0
        last, anchor = (torch.where(new, self.noise, past) for past in (self.last, self.anchor))
        light = self.underlay.style.light_vector[None]
        return Inputs(self.noise, last, anchor, light, new.float()[None], self._look(rgb, seen))

    def keep(self, rgb: Tensor, seen: Seen, move: Tensor, residual: Tensor, output: Tensor) -> PaintMaps:
        """The maps with what was `denoised` for this session in them (b = 1); its past is one frame further."""
        self.last.copy_(output)
        self.anchor.copy_(torch.where(self.frame == 0, output, self.anchor))
        drifted = self.drift.watch(paint(rgb, seen.maps), output[0])
        self.frame.copy_(torch.where(drifted, 0, self.frame + 1))
        return seen.maps._replace(mean=seen.maps.mean - move[0] / seen.maps.gain, base=seen.maps.base + residual[0] / 2)

    def show(self, rgb: Tensor, maps: PaintMaps) -> None:
        """The maps under the theme's finish, on the window's own pixels."""
        finish = self.finish
        self.shown.copy_(self.ops.to_screen(self.screen, rgb, *finish(rgb, maps), self.strength, finish.outline,
                                            finish.grain, finish.noise, self.count))  # fmt: skip
        self.count.add_(1).remainder_(reference.GRAIN_FRAMES)  # without end it would overflow in the kernel after 48 h

    def _look(self, rgb: Tensor, seen: Seen) -> MapTensors:
        maps = seen.maps
        surface = surface_means(seen.materials, seen.depth, maps, self.underlay.style, PATCH)
        x = (reference.luminance(rgb) - maps.mean) * maps.gain
        fields = (rgb, maps.base, maps.shade, maps.shine, x, maps.keep, surface)
        return MapTensors(*(field[None] for field in fields))
