"""Draws a random HUD over a source frame: bars, gauges, digits, text, minimap, hotbar, crosshair, dialogue.

Returns where it drew. The HUD is its own material: themes usually keep it as it is.
"""

from __future__ import annotations

import cv2
import numpy as np

Rng = np.random.Generator
FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
)  # fmt: skip
SEEN_LEVELS = 8  # of 255: a smaller change by the HUD is not seen
LETTERS = list("ABCDEFGHIKLMNOPRSTUVWXYZabcdefghiklmnoprstuvwxyz     ")


# A dialogue box is rare: where one HUD in eight had it, the Reader took any bright foreground of a side-scroller for
# one.
KINDS = ("bar", "text", "gauge", "map", "hotbar", "cross", "icons", "box")
SHARES = (0.19, 0.21, 0.14, 0.12, 0.12, 0.08, 0.11, 0.03)


class HudPainter:
    """Draws the same random HUD on one frame or on each frame of a clip; values on it change a little."""

    def __init__(self, rng: Rng, size: tuple[int, int]) -> None:
        self.size = size
        count = int(rng.choice([0, 1, 2, 3, 5, 7], p=[0.15, 0.2, 0.2, 0.2, 0.15, 0.1]))
        kinds = rng.choice(KINDS, size=count, p=SHARES)
        self.items = [(str(kind), int(rng.integers(1 << 30))) for kind in kinds]

    def draw(self, rgb: np.ndarray) -> np.ndarray:
        """Draws into (h, w, 3) float32 `rgb`; returns the (h, w) bool mask of what belongs to the HUD."""
        mask = np.zeros(self.size, np.uint8)
        canvas = (rgb * 255 + 0.5).astype(np.uint8)  # OpenCV writes text into bytes only
        before = canvas.copy()
        for kind, seed in self.items:
            rng = np.random.default_rng(seed)
            getattr(self, "_" + kind)(rng, canvas, mask)
        rgb[:] = canvas.astype(np.float32) / 255
        # Line widths and letters reach out of the shapes marked by hand: every third gauge and icon row did.
        return (mask > 0) | (cv2.absdiff(canvas, before).max(axis=2) > SEEN_LEVELS)

    def _corner(self, rng: Rng, wide: int, tall: int) -> tuple[int, int]:
        """A place along the border, where games put such things."""
        h, w = self.size
        x = int(rng.choice([int(rng.integers(2, 8)), (w - wide) // 2, w - wide - int(rng.integers(2, 8))]))
        y = int(rng.choice([int(rng.integers(2, 8)), h - tall - int(rng.integers(2, 8))]))
        return max(0, x), max(0, y)

    @staticmethod
    def _ink(rng: Rng) -> tuple[int, int, int]:
        if rng.random() < 0.5:
            gray = int(rng.choice([0, 255, int(rng.integers(256))]))
            return gray, gray, gray
        r, g, b = (int(value) for value in rng.integers(0, 256, 3))
        return r, g, b

    def _both(self, rgb: np.ndarray, mask: np.ndarray, draw, ink) -> None:
        draw(rgb, ink)
        draw(mask, 1)

    def _filled(self, rgb: np.ndarray, mask: np.ndarray, start: tuple[int, int], end: tuple[int, int], ink) -> None:
        self._both(rgb, mask, lambda c, i: cv2.rectangle(c, start, end, i, -1), ink)

    def _arc(self, rgb: np.ndarray, mask: np.ndarray, center: tuple[int, int], radius: int,
             span_deg: tuple[float, float], width: int, ink) -> None:  # fmt: skip
        self._both(rgb, mask, lambda c, i: cv2.ellipse(c, center, (radius, radius), 0, *span_deg, i, width), ink)

    def _panel(self, rng: Rng, rgb: np.ndarray, mask: np.ndarray, x: int, y: int, wide: int, tall: int) -> None:
        """A half-transparent dark or light plate behind something."""
        plate = rgb[y : y + tall, x : x + wide]
        opaque = rng.uniform(0.4, 1.0)
        plate[:] = plate * (1 - opaque) + np.array(self._ink(rng)) * opaque
        mask[y : y + tall, x : x + wide] = 1

    def _bar(self, rng: Rng, rgb: np.ndarray, mask: np.ndarray) -> None:
        wide, tall = int(rng.integers(24, 90)), int(rng.integers(3, 9))
        if rng.random() < 0.25:
            wide, tall = tall, wide
        x, y = self._corner(rng, wide, tall)
        for _ in range(int(rng.integers(1, 4))):
            self._filled(rgb, mask, (x, y), (x + wide, y + tall), self._ink(rng))
            part = rng.uniform(0.2, 1.0)
            end = (x + int(wide * part), y + tall - 1) if wide > tall else (x + wide - 1, y + int(tall * part))
            self._filled(rgb, mask, (x + 1, y + 1), end, self._ink(rng))
            y = min(self.size[0] - tall - 1, y + tall + 2)
            if wide < tall:
                break

    def _text(self, rng: Rng, rgb: np.ndarray, mask: np.ndarray) -> None:
        if rng.random() < 0.5:
            words = "".join(rng.choice(LETTERS, int(rng.integers(2, 18))))
        else:
            words = str(rng.integers(10**6))
        font, scale = int(rng.choice(FONTS)), float(rng.uniform(0.22, 0.6))
        (wide, tall), _ = cv2.getTextSize(words, font, scale, 1)
        lines = int(rng.choice([1, 1, 2, 4]))
        x, y = self._corner(rng, wide, tall)
        for _ in range(lines):
            if rng.random() < 0.5:
                cv2.putText(rgb, words, (x + 1, y + tall + 1), font, scale, (0, 0, 0), 1, cv2.LINE_AA)
            cv2.putText(rgb, words, (x, y + tall), font, scale, self._ink(rng), 1, cv2.LINE_AA)
            # Text is masked as the strip it fills: what lies between letters belongs to reading it.
            mask[max(0, y) : y + tall + 2, max(0, x) : x + wide + 1] = 1
            y = min(self.size[0] - 2, y + tall + 3)

    def _gauge(self, rng: Rng, rgb: np.ndarray, mask: np.ndarray) -> None:
        radius = int(rng.integers(8, 24))
        x, y = self._corner(rng, 2 * radius, 2 * radius)
        center = (x + radius, y + radius)
        if rng.random() < 0.4:
            self._both(rgb, mask, lambda c, i: cv2.circle(c, center, radius, i, -1, cv2.LINE_AA), self._ink(rng))
        start, turn = rng.uniform(0, 360), rng.uniform(90, 350)
        for width in (4, 2):
            turned = start + turn * rng.uniform(0.2, 1.0)
            self._arc(rgb, mask, center, radius, (start, turned), width, self._ink(rng))
        cv2.putText(rgb, str(rng.integers(300)), (x + 4, y + radius + 4), FONTS[0], radius / 45, self._ink(rng), 1)
        cv2.circle(mask, center, radius, 1, -1)

    def _map(self, rng: Rng, rgb: np.ndarray, mask: np.ndarray) -> None:
        side = min(int(rng.integers(24, 44)), min(self.size) - 8)  # _corner leaves up to 7 px
        x, y = self._corner(rng, side, side)
        patch = (rng.random((6, 6, 3)) * 76 + np.array(self._ink(rng)) * 0.7).astype(np.uint8)
        blocky = rng.random() < 0.5
        picture = cv2.resize(patch, (side, side), interpolation=cv2.INTER_NEAREST if blocky else cv2.INTER_CUBIC)
        shape = np.zeros((side, side), np.uint8)
        if rng.random() < 0.5:
            cv2.circle(shape, (side // 2, side // 2), side // 2, 1, -1)
        else:
            shape[:] = 1
        for _ in range(5):
            cv2.circle(picture, tuple(int(v) for v in rng.integers(4, side - 4, 2)), 1, self._ink(rng), -1)
        inside = shape > 0
        rgb[y : y + side, x : x + side][inside] = picture[inside]
        mask[y : y + side, x : x + side][inside] = 1

    def _hotbar(self, rng: Rng, rgb: np.ndarray, mask: np.ndarray) -> None:
        slots, side = int(rng.integers(3, 10)), int(rng.integers(9, 18))
        x = (self.size[1] - slots * side) // 2 if rng.random() < 0.7 else 4
        y = self.size[0] - side - int(rng.integers(1, 8))
        self._panel(rng, rgb, mask, x, y, slots * side, side)
        ink = self._ink(rng)
        for slot in range(slots):
            corner = (x + slot * side, y)
            cv2.rectangle(rgb, corner, (corner[0] + side - 1, y + side - 1), ink, 1)
            if rng.random() < 0.6:
                cv2.circle(rgb, (corner[0] + side // 2, y + side // 2), side // 4, self._ink(rng), -1)

    def _cross(self, rng: Rng, rgb: np.ndarray, mask: np.ndarray) -> None:
        cx, cy = self.size[1] // 2, self.size[0] // 2
        reach = int(rng.integers(2, 6))
        ink = self._ink(rng)
        self._both(rgb, mask, lambda c, i: cv2.line(c, (cx - reach, cy), (cx + reach, cy), i, 1), ink)
        self._both(rgb, mask, lambda c, i: cv2.line(c, (cx, cy - reach), (cx, cy + reach), i, 1), ink)

    def _icons(self, rng: Rng, rgb: np.ndarray, mask: np.ndarray) -> None:
        count, side = int(rng.integers(2, 9)), int(rng.integers(5, 10))
        x, y = self._corner(rng, count * side, side)
        ink = self._ink(rng)
        for i in range(count):
            center = (x + i * side + side // 2, y + side // 2)
            self._both(rgb, mask, lambda c, k, at=center: cv2.circle(c, at, side // 2 - 1, k, -1, cv2.LINE_AA), ink)
        mask[y : y + side, x : x + count * side] = 1

    def _box(self, rng: Rng, rgb: np.ndarray, mask: np.ndarray) -> None:
        if rng.random() < 0.5:
            return self._text(rng, rgb, mask)
        h, w = self.size
        wide, tall = int(rng.integers(w // 3, w - 20)), int(rng.integers(20, 44))
        x, y = (w - wide) // 2, (h - tall - 4 if rng.random() < 0.7 else 4)
        self._panel(rng, rgb, mask, x, y, wide, tall)
        ink = self._ink(rng)
        for line in range(2, tall - 6, 9):
            words = "".join(rng.choice(LETTERS, int(rng.integers(6, max(7, wide // 7)))))
            cv2.putText(rgb, words, (x + 4, y + line + 7), FONTS[0], 0.3, ink, 1, cv2.LINE_AA)
        return None
