"""Text as games draw it: smooth or blocky, plain, outlined, shadowed or soft. Drawn large, then brought down.

The letters are those that OpenCV carries and those of `pixel_fonts.py`; weight, width, slant and edge make many of a
few. Knows nothing of places.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from engine.worlds.layer import Ink, Layer
from engine.worlds.pixel_fonts import FONTS, ROWS, SEGMENT_SIGNS, pixel_text, segment_text

Rng = np.random.Generator
LARGE_PX = 32  # the size that letters are drawn at first
BITMAP_SHARE, SEGMENT_SHARE = 0.65, 0.12  # of the games with blocky letters; of all games
WORDS = """
    Score Lives Level Time Health Mana Coins Gold Stage World Speed Lap Best Ammo Quest Find the key to open gate
    Talk with old king and return Press Start Continue Options Save Load Quit Game Map Items Skills Attack Magic Run
    Hold Use Enter Exit You have been here before Let us go now Where is my sword Never trust a dragon Kill wolves
    Collect wood Reach north tower Danger ahead Player Enemy Boss Knight Goblin Fox Chest Potion Iron Stone Fuel
    Shield Power Ready New Pause Resume Settings Sound Video Back Yes No Round Wave Combo Bonus Perfect Checkpoint
    Loading Autosave
""".split()  # noqa: SIM905 - a hundred quotes would say no more


@cache
def _face(name: str) -> cv2.FontFace:
    return cv2.FontFace(name)


@dataclass(frozen=True, kw_only=True)
class Lettering:
    """How one game writes; lengths in pixels of the frame."""

    face: str  # one that OpenCV knows, or of FONTS
    weight: int  # 200 thin, 900 black
    height: float  # of a capital with its room above and below
    stretch: float
    slant: float
    blocky: int  # 0 smooth; else the size of the font's own pixels
    upper: bool
    fill: Ink
    edge: Ink
    outline: float
    shadow: tuple[int, int]
    blur: float  # how soft the outline or shadow is
    segments: int  # 0: digits are the face's; else how strong the bars of seven segments are, of LARGE_PX

    def draw(self, words: str) -> tuple[np.ndarray, np.ndarray]:
        """(h, w) uint8 coverages: the letters, and what lies under them as outline or shadow."""
        words = words.upper() if self.upper else words
        in_segments = self.segments > 0 and SEGMENT_SIGNS.issuperset(words) and not words.isspace()
        if self.face in FONTS and not in_segments:
            return self._edged(pixel_text(words, self.face, max(1, round(self.height * 0.72 / ROWS[self.face]))))
        blocky = 0 if in_segments else self.blocky
        drawn_px = max(7, round(self.height / blocky)) if blocky else LARGE_PX
        letters = self._in_segments(words) if in_segments else self._in_face(words, drawn_px)
        if blocky:
            letters = (letters > 110).astype(np.uint8) * 255
            size_px, how = (letters.shape[1] * blocky, letters.shape[0] * blocky), cv2.INTER_NEAREST
        else:
            if self.slant:
                lean = np.array([[1, -self.slant, self.slant * drawn_px], [0, 1, 0]], np.float32)
                letters = cv2.warpAffine(letters, lean, (letters.shape[1] + round(self.slant * drawn_px),
                                                         letters.shape[0]))  # fmt: skip
            scale = self.height / drawn_px
            size_px = (max(1, round(letters.shape[1] * scale * self.stretch)), max(1, round(letters.shape[0] * scale)))
            how = cv2.INTER_AREA
        return self._edged(cv2.resize(letters, size_px, interpolation=how))

    def _in_face(self, words: str, drawn_px: int) -> np.ndarray:
        """(h, w) uint8, as OpenCV draws them."""
        _, _, wide, _ = cv2.getTextSize((0, 0), words, (0, 0), _face(self.face), drawn_px, self.weight)
        letters: np.ndarray = np.zeros((round(drawn_px * 1.3), round(wide * 1.05) + drawn_px // 2), np.uint8)
        cv2.putText(letters, words, (drawn_px // 6, drawn_px), 255, _face(self.face), drawn_px, self.weight)
        return letters

    def _in_segments(self, words: str) -> np.ndarray:
        """(h, w) uint8, with the room above and below that letters have."""
        rim = LARGE_PX // 5
        return np.pad(segment_text(words, LARGE_PX - rim, self.segments), rim)

    def _edged(self, letters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The letters with room about them, and what lies under them."""
        fill = cv2.copyMakeBorder(letters, 3, 3, 3, 3, cv2.BORDER_CONSTANT)
        under = np.zeros_like(fill)
        if self.outline:
            reach = 3 if self.outline < 1.5 else 5
            under = cv2.dilate(fill, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
            under = cv2.convertScaleAbs(under, alpha=min(1.0, self.outline))
        if self.shadow != (0, 0):
            under = np.maximum(under, np.roll(fill, self.shadow[::-1], (0, 1)))
        if self.blur:
            under = cv2.GaussianBlur(under, (0, 0), self.blur)
        return fill, under

    def write(self, layer: Layer, x: int, y: int, drawn: tuple[np.ndarray, np.ndarray]) -> None:
        """Lays what `draw` gave with its corner at (x, y)."""
        layer.cover(x, y, drawn[1], self.edge)
        layer.cover(x, y, drawn[0], self.fill)


def random_lettering(rng: Rng, height: float, fill: Ink) -> Lettering:
    """A light fill mostly has a dark edge, and the other way round."""
    kind = str(rng.choice(["plain", "outline", "shadow", "soft"], p=[0.4, 0.25, 0.25, 0.1]))
    light = sum(fill) > 380
    dark = tuple(int(v) for v in rng.integers(0, 50, 3)) if rng.random() < 0.4 else (0, 0, 0)
    pixels = rng.random() < 0.25
    face = str(rng.choice(["sans", "italic", "uni"], p=[0.5, 0.12, 0.38]))
    widths = (rng.uniform(0.8, 1.3), rng.uniform(0.5, 0.72), rng.uniform(1.4, 1.9))  # usual, condensed, wide
    return Lettering(
        face=str(rng.choice(list(FONTS))) if pixels and rng.random() < BITMAP_SHARE else face,
        weight=int(rng.choice([250, 400, 600, 900])),
        height=max(height, 7.0) if pixels else height,
        stretch=float(rng.choice(widths, p=[0.64, 0.18, 0.18])),
        slant=float(rng.choice([0.0, rng.uniform(-0.1, 0.3)], p=[0.8, 0.2])),
        blocky=(2 if height >= 14 else 1) if pixels else 0,
        upper=bool(rng.random() < 0.4),
        fill=fill,
        edge=dark if light else (255, 255, 255),
        outline=float(rng.uniform(0.6, 1.0) if height < 12 else rng.uniform(0.6, 2.0)) if kind == "outline" else 0.0,
        shadow=(int(rng.integers(0, 2)), 1) if kind == "shadow" else (0, 0),
        blur=float(rng.uniform(0.6, 1.4)) if kind == "soft" else 0.0,
        segments=int(rng.integers(3, 7)) if rng.random() < SEGMENT_SHARE else 0,
    )


def sentence(rng: Rng, letters: int) -> str:
    """Words up to about so many letters."""
    out = ""
    while len(out) < letters:
        out += (" " if out else "") + str(rng.choice(WORDS)).lower()
    return out[:1].upper() + out[1:]


def short_text(rng: Rng) -> str:
    """What stands alone on a HUD: a word, a number, a time, a count."""
    number = int(10 ** rng.uniform(0, 6))
    word = str(rng.choice(WORDS)).capitalize()
    forms = (
        word, f"{word} {number % 100}", f"{number}", f"{number:06d}", f"x{number % 100}", f"{word}: {number}",
        f"{number % 100:02d}:{number // 7 % 60:02d}", f"{number % 60}:{number // 3 % 60:02d}.{number // 11 % 100:02d}",
        f"{number % 101}%", f"{number % 300} / {300}", f"{number % 300:03d}", f"{number % 300} km/h",
        f"FPS {number % 144}.{number % 10} / {number % 60} ms", f"{number % 8 + 1}/8", f"+{number % 1000}",
    )  # fmt: skip
    return forms[int(rng.integers(len(forms)))]
