"""Puts the game's own picture back: kept regions whole, HUD and text shape by shape.

With a HUD and text no rectangle of their background comes along: inside the kept cells the HUD's own shapes, and what
differs in colour from the background behind them, become the game's own. The rest keeps the theme's colours; only
where they would take the contrast from the letters does their brightness move back towards the game's. One compiled
pass, over the kept cells alone. Knows nothing of how they were found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

CONTRAST = 95.0  # of 255, between letters and what lies behind them, if the game itself had so much
SOFT = 30.0  # of 255: from a colour that may be the background's to one that is not


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is kept of a frame. By cell, (rows, columns) float32: spread over the frame and blended into each other.

    `shapes` is (h, w) uint8 of the frame's size: 255 where a letter or a line of the HUD is known to be.
    """

    hud: np.ndarray  # in [0, 1]: how much of the game's own colours
    text: np.ndarray  # in [0, 1]: how much of the game's own contrast
    ink: np.ndarray  # 0..255: brightness of what stands on the background
    side: np.ndarray  # 1 where that is lighter than the background, -1 where darker, 0: all brightness as the game's
    plain: np.ndarray  # 0..255: a channel's distance from the background up to which it is that
    background: np.ndarray  # (rows, columns, 3) BGR in 0..255 that the game has behind it
    shapes: np.ndarray

    @classmethod
    def nothing(cls, frame: tuple[int, ...], cells: tuple[int, ...]) -> Kept:
        """Of a frame (h, w, ...), with cells (rows, columns)."""
        none = np.zeros(cells, np.float32)
        ground = np.zeros((*cells, 3), np.float32)
        return cls(hud=none, text=none, ink=none, side=none, plain=none, background=ground,
                   shapes=np.zeros(frame[:2], np.uint8))  # fmt: skip

    def planes(self) -> np.ndarray:
        """(rows, columns, 8), in the order of `_blend`."""
        maps = (self.hud, self.text, self.ink, self.side, self.plain)
        return np.ascontiguousarray(np.concatenate([np.stack(maps, axis=2), self.background], axis=2), np.float32)


def blend_kept(bgra_u8: np.ndarray, kept: Kept, out: np.ndarray) -> None:
    """Changes `out` (h, w, 4) uint8, the painted `bgra_u8`, in place."""
    _blend(bgra_u8, kept.planes(), kept.shapes, out)


def keep_regions(bgra_u8: np.ndarray, regions: tuple[tuple[float, float, float, float], ...], out: np.ndarray) -> None:
    """Puts the game's own pixels back, bit for bit. x y w h as fractions of the picture."""
    h, w = bgra_u8.shape[:2]
    for x, y, wide, tall in regions:
        rows = slice(round(y * h), round((y + tall) * h))
        columns = slice(round(x * w), round((x + wide) * w))
        out[rows, columns] = bgra_u8[rows, columns]


@njit(cache=True, fastmath=True, error_model="numpy")
def _blend(pixels, planes, shapes, out):
    height, width, _ = pixels.shape
    rows, columns, count = planes.shape
    tall, wide = np.float32(rows / height), np.float32(columns / width)
    zero, one, half, top = np.float32(0.0), np.float32(1.0), np.float32(0.5), np.float32(255.0)
    row, here = np.zeros((columns + 1, count), np.float32), np.empty(count, np.float32)
    mixed = np.empty(3, np.float32)
    for y in range(height):
        at = min(np.float32(rows - 1), max(zero, (np.float32(y) + half) * tall - half))
        upper = int(at)
        lower = min(rows - 1, upper + 1)
        part = at - np.float32(upper)
        some = zero
        for x in range(columns):
            for m in range(2):
                some = max(some, max(planes[upper, x, m], planes[lower, x, m]))
        if some <= zero:
            continue
        for x in range(columns + 1):
            cell = min(columns - 1, x)
            for m in range(count):
                row[x, m] = planes[upper, cell, m] + part * (planes[lower, cell, m] - planes[upper, cell, m])
        x = 0
        while x < width:
            across = min(np.float32(columns - 1), max(zero, (np.float32(x) + half) * wide - half))
            left = int(across)
            if row[left, 0] + row[left, 1] + row[left + 1, 0] + row[left + 1, 1] <= zero:
                x = max(x + 1, int((np.float32(left + 1) + half) / wide - half))  # the last before the next cell
                continue
            share = across - np.float32(left)
            kept = row[left, 0] + share * (row[left + 1, 0] - row[left, 0])
            lit = row[left, 1] + share * (row[left + 1, 1] - row[left, 1])
            for m in range(2, count):
                here[m] = row[left, m] + share * (row[left + 1, m] - row[left, m])
            far = zero
            for c in range(3):
                far = max(far, abs(np.float32(pixels[y, x, c]) - here[5 + c]))
            own = min(one, max(zero, (far - here[4]) * np.float32(1.0 / SOFT)))
            own = kept * max(own, np.float32(shapes[y, x]) / top)
            game, painted = _luma(pixels, y, x), _luma(out, y, x)
            if abs(here[3]) < half:
                wanted = game
            elif here[3] > zero:
                wanted = min(painted, max(game, here[2] - np.float32(CONTRAST)))
            else:
                wanted = max(painted, min(game, here[2] + np.float32(CONTRAST)))
            shift = (one - own) * lit * (wanted - painted)
            least, most = top, zero
            for c in range(3):
                level = np.float32(out[y, x, c])
                mixed[c] = level + own * (np.float32(pixels[y, x, c]) - level) + shift
                least, most = min(least, mixed[c]), max(most, mixed[c])
            if least < zero or most > top:  # clipped, it would be of another brightness: paler instead
                gray = painted + own * (game - painted) + shift
                pure = min(gray / max(gray - least, one), (top - gray) / max(most - gray, one), one)
                for c in range(3):
                    mixed[c] = gray + pure * (mixed[c] - gray)
            for c in range(3):
                out[y, x, c] = np.uint8(min(top, max(zero, mixed[c] + half)))
            x += 1


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _luma(pixels, y, x):
    blue, green, red = np.float32(pixels[y, x, 0]), np.float32(pixels[y, x, 1]), np.float32(pixels[y, x, 2])
    return np.float32(0.114) * blue + np.float32(0.587) * green + np.float32(0.299) * red
