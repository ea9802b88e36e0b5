"""What drawings are made on: maps of part numbers, 0 where there is nothing."""

from __future__ import annotations

import cv2
import numpy as np

from engine.worlds.scene import ACCENT_PART

SPRITE_PX = 64
BARK_PART = ACCENT_PART
SNOW_PART = 7  # what lies on branches: white wherever a look has snow
Rng = np.random.Generator


def blank() -> np.ndarray:
    return np.zeros((SPRITE_PX, SPRITE_PX), np.uint8)


def ellipse(canvas: np.ndarray, part: int, x: float, y: float, rx: float, ry: float, angle: float = 0.0) -> None:
    center = (round(x), round(y))
    cv2.ellipse(canvas, center, (max(1, round(rx)), max(1, round(ry))), angle, 0, 360, part, -1)
