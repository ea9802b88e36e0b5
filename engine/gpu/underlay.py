"""Everything between the Reader and the Painter, with its memory: a frame and its votes in, paint maps out.

One stream. The memory lies in buffers that every frame overwrites in place, so that the frame can be captured in a CUDA
graph and each replay goes on where the last one ended. A frame is read, or its materials follow the last one that was
by colour; `reads_behind` is not here. Equal to `engine/offline.py` but for float32.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from engine.color_vote import OUTVOTED, PLACES, lowness
from engine.config import HUD, MATERIALS
from engine.gpu.color_vote import colors_of, outvote, tally
from engine.gpu.materials import doubt_hud, follow, lay_out_votes, watch_stillness
from engine.gpu.style import StyleTensors
from engine.gpu.underpaint import Blurs, PaintMaps, blend_statistics, lay_out, light_statistics
from engine.underpaint import CELL, FAINT
from kernels import reference

K = len(MATERIALS)


class Seen(NamedTuple):
    """One frame at the model's size. In a CUDA graph the next replay overwrites it."""

    materials: Tensor  # (k, h, w) probabilities
    depth: Tensor  # (1, h, w) in [0, 1], logarithmic
    maps: PaintMaps


class Underlay(nn.Module):
    """size (h, w): multiples of 8, at least 28. `style` may be set anew between frames."""

    rgb: Tensor  # (3, h, w) of the frame before
    read_rgb: Tensor  # (3, h, w) of the last frame that was read
    settled: Tensor  # (k, h, w) of the same, before doubts in its HUD
    votes: Tensor  # (PLACES, k) of its colours
    low: Tensor  # (h, 1): how much each row belongs to the lower half
    depth: Tensor  # (1, h, w) of the same
    still: Tensor  # (1, h, w)
    statistics: Tensor  # (3, k, h/4, w/4)
    past: Tensor  # () 1 when there was a frame before

    def __init__(self, size: tuple[int, int], ops: Any = reference) -> None:
        """`ops` has `settle` and `lay_out`: the references, or `kernels.ops.kernels()`."""
        super().__init__()
        h, w = size
        self.ops = ops
        self.style = StyleTensors()
        self.blurs = Blurs(size)
        shapes = {"rgb": (3, h, w), "read_rgb": (3, h, w), "settled": (K, h, w), "votes": (PLACES, K),
                  "depth": (1, h, w), "still": (1, h, w), "past": (),
                  "statistics": (3, K, h // CELL, w // CELL)}  # fmt: skip
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape), persistent=False)
        self.register_buffer("low", torch.from_numpy(lowness(h))[:, None], persistent=False)
        self.reset()

    def reset(self) -> None:
        """The next frame has nothing to do with the last. Between frames; needs no new capture."""
        self.past.zero_()
        self.still.fill_(1)

    @torch.no_grad()
    def forward(self, rgb: Tensor, votes: Tensor | None) -> Seen:
        """rgb (3, h, w) in [0, 1], the Reader's votes on it (4 (k + 1), h/2, w/2); None where it was not read."""
        settled, depth = self._read(rgb, votes) if votes is not None else (self._followed(rgb), self.depth)
        light = reference.luminance(rgb)
        still = watch_stillness(light, reference.luminance(self.rgb), self.still, self.past)
        materials = doubt_hud(settled, still)
        statistics = blend_statistics(light_statistics(light, materials), self.statistics, self.past)
        maps = lay_out(materials, depth, statistics, self.style, self.blurs, self.ops)
        for kept, now in ((self.rgb, rgb), (self.still, still), (self.statistics, statistics)):
            kept.copy_(now)
        self.past.fill_(1)
        return Seen(materials, depth, maps)

    def likeliest(self) -> Tensor:
        """(h, w) uint8 of indices into MATERIALS, of the last frame. Between frames."""
        return self._materials().argmax(dim=0).to(torch.uint8)

    def hud(self) -> Tensor:
        """(h, w) float32: the belief in a HUD, of the last frame. Between frames."""
        return self._materials()[HUD].float()

    def left(self) -> Tensor:
        """(h, w) float32: what strengths below 1 leave to the game, of the last frame. Between frames."""
        say = (self._materials() - FAINT).clamp(min=0).float()
        return (self.style.left[:, None, None] * say).sum(dim=0) / say.sum(dim=0).clamp(min=reference.SAY_FLOOR)

    def _materials(self) -> Tensor:
        read = (self.rgb == self.read_rgb).all()
        settled = self.settled if bool(read) else self._followed(self.rgb)
        return doubt_hud(settled, self.still)

    def _followed(self, rgb: Tensor) -> Tensor:
        return follow(rgb, self.read_rgb, self.settled, self.votes, self.low)

    def _read(self, rgb: Tensor, votes: Tensor) -> tuple[Tensor, Tensor]:
        seen, depth = lay_out_votes(votes)
        colors = colors_of(rgb)
        cast = tally(colors, self.low, seen, self.votes, self.past)
        voted = outvote(colors, self.low, cast, seen, torch.ones_like(depth), OUTVOTED)
        settled = self.ops.settle(rgb, voted, self.read_rgb, self.settled, self.past)
        for kept, now in ((self.read_rgb, rgb), (self.settled, settled), (self.votes, cast), (self.depth, depth)):
            kept.copy_(now)
        return settled, depth
