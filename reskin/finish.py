"""The theme's finish, laid into the paint maps: saturation, contrast, bloom and vignette cost nothing per screen pixel.

All four are linear in colour, so they may be applied to a ramp's ends instead of to every pixel between them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from engine.underpaint import LUMA, PaintMaps
from reskin.theme_model import Finish


def finish_maps(maps: PaintMaps, finish: Finish, luminance: np.ndarray) -> PaintMaps:
    """Maps (h, w) with the finish in them; `luminance` (h, w) is the game's at the model's size."""
    base, shade, shine = maps.base, maps.shade, maps.shine
    if finish.bloom > 0.0:
        base = base + _bloom(maps, luminance, finish.bloom)
    if finish.saturation != 1.0 or finish.contrast != 1.0:
        matrix = finish.contrast * _saturation(finish.saturation)
        gray = np.full((3, 1), 0.5 * (1 - finish.contrast), np.float32)
        base = cv2.transform(base, np.hstack([matrix, gray]))
        shade, shine = cv2.transform(shade, matrix), cv2.transform(shine, matrix)
    if finish.vignette > 0.0:
        fall = _vignette(*luminance.shape, finish.vignette)
        base, shade, shine = base * fall, shade * fall, shine * fall
    return replace(maps, base=base, shade=shade, shine=shine)


def _saturation(amount: float) -> np.ndarray:
    """(3, 3) for column vectors: colour moved away from or towards its gray."""
    return (amount * np.eye(3) + (1 - amount) * np.outer(np.ones(3), LUMA)).astype(np.float32)


def _bloom(maps: PaintMaps, luminance: np.ndarray, amount: float) -> np.ndarray:
    """(h, w, 3) light that spills from what is bright; blurred at a quarter of the size."""
    h, w = luminance.shape
    bright = np.maximum(maps.evaluate(luminance) - np.float32(0.62), 0) * np.float32(1.6 * amount)
    small = cv2.resize(bright, (w // 4, h // 4), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), 3.0), (w, h), interpolation=cv2.INTER_LINEAR)


@lru_cache(maxsize=4)
def _vignette(h: int, w: int, amount: float) -> np.ndarray:
    """(h, w, 3), three equal channels: numpy multiplies like shapes ten times faster."""
    y = np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, w, dtype=np.float32)[None, :]
    fall = 1 - np.float32(0.45 * amount) * np.clip(x * x + y * y, 0, 2)
    return np.repeat(fall[..., None], 3, axis=2)
