"""Rain, snow, dust, smoke, fire, sparks and shots, drawn over a shaded frame. What is bright and opaque is glow.

The rest leaves what lies behind its material. Each particle moves on its own straight way and comes back round the
frame, so that a clip's frames fit together.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.config import GLOW

Rng = np.random.Generator
SHARES = {"rain": 0.06, "snow": 0.06, "dust": 0.05, "smoke": 0.05, "fire": 0.07, "sparks": 0.06, "shots": 0.05}
# pixels a frame at a height of 144, (x, y) ranges; number of particles; radius range in pixels.
MOTION = {
    "rain": ((-3, 3), (7, 16), (60, 260), (0.4, 0.8)),
    "snow": ((-1.5, 1.5), (0.6, 2.5), (20, 130), (0.4, 1.3)),
    "dust": ((-0.8, 0.8), (-0.5, 0.5), (15, 80), (0.4, 1.0)),
    "smoke": ((-0.6, 0.6), (-1.2, -0.2), (5, 14), (7, 20)),
    "sparks": ((-4, 4), (-4, 3), (8, 40), (0.5, 1.3)),
    "shots": ((-9, 9), (-2, 2), (1, 6), (1.2, 3.5)),
}
FIRE_PARTS = 14  # puffs of one flame


class Particles:
    """The particles of one clip, mostly none."""

    def __init__(self, rng: Rng, size: tuple[int, int]) -> None:
        self.size = size
        self._unit = size[0] / 144
        self.groups = [(kind, *self._group(rng, kind)) for kind, share in SHARES.items() if rng.random() < share]

    def _group(self, rng: Rng, kind: str) -> tuple[np.ndarray, tuple[int, ...], float]:
        """(n, 5) places, speeds and radii in pixels, their colour, and how opaque they are."""
        (h, w), unit = self.size, self._unit
        if kind == "fire":
            flames = int(rng.integers(1, 4))
            foot = rng.uniform((0.05 * w, 0.35 * h), (0.95 * w, 0.95 * h), (flames, 2))
            tall = rng.uniform(6, 26, (flames, 1)) * unit
            state = np.concatenate([foot, tall, tall * 0.3, rng.uniform(0, 1, (flames, 1))], axis=1)
            return state, tuple(rng.choice([(255, 140, 30), (255, 90, 20), (90, 190, 255), (150, 255, 90)])), 1.0
        x_speed, y_speed, count, radius = MOTION[kind]
        n = int(rng.integers(*count))
        wind = rng.uniform(*x_speed)
        together = kind in ("rain", "snow", "smoke")
        x_each = wind + 0.15 * rng.normal(size=n) * abs(wind) if together else rng.uniform(*x_speed, n)
        y_each = rng.uniform(*y_speed) * rng.uniform(0.8, 1.2, n) if together else rng.uniform(*y_speed, n)
        state = np.stack([rng.uniform(0, w, n), rng.uniform(0, h, n), x_each * unit, y_each * unit,
                          rng.uniform(*radius, n) * unit], axis=1)  # fmt: skip
        gray = int(rng.integers(30, 230))
        hot = tuple(int(v) for v in rng.choice([(255, 210, 90), (255, 120, 40), (120, 240, 255), (255, 90, 220)]))
        color = {"smoke": (gray,) * 3, "sparks": hot, "shots": hot, "dust": (230, 220, 190), "rain": (200, 210, 225)}
        opacity = {"rain": rng.uniform(0.2, 0.5), "dust": 0.5, "smoke": rng.uniform(0.2, 0.5)}
        return state, color.get(kind, (250, 250, 255)), float(opacity.get(kind, 1.0))

    def draw(self, rgb: np.ndarray, material: np.ndarray, index: int) -> None:
        """Draws the frame at `index` of the clip into (h, w, 3) float32 `rgb` and (h, w) `material`, in place."""
        for kind, state, color, opacity in self.groups:
            cover: np.ndarray = np.zeros(self.size, np.uint8)
            if kind == "fire":
                core = self._burn(cover, state, index)
            else:
                self._fly(cover, kind, state, index)
                core = cover
            if kind == "smoke":
                cover = cv2.GaussianBlur(cover, (0, 0), 4 * self._unit)
            bright = kind in ("fire", "sparks", "shots")
            ink = np.array(color, np.float32) / 255
            if bright:  # light around it, then itself, white in its middle
                halo = cv2.GaussianBlur(cover, (0, 0), 4 * self._unit).astype(np.float32) / 255
                rgb += (1 - rgb) * ink * (0.8 * halo)[..., None]
            part = cover.astype(np.float32)[..., None] * (opacity / 255)
            rgb += (ink - rgb) * part
            if bright:
                inner = cv2.erode(core, np.ones((3, 3), np.uint8)).astype(np.float32)[..., None] / 255
                rgb += (np.clip(ink + 0.6, 0, 1) - rgb) * inner * 0.8
                material[cover > 110] = GLOW

    def _fly(self, cover: np.ndarray, kind: str, state: np.ndarray, index: int) -> None:
        h, w = self.size
        for x, y, dx, dy, radius in state:
            reach = 2 * radius + 2
            at_x = (x + dx * index + reach) % (w + 2 * reach) - reach
            at_y = (y + dy * index + reach) % (h + 2 * reach) - reach
            # A sixteenth of a pixel is OpenCV's finest with shift 4.
            middle = (round(at_x * 16), round(at_y * 16))
            if kind in ("rain", "sparks", "shots"):
                tail = 0.8 if kind == "rain" else 0.5
                end = (round((at_x - dx * tail) * 16), round((at_y - dy * tail) * 16))
                cv2.line(cover, middle, end, 255, max(1, round(radius)), cv2.LINE_AA, 4)
            if kind != "rain":
                value = 130 if kind == "smoke" else 255
                cv2.circle(cover, middle, round(radius * 16), value, -1, cv2.LINE_AA, 4)

    def _burn(self, cover: np.ndarray, flames: np.ndarray, index: int) -> np.ndarray:
        """Puffs that rise and shrink; returns the cover of the hot lower part."""
        core = np.zeros_like(cover)
        for x, foot, tall, wide, phase in flames:
            for puff in range(FIRE_PARTS):
                life = (phase + puff / FIRE_PARTS + index * 0.07) % 1.0
                sway = wide * 0.5 * life * np.sin(9 * life + 5 * phase + puff)
                middle = (round((x + sway) * 16), round((foot - tall * life) * 16))
                radius = max(0.6, wide * (1 - life) ** 0.7)
                cv2.circle(cover, middle, round(radius * 16), 255, -1, cv2.LINE_AA, 4)
                if life < 0.5:
                    cv2.circle(core, middle, round(radius * 9), 255, -1, cv2.LINE_AA, 4)
        return core
