"""Random HUDs: bars, hearts, digits, score rows, maps, hotbars, dialogues, quests, subtitles, menus, floating names.

One game's HUD keeps to a few inks and one or two letterings, and is drawn once for a clip: only names and damage follow
what they belong to. Text mostly stands straight on the world. Returns where it drew: the HUD is its own material.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.worlds.gbuffer import GBuffer
from engine.worlds.hud_words import HudWords
from engine.worlds.layer import Layer
from engine.worlds.lettering import short_text
from engine.worlds.nameplates import Nameplates

Rng = np.random.Generator

# A dialogue box is rare: where one HUD in eight had it, the Reader took any bright foreground of a side-scroller for
# one.
SHARES = {
    "text": 0.16, "bars": 0.14, "score_row": 0.07, "counter": 0.12, "ammo": 0.06, "gauge": 0.11, "minimap": 0.09,
    "hotbar": 0.08, "cross": 0.05, "compass": 0.02, "log": 0.03, "quest": 0.04, "prompt": 0.03, "subtitle": 0.03,
    "boss": 0.02, "box": 0.02,
}  # fmt: skip
WHOLE_SCREEN = {"menu": 0.02, "pause": 0.015, "title": 0.025}


class HudPainter(HudWords):
    """Draws the same random HUD on one frame or on each frame of a clip."""

    def __init__(self, rng: Rng, backdrop: np.ndarray) -> None:
        """`backdrop` is the first frame, (h, w, 3) float32 in [0, 1]: inks are chosen to be seen on it."""
        super().__init__(rng, backdrop)
        count = int(rng.choice([0, 1, 2, 3, 5, 8], p=[0.3, 0.17, 0.2, 0.17, 0.12, 0.04]))
        weights = np.array(list(SHARES.values()))
        kinds = [str(kind) for kind in rng.choice(list(SHARES), size=count, p=weights / weights.sum())]
        kinds += [kind for kind, share in WHOLE_SCREEN.items() if rng.random() < share]
        for kind in kinds:
            getattr(self, "_" + kind)()
        self._drop_unseen()
        self._names = Nameplates(rng, self._light, self._unit, self._ink()) if rng.random() < 0.1 else None

    def draw(self, rgb: np.ndarray, buffer: GBuffer | None = None) -> np.ndarray:
        """Draws into (h, w, 3) float32 `rgb`; returns the (h, w) bool mask of what belongs to the HUD.

        With the frame's G-buffer, floating names hang over its characters."""
        rgb *= 1 - self.darkness
        layer = self.layer
        if self._names and buffer is not None:
            layer = Layer(self.layer.size)
            self._names.hang(layer, buffer)
            layer.picture(0, 0, self.layer.rgba)
        layer.over(rgb)
        return layer.seen()

    def paused(self) -> HudPainter:
        """The same HUD with a menu or a word over it, as in a game that stands still."""
        return self.covered_by(str(self._rng.choice(["_menu", "_pause"])))

    def _text(self) -> None:
        rng = self._rng
        words = [short_text(rng) for _ in range(int(rng.choice([1, 1, 2, 4])))]
        tall = round(self._size * 1.3)
        wide = round(max(map(len, words)) * self._size * 0.62 * max(1.0, self._light.stretch))
        place = self._place(wide, tall * len(words), anywhere=rng.random() < 0.12)
        for i, line in enumerate(words):
            if place:
                self._write(line, place[0], place[1] + i * tall)

    def _bars(self) -> None:
        rng, unit = self._rng, self._unit
        wide, tall, count = round(rng.uniform(20, 90) * unit), round(rng.uniform(2, 8) * unit), int(rng.integers(1, 4))
        upright = rng.random() < 0.15
        box = (tall, wide) if upright else (wide, (tall + 2) * count)
        place = self._place(*box)
        if not place:
            return
        rim, empty, labelled = rng.random() < 0.5, float(rng.choice([0.3, 0.5, 1.0])), rng.random() < 0.25
        for i in range(1 if upright else count):
            x, y, part, ink = place[0], place[1] + i * (tall + 2), rng.uniform(0.15, 1.0), self._inks[i % 4]
            full_wide, full_tall = box[0], wide if upright else tall
            self.layer.plate(x, y, full_wide, full_tall, (20, 20, 20), empty)
            if upright:
                self.layer.plate(x, y + round(wide * (1 - part)), tall, round(wide * part), ink)
            else:
                self.layer.plate(x, y, round(wide * part), tall, ink)
                bright = tuple(min(255, v + 70) for v in ink)
                self.layer.plate(x, y, round(wide * part), max(1, tall // 3), bright, 0.6)
            if rim:
                self._rim(x - 1, y - 1, full_wide + 2, full_tall + 2, (235, 235, 235) if empty == 1.0 else (0, 0, 0))
            if labelled and not upright:
                self._write(short_text(rng), x + wide // 3, y - 4, max(3.6, tall))

    def _score_row(self) -> None:
        """Columns along the top: a label over a number, or both in a line."""
        rng, w = self._rng, self.layer.size[1]
        count, two = int(rng.integers(2, 6)), rng.random() < 0.5
        size = min(self._size, w / count / 5.5)
        tall = round(size * 1.3)
        if not self._claim(0, 0, w, tall * (2 if two else 1)):
            return
        if rng.random() < 0.2:
            self._panel(0, 0, w, tall * (2 if two else 1) + 4)
        for i in range(count):
            x = round(w * (i + 0.15) / count)
            self._write(short_text(rng).split(" ")[0][:8] if two else short_text(rng)[:9], x, 0, size)
            if two:
                self._write(f"{int(10 ** rng.uniform(0, 6)):06d}"[-int(rng.integers(1, 7)) :], x, tall, size)

    def _counter(self) -> None:
        """A row of hearts or stars, or one emblem with a number."""
        rng = self._rng
        side = round(rng.uniform(5, 13) * self._unit)
        count, name, seed = (
            int(rng.integers(2, 9)),
            str(rng.choice(["emblem", "emblem", "prop"])),
            int(rng.integers(1 << 30)),
        )
        row = rng.random() < 0.55
        place = self._place(count * (side + 1) if row else side + round(self._size * 3), side)
        if not place:
            return
        if row:
            for i in range(count):
                self._icon(name, place[0] + i * (side + 1), place[1], side, seed)
        else:
            self._icon(name, *place, side, seed)
            self._write(f"x{rng.integers(100)}", place[0] + side, place[1] + side // 2 - round(self._size * 0.7) - 3)

    def _ammo(self) -> None:
        rng, (h, w) = self._rng, self.layer.size
        big = self._size * rng.uniform(1.6, 2.6)
        x = w - round(big * 2.8) if rng.random() < 0.75 else 4
        y = h - round(big * 1.5)
        if not self._claim(x, y, round(big * 2.5), round(big * 1.5)):
            return
        wide, _ = self._write(str(rng.integers(0, 200)), x, y, big)
        self._write(f"/ {rng.integers(0, 400)}", x + wide, y + round(big * 0.5))

    def _gauge(self) -> None:
        """A speedometer: arcs, perhaps on a disc of glass, with a number or a needle; some are cut off by a corner."""
        rng, unit = self._rng, self._unit
        radius = round(rng.uniform(8, 24) * unit)
        place = self._place_cut_off(2 * radius) if rng.random() < 0.3 else self._place(2 * radius, 2 * radius)
        if not place:
            return
        center = (place[0] + radius, place[1] + radius)
        if rng.random() < 0.7:
            disc = np.zeros((2 * radius + 1, 2 * radius + 1), np.uint8)
            cv2.circle(disc, (radius, radius), radius, 255, -1, cv2.LINE_AA)
            opacity = rng.choice([rng.uniform(0.27, 0.45), rng.uniform(0.45, 1.0)])
            self.layer.cover(*place, disc, self._ink(), float(opacity))
        start, turn = rng.uniform(0, 360), rng.uniform(150, 360)
        width = int(rng.integers(2, 5))
        for part, ink in ((1.0, self._inks[0]), (rng.uniform(0.2, 0.9), self._inks[1])):
            span, color = (start, 0, turn * part), (*ink, 255)
            cv2.ellipse(self.layer.rgba, center, (radius - 1, radius - 1), *span, color, width, cv2.LINE_AA)
        if rng.random() < 0.4:
            a = rng.uniform(0, 6.28)
            tip = (round(center[0] + 0.8 * radius * np.cos(a)), round(center[1] + 0.8 * radius * np.sin(a)))
            cv2.line(self.layer.rgba, center, tip, (*self._ink(), 255), 1, cv2.LINE_AA)
        else:
            tall = max(4.0, radius * 0.7)
            self._write(f"{rng.integers(300):03d}", center[0], center[1] - round(tall * 0.65) - 3, tall, center=True)

    def _minimap(self) -> None:
        rng = self._rng
        side = round(rng.uniform(20, 46) * self._unit)
        place = self._place(side, side)
        if not place:
            return
        picture = np.zeros((side, side, 3), np.uint8)
        picture[:] = self._inks[0] if rng.random() < 0.5 else rng.integers(0, 90, 3)
        patch = rng.random((5, 5)).astype(np.float32)
        blocky = rng.random() < 0.4
        land = cv2.resize(patch, (side, side), interpolation=cv2.INTER_NEAREST if blocky else cv2.INTER_CUBIC)
        picture[land > 0.55] = self._inks[1]
        for _ in range(int(rng.integers(0, 4))):
            ends = rng.integers(0, side, (2, 2)).tolist()
            cv2.line(picture, ends[0], ends[1], self._inks[2], 1, cv2.LINE_AA)
        for _ in range(int(rng.integers(1, 7))):
            cv2.circle(picture, rng.integers(2, side - 2, 2).tolist(), 1, self._any_ink(), -1)
        shape = np.zeros((side, side), np.uint8)
        round_map = rng.random() < 0.5
        if round_map:
            cv2.circle(shape, (side // 2, side // 2), side // 2 - 1, 255, -1, cv2.LINE_AA)
        else:
            shape[:] = 255
        cover = shape[..., None] * np.float32(rng.choice([1.0, 0.7]) / 255)
        self.layer.picture(*place, np.concatenate([picture * cover, 255 * cover], axis=2))
        if rng.random() < 0.7:
            ink = (*self._ink(), 255)
            if round_map:
                middle = (place[0] + side // 2, place[1] + side // 2)
                cv2.circle(self.layer.rgba, middle, side // 2 - 1, ink, 1, cv2.LINE_AA)
            else:
                self._rim(*place, side, side, ink[:3])

    def _hotbar(self) -> None:
        rng, (h, w) = self._rng, self.layer.size
        slots, side = int(rng.integers(3, 11)), round(rng.uniform(9, 19) * self._unit)
        upright, gap = rng.random() < 0.12, int(rng.choice([0, 1, 3]))
        pitch = side + gap
        long = slots * pitch
        x, y = (w - side - 2, (h - long) // 2) if upright else ((w - long) // 2, h - side - int(rng.integers(1, 8)))
        x = x if rng.random() < 0.8 else 4
        if not self._claim(x, y, side if upright else long, long if upright else side):
            return
        ink, chosen, opacity = self._ink(), int(rng.integers(slots)), float(rng.uniform(0.25, 1.0))
        for slot in range(slots):
            left, top = (x, y + slot * pitch) if upright else (x + slot * pitch, y)
            self.layer.plate(left, top, side, side, (40, 40, 40), opacity)
            self._rim(left, top, side, side, (255, 255, 255) if slot == chosen else ink)
            if rng.random() < 0.65:
                name = str(rng.choice(["prop", "emblem", "lamp", "boulder"]))
                self._icon(name, left + 2, top + 2, side - 4, int(rng.integers(1 << 30)))
                if rng.random() < 0.4:
                    self._write(str(rng.integers(2, 65)), left + side // 2 - 4, top + side // 2 - 4, 4.5 * self._unit)

    def _cross(self) -> None:
        rng, (h, w) = self._rng, self.layer.size
        ink = (*((255, 255, 255) if rng.random() < 0.6 else self._ink()), 255)
        cx, cy, reach, gap = w // 2, h // 2, round(rng.uniform(2, 8) * self._unit), int(rng.choice([0, 1, 3]))
        kind = str(rng.choice(["plus", "dot", "ring", "scope"], p=[0.55, 0.15, 0.2, 0.1]))
        if kind in ("plus", "scope"):
            reach *= 3 if kind == "scope" else 1
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                near, far = (cx + dx * gap, cy + dy * gap), (cx + dx * (reach + gap), cy + dy * (reach + gap))
                cv2.line(self.layer.rgba, near, far, ink, 1)
        if kind == "dot":
            cv2.circle(self.layer.rgba, (cx, cy), 1, ink, -1)
        if kind in ("ring", "scope"):
            cv2.circle(self.layer.rgba, (cx, cy), max(3, reach), ink, 1, cv2.LINE_AA)

    def _compass(self) -> None:
        w = self.layer.size[1]
        step = int(self._rng.integers(8, 22))
        if not self._claim(w // 4, 0, w // 2, 12):
            return
        for x in range(w // 4, w * 3 // 4, step):
            if (x // step) % 3:
                self.layer.plate(x, 4, 1, 4, (255, 255, 255), 0.8)
            else:
                self._write(str(self._rng.choice(["N", "E", "S", "W", "NE", "300"])), x, 0, center=True)
