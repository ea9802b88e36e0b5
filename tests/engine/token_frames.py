"""A tiny preset of the kind that a GPU runs, a window for it, and a slow loop over a clip: the frame's oracle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch

from engine.config import NANO, PATCH, SMALL, TransformerShape
from engine.gpu.underlay import Underlay
from engine.gpu.underpaint import PaintMaps, surface_means
from engine.painter import MapTensors
from engine.reader import Reader
from engine.sampler import schedule, stepped
from engine.style import Style
from engine.token_painter import TokenPainter
from kernels import reference
from tests.engine.tiny import SIZE, frames_of

SHAPE = TransformerShape(patch=8, width=64, layers=2, hidden=128, head=32, bottleneck=24, slots=3)
PRESET = replace(SMALL, name="tiny", size=SIZE, tokens=SHAPE, reader_widths=NANO.reader_widths)
WINDOW = (67, 121)


def new_painter(residual: float = 0.05) -> TokenPainter:
    """Random weights; a residual little enough for the drift meter."""
    torch.manual_seed(4)
    painter = TokenPainter(SHAPE, SIZE)
    with torch.no_grad():
        for weight in painter.parameters():
            weight.add_(torch.randn(weight.shape) * 0.05)
        for weight in painter.residual.parameters():
            weight.mul_(residual)
    return painter.eval()


def windows(count: int) -> list[torch.Tensor]:
    """A game's window, bytes (H, W, 4)."""
    frames = [cv2.resize(frame, WINDOW[::-1]) for frame in frames_of(1, count)]
    opaque = [np.dstack([frame[..., ::-1], np.ones(WINDOW, np.float32)]) for frame in frames]
    return [torch.from_numpy((255 * frame).astype(np.uint8)) for frame in opaque]


@torch.no_grad()
def maps_slowly(
    reader: Reader, painter: TokenPainter, noise: torch.Tensor, screens: Sequence[torch.Tensor],
    styles: Sequence[Style], keep_huds: Sequence[bool] = (),
) -> Iterator[tuple[torch.Tensor, PaintMaps]]:  # fmt: skip
    """Each frame at the model's size and its maps with the Painter in them; another style object forgets the past.

    What is remembered is in lists, and nothing is in place but the ring and the paint maps' own memory.
    """
    underlay, past, ring = Underlay(SIZE), [], painter.ring()
    for i, (screen, style) in enumerate(zip(screens, styles, strict=True)):
        underlay.style.set(style, keep_hud=keep_huds[i] if keep_huds else True)
        if i and style is not styles[i - 1]:
            past = []
        rgb = reference.to_model(screen, SIZE)
        seen = underlay(rgb, reader.votes(rgb[None] * 2 - 1)[0])
        x = (reference.luminance(rgb) - seen.maps.mean) * seen.maps.gain
        surface = surface_means(seen.materials, seen.depth, seen.maps, underlay.style, PATCH)
        look = MapTensors(*(field[None] for field in (rgb, seen.maps.base, seen.maps.shade, seen.maps.shine, x,
                                                seen.maps.keep, surface)))  # fmt: skip
        ring.turn(torch.tensor([len(past)]))
        noisy, level = noise, 0.0 if past else 1.0
        for sigma, size in schedule(PRESET.steps):
            light = torch.from_numpy(style.light_vector())
            condition = torch.cat([light, torch.tensor([sigma, size, level, level])])[None]
            pictures = (past[-1], past[0]) if past else (noise, noise)
            move, residual = painter.moves(noisy, *pictures, look, condition, ring)
            output = look.painted(move, residual).clamp(-1, 1)
            noisy = stepped(noisy, output, sigma, size)
        past.append(output)
        yield rgb, seen.maps._replace(mean=seen.maps.mean - move[0] / seen.maps.gain,
                                      base=seen.maps.base + residual[0] / 2)  # fmt: skip
