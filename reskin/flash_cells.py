"""What the flash limiter's rules say of each cell by itself: its light, and whether that turned. Compiled.

Two rows in every array: general, by relative luminance, and red, by R - G - B, not below 0, in linear light. Thresholds
as in WCAG 2.0, 2.3.1, and ITU-R BT.1702, with a margin. WCAG 2.2 asks of a red flash how far its colours lie apart
instead (0.2 in u'v'), which dark reds too are from all else: theirs count as much as the least bright red that flashes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

GENERAL, RED = 0, 1
_MARGIN = 0.9  # for what the grid cannot see: a cell is one pixel, and a blend is rounded to bytes
_CHANGE = _MARGIN * np.array([0.10, 20 / 320], np.float32)
_DARKER = np.array([0.80, np.inf], np.float32) / _MARGIN  # red has no such bound
_SATURATED = np.float32(_MARGIN * 0.8)


def _linear() -> np.ndarray:
    """(256,) float32: sRGB's bytes as linear light."""
    code = np.arange(256) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


_LINEAR = _linear()
_BLUE, _GREEN, _RED = np.float32(0.0722), np.float32(0.7152), np.float32(0.2126)  # of relative luminance
_LOW_BYTE, _EIGHT, _SIXTEEN = np.uint32(255), np.uint32(8), np.uint32(16)
_ZERO = np.float32(0)
_LEAST_RED, _DARK_RED = np.float32(20 / 320), np.float32(0.009)  # a byte of 24; darker, nobody sees a colour


@njit(cache=True, error_model="numpy")
def light_of(pixels):
    """Of (n,) uint32 BGRA: the measures (2, n) float32, and which are eligible (2, n) bool."""
    measure = np.empty((2, len(pixels)), np.float32)
    eligible = np.ones((2, len(pixels)), np.bool_)
    for n in range(len(pixels)):
        bgra = pixels[n]
        blue, green = _LINEAR[bgra & _LOW_BYTE], _LINEAR[(bgra >> _EIGHT) & _LOW_BYTE]
        red = _LINEAR[(bgra >> _SIXTEEN) & _LOW_BYTE]
        measure[GENERAL, n] = _BLUE * blue + _GREEN * green + _RED * red
        excess = max(red - green - blue, _ZERO)
        measure[RED, n] = max(excess, min(_LEAST_RED, excess * (_LEAST_RED / _DARK_RED)))
        eligible[RED, n] = red >= _SATURATED * (red + green + blue)
    return measure, eligible


@njit(cache=True, error_model="numpy")
def turned(measure, eligible, low, high, was_eligible, may_rise, may_fall):
    """(2, n) bool each: where the measure rose since its last turning point, and where it fell."""
    rose, fell = np.empty_like(eligible), np.empty_like(eligible)
    for kind in range(2):
        change, darker = _CHANGE[kind], _DARKER[kind]
        for n in range(measure.shape[1]):
            now, least, most = measure[kind, n], low[kind, n], high[kind, n]
            counts = eligible[kind, n] | was_eligible[kind, n]
            rose[kind, n] = (now - least >= change) & (least < darker) & may_rise[kind, n] & counts
            fell[kind, n] = (most - now >= change) & (now < darker) & may_fall[kind, n] & counts
    return rose, fell


@njit(cache=True, error_model="numpy")
def follow(measure, eligible, rose, fell, low, high, was_eligible, may_rise, may_fall):
    """Changes the last five in place: a cell that turned begins anew from here."""
    for kind in range(2):
        for n in range(measure.shape[1]):
            now, up, down = measure[kind, n], rose[kind, n], fell[kind, n]
            if up or down:
                high[kind, n] = now if up else high[kind, n]
                low[kind, n] = now if down else low[kind, n]
                was_eligible[kind, n] = eligible[kind, n]
                may_rise[kind, n], may_fall[kind, n] = down, up
            else:
                high[kind, n] = max(high[kind, n], now)
                low[kind, n] = min(low[kind, n], now)
                was_eligible[kind, n] |= eligible[kind, n]


@njit(cache=True, error_model="numpy")
def fields_of(measure, eligible, columns, side):
    """Of cells in rows of `columns` the squares of `side` cells: their mean measure, and where any is eligible."""
    across, rows = columns // side, measure.shape[1] // columns
    mean = np.zeros((2, rows // side * across), np.float32)
    any_eligible = np.zeros(mean.shape, np.bool_)
    part = np.float32(1 / side**2)
    for kind in range(2):
        for row in range(rows):
            for field in range(across):
                first = row * columns + field * side
                total, some = _ZERO, False
                for n in range(first, first + side):
                    total += measure[kind, n]
                    some |= eligible[kind, n]
                mean[kind, row // side * across + field] += part * total
                any_eligible[kind, row // side * across + field] |= some
    return mean, any_eligible
