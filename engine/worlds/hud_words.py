"""What a HUD says in sentences: chat, quests, prompts, subtitles, a boss's name, dialogues, menus, titles.

Each method draws one such item at a free place of the canvas, or nothing where there is none.
"""

from __future__ import annotations

from engine.worlds.hud_canvas import HudCanvas
from engine.worlds.lettering import sentence, short_text


class HudWords(HudCanvas):
    def _log(self) -> None:
        """Chat or a log: small lines in a corner, some in other inks."""
        rng, h = self._rng, self.layer.size[0]
        size = min(max(3.6, self._size * 0.8), 6 * self._unit)
        lines = [sentence(rng, int(rng.integers(8, 34))) for _ in range(int(rng.integers(2, 7)))]
        tall = round(size * 1.25)
        x, y = 2, h - tall * len(lines) - int(rng.integers(2, 30))
        if not self._claim(x, y, round(size * 15), tall * len(lines)):
            return
        if rng.random() < 0.3:
            self._panel(0, y, round(size * 15), tall * len(lines))
        for i, line in enumerate(lines):
            self._write(line, x, y + i * tall - 3, size)

    def _quest(self) -> None:
        """A title and a few aims at one side."""
        rng, (h, w) = self._rng, self.layer.size
        size = min(max(3.6, self._size * 0.85), 7 * self._unit)
        lines = [f"- {sentence(rng, int(rng.integers(8, 20)))}" for _ in range(int(rng.integers(1, 4)))]
        wide, tall = round(size * 11), round(size * 1.3)
        x = w - wide - 2 if rng.random() < 0.7 else 3
        y = int(rng.integers(h // 6, h // 2))
        if not self._claim(x, y, wide, tall * (len(lines) + 1)):
            return
        if rng.random() < 0.25:
            self._panel(x - 2, y, wide, tall * (len(lines) + 1) + 3)
        self._write(sentence(rng, 8), x, y, size * 1.15)
        for i, line in enumerate(lines):
            self._write(line, x, y + (i + 1) * tall, size)

    def _prompt(self) -> None:
        """A key and what it does, near the middle."""
        rng, (h, w) = self._rng, self.layer.size
        x, y = w // 2 - 12, round(h * rng.uniform(0.55, 0.8))
        side = round(self._size * 1.4)
        if not self._claim(x - side, y, 4 * side, side):
            return
        self.layer.plate(x - side, y, side, side, self._ink())
        self._write(str(rng.choice(list("EFQRXABY"))), x - side // 2, y - 3, center=True)
        self._write(sentence(rng, 4), x + 2, y - 3)

    def _subtitle(self) -> None:
        rng, (h, w) = self._rng, self.layer.size
        lines = [sentence(rng, int(rng.integers(14, 44))) for _ in range(int(rng.choice([1, 2])))]
        size = min(self._size, 8 * self._unit)
        y = h - round(size * (len(lines) * 1.35 + rng.uniform(0.3, 2)))
        if not self._claim(w // 8, y, w * 3 // 4, h - y):
            return
        if rng.random() < 0.3:
            self.layer.plate(w // 8, y, w * 3 // 4, round(size * 1.4 * len(lines)), (0, 0, 0), 0.6)
        for i, line in enumerate(lines):
            self._write(line, w // 2, y + round(i * size * 1.3) - 3, size, center=True)

    def _boss(self) -> None:
        rng, (h, w) = self._rng, self.layer.size
        wide, tall = round(w * rng.uniform(0.35, 0.7)), round(rng.uniform(2, 6) * self._unit)
        x, y = (w - wide) // 2, round(h * (0.9 if rng.random() < 0.5 else 0.1))
        if not self._claim(x, y, wide, tall):
            return
        self.layer.plate(x, y, wide, tall, (15, 15, 15), 0.8)
        self.layer.plate(x, y, round(wide * rng.uniform(0.2, 1)), tall, self._ink())
        self._write(sentence(rng, 6), w // 2, y - round(self._size * 1.4), center=True)

    def _box(self) -> None:
        """A dialogue: plate, lines of text, perhaps who speaks."""
        rng, (h, w) = self._rng, self.layer.size
        size = min(self._size, 9 * self._unit)
        count = int(rng.integers(1, 4))
        wide, tall = round(w * rng.uniform(0.45, 0.95)), round(size * 1.35 * count) + 6
        x, y = (w - wide) // 2, (h - tall - 4 if rng.random() < 0.7 else 4)
        if not self._claim(x, y, wide, tall):
            return
        self._panel(x, y, wide, tall)
        left = x + 4
        if rng.random() < 0.4:
            side = min(tall - 4, wide // 4)
            self._icon("character", left, y + 2, side, int(rng.integers(1 << 30)))
            left += side + 2
        for line in range(count):
            words = sentence(rng, max(4, int((x + wide - left) / size * 1.4)))
            self._write(words[: int((x + wide - left - 4) / size * 1.9)], left, y + round(line * size * 1.35), size)

    def _menu(self) -> None:
        """Entries in a column over the world, which is darkened or not."""
        rng, (h, w) = self._rng, self.layer.size
        self.darkness = float(rng.choice([0.0, rng.uniform(0.2, 0.6)]))
        entries = [sentence(rng, int(rng.integers(3, 10))) for _ in range(int(rng.integers(3, 7)))]
        size = min(12 * self._unit, h * 0.7 / len(entries))
        x, y = (w // 2, round(h * 0.25)) if rng.random() < 0.6 else (round(w * 0.2), round(h * 0.3))
        pitch = round(size * rng.uniform(1.2, 1.6))
        if rng.random() < 0.5:
            self._panel(x - w // 6, y - 4, w // 3, pitch * len(entries) + 8)
        self._write(sentence(rng, 5), x, max(0, y - round(size * 2.4)), size * 1.6, center=True)
        for i, words in enumerate(entries):
            self._write(words, x, y + i * pitch, size, center=True)

    def _pause(self) -> None:
        rng, (h, w) = self._rng, self.layer.size
        self.darkness = rng.uniform(0.1, 0.6)
        words = str(rng.choice(["Paused", "Pause", "Game over", "Loading...", "Press start", "You died"]))
        self._write(words, w // 2, round(h * 0.38), rng.uniform(10, 24) * self._unit, center=True)

    def _title(self) -> None:
        """Large words across the picture: a level's name, a countdown, a win."""
        rng, (h, w) = self._rng, self.layer.size
        words = str(rng.choice(["3", "2", "1", "Go!", "Ready?", "Victory", sentence(rng, 6), short_text(rng)]))
        self._write(words, w // 2, round(h * rng.uniform(0.1, 0.5)), rng.uniform(10, 26) * self._unit, center=True)
