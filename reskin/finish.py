"""The theme's finish, laid into the paint maps: saturation, contrast, bloom and vignette cost nothing per screen pixel.

All four are linear in colour, so they may be applied to a ramp's ends instead of to every pixel between them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
from numba import njit

from engine.underpaint import LUMA, PaintMaps
from reskin.theme_model import Finish

BLOOM_FROM, BLOOM_GAIN = 0.62, 1.6  # what is lighter than this spills, so much of it
BLOOM_SIGMA_PX = 3.0  # of the blur, at a quarter of the model's size
VIGNETTE = 0.45  # of the light that a full vignette takes at the middle of an edge


def finish_maps(maps: PaintMaps, finish: Finish, luminance: np.ndarray) -> PaintMaps:
    """Maps (h, w) with the finish in them; `luminance` (h, w) is the game's at the model's size."""
    if finish.bloom <= 0.0 and finish.saturation == finish.contrast == 1.0 and finish.vignette <= 0.0:
        return maps
    bloom = _bloom(maps, luminance, finish.bloom) if finish.bloom > 0.0 else np.zeros_like(maps.base)
    matrix = grade_matrix(finish)
    gray = np.float32(0.5 * (1 - finish.contrast))
    base, shade, shine = (np.empty_like(maps.base) for _ in range(3))
    fall = _vignette(*luminance.shape, finish.vignette)
    _grade(maps.base, maps.shade, maps.shine, bloom, matrix, gray, fall, base, shade, shine)
    return replace(maps, base=base, shade=shade, shine=shine)


def grade_matrix(finish: Finish) -> np.ndarray:
    """(3, 3) float32 for column vectors: colour moved away from or towards its gray, then contrast."""
    toned = finish.saturation * np.eye(3) + (1 - finish.saturation) * np.outer(np.ones(3), LUMA)
    return (finish.contrast * toned).astype(np.float32)


@njit(cache=True, fastmath=True, error_model="numpy")
def _grade(base, shade, shine, bloom, matrix, gray, fall, graded_base, graded_shade, graded_shine):
    """Bloom, then saturation and contrast as one matrix, then the vignette; only the base has an offset."""
    h, w, _ = base.shape
    for y in range(h):
        for x in range(w):
            for c in range(3):
                lit = gray
                dim = bright = np.float32(0.0)
                for i in range(3):
                    share = matrix[c, i]
                    lit += share * (base[y, x, i] + bloom[y, x, i])
                    dim += share * shade[y, x, i]
                    bright += share * shine[y, x, i]
                graded_base[y, x, c] = lit * fall[y, x]
                graded_shade[y, x, c] = dim * fall[y, x]
                graded_shine[y, x, c] = bright * fall[y, x]


def _bloom(maps: PaintMaps, luminance: np.ndarray, amount: float) -> np.ndarray:
    """(h, w, 3) light that spills from what is bright; blurred at a quarter of the size."""
    h, w = luminance.shape
    bright = np.maximum(maps.evaluate(luminance) - np.float32(BLOOM_FROM), 0) * np.float32(BLOOM_GAIN * amount)
    small = cv2.resize(bright, (w // 4, h // 4), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), BLOOM_SIGMA_PX), (w, h), interpolation=cv2.INTER_LINEAR)


@lru_cache(maxsize=4)
def _vignette(h: int, w: int, amount: float) -> np.ndarray:
    """(h, w) share of the light that is left."""
    y = np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, w, dtype=np.float32)[None, :]
    return 1 - np.float32(VIGNETTE * amount) * np.clip(x * x + y * y, 0, 2)
