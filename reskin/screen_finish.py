"""The finish that is drawn on the painted picture itself: blocks of one colour (`pixel`), and few tones (`levels`).

After compose and before what is kept of the game comes back, at the window's own size, in place. Blocks are averages
and tones are joined by soft steps, so that a picture which hardly changes hardly changes here: the steepest step
makes `STEEPEST` levels of one. Costs nothing while both are 0. Knows nothing of what it spares.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numba import njit

from reskin.theme_model import Finish, Theme

SOFT = 0.5  # of the way from a tone to the next is a slope, the rest is flat
STEEPEST = 1.5 / SOFT  # of that slope
LARGEST_PX = 255  # of a block: the sum of so many bytes goes into 16 bits
CELL_PX = 4  # what is spared of few tones is known so finely
BLUR = 5  # screen pixels at 720 rows: tones are chosen by a mean of so many, or noise would fray their edges
BLUR_ROWS = 720
LOW_BYTE, EIGHT, SIXTEEN, OPAQUE = np.uint32(255), np.uint32(8), np.uint32(16), np.uint32(0xFF000000)  # stays 32-bit


def finish_screen(painted_u8: np.ndarray, finish: Finish, strength: float, spared: Sequence[np.ndarray] = ()) -> None:
    """Changes `painted_u8` (h, w, 4) BGRA in place, `strength` in [0, 1] of the way.

    `spared` are maps (rows, columns) float32 in [0, 1] of any size: where the picture stays as it was painted.
    """
    size_px = block_px(finish, len(painted_u8))
    if strength <= 0.0 or (size_px < 2 and finish.levels < 2):
        return
    steps = np.float32(max(0, finish.levels - 1))
    if size_px >= 2:
        _draw_blocks(painted_u8.view(np.uint32)[..., 0], painted_u8.reshape(len(painted_u8), -1), size_px, steps,
                     _mix(painted_u8, size_px, strength, spared))  # fmt: skip
        return
    side = 2 * int(BLUR * len(painted_u8) / BLUR_ROWS / 2) + 1
    light = cv2.blur(cv2.cvtColor(painted_u8, cv2.COLOR_BGRA2GRAY), (side, side))
    _draw_tones(painted_u8.view(np.uint32)[..., 0], light, steps, _mix(painted_u8, CELL_PX, strength, spared))


def needs_left(theme: Theme) -> bool:
    """Whether what the theme's materials leave to the game has to be among what is spared."""
    finish = theme.finish
    return (finish.pixel > 0 or finish.levels > 0) and bool((theme.style().strength < 1).any())


def block_px(finish: Finish, rows: int) -> int:
    """Side of a block in a picture of so many rows; below 2 there are none."""
    return min(LARGEST_PX, round(finish.pixel * rows))


def _mix(painted_u8: np.ndarray, size_px: int, strength: float, spared: Sequence[np.ndarray]) -> np.ndarray:
    """(rows, columns) float32: how much of the finish each block of the picture takes."""
    h, w = painted_u8.shape[:2]
    rows, columns = -(-h // size_px), -(-w // size_px)
    mix = np.full((rows, columns), strength, np.float32)
    for there in spared:
        mix *= 1 - cv2.resize(there, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return mix


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _tone(light, steps):
    """Luminance 0..255 to the tone it has among `steps` + 1, which lie evenly from black to white."""
    at = light * (steps * np.float32(1.0 / 255.0))
    low = np.floor(at)
    slope = (at - low - np.float32(0.5)) * np.float32(1.0 / SOFT) + np.float32(0.5)
    slope = min(np.float32(1.0), max(np.float32(0.0), slope))
    return (low + slope * slope * (np.float32(3.0) - np.float32(2.0) * slope)) * (np.float32(255.0) / steps)


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _byte(level):
    return np.uint32(np.int32(min(np.float32(255.0), max(np.float32(0.0), level + np.float32(0.5)))))


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _word(blue, green, red):
    return _byte(blue) | (_byte(green) << EIGHT) | (_byte(red) << SIXTEEN) | OPAQUE


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _channels(word):
    """Blue, green and red in 0..255."""
    return (
        np.float32(np.int32(word & LOW_BYTE)),
        np.float32(np.int32((word >> EIGHT) & LOW_BYTE)),
        np.float32(np.int32((word >> SIXTEEN) & LOW_BYTE)),
    )


@njit(cache=True, fastmath=True, error_model="numpy")
def _draw_blocks(words, channels, size, steps, mix):
    """A row of blocks at a time: summed down, then across, then drawn."""
    h, w = words.shape
    total, line = np.empty(4 * w, np.uint16), np.empty(w, np.uint32)
    for row in range(mix.shape[0]):
        top, bottom = row * size, min(h, row * size + size)
        total[:] = 0
        for y in range(top, bottom):
            for at in range(4 * w):
                i = np.uintp(at)
                total[i] = np.uint16(total[i] + channels[y, i])
        least = np.float32(1.0)
        for column in range(mix.shape[1]):
            left, right = column * size, min(w, column * size + size)
            blue = green = red = np.uint32(0)
            for x in range(np.uintp(4 * left), np.uintp(4 * right), np.uintp(4)):
                blue += np.uint32(total[x])
                green += np.uint32(total[x + np.uintp(1)])
                red += np.uint32(total[x + np.uintp(2)])
            share = np.float32(1.0) / np.float32((bottom - top) * (right - left))
            b, g, r = np.float32(blue) * share, np.float32(green) * share, np.float32(red) * share
            if steps > 0.0:
                light = np.float32(0.114) * b + np.float32(0.587) * g + np.float32(0.299) * r
                shift = _tone(light, steps) - light
                b, g, r = b + shift, g + shift, r + shift
            line[left:right] = _word(b, g, r)
            least = min(least, mix[row, column])
        if least >= 1.0:
            for y in range(top, bottom):
                words[y] = line
        else:
            for y in range(top, bottom):
                _draw_partly(words, y, line, mix[row], size)


@njit(cache=True, fastmath=True, error_model="numpy")
def _draw_partly(words, y, line, mix, size):
    for column in range(mix.shape[0]):
        share, left, right = mix[column], column * size, min(words.shape[1], column * size + size)
        if share >= 1.0:
            words[y, left:right] = line[left:right]
        elif share > 0.0:
            for x in range(left, right):
                b, g, r = _channels(words[y, x])
                block_b, block_g, block_r = _channels(line[x])
                words[y, x] = _word(b + share * (block_b - b), g + share * (block_g - g), r + share * (block_r - r))


@njit(cache=True, fastmath=True, error_model="numpy")
def _draw_tones(words, light, steps, mix):
    h, w = words.shape
    shares = np.empty(w + CELL_PX, np.float32)
    for y in range(h):
        if y % CELL_PX == 0:
            for column in range(mix.shape[1]):
                shares[column * CELL_PX : (column + 1) * CELL_PX] = mix[y // CELL_PX, column]
        for column in range(w):
            x = np.uintp(column)
            here = np.float32(light[y, x])
            shift = shares[x] * (_tone(here, steps) - here)
            b, g, r = _channels(words[y, x])
            words[y, x] = _word(b + shift, g + shift, r + shift)
