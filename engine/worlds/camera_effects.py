"""What happens to a game's picture between its renderer and our grab: colour, blur, dithering, noise, compression."""

from __future__ import annotations

import cv2
import numpy as np

Rng = np.random.Generator


class CameraEffects:
    """One random chain of effects, the same for every frame of a clip; the noise is new in each frame."""

    def __init__(self, rng: Rng) -> None:
        self.gamma = float(np.exp(rng.uniform(-0.5, 0.4)))
        self.gain = float(rng.uniform(0.75, 1.15))
        self.lift = float(rng.choice([0.0, rng.uniform(0, 0.12)]))
        self.saturation = float(rng.uniform(0.4, 1.4))
        self.tint = (1 + 0.06 * rng.normal(size=3)).astype(np.float32)
        self.blur = float(rng.choice([0.0, rng.uniform(0.3, 0.7), rng.uniform(0.5, 1.1)], p=[0.3, 0.5, 0.2]))
        self.bloom = float(rng.choice([0.0, rng.uniform(0.1, 0.5)], p=[0.75, 0.25]))
        self.vignette = float(rng.choice([0.0, rng.uniform(0.1, 0.5)], p=[0.7, 0.3]))
        self.pixel = int(rng.choice([1, 2, 3], p=[0.85, 0.1, 0.05]))
        self.noise = float(rng.choice([0.0, 0.01, 0.03]))
        self.quality = int(rng.integers(25, 95)) if rng.random() < 0.35 else 0

    def __call__(self, rgb: np.ndarray, rng: Rng) -> np.ndarray:
        """(h, w, 3) float32 in [0, 1], in and out."""
        h, w, _ = rgb.shape
        out = np.clip(rgb, 0, 1) ** self.gamma * (self.gain * self.tint) + self.lift
        gray = out @ np.array([0.3, 0.59, 0.11], np.float32)
        out = gray[..., None] + (out - gray[..., None]) * self.saturation
        if self.bloom:
            out = out + self.bloom * cv2.GaussianBlur(np.maximum(out - 0.7, 0), (0, 0), 5)
        if self.vignette:
            y, x = np.linspace(-1, 1, h)[:, None], np.linspace(-1, 1, w)[None]
            out = out * (1 - self.vignette * (x * x + y * y) / 2)[..., None]
        if self.pixel > 1:
            small = cv2.resize(out, (w // self.pixel, h // self.pixel), interpolation=cv2.INTER_AREA)
            out = cv2.resize(small, (w, h), interpolation=cv2.INTER_NEAREST)
        elif self.blur:
            out = cv2.GaussianBlur(out, (0, 0), self.blur)
        if self.noise:
            out = out + rng.normal(0, self.noise, out.shape)
        out_u8 = (np.clip(out, 0, 1) * 255 + 0.5).astype(np.uint8)
        if self.quality:
            _, coded = cv2.imencode(".jpg", out_u8, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
            out_u8 = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        return out_u8.astype(np.float32) / 255
