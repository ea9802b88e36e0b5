"""Streams of frames with HUD text whose place is known: the demo with messages at eight sizes, and the clips' own HUDs.

The demo's lines are drawn over its moving world in two fonts, bare, outlined or on a plate, and one in four counts up.
What a clip's counters say is not written down: there the untouched frame's reading is the measure. For hud_reading.py.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from reskin.demo.hud import DARK, FONT, WHITE
from reskin.video import VideoReader
from tools.theme_frames import DEMO_STEP_S

SIZE = (720, 1280)  # (h, w) of the demo's frames
WORLD = (480, 854)  # as the demo game draws it, before it is enlarged
TALL_PX = (9, 11, 13, 16, 20, 25, 32, 40)  # of a capital letter: eight sizes
COUNTS_EVERY = 10  # frames, between two values of a score
Pixels = tuple[int, int, int, int]  # x, y, w, h


@dataclass(frozen=True)
class Line:
    box: Pixels  # tight round the letters
    text: str | None = None  # None: a counter of a clip, which says something else in every other frame


@dataclass(frozen=True)
class Stream:
    """`frames` gives (h, w, 4) BGRA and the lines in it, from the start."""

    name: str
    still: tuple[Pixels, ...]  # parts of the HUD that never change
    frames: Callable[[], Iterator[tuple[np.ndarray, tuple[Line, ...]]]]


def streams(footage: Path) -> list[Stream]:
    """The demo's two levels, then the clips that are there."""
    found = [Stream(f"demo {level}", (), partial(_demo, level)) for level in ("hills", "scroller")]
    for name, lines in CLIP_LINES.items():
        clip = footage / f"{name}.mp4"
        if clip.exists():
            found.append(Stream(name, CLIP_STILL[name], partial(_clip, clip, lines)))
    return found


CLIP_LINES = {
    "supertux": (Line((568, 30, 67, 6), "FPS min / avg / max"), Line((580, 38, 56, 6))),
    "extremetuxracer": (Line((594, 344, 36, 16)),),
}


CLIP_STILL: dict[str, tuple[Pixels, ...]] = {
    "supertux": ((568, 30, 67, 6),),
    "extremetuxracer": ((612, 240, 20, 40), (578, 320, 60, 16)),  # the energy bar's frame, the gauge's upper half
}


def _clip(clip: Path, lines: tuple[Line, ...]) -> Iterator[tuple[np.ndarray, tuple[Line, ...]]]:
    with VideoReader(clip) as reader:
        for frame in reader:
            yield frame.bgra_u8.copy(), lines


def _demo(level: str) -> Iterator[tuple[np.ndarray, tuple[Line, ...]]]:
    from reskin.demo.plays import LEVELS

    play = LEVELS[level]()
    idle: dict[int, bool] = defaultdict(bool)
    columns = np.zeros(WORLD[::-1], np.uint32)
    number = 0
    while True:
        play.step(idle, DEMO_STEP_S)
        play.paint(columns)
        small = cv2.transpose(columns.view(np.uint8).reshape(*WORLD[::-1], 4))
        bgra_u8 = cv2.resize(small, SIZE[::-1], interpolation=cv2.INTER_LINEAR)
        play.hud(bgra_u8)
        yield bgra_u8, tuple(_draw_lines(bgra_u8, number // COUNTS_EVERY))
        number += 1


LEFT = ("Press F to open the gate", "SCORE {:07d}", "Quest: find the old mill", "LEVEL 12  Stonebridge",
        "Ammo {:03d} / 240", "Wood 35  Iron 8", "Checkpoint reached", "x {:03d}")  # fmt: skip
RIGHT = ("Archer: Watch the ridge!", "Gold {:05d}  Gems 17", "New item: Rusty Sword", "[Space] Jump  [E] Use",
         "Time 02:4{:01d}", "Lives x3", "Objective complete", "LAP 2/3")  # fmt: skip


def _draw_lines(bgra_u8: np.ndarray, count: int) -> Iterator[Line]:
    """Eight sizes in the left column with OpenCV's strokes, eight in the right with a game's usual sans-serif font."""
    for column, texts in ((0, LEFT), (1, RIGHT)):
        y = 120
        for i, (text, tall) in enumerate(zip(texts, TALL_PX, strict=True)):
            said = text.format((4821 + 37 * count) % (10 if ":01d" in text else 100 if ":03d" in text else 99999))
            ink = _stroked(said, tall) if column == 0 else _lettered(said, tall)
            x = 40 if column == 0 else SIZE[1] - 60 - ink.shape[1]
            _stamp(bgra_u8, ink, x, y, ("outline", "plate", "bare")[(i + column) % 3])
            rows, columns = np.flatnonzero(ink.max(axis=1) > 96), np.flatnonzero(ink.max(axis=0) > 96)
            box = (x + int(columns[0]), y + int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
            yield Line(box, said)
            y += round(tall * 1.9) + 22


def _stroked(text: str, tall: int) -> np.ndarray:
    """(h, w) uint8 coverage."""
    scale, thick = tall / 22, max(1, round(tall / 14))
    (w, h), base = cv2.getTextSize(text, FONT, scale, thick)
    ink = np.zeros((h + base + 4, w + 4), np.uint8)
    cv2.putText(ink, text, (2, h + 2), FONT, scale, 255, thick, cv2.LINE_AA)
    return ink


def _lettered(text: str, tall: int) -> np.ndarray:
    """(h, w) uint8 coverage."""
    import pygame.font
    import pygame.surfarray

    pygame.font.init()
    surface = pygame.font.Font(None, round(tall * 1.45)).render(text, True, (255, 255, 255))
    return np.ascontiguousarray(pygame.surfarray.array_alpha(surface).T)


def _stamp(bgra_u8: np.ndarray, ink: np.ndarray, x: int, y: int, way: str) -> None:
    """White letters with a dark outline, on a dark half-transparent plate, or with the demo's shadow of one pixel."""
    pad = max(4, ink.shape[0] // 4)
    h, w = ink.shape
    part = bgra_u8[y - pad : y + h + pad, x - pad : x + w + pad, :3]
    if way == "plate":
        part[:] = 0.45 * part + 0.55 * 24
    wide = np.pad(ink, pad)
    if way == "outline":
        side = 2 * math.ceil(h / 26) + 1
        shadow = cv2.dilate(wide, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    else:
        shadow = np.roll(wide, 1, axis=(0, 1))
    for coverage, color in ((shadow, DARK), (wide, WHITE)):
        share = coverage[..., None].astype(np.float32) / 255
        part[:] = (part + share * (np.array(color, np.float32) - part) + 0.5).astype(np.uint8)
