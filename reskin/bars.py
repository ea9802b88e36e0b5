"""Black bars round a picture of another shape, and black screens: no part of any world, so they stay as they are."""

from __future__ import annotations

from collections import deque

import numpy as np

NEAR_BLACK = np.uint32(0x00F8F8F8)  # bits of BGRA: a pixel with any of them has a channel of 8 of 255 or more
SAMPLE_PX = 8  # along a bar; across it every pixel counts
SURE_FRAMES = 24  # for so long a bar has been there: a dark sky's edge moves


class Bars:
    """One stream. `update` gives where the bars end; they shrink at once, and grow when they have stayed."""

    def __init__(self) -> None:
        self._recent: deque[np.ndarray] = deque(maxlen=SURE_FRAMES)
        self._size = (0, 0)

    def reset(self) -> None:
        self._recent.clear()

    def update(self, bgra_u8: np.ndarray) -> tuple[int, int, int, int]:
        """Pixels of bar at the top, the bottom, the left and the right of (h, w, 4); where all is black, h at the top.

        A stream's first frame is believed at once.
        """
        size = bgra_u8.shape[:2]
        if size != self._size:
            self._recent.clear()
            self._size = size
        now = black_bars(bgra_u8)
        if now[0] == size[0]:
            return size[0], 0, 0, 0  # nothing is there to be painted, now
        self._recent.append(now)
        top, bottom, left, right = np.min(self._recent, axis=0).tolist()
        return top, bottom, left, right


def black_bars(bgra_u8: np.ndarray) -> np.ndarray:
    """(4,) int of one frame (h, w, 4): rows at the top and the bottom, columns at the left and the right."""
    pixels = bgra_u8.view(np.uint32)[..., 0]
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    if all((edge[::SAMPLE_PX] & NEAR_BLACK).any() for edge in edges):  # nearly every game
        return np.zeros(4, int)
    rows = np.any(pixels[:, ::SAMPLE_PX] & NEAR_BLACK, axis=1)
    columns = np.any(pixels[::SAMPLE_PX] & NEAR_BLACK, axis=0)
    if not (rows.any() and columns.any()):
        return np.array([len(rows), 0, 0, 0])
    return np.array([rows.argmax(), rows[::-1].argmax(), columns.argmax(), columns[::-1].argmax()])


def keep_bars(bgra_u8: np.ndarray, bars: tuple[int, int, int, int], out: np.ndarray) -> None:
    """Puts the game's own bars back into `out`, (h, w, 4) uint8."""
    h, w = out.shape[:2]
    top, bottom, left, right = bars
    for part in (np.s_[:top], np.s_[h - bottom :], np.s_[:, :left], np.s_[:, w - right :]):
        out[part] = bgra_u8[part]
