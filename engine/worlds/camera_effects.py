"""What a game does to its picture of the world before the HUD: colour, bloom, vignette, few colours.

The same for every frame of a clip. What happens to the whole screen is in `screen_effects.py`.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.underpaint import LUMA

Rng = np.random.Generator
DARKEST = 0.16  # mean of the first frame
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 - 0.5


def sometimes(rng: Rng, share: float, low: float, high: float) -> float:
    """A number between `low` and `high` in a `share` of cases, else 0."""
    return float(rng.uniform(low, high)) if rng.random() < share else 0.0


class CameraEffects:
    """One random chain of effects."""

    def __init__(self, rng: Rng) -> None:
        strong = 1.0 if rng.random() < 0.4 else 0.3  # most games show their colours much as they were made
        self.gamma = float(np.exp(strong * rng.uniform(-0.5, 0.3)))
        self.gain = float(1 + strong * rng.uniform(-0.25, 0.15))
        self.lift = sometimes(rng, 0.25, 0.0, 0.1)
        self.saturation = float(1 + strong * rng.uniform(-0.6, 0.5))
        self.tint = (1 + 0.06 * strong * rng.normal(size=3)).astype(np.float32)
        self.night = sometimes(rng, 0.08, 0.4, 0.75)
        self.torch = bool(rng.random() < 0.4)  # at night: light round the middle
        self.bloom = sometimes(rng, 0.25, 0.15, 0.7)
        self.vignette = sometimes(rng, 0.25, 0.1, 0.6)
        self.fringe = sometimes(rng, 0.08, 0.003, 0.01)  # how much larger red is than blue
        self.levels = int(rng.choice([5, 8, 12, 16])) if rng.random() < 0.09 else 0
        self.dither = float(rng.choice([0.0, 1.0]))
        # worlds in other colours than ours: all of it turned, or in one ink
        self.order = rng.permutation(3) if rng.random() < 0.12 else np.arange(3)
        self.mono = sometimes(rng, 0.05, 0.6, 1.0)
        self.ink = rng.uniform(0.4, 1.1, 3).astype(np.float32)
        self.exposure = 0.0  # set by the first frame

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """(h, w, 3) float32 in [0, 1], in and out."""
        h, w, _ = rgb.shape
        out = np.clip(np.take(rgb, self.order, axis=2), 0, 1) ** self.gamma * (self.gain * self.tint) + self.lift
        gray = out @ LUMA
        out = gray[..., None] + (out - gray[..., None]) * self.saturation
        out = out + (gray[..., None] * self.ink - out) * self.mono
        y, x = np.linspace(-1, 1, h, dtype=np.float32)[:, None], np.linspace(-1, 1, w, dtype=np.float32)[None]
        if self.night:
            lamps = cv2.GaussianBlur(np.maximum(gray - 0.85, 0), (0, 0), h / 14) * 3
            near = np.exp(-3 * (x * x + y * y)) if self.torch else 0.0
            light = np.clip(1 - self.night + lamps + self.night * 0.8 * near, 0, 1.1)
            out = out * light[..., None] * np.array([0.9, 0.95, 1.1], np.float32)
        if not self.exposure:  # a game lets its player see something, even at night
            self.exposure = float(np.clip(DARKEST / (out.mean() + 1e-3), 1, 4))
        out = out * self.exposure
        if self.bloom:
            out = out + self.bloom * cv2.GaussianBlur(np.maximum(out - 0.7, 0), (0, 0), h / 30)
        if self.vignette:
            out = out * (1 - self.vignette * (x * x + y * y) / 2)[..., None]
        if self.fringe:
            out = out.copy()
            for channel, scale in ((0, 1 + self.fringe), (2, 1 - self.fringe)):
                grow = np.array([[scale, 0, (1 - scale) * w / 2], [0, scale, (1 - scale) * h / 2]], np.float32)
                out[..., channel] = cv2.warpAffine(out[..., channel], grow, (w, h), borderMode=cv2.BORDER_REPLICATE)
        if self.levels:
            steps = self.levels - 1
            screen = np.tile(BAYER, (h // 4 + 1, w // 4 + 1))[:h, :w, None] * self.dither
            out = np.rint(np.clip(out, 0, 1) * steps + 0.9 * screen) / steps
        return np.clip(out, 0, 1).astype(np.float32)
