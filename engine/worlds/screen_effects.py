"""What happens to the whole screen, HUD included, until we have it: scaling, fades, bars, grain, video coding."""

from __future__ import annotations

import cv2
import numpy as np

from engine.worlds.camera_effects import sometimes

Rng = np.random.Generator
SCREEN_ROWS = 360  # of the screen that a video codes: most of what coding does there is averaged away in our rows
MOST_FADED = 0.65  # what is darker than that shows nothing to learn from


class ScreenEffects:
    """One random chain of effects, the same for every frame of a clip; the grain is new in each."""

    def __init__(self, rng: Rng) -> None:
        # live, a pixel is the mean of many of the screen's; here, one ray: without a little blur nothing is mixed
        self.blur = float(rng.choice([0.0, rng.uniform(0.3, 0.6), rng.uniform(0.5, 0.9)], p=[0.3, 0.6, 0.1]))
        self.scale = sometimes(rng, 0.04, 0.6, 0.9)  # rendered so much smaller and smoothly enlarged
        self.fade = sometimes(rng, 0.04, 0.1, MOST_FADED)
        self.fade_speed = float(rng.uniform(-0.02, 0.02))  # a frame
        self.fade_to = float(rng.choice([0.0, 1.0], p=[0.85, 0.15]))
        self.bar = sometimes(rng, 0.05, 0.06, 0.15)  # of the height, above and below
        self.side = sometimes(rng, 0.03, 0.08, 0.13)  # of the width, left and right: a 4:3 game on a wide screen
        self.side_color = np.float32(rng.uniform(0, 0.15, 3) * (rng.random() < 0.3))
        self.grain = sometimes(rng, 0.15, 0.003, 0.015)
        self.quality = int(rng.integers(30, 95)) if rng.random() < 0.2 else 0

    def bars(self, size: tuple[int, int]) -> np.ndarray:
        """(h, w) bool: what bars cover, above and below or at the sides."""
        h, w = size
        covered = np.zeros(size, bool)
        for edge, along in ((round(self.bar * h), covered), (round(self.side * w), covered.T)):
            along[:edge] = along[len(along) - edge :] = True
        return covered

    def __call__(self, rgb: np.ndarray, rng: Rng, index: int, dip: float = 0.0) -> np.ndarray:
        """(h, w, 3) float32 in [0, 1], in and out; `index` is the frame's place in its clip.

        `dip` says how near a cut is that fades out and in: 1 at its frames, 0 far from it.
        """
        h, w, _ = rgb.shape
        out = rgb
        if self.scale:
            small = cv2.resize(out, (round(w * self.scale), round(h * self.scale)), interpolation=cv2.INTER_AREA)
            out = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
        elif self.blur:
            out = cv2.GaussianBlur(out, (0, 0), self.blur)
        fade = min(MOST_FADED, max(0.0, self.fade + index * self.fade_speed) if self.fade else 0.0)
        fade = max(fade, MOST_FADED * dip)
        if fade:
            out = out + (self.fade_to - out) * fade
        out = np.where(self.bars((h, w))[..., None], self.side_color, out)
        if self.grain:
            out = out + rng.normal(0, self.grain, out.shape)
        out_u8 = (np.clip(out, 0, 1) * 255 + 0.5).astype(np.uint8)
        if self.quality:
            bgr_u8 = np.ascontiguousarray(out_u8[..., ::-1])
            scale = max(1.0, SCREEN_ROWS / h)
            screen = cv2.resize(bgr_u8, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
            _, coded = cv2.imencode(".jpg", screen, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
            shown = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
            out_u8 = cv2.resize(shown, (w, h), interpolation=cv2.INTER_AREA)[..., ::-1]
        return out_u8.astype(np.float32) / 255
