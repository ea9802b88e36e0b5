"""What test_parallel starts with torchrun, not a test itself: paints a clip with a split Painter, `... OUT_FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch.distributed.device_mesh import init_device_mesh

from engine.parallel import SplitOps, split_painter
from engine.train import distributed
from tests.engine.token_clips import clip_of, new_painter, paint_by_ring


def paint(folder: Path) -> None:
    """By itself, so that the mesh and its group are gone before the process ends: gloo's threads end it otherwise."""
    mesh = init_device_mesh("cpu", (distributed.ranks(),))
    painter, (patches, conditions) = split_painter(new_painter(), mesh), clip_of(6)
    outputs = paint_by_ring(painter, patches, conditions, ops=SplitOps(mesh))
    weights = sum(weight.numel() for weight in painter.layers.parameters())
    torch.save({"outputs": outputs, "weights": weights}, folder / f"{distributed.rank()}.pt")


if __name__ == "__main__":
    with distributed.processes():
        paint(Path(sys.argv[1]))
