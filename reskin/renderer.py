"""What the engine process runs per frame: screen bytes and a theme in, screen bytes out.

Knows nothing of processes, windows or pacing. Implemented by `reskin.engine_renderer.EngineRenderer` on a CPU,
by `reskin.gpu_renderer.GpuRenderer`, and by `TintRenderer` where a test wants a picture without a network.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import numpy as np

from reskin.shared_frames import NO_DRIFT, Drift
from reskin.themes import Theme

LIVE_ENGINE = "reskin.engine_renderer:create_live"  # "module:function"; it is called with the preset
QUALITY_LEVELS = 4  # 0 is the preset as it is; each level up costs less, but for lite, whose 1 is its 0


class View(Enum):
    THEME = "theme"
    SPLIT = "split"  # left half the game, right half the theme
    MATERIALS = "materials"  # what the Reader sees, one colour a material


class Renderer(Protocol):
    name: str  # for people: "nano, onnxruntime 1 thread"
    why: str  # this way of running it, where there was a choice

    @property
    def drift(self) -> Drift:
        """As of the last frame."""
        ...

    def render(self, bgra_u8: np.ndarray, theme: Theme, view: View, quality: int, out: np.ndarray) -> dict[str, float]:
        """Paint (h, w, 4) uint8 `bgra_u8` into `out` of the same shape; returns stage name to milliseconds."""
        ...

    def reset(self) -> None:
        """Forget the history: the next frame has nothing to do with the last."""
        ...


class TintRenderer:
    """Mixes every pixel half with the theme's sky colour: a renderer for tests of everything around the model."""

    name = "tint"
    why = ""
    drift = NO_DRIFT

    def render(self, bgra_u8: np.ndarray, theme: Theme, view: View, quality: int, out: np.ndarray) -> dict[str, float]:
        rgb = theme.style().light[0][::-1] * 255
        strength = 0.5 * theme.strength
        out[..., :3] = bgra_u8[..., :3] * (1 - strength) + rgb * strength
        out[..., 3] = 255
        return {}

    def reset(self) -> None:
        pass
