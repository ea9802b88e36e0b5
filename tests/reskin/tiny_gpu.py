"""A tiny preset of the kind that a GPU runs, for the engine's process: "tests.reskin.tiny_gpu:create"."""

from __future__ import annotations

from pathlib import Path

import torch

from engine.config import SHAPES
from engine.network_file import Held, save_network
from engine.reader import Reader
from reskin.gpu_renderer import GpuRenderer, open_renderer
from tests.engine.tiny import SIZE
from tests.engine.token_frames import PRESET, WINDOW, new_painter


def save_tiny(reader: Reader, folder: Path) -> None:
    """Exact: float32."""
    for part, network in {"reader": reader, "painter": new_painter()}.items():
        held = Held(part=part, shape="tiny", size=SIZE)
        save_network(network, folder / f"{part}.safetensors", held, dtype=torch.float32)


def create(folder: str, window: tuple[int, int] = WINDOW) -> GpuRenderer:
    torch.set_num_threads(1)
    SHAPES["tiny"] = PRESET
    return open_renderer("tiny", Path(folder), torch.device("cpu"), window)
