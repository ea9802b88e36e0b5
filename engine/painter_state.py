"""The Painter's memory at run time: its noise, its last output, and its residual laid into the paint maps.

Runs the exported Painter; knows nothing of torch. One step from pure noise, the same noise in every frame: fresh noise
would make a still picture shimmer. A drift in colour shows as a residual whose mean leaves zero for whole frames; it is
measured and pulled back, so that a tint cannot feed itself through the history.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnxruntime

from engine.style import Style
from engine.underpaint import LUMA, PaintMaps

DRIFT_LIMIT = 0.06  # mean residual of a channel, in [0, 1] units, beyond which the history is started anew


class PainterState:
    """One stream. Not thread-safe."""

    def __init__(self, session: onnxruntime.InferenceSession, seed: int = 0) -> None:
        self._session = session
        self._seed = seed
        self._noise: np.ndarray | None = None
        self._last: np.ndarray | None = None
        self.anchored = 0  # times that the history was started anew

    def reset(self) -> None:
        self._last = None

    def paint(self, rgb: np.ndarray, materials: np.ndarray, maps: PaintMaps, style: Style) -> PaintMaps:
        """The maps with the Painter's residual in their base."""
        if self._noise is None or self._noise.shape != rgb.shape:
            self._noise = np.random.default_rng(self._seed).standard_normal(rgb.shape, np.float32)
            self._last = None
        under = underpainting(rgb, maps)
        fresh = self._last is None or self._last.shape != rgb.shape
        inputs = {
            "rgb": rgb,
            "underpainting": under,
            "history": self._noise if fresh else self._last,
            "noise": self._noise,
            "materials": materials,
            "style": style.per_material(),
            "light": np.concatenate([style.light_vector(), np.array([1.0, 1.0 if fresh else 0.0], np.float32)]),
        }
        (residual,) = self._session.run(None, inputs)
        self._last = 2 * np.clip(under + residual, 0, 1) - 1
        if np.abs(residual.mean((0, 1))).max() > DRIFT_LIMIT and not fresh:
            self._last = None
            self.anchored += 1
        return replace(maps, base=maps.base + residual)


def underpainting(rgb: np.ndarray, maps: PaintMaps) -> np.ndarray:
    """(h, w, 3) in [0, 1]: what the maps alone show, kept pixels included."""
    painted = maps.evaluate(rgb @ LUMA)
    return np.clip(painted + maps.keep[..., None] * (rgb - painted), 0, 1)
