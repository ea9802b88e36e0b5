"""Names, damage numbers and small bars that hang over the characters of a frame and follow them.

The same name hangs over the same thing in every frame of a clip. Knows nothing of the rest of the HUD.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from engine.config import CHARACTER
from engine.worlds.gbuffer import GBuffer
from engine.worlds.layer import Ink, Layer
from engine.worlds.lettering import Lettering, sentence

Rng = np.random.Generator


class Nameplates:
    def __init__(self, rng: Rng, lettering: Lettering, unit: float, ink: Ink) -> None:
        """`unit` is a frame's height / 144; `ink` fills the bars."""
        self._lettering = replace(lettering, height=max(3.6, min(lettering.height, 6 * unit)), blocky=0)
        self._ink = ink
        words = [sentence(rng, 3) if rng.random() < 0.7 else f"-{rng.integers(5, 999)}" for _ in range(6)]
        self._tags = [(self._lettering.draw(line), rng.random() < 0.5) for line in words]

    def hang(self, layer: Layer, buffer: GBuffer) -> None:
        """Draws them on `layer`, one over each blob of character that is neither tiny nor fills the frame."""
        blobs = (buffer.material == CHARACTER).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(blobs)
        for number in range(1, min(len(stats), 7)):
            x, y, wide, tall, area = (int(v) for v in stats[number])
            if area < 12 or tall > 0.6 * layer.size[0]:
                continue
            inside = buffer.instance[y : y + tall, x : x + wide][labels[y : y + tall, x : x + wide] == number]
            drawn, bar = self._tags[int(inside.min()) // 8 % len(self._tags)]
            middle, top = x + wide // 2, y - drawn[0].shape[0] - 1
            self._lettering.write(layer, middle - drawn[0].shape[1] // 2, top, drawn)
            if bar:
                layer.plate(middle - 8, y - 3, 16, 2, (20, 20, 20), 0.8)
                layer.plate(middle - 8, y - 3, 11, 2, self._ink)
