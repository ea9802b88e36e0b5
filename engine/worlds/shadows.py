"""The shadows that things cast on the ground, as a streak in one direction of the picture: cheap, and like enough."""

from __future__ import annotations

import cv2
import numpy as np

from engine.config import GROUND, MATERIALS
from engine.worlds.gbuffer import GBuffer
from engine.worlds.held_item import DEPTH_M

Rng = np.random.Generator
SHARE = 0.35  # of all clips
CASTING = np.array([name in ("foliage", "structure", "roof", "character", "prop", "rock") for name in MATERIALS])
LYING = 0.6  # the least upward part of a normal on which a shadow falls


class CastShadows:
    """Those of one clip, mostly none."""

    def __init__(self, rng: Rng, size: tuple[int, int]) -> None:
        """`size` is (h, w) of the pictures."""
        self.depth = float(rng.uniform(0.2, 0.55)) if rng.random() < SHARE else 0.0
        long, angle = rng.uniform(6, 24) * size[0] / 144, rng.uniform(-0.3, np.pi + 0.3)  # mostly down the picture
        side = 2 * int(np.ceil(long)) + 1
        self._streak = np.zeros((side, side), np.uint8)  # reversed: dilation takes the largest of what it covers
        middle = side // 2
        end = (round(middle - long * np.cos(angle)), round(middle - long * np.sin(angle)))
        cv2.line(self._streak, (middle, middle), end, 1, 1)

    def draw(self, rgb: np.ndarray, buffer: GBuffer) -> None:
        """Darkens (h, w, 3) `rgb` in place."""
        if self.depth == 0.0:
            return
        things = (CASTING[buffer.material] & (buffer.depth > DEPTH_M)).astype(np.uint8)  # but what the player holds
        lies = (buffer.material == GROUND) & (buffer.normal[..., 1] > LYING)
        cast = (cv2.dilate(things, self._streak) * lies).astype(np.float32)
        rgb *= 1 - self.depth * cv2.GaussianBlur(cast, (0, 0), 0.7)[..., None]
