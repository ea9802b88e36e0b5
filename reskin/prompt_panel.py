"""The prompt bar's picture: one line of text with a caret on a dark panel, above the place of the notes.

The caret stands still: nothing on the screen blinks. Text that is too long for the bar slides so that the caret stays
in sight. Knows nothing of keys.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from reskin.panel import Panel, blank, line_width, text_height_px, write

HINT = "Describe a look: a rainy neon night"
HELP = "Enter applies, Esc cancels"
WIDTH_SHARE = 0.62  # of the window's
BOTTOM_SHARE = 0.27  # of the window's height, below it: a note of three lines fits there
MARK = ">"
GREY, DIM = 200, 180  # of 255: the hint; the mark and the help: 5:1 to the panel over a white game
CARET_BGR = (60, 190, 255)


class Line(NamedTuple):
    text: str
    cursor: int
    is_ready: bool  # False: what is typed does not come here yet


def draw_bar(line: Line, window_h: int, window_w: int) -> Panel:
    text_px = text_height_px(window_h)
    pad_x, pad_y = text_px, text_px * 3 // 4
    w = max(min(window_w, 12 * text_px), int(window_w * WIDTH_SHARE))
    h = text_px * 4 // 3 + 2 * pad_y
    picture = blank(h, w)
    baseline = pad_y + text_px
    write(picture, MARK, pad_x, baseline, text_px, level=DIM)
    left = pad_x + line_width(f"{MARK} ", text_px) + text_px // 3
    field = picture[:, left : w - pad_x]
    if line.text:
        _write_around(field, line, baseline, text_px)
    else:
        write(field, HINT, text_px // 3, baseline, text_px, level=GREY)
        help_px = text_px * 3 // 4
        help_w = line_width(HELP, help_px)
        if text_px + line_width(HINT, text_px) + help_w < field.shape[1]:
            write(field, HELP, field.shape[1] - help_w, baseline, help_px, level=DIM)
        if line.is_ready:
            _caret(field, 0, text_px)
    cv2.rectangle(picture, (pad_x, h - 3), (w - pad_x, h - 2), CARET_BGR if line.is_ready else (DIM, DIM, DIM), -1)
    x, y = (window_w - w) // 2, max(0, window_h - h - int(window_h * BOTTOM_SHARE))
    return Panel.of(picture, x, y, radius_px=min(h // 2, text_px // 2))


def _write_around(field: np.ndarray, line: Line, baseline: int, text_px: int) -> None:
    """The text with its caret, slid to the left as far as the caret needs."""
    before, whole = (_width(text, text_px) for text in (line.text[: line.cursor], line.text))
    room = field.shape[1] - text_px // 2
    slide = max(0, min(before - room * 2 // 3, whole - room)) if whole > room else 0
    strip = blank(field.shape[0], max(field.shape[1], whole + text_px))
    write(strip, line.text, 0, baseline, text_px)
    if line.is_ready:
        _caret(strip, before, text_px)
    field[:] = strip[:, slide : slide + field.shape[1]]


def _width(text: str, text_px: int) -> int:
    """As `line_width`, with the spaces at the end, which it leaves out."""
    return line_width(text + "|", text_px) - line_width("|", text_px)


def _caret(picture: np.ndarray, x: int, text_px: int) -> None:
    middle = picture.shape[0] // 2
    wide = max(2, text_px // 10)
    x = max(0, x - wide // 2)
    cv2.rectangle(picture, (x, middle - text_px * 5 // 8), (x + wide - 1, middle + text_px * 5 // 8), CARET_BGR, -1)
