"""What happens to the whole screen, HUD included, until we have it: scaling, fades, film bars, grain, video coding."""

from __future__ import annotations

import cv2
import numpy as np

from engine.worlds.camera_effects import sometimes

Rng = np.random.Generator
MOST_FADED = 0.65  # what is darker than that shows nothing to learn from


class ScreenEffects:
    """One random chain of effects, the same for every frame of a clip; the grain is new in each."""

    def __init__(self, rng: Rng) -> None:
        self.blur = float(rng.choice([0.0, rng.uniform(0.3, 0.6), rng.uniform(0.5, 1.1)], p=[0.4, 0.45, 0.15]))
        self.scale = sometimes(rng, 0.12, 0.45, 0.85)  # rendered so much smaller and smoothly enlarged
        self.fade = sometimes(rng, 0.04, 0.1, MOST_FADED)
        self.fade_speed = float(rng.uniform(-0.02, 0.02))  # a frame
        self.fade_to = float(rng.choice([0.0, 1.0], p=[0.85, 0.15]))
        self.bar = sometimes(rng, 0.05, 0.06, 0.15)  # of the height, above and below
        self.grain = sometimes(rng, 0.2, 0.005, 0.035)
        self.quality = int(rng.integers(25, 95)) if rng.random() < 0.35 else 0

    def bars(self, h: int) -> np.ndarray:
        """(h,) bool: the rows that black bars cover."""
        edge = round(self.bar * h)
        rows = np.arange(h)
        return (rows < edge) | (rows >= h - edge)

    def __call__(self, rgb: np.ndarray, rng: Rng, index: int) -> np.ndarray:
        """(h, w, 3) float32 in [0, 1], in and out; `index` is the frame's place in its clip."""
        h, w, _ = rgb.shape
        out = rgb
        if self.scale:
            small = cv2.resize(out, (round(w * self.scale), round(h * self.scale)), interpolation=cv2.INTER_AREA)
            out = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
        elif self.blur:
            out = cv2.GaussianBlur(out, (0, 0), self.blur)
        if self.fade:
            fade = float(np.clip(self.fade + index * self.fade_speed, 0, MOST_FADED))
            out = out + (self.fade_to - out) * fade
        out = np.where(self.bars(h)[:, None, None], np.float32(0), out)
        if self.grain:
            out = out + rng.normal(0, self.grain, out.shape)
        out_u8 = (np.clip(out, 0, 1) * 255 + 0.5).astype(np.uint8)
        if self.quality:
            _, coded = cv2.imencode(".jpg", out_u8, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
            out_u8 = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        return out_u8.astype(np.float32) / 255
