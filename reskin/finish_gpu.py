"""The theme's finish laid into the paint maps, in torch: `reskin/finish.py` for the frame on a GPU.

Its numbers lie in buffers, so that another theme needs no new capture. Outline and grain are drawn on the window's own
pixels, by the op `to_screen`, which is given them from here.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.gpu.finish import FinishStage
from engine.gpu.underpaint import PaintMaps, blur, evaluate, mix
from kernels.reference import luminance
from reskin.compose import grain_noise
from reskin.finish import BLOOM_FROM, BLOOM_GAIN, BLOOM_SIGMA_PX, VIGNETTE, grade_matrix
from reskin.theme_model import Finish


class FinishTensors(FinishStage):
    """size (h, w): multiples of 4. No finish until `set`."""

    matrix: Tensor  # (3, 3) saturation and contrast
    gray: Tensor  # (1,) what contrast adds
    bloom: Tensor  # (1,)
    falloff: Tensor  # (1, h, w) share of the light that the vignette leaves
    radius2: Tensor  # (1, h, w) squared distance from the middle, 1 at the middle of an edge
    rows: Tensor  # (h/4, h/4) the bloom's blur
    columns: Tensor  # (w/4, w/4)

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__(torch.from_numpy(grain_noise()))
        h, w = size
        y, x = torch.linspace(-1, 1, h)[:, None], torch.linspace(-1, 1, w)
        buffers = {
            "matrix": torch.eye(3), "gray": torch.zeros(1), "bloom": torch.zeros(1),
            "falloff": torch.ones(1, h, w), "radius2": (x * x + y * y)[None],
            "rows": blur(h // 4, BLOOM_SIGMA_PX), "columns": blur(w // 4, BLOOM_SIGMA_PX).T.contiguous(),
        }  # fmt: skip
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)

    def set(self, finish: Finish) -> None:
        """From the next frame on. Between frames: it waits for the device."""
        self.matrix.copy_(torch.from_numpy(grade_matrix(finish)))
        self.gray.fill_(0.5 * (1 - finish.contrast))
        for name in ("bloom", "outline", "grain"):
            self.get_buffer(name).fill_(getattr(finish, name))
        self.falloff.copy_(1 - VIGNETTE * finish.vignette * self.radius2)

    @torch.no_grad()
    def forward(self, rgb: Tensor, maps: PaintMaps) -> PaintMaps:
        """Maps with the finish in them; rgb (3, h, w) is the game at the model's size."""
        bright = (evaluate(luminance(rgb), maps) - BLOOM_FROM).clamp(min=0) * (BLOOM_GAIN * self.bloom)
        spilled = self.rows @ F.avg_pool2d(bright, 4) @ self.columns
        bloom = F.interpolate(spilled[None], size=rgb.shape[1:], mode="bilinear")[0]
        return maps._replace(
            base=(self.gray + mix(self.matrix, maps.base + bloom)) * self.falloff,
            shade=mix(self.matrix, maps.shade) * self.falloff,
            shine=mix(self.matrix, maps.shine) * self.falloff,
        )
