"""The bundled game's pictures without a window: the hills with nobody at the keys, the same walk every time.

What previews, the theme editor and the tools look at where there is no game running. Building the level takes seconds.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

import cv2
import numpy as np


def demo_frames(size: tuple[int, int], step_s: float, *, start_s: float = 0.0) -> Iterator[np.ndarray]:
    """Endless frames (h, w, 4) uint8 BGRA of `size` (h, w), `step_s` of play apart; each is its reader's own.

    What is before `start_s` of the walk is walked and not painted.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from reskin.demo.plays import HillsPlay

    play = HillsPlay()
    idle: dict[int, bool] = defaultdict(bool)
    h, w = size
    columns = np.zeros((w, h), np.uint32)
    for _ in range(round(start_s / step_s)):
        play.step(idle, step_s)
    while True:
        play.step(idle, step_s)
        play.paint(columns)
        bgra_u8 = cv2.transpose(columns.view(np.uint8).reshape(w, h, 4))
        play.hud(bgra_u8)
        yield bgra_u8
