"""A picture laid over a frame: colour times cover, and cover. What HUDs and held things are drawn on.

OpenCV's smooth lines and shapes mix all four channels alike, so with (r, g, b, 255) as colour they draw here as well.
"""

from __future__ import annotations

import cv2
import numpy as np

SEEN_COVER = 64  # of 255: what covers less of a pixel does not decide what the pixel is
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
Ink = tuple[int, ...]  # r, g, b, 0..255


class Layer:
    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.rgba = np.zeros((*size, 4), np.uint8)

    def cover(self, x: int, y: int, coverage: np.ndarray, ink: Ink, opacity: float = 1.0) -> None:
        """Lays one colour over the place at (x, y), as (h, w) uint8 `coverage` says; what lies outside is cut off."""
        self.picture(x, y, coverage[..., None] * (np.array([*ink, 255], np.float32) * (opacity / 255)))

    def picture(self, x: int, y: int, rgba: np.ndarray) -> None:
        """Lays an (h, w, 4) picture, colour times cover in 0..255, with its corner at (x, y)."""
        h, w = self.size
        tall, wide = rgba.shape[:2]
        top, left, bottom, right = max(0, y), max(0, x), min(h, y + tall), min(w, x + wide)
        if top >= bottom or left >= right:
            return
        new = rgba[top - y : bottom - y, left - x : right - x].astype(np.float32)
        place = self.rgba[top:bottom, left:right]
        place[:] = np.minimum(place * (1 - new[..., 3:] / 255) + new + 0.5, 255)

    def plate(self, x: int, y: int, wide: int, tall: int, ink: Ink, opacity: float = 1.0) -> None:
        if wide > 0 and tall > 0:
            self.cover(x, y, np.full((tall, wide), 255, np.uint8), ink, opacity)

    def over(self, rgb: np.ndarray) -> None:
        """Mixes into (h, w, 3) float32 in [0, 1], in place."""
        rgba = self.rgba.astype(np.float32) * (1 / 255)
        rgb *= 1 - rgba[..., 3:]
        rgb += rgba[..., :3]

    def seen(self) -> np.ndarray:
        """(h, w) bool: what belongs to this layer; one-pixel gaps, as within a small letter, are closed."""
        covered = (self.rgba[..., 3] >= SEEN_COVER).astype(np.uint8)
        return cv2.morphologyEx(covered, cv2.MORPH_CLOSE, CROSS) > 0
