"""A style on the device, in buffers that stay where they are: another theme is a copy into them, no new capture."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from engine.config import MATERIALS, PATTERNS
from engine.style import Style
from engine.underpaint import lit_ramps

K = len(MATERIALS)


class StyleTensors(nn.Module):
    """What the frame asks of a style; all zeros until `set`."""

    ramps: Tensor  # (9, k): dark, middle and light RGB, lit
    glow: Tensor  # (1, k)
    light: Tensor  # (3, k)
    fog_color: Tensor  # (3, 1, 1)
    fog_density: Tensor  # (1,)
    keep_hud: Tensor  # (1,) 1 or 0
    left: Tensor  # (k,) share of each material that stays the game's own
    surface: Tensor  # (2 + patterns, k): scale, glow, pattern as one-hot
    light_vector: Tensor  # (15,)

    def __init__(self) -> None:
        super().__init__()
        shapes = {
            "ramps": (9, K), "glow": (1, K), "light": (3, K), "fog_color": (3, 1, 1), "fog_density": (1,),
            "keep_hud": (1,), "left": (K,), "surface": (2 + len(PATTERNS), K), "light_vector": (15,),
        }  # fmt: skip
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape), persistent=False)

    def set(self, style: Style, *, keep_hud: bool = True) -> None:
        """From the next frame on. Between frames: it waits for the device."""
        values = {
            "ramps": lit_ramps(style), "glow": style.glow, "light": style.light.T, "fog_color": style.fog_color,
            "fog_density": style.fog_density, "keep_hud": keep_hud, "left": 1 - style.strength,
            "surface": style.per_material()[:, 9:].T,
            "light_vector": style.light_vector(),
        }  # fmt: skip
        for name, value in values.items():
            buffer = self.get_buffer(name)
            buffer.copy_(torch.from_numpy(np.array(value, np.float32)).reshape(buffer.shape))
