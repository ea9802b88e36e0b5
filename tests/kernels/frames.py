"""A frame from screen bytes to screen bytes with every op in its place: random votes stand in for the networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.gpu.underlay import Underlay
from engine.worlds.styles import random_style
from kernels import reference
from kernels.ops import OPS
from reskin.finish_gpu import FinishTensors
from reskin.theme_model import Finish

SIZE = (32, 48)
SCREEN = {"height": 9, "width": 37, "h": SIZE[0], "w": SIZE[1]}
(TO_MODEL,) = (op for op in OPS if op.name == "to_model")


def second_frame(ops: Any) -> Tensor:
    """(H, W, 4) uint8 in another theme than the frame before. `ops` are the references or the kernels.

    The references paint the first one: the interpreter takes 12 s a frame.
    """
    underlay, finish, rng = Underlay(SIZE), FinishTensors(SIZE), torch.Generator().manual_seed(1)
    finish.set(Finish(bloom=0.4, saturation=1.2, contrast=1.1, vignette=0.5, outline=0.4, grain=0.3))
    screens = [TO_MODEL.example(SCREEN, seed=seed)[0] for seed in (0, 1)]
    votes = 2 * torch.randn(2, 48, SIZE[0] // 2, SIZE[1] // 2, generator=rng)
    underlay.style.set(random_style(np.random.default_rng(0)))
    underlay(reference.to_model(screens[0], SIZE), votes[0])

    underlay.ops = ops
    underlay.style.set(random_style(np.random.default_rng(1)))
    rgb = ops.to_model(screens[1], SIZE)
    maps = finish(rgb, underlay(rgb, votes[1]).maps)
    drawn = finish.outline, finish.grain, finish.noise, torch.tensor([1], dtype=torch.int32)
    return ops.to_screen(screens[1], rgb, *maps, torch.tensor([0.9]), *drawn)
