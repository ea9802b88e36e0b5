"""What the views do to a painted picture on the CPU, whoever painted it.

Pictures are (h, w, 4) uint8 BGRA; `out` is written in place. Knows nothing of engines.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine import config

MATERIAL_COLORS = np.array(config.MATERIAL_COLORS, np.uint8)  # (k, 3) RGB
DIVIDER_PX = 2


def show_materials(bgra_u8: np.ndarray, materials: np.ndarray, out: np.ndarray) -> None:
    """Every pixel in its material's colour, with a quarter of the game's light so that shapes stay readable.

    `materials` are indices into MATERIALS, of any size.
    """
    h, w = bgra_u8.shape[:2]
    flat = cv2.resize(MATERIAL_COLORS[:, ::-1][materials], (w, h), interpolation=cv2.INTER_NEAREST)
    light = cv2.cvtColor(bgra_u8, cv2.COLOR_BGRA2GRAY)
    cv2.addWeighted(flat, 0.75, cv2.cvtColor(light, cv2.COLOR_GRAY2BGR), 0.25, 0, dst=flat)
    out[..., :3] = flat
    out[..., 3] = 255


def split(bgra_u8: np.ndarray, out: np.ndarray) -> None:
    """Left half the game, right half the theme, a thin line between."""
    middle = bgra_u8.shape[1] // 2
    out[:, :middle] = bgra_u8[:, :middle]
    out[:, middle : middle + DIVIDER_PX] = 235
