"""What the engine's tests share: networks with random weights and clips of random worlds, both small."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from engine.config import MATERIALS, NANO, PATCH, Preset
from engine.export import PainterGraph, export_painter, export_reader
from engine.live import LiveEngine
from engine.offline import Networks
from engine.painter import CONDITION, SURFACE, MapTensors, Painter
from engine.reader import Reader
from engine.style import Style
from engine.worlds.samples import SourceFrame, dress_clip, trace_clip
from engine.worlds.styles import random_style

SIZE = (48, 80)  # the smallest that is a multiple of 16 and has more cells than the statistics' window reaches
TINY = replace(NANO, name="tiny", size=SIZE, reader_every=1, reads_behind=False)


@dataclass(frozen=True, kw_only=True)
class TinyEngine:
    reader: Reader
    painter: Painter
    folder: Path  # holds reader.onnx and painter.onnx of the two
    export_difference: dict[str, float]

    def live(self, preset: Preset = TINY) -> LiveEngine:
        return LiveEngine(preset, weights=self.folder)

    def _votes(self, rgb: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            picture = torch.from_numpy(np.ascontiguousarray(rgb, np.float32)).permute(2, 0, 1)[None] * 2 - 1
            return self.reader.eval().votes(picture)[0].numpy()

    def networks(self) -> Networks:
        """The torch modules as the oracle takes them."""
        return Networks(votes=self._votes, outputs=on_arrays(PainterGraph(self.painter)))


def fresh_networks() -> tuple[Reader, Painter]:
    """Random weights that decide: materials of every certainty, and a residual of a few percent."""
    torch.manual_seed(3)
    reader, painter = Reader(), Painter()
    with torch.no_grad():
        for head in (reader.head, reader.head4, reader.head8):
            head.weight.mul_(6.0)
        hud = 4 * MATERIALS.index("hud")
        reader.head.bias[hud : hud + 4] += 1.5  # so that some pixels are surely HUD
        nn.init.normal_(painter.residual.weight, std=0.002)  # little enough for the drift meter
        for name, weight in painter.named_parameters():
            if "film" in name:
                nn.init.normal_(weight, std=0.05)
        for layer in (*reader.modules(), *painter.modules()):
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = 1.0  # one batch sets the statistics; without, random layers fade to nothing
        h, w = SIZE
        pictures = torch.from_numpy(np.stack(frames_of(0, 4)).transpose(0, 3, 1, 2)) * 2 - 1
        reader(pictures)
        ramps, plane = torch.rand(3, 4, 3, h, w) / 3, torch.zeros(4, 1, h, w)
        surface = torch.rand(4, SURFACE, h // PATCH, w // PATCH)
        look = MapTensors(pictures / 2 + 0.5, *ramps, x=plane, keep=plane, surface=surface)
        painter(pictures, pictures, pictures, look, torch.rand(4, CONDITION))
    return reader.eval(), painter.eval()


@cache
def tiny_engine(folder: Path) -> TinyEngine:
    """Built once for the session (exporting takes seconds), whichever folder's tests ask first."""
    reader, painter = fresh_networks()
    difference = {
        "reader": export_reader(reader, folder / "reader.onnx", SIZE),
        "painter": export_painter(painter, folder / "painter.onnx", SIZE),
    }
    return TinyEngine(reader=reader, painter=painter, folder=folder, export_difference=difference)


def on_arrays(graph: nn.Module):  # type: ignore[no-untyped-def]
    def run(*arrays: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return graph(*(torch.from_numpy(np.ascontiguousarray(array, np.float32)) for array in arrays)).numpy()

    return run


@cache
def world_clip(seed: int, count: int, size: tuple[int, int] = SIZE) -> tuple[SourceFrame, ...]:
    """A dressed clip of a random world; the same for the same arguments."""
    return tuple(dress_clip(trace_clip(seed, size, count), np.random.default_rng(seed)))


def frames_of(seed: int, count: int, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    return [frame.rgb for frame in world_clip(seed, count, size)]


def style_of(seed: int) -> Style:
    return random_style(np.random.default_rng(seed))
