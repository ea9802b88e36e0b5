"""The sheet that a HUD is drawn on: free places along the border, inks that are seen there, and the game's lettering.

Knows nothing of what the items are.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Self

import cv2
import numpy as np

from engine.worlds.layer import Ink, Layer
from engine.worlds.lettering import Lettering, random_lettering
from engine.worlds.sprites import DRAWINGS, coloured

Rng = np.random.Generator
SEEN_CHANGE = 0.08  # of full brightness
TRIES = 5  # places for an item before it is left out


class HudCanvas:
    def __init__(self, rng: Rng, backdrop: np.ndarray) -> None:
        """`backdrop` is the first frame, (h, w, 3) float32 in [0, 1]: inks are chosen to be seen on it."""
        h, w, _ = backdrop.shape
        self.layer = Layer((h, w))
        self._rng, self._backdrop, self._taken = rng, backdrop, np.zeros((h, w), bool)
        self._unit = max(0.4, h / 144)  # tiny frames of tests keep items that can be drawn
        self._inks = [self._any_ink() for _ in range(4)]
        self._size = self._unit * float(rng.choice([rng.uniform(3.6, 6), rng.uniform(5.5, 9), rng.uniform(8, 13)]))
        self._light = random_lettering(rng, self._size, (255, 255, 255))
        self._dark = random_lettering(rng, self._size, (0, 0, 0))
        self._tint = float(rng.choice([0.0, 0.3, 1.0], p=[0.6, 0.2, 0.2]))  # how far text is from plain white
        self.darkness = 0.0  # how far a menu darkens the world

    def covered_by(self, item: str) -> Self:
        """The same HUD with one more item over it; this one stays as it is."""
        both = copy(self)
        both.layer = Layer(self.layer.size)
        both.layer.rgba[:] = self.layer.rgba
        getattr(both, item)()
        both._drop_unseen()
        return both

    def now_over(self, backdrop: np.ndarray) -> None:
        """The world behind is another, whose first frame is `backdrop`."""
        self._backdrop = backdrop
        self._drop_unseen()

    def _any_ink(self) -> Ink:
        rng = self._rng
        if rng.random() < 0.35:
            gray = int(rng.choice([0, 255, int(rng.integers(256))]))
            return gray, gray, gray
        saturation = 255 if rng.random() < 0.5 else int(rng.integers(60, 256))
        hue = np.array([[[rng.integers(180), saturation, rng.integers(90, 256)]]], np.uint8)
        r, g, b = (int(v) for v in cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0])
        return r, g, b

    def _ink(self) -> Ink:
        return self._inks[int(self._rng.integers(len(self._inks)))]

    def _place(self, wide: int, tall: int, *, anywhere: bool = False) -> tuple[int, int] | None:
        """A free place along the border, where games put such things; None when there is none."""
        rng, (h, w) = self._rng, self.layer.size
        wide, tall = max(1, wide), max(1, tall)
        for _ in range(TRIES):
            margin_x, margin_y = (int(v) for v in rng.integers(1, 9, 2))
            if anywhere:
                x, y = int(rng.integers(0, max(1, w - wide))), int(rng.integers(0, max(1, h - tall)))
            else:
                x = int(rng.choice([margin_x, (w - wide) // 2, w - wide - margin_x], p=[0.42, 0.16, 0.42]))
                y = int(rng.choice([margin_y, h - tall - margin_y]))
            x, y = max(0, x), max(0, y)
            if self._claim(x, y, wide, tall):
                return x, y
        return None

    def _place_cut_off(self, side: int) -> tuple[int, int] | None:
        """A free place in a lower corner for a square that the frame may cut off; None when it is taken."""
        h, w = self.layer.size
        out = int(self._rng.uniform(-0.1, 0.35) * side)
        x, y = (w - side + out if self._rng.random() < 0.7 else -out), h - side + out
        return (x, y) if self._claim(x, y, side, side) else None

    def _claim(self, x: int, y: int, wide: int, tall: int) -> bool:
        """Takes a place of its own for an item; False if something is there."""
        place = self._taken[max(0, y) : max(0, y + tall), max(0, x) : max(0, x + wide)]
        if place.any():
            return False
        place[:] = True
        return True

    def _behind(self, x: int, y: int, wide: int, tall: int) -> float:
        """Mean luminance there, 0..1, with what is drawn so far."""
        (h, w), wide, tall = self.layer.size, max(1, wide), max(1, tall)
        x, y = min(max(0, x), w - 1), min(max(0, y), h - 1)
        world = self._backdrop[y : y + tall, x : x + wide].mean()
        drawn = self.layer.rgba[y : y + tall, x : x + wide].mean(axis=(0, 1)) / 255
        return float((1 - self.darkness) * world * (1 - drawn[3]) + drawn[:3].mean())

    def _lettering(self, behind: float, height: float | None = None) -> Lettering:
        """The game's own lettering for a dark or a light place, tinted a little or much."""
        base = self._light if behind < 0.62 else self._dark
        if base is self._dark and (self._light.outline or self._light.shadow != (0, 0)) and self._rng.random() < 0.75:
            base = self._light  # an edge makes light text readable on white
        fill = base.fill
        if self._tint and base is self._light:
            mix = self._tint * np.array(self._ink()) + (1 - self._tint) * 255
            r, g, b = (int(v) for v in np.maximum(mix, 60 if behind < 0.3 else 130))
            fill = (r, g, b)
        height = height or self._size
        blocky = base.blocky and (2 if height > 15 else 1)
        return replace(base, fill=fill, height=max(height, 7.0) if blocky else height, blocky=blocky)

    def _write(self, words: str, x: int, y: int, height: float | None = None, center: bool = False) -> tuple[int, int]:
        """Writes one line at (x, y); returns its (wide, tall)."""
        room = round(len(words) * (height or self._size) * 0.5)
        lettering = self._lettering(self._behind(x - room // 2 if center else x, y, room, 8), height)
        drawn = lettering.draw(words)
        tall, wide = drawn[0].shape
        lettering.write(self.layer, x - wide // 2 if center else x, y, drawn)
        return wide - 6, tall - 5

    def _panel(self, x: int, y: int, wide: int, tall: int, ink: Ink | None = None) -> None:
        """A half-transparent or opaque plate, perhaps with a rim."""
        rng = self._rng
        dark = tuple(int(v) for v in rng.integers(0, 60, 3)) if rng.random() < 0.65 else self._ink()
        self.layer.plate(x, y, wide, tall, ink or dark, float(rng.uniform(0.35, 1.0)))
        if rng.random() < 0.4:
            self._rim(x, y, wide, tall, self._ink())

    def _rim(self, x: int, y: int, wide: int, tall: int, ink: Ink) -> None:
        cv2.rectangle(self.layer.rgba, (x, y), (x + wide - 1, y + tall - 1), (*ink, 255), 1)

    def _icon(self, name: str, x: int, y: int, side: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        colors = rng.integers(0, 256, (8, 3))
        self.layer.picture(x, y, coloured(DRAWINGS[name](rng), max(3, side), colors))

    def _drop_unseen(self) -> None:
        """Takes away what has nearly the colour of the world behind it: its truth could not be learnt."""
        world = self._backdrop * (1 - self.darkness)
        drawn = world.copy()
        self.layer.over(drawn)
        count, labels = cv2.connectedComponents(self.layer.seen().astype(np.uint8), connectivity=8)
        change = np.zeros(count, np.float32)
        np.maximum.at(change, np.asarray(labels, np.int64), np.abs(drawn - world).max(axis=2))
        self.layer.rgba[(change < SEEN_CHANGE)[labels] & (labels > 0)] = 0
