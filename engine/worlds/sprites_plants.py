"""Flat drawings of trees and bushes, as those in `sprites.py`."""

from __future__ import annotations

import cv2
import numpy as np

from engine.worlds.sprite_canvas import BARK_PART, SNOW_PART, Rng, blank, ellipse


def draw_bare_tree(rng: Rng, *, snowy: bool = False) -> np.ndarray:
    """A trunk that forks into ever thinner branches, by choice with snow along them."""
    canvas = blank()
    spread, barked = rng.uniform(0.35, 0.6), rng.random() < 0.7  # else its twigs have buds

    def grow(x: float, y: float, angle: float, length: float, depth: int) -> None:
        x2, y2 = x + length * np.sin(angle), y - length * np.cos(angle)
        if snowy and depth < 4:
            cv2.line(canvas, (round(x), round(y) - 1), (round(x2), round(y2) - 1), SNOW_PART, max(1, depth))
        part = BARK_PART if barked or depth > 1 else 1
        cv2.line(canvas, (round(x), round(y)), (round(x2), round(y2)), part, max(1, depth - snowy))
        if depth:
            for side in (-1, 1):
                turn = side * spread * rng.uniform(0.5, 1.5)
                grow(x2, y2, angle + turn, length * rng.uniform(0.65, 0.85), depth - 1)

    grow(32, 63, rng.uniform(-0.1, 0.1), rng.uniform(13, 18), 5)
    return canvas


def draw_tree(rng: Rng) -> np.ndarray:
    """A leafy or a needle tree with a ragged outline and lighter and darker clumps."""
    canvas = blank()
    half = int(rng.integers(2, 5))
    cv2.rectangle(canvas, (32 - half, 40), (32 + half, 63), BARK_PART, -1)
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(25, 50))):
            a, r = rng.uniform(0, 6.28), rng.uniform(0, 17)
            ellipse(canvas, int(rng.integers(1, 3)), 32 + r * np.cos(a), 24 + r * np.sin(a), *rng.uniform(3, 8, 2))
    else:
        tiers = int(rng.integers(4, 8))
        for tier in range(tiers):
            y = 56 - tier * (50 / tiers)
            reach = (tiers - tier) / tiers * rng.uniform(15, 21)
            for x in np.arange(-reach, reach, 3.0):
                tip = (round(32 + x), round(y + rng.uniform(0, 5)))
                points = np.array([tip, (round(32 + x * 0.3), round(y - 12)), (round(35 + x), round(y - 3))])
                cv2.fillPoly(canvas, [points], int(rng.integers(1, 3)))
    return canvas


def draw_tall_tree(rng: Rng) -> np.ndarray:
    """A thick stem with roots, high up a crown of needles or leaves, of which much may be above the drawing."""
    canvas = blank()
    half, crown = rng.uniform(3, 9), rng.uniform(18, 50)  # how far down the crown hangs
    lean = rng.uniform(-3, 3)
    stem = [(32 + lean - half * 0.8, 0), (32 + lean + half * 0.8, 0), (32 + half, 52), (32 + half * 1.7, 63),
            (32 - half * 1.7, 63), (32 - half, 52)]  # fmt: skip
    cv2.fillPoly(canvas, [np.array(stem).astype(np.int32)], BARK_PART)
    wide, parts = rng.uniform(14, 30), int(rng.integers(2, 6))
    is_fir = rng.random() < 0.5
    for tier in range(parts):
        y = crown - tier * crown / parts
        reach = wide * (1 - 0.7 * tier / parts) if is_fir else wide
        if not is_fir:
            for _ in range(14):
                ellipse(canvas, int(rng.integers(1, 3)), 32 + rng.uniform(-1, 1) * reach, y - rng.uniform(0, 12),
                         *rng.uniform(4, 9, 2))  # fmt: skip
            continue
        points = [(32.0, y - 1.6 * crown / parts - 6)]
        for tooth in range(9):
            x = 32 + reach * (1 - tooth / 4)
            points.append((x, y - 3 * (tooth % 2) + rng.uniform(0, 3)))
        cv2.fillPoly(canvas, [np.array(points).astype(np.int32)], 1 + tier % 2)
    return canvas


def draw_laden_bare_tree(rng: Rng) -> np.ndarray:
    return draw_bare_tree(rng, snowy=True)


def draw_laden_fir(rng: Rng) -> np.ndarray:
    """A fir whose tiers of hanging branches carry snow: from a few patches to nearly all white."""
    canvas = blank()
    cv2.rectangle(canvas, (30, 50), (34, 63), BARK_PART, -1)
    tiers, wide, laden = int(rng.integers(5, 9)), rng.uniform(15, 27), rng.uniform(0.3, 0.95)
    for tier in range(tiers):
        part = (tier + 1) / tiers
        y, half = 6 + 50 * tier / tiers, wide * part**0.8
        points = [(32, round(max(1, y - 7)))]
        teeth = int(rng.integers(3, 7))
        for tooth in range(2 * teeth + 1):
            x = 32 + half * (1 - tooth / teeth)
            points.append((round(x), round(y + 9 * (0.55 if tooth % 2 else 1.0) + rng.uniform(0, 3))))
        cv2.fillPoly(canvas, [np.array(points)], 1 + tier % 2)
        for _ in range(int(laden * 7)):
            x = rng.uniform(-0.85, 0.85) * half
            drop = abs(x) * 0.25
            ellipse(canvas, SNOW_PART, 32 + x, y + rng.uniform(-3, 4) + drop, half * rng.uniform(0.08, 0.28) + 1,
                     rng.uniform(1.0, 2.6), float(np.sign(x) * 20))  # fmt: skip
    return canvas


def draw_bush(rng: Rng) -> np.ndarray:
    """A low clump: leaves, or blades of grass."""
    canvas = blank()
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(8, 20))):
            ellipse(canvas, int(rng.integers(1, 3)), rng.uniform(14, 50), rng.uniform(44, 60), *rng.uniform(4, 10, 2))
    else:
        for x in np.arange(12, 52, 2.5):
            tip = (round(x + rng.uniform(-8, 8)), round(rng.uniform(30, 50)))
            cv2.fillPoly(canvas, [np.array([(round(x - 2), 63), tip, (round(x + 2), 63)])], int(rng.integers(1, 3)))
    return canvas
