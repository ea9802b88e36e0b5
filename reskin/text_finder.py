"""Finds lines of text in one gray picture: letters of one height, one brightness and one baseline beside each other.

What is brighter, or darker, than all that surrounds it within a few pixels is ink; its connected parts are letters (or,
in small print, words), neighbours that are alike are a line, and above and below a line is less ink: textures go on.
No network, no dictionary. Textures of the world that still look like letters move with it (`reskin.keep_mask`).
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit

AROUND_PX = 15  # wider than any stroke, and than most gaps between strokes
CONTRAST = 45  # of 255, of ink to what surrounds it
LOWEST_PX, HIGHEST_PX = 5, 64  # of a letter
MOST_LETTERS = 1200  # more are a texture: the largest are looked at
FEWEST_LETTERS = 3
QUIET = 0.5  # of a line's density of ink: most that is above and below it
ALIKE = 28.0  # of 255: brightness within one line


def find_lines(gray_u8: np.ndarray) -> np.ndarray:
    """(n, 5) int32: x, y, w, h of each line of (h, w) uint8, and 1 where its letters are lighter than their ground."""
    around = np.ones((AROUND_PX, AROUND_PX), np.uint8)
    found = []
    for light, operation in ((1, cv2.MORPH_TOPHAT), (0, cv2.MORPH_BLACKHAT)):
        _, ink = cv2.threshold(cv2.morphologyEx(gray_u8, operation, around), CONTRAST, 255, cv2.THRESH_BINARY)
        contours, _ = cv2.findContours(ink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        boxes = np.array([cv2.boundingRect(contour) for contour in contours], np.int32).reshape(-1, 4)
        letters = _letters(_measured(gray_u8, ink, boxes))
        lines = _lines(letters[np.argsort(letters[:, 0], kind="stable")].astype(np.float32))
        lines = lines[_stand_alone(cv2.integral(ink), lines)]
        found.append(np.concatenate([lines, np.full((len(lines), 1), light, np.int32)], axis=1))
    return np.concatenate(found)


def _stand_alone(sums: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Which lines have quiet above or below; `sums` (h + 1, w + 1) is the integral of the ink."""

    def density(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
        top, bottom = np.clip(top, 0, len(sums) - 1), np.clip(bottom, 0, len(sums) - 1)
        total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return np.asarray(total / np.maximum(1, (bottom - top) * (right - left)))

    left, y, w, h = lines.T
    right = np.minimum(left + w, sums.shape[1] - 1)
    within = density(y, y + h)
    above, below = density(y - h // 2 - 2, y - 1), density(y + h + 1, y + h + h // 2 + 2)
    return (np.minimum(above, below) < QUIET * within) & (np.maximum(above, below) < within)


def _letters(parts: np.ndarray) -> np.ndarray:
    """Of the connected parts (n, 6: x, y, w, h, area, brightness) those that look like a letter or a small word."""
    w, h, area = parts[:, 2], parts[:, 3], parts[:, 4]
    full = area / np.maximum(1, w * h)
    shaped = (h >= LOWEST_PX) & (h <= HIGHEST_PX) & (w <= 12 * h) & (area >= 6) & (full > 0.12)
    shaped &= (full < 0.85) | (w < 0.5 * h)  # only an I or a 1 fills its box
    shaped &= (w <= 1.8 * h) | (h <= 20)  # only small print runs together
    letters = parts[shaped]
    return letters[np.argsort(letters[:, 4], kind="stable")[-MOST_LETTERS:]]


@njit(cache=True, nogil=True)
def _measured(gray, ink, boxes):
    """Boxes (n, 4) with the number of inked pixels in each and their mean brightness, (n, 6)."""
    parts = np.empty((len(boxes), 6), np.int32)
    for i in range(len(boxes)):
        x, y, w, h = boxes[i]
        parts[i, :4] = boxes[i]
        total, count = 0, 0
        if h <= HIGHEST_PX:
            for row in range(y, y + h):
                for column in range(x, x + w):
                    if ink[row, column] > 0:
                        total += gray[row, column]
                        count += 1
        parts[i, 4], parts[i, 5] = count, total // max(1, count)
    return parts


@njit(cache=True, nogil=True)
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, nogil=True)
def _lines(boxes):
    """Letters (n, 6: x, y, w, h, area, brightness), by x, to lines (m, 4: x, y, w, h) of neighbours that are alike."""
    n = len(boxes)
    parent = np.arange(n)
    for i in range(n):
        x, y, w, h = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
        for j in range(i + 1, n):
            tall = max(h, boxes[j, 3])
            if boxes[j, 0] - (x + w) > HIGHEST_PX:
                break
            if boxes[j, 0] - (x + w) > 0.9 * tall or boxes[j, 0] < x + 0.3 * w or tall > 1.8 * min(h, boxes[j, 3]):
                continue
            foot = abs((y + h) - (boxes[j, 1] + boxes[j, 3]))
            head = abs(y - boxes[j, 1])
            if min(foot, head) > 0.12 * tall + 1 or max(foot, head) > 0.45 * tall + 1:
                continue
            if abs(boxes[i, 5] - boxes[j, 5]) < ALIKE:
                parent[_root(parent, j)] = _root(parent, i)
    found = np.zeros((n, 5), np.int32)  # of each root: left, top, right, bottom, letters
    found[:, :2] = 1 << 30
    for i in range(n):
        line = found[_root(parent, i)]
        x, y, w, h = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
        line[0], line[1] = min(line[0], int(x)), min(line[1], int(y))
        line[2], line[3] = max(line[2], int(x + w)), max(line[3], int(y + h))
        line[4] += max(1, int(w / h / 0.6)) if w > 1.8 * h else 1
    lines = np.empty((n, 4), np.int32)
    count = 0
    for left, top, right, bottom, letters in found:
        if letters >= FEWEST_LETTERS and right - left >= 1.3 * (bottom - top):
            lines[count, 0], lines[count, 1], lines[count, 2], lines[count, 3] = left, top, right - left, bottom - top
            count += 1
    return lines[:count].copy()
