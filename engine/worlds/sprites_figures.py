"""Flat drawings of what lives: figures from the side and from behind, animals, foes; and the poses in which they walk.

Maps of part numbers, as those in `sprites.py`. A `stride` of 0 stands, 1 and -1 are the two ends of a step.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.worlds.sprite_canvas import Rng, blank, ellipse

STRIDES = {2: (1.0, -1.0), 3: (0.0, 1.0, -1.0), 4: (0.0, 1.0, 0.0, -1.0)}  # of so many poses


def poses(rng: Rng, name: str) -> list[np.ndarray]:
    """One of FIGURES in two to four poses, which differ in nothing but the stride."""
    seed, count = int(rng.integers(1 << 30)), int(rng.integers(2, 5))
    return [FIGURES[name](np.random.default_rng(seed), stride) for stride in STRIDES[count]]


def draw_character(rng: Rng, stride: float = 0.0) -> np.ndarray:
    """A standing, walking or squat figure: body, head, limbs, face."""
    canvas = blank()
    squat = rng.random() < 0.4
    rx, ry = (rng.uniform(14, 24), rng.uniform(13, 20)) if squat else (rng.uniform(8, 14), rng.uniform(12, 17))
    foot = 63
    leg = rng.uniform(3, 8) if squat else rng.uniform(10, 17)
    cx, cy = 32 + rng.uniform(-3, 3), foot - leg - ry
    for side in (-1, 1):
        swing = rng.uniform(-4, 4) + 7 * side * stride
        hip = (round(cx + side * rx * 0.5), round(cy + ry * 0.6))
        sole = (round(cx + side * rx * 0.6 + swing), round(foot - 1 - max(0.0, 4 * side * stride)))
        cv2.line(canvas, hip, sole, 3, int(rng.integers(3, 8)))
        hand = (round(cx + side * (rx + rng.uniform(2, 9)) - 5 * side * stride),
                round(cy + rng.uniform(-12, 10) + 4 * side * stride))  # fmt: skip
        shoulder = (round(cx + side * rx * 0.7), round(cy - ry * 0.5))
        cv2.line(canvas, shoulder, hand, int(rng.choice([2, 1])), int(rng.integers(3, 7)))
    ellipse(canvas, 1, cx, cy, rx, ry)
    if rng.random() < 0.6:
        ellipse(canvas, 4, cx + rng.uniform(-4, 4), cy + ry * 0.2, rx * 0.6, ry * 0.6)
    head = rng.uniform(7, 12)
    hx, hy = cx + rng.uniform(-4, 4), max(head, cy - ry - head * 0.4)
    ellipse(canvas, 2, hx, hy, head * rng.uniform(0.8, 1.2), head)
    if rng.random() < 0.5:
        cv2.ellipse(canvas, (round(hx), round(hy)), (round(head * 1.1), round(head)), 0, 180, 360, 5, -1)
    look = rng.choice([-1, 1])
    for eye in (0.1, 0.6):
        ellipse(canvas, 6, hx + look * head * eye, hy, 1.6, 2.2)
    if rng.random() < 0.4:
        ellipse(canvas, 3, hx + look * head, hy + 2, 4, 2)
    return canvas


def draw_from_behind(rng: Rng, stride: float = 0.0) -> np.ndarray:
    """A hero seen from behind or lying on a sled: a broad back, feet or skis of another colour, perhaps a pack."""
    canvas = blank()
    rx, ry = rng.uniform(13, 24), rng.uniform(14, 23)
    cy = 60 - ry
    lying = rng.random() < 0.4
    foot = 59 if not lying else cy + ry * 0.4
    for side in (-1, 1):
        step = max(0.0, 6 * side * stride)
        ellipse(canvas, 3, 32 + side * rx * rng.uniform(0.4, 0.7), foot - step, rng.uniform(5, 9), rng.uniform(3, 6))
        wing = rng.uniform(-30, 30) + 25 * side * stride
        ellipse(canvas, 1, 32 + side * rx, cy, rng.uniform(4, 7), ry * rng.uniform(0.4, 0.8), side * wing)
    ellipse(canvas, 1, 32, cy, rx, ry)
    if lying:
        for side in (-1, 1):
            ellipse(canvas, 3, 32 + side * rx * 0.45, foot + ry * 0.4, rx * 0.35, ry * 0.3, side * 30)
    elif rng.random() < 0.5:
        ellipse(canvas, 2, 32 + rng.uniform(-0.5, 0.5) * rx, cy + ry * 0.2, rx * 0.5, ry * 0.6)  # a belly, half seen
    head = rng.uniform(7, 12)
    high = max(head + 1, cy - ry * rng.uniform(0.7, 1.1))
    ellipse(canvas, 1 if rng.random() < 0.6 else 4, 32 + rng.uniform(-4, 4), high, head, head)
    if rng.random() < 0.3:
        cv2.rectangle(
            canvas, (round(32 - rx * 0.5), round(cy - ry * 0.4)), (round(32 + rx * 0.5), round(cy + 6)), 5, -1
        )
    if rng.random() < 0.3:  # skis or a sled
        for side in (-1, 1):
            cv2.line(canvas, (round(32 + side * 12), 63), (round(32 + side * 9), round(50 - ry * 0.3)), 6, 3)
    return canvas


def draw_animal(rng: Rng, stride: float = 0.0) -> np.ndarray:
    """A larger animal from the side: legs, a barrel of a body, pale below, neck, head, tail, ears or horns."""
    canvas = blank()
    ry, leg = rng.uniform(8, 14), rng.uniform(5, 16)
    cy = 62 - leg - ry
    for x in (16, 24, 40, 48):
        near = x in (16, 40)
        foot = x + rng.uniform(-4, 4) + (6 if near else -6) * stride
        cv2.line(canvas, (x, round(cy)), (round(foot), 62), 1 if near else 3, 5)
    ellipse(canvas, 1, 32, cy, 22, ry)
    ellipse(canvas, 2, 31, cy + ry * 0.5, 17, ry * 0.5)
    head_y = max(9, cy - rng.uniform(0, 18))
    cv2.line(canvas, (46, round(cy)), (52, round(head_y)), 1, round(ry * 0.9))
    ellipse(canvas, int(rng.choice([1, 4])), 54, head_y, 9, 7)
    for ear in (50, 56):
        cv2.line(canvas, (ear, round(head_y - 5)), (round(ear + rng.uniform(-4, 4)), round(max(1, head_y - 12))), 5, 2)
    ellipse(canvas, 6, 56, head_y - 1, 1.5, 1.5)
    cv2.line(canvas, (11, round(cy)), (3, round(cy + rng.uniform(-12, 8))), 3, 4)
    return canvas


def draw_slime(rng: Rng, stride: float = 0.0) -> np.ndarray:
    """A drop of jelly that lies flat and rears up by turns, with a face and a shine."""
    canvas = blank()
    wide, tall = rng.uniform(20, 26) * (1 + 0.16 * stride), rng.uniform(14, 24) * (1 - 0.3 * stride)
    cy = 62 - tall
    ellipse(canvas, 1, 32, cy, wide, tall)
    cv2.rectangle(canvas, (round(32 - wide), round(cy + tall * 0.5)), (round(32 + wide), 63), 1, -1)
    if rng.random() < 0.5:
        cv2.fillPoly(canvas, [np.array([(20, cy - tall * 0.5), (32, cy - tall - 9), (44, cy - tall * 0.5)], int)], 1)
    ellipse(canvas, 2, 32 - wide * 0.4, cy - tall * 0.4, wide * 0.25, tall * 0.2, -30)
    look, spread = rng.uniform(-4, 6), rng.uniform(6, 10)
    for side in (-1, 1):
        ellipse(canvas, 6, 32 + look + side * spread, cy, rng.uniform(2, 4), rng.uniform(3, 5))
    cv2.line(canvas, (round(27 + look), round(cy + 9)), (round(37 + look), round(cy + 9)), 6, 2)
    if rng.random() < 0.4:
        ellipse(canvas, 4, 32, 62, wide, 4)
    return canvas


def draw_bat(rng: Rng, stride: float = 0.0) -> np.ndarray:
    """A bat, bird or imp whose wings beat: a round body between two webs."""
    canvas = blank()
    reach, cy, body = rng.uniform(22, 30), rng.uniform(28, 36), rng.uniform(7, 12)
    lift, deep = rng.uniform(10, 20) * stride, rng.uniform(6, 16)
    for side in (-1, 1):
        tip = (32 + side * reach, cy - lift)
        middle = (32 + side * reach * 0.55, cy - 0.7 * lift - 5)
        web = [(32, cy - 5), middle, tip, (32 + side * reach * 0.7, cy - 0.4 * lift + deep * 0.6), (32, cy + deep)]
        cv2.fillPoly(canvas, [np.rint(web).astype(np.int32)], 3)
        cv2.line(canvas, (32, round(cy - 4)), np.rint(middle).astype(int).tolist(), 1, 3)
        cv2.line(canvas, np.rint(middle).astype(int).tolist(), np.rint(tip).astype(int).tolist(), 1, 2)
    ellipse(canvas, 1, 32, cy, body, body * rng.uniform(0.9, 1.3))
    ellipse(canvas, 2, 32, cy + body * 0.5, body * 0.6, body * 0.5)
    for side in (-1, 1):
        ear = [(32 + side * 2, cy - body), (32 + side * body * 0.9, cy - body - 8), (32 + side * body, cy - body * 0.4)]
        cv2.fillPoly(canvas, [np.rint(ear).astype(np.int32)], 1)
        ellipse(canvas, 6, 32 + side * body * 0.4, cy - 2, 2, 2)
    return canvas


def draw_beast(rng: Rng, stride: float = 0.0) -> np.ndarray:
    """A monster from the side: a hunched back with spikes, jaws with teeth, horns, claws on heavy legs, a tail."""
    canvas = blank()
    leg, rx, ry = rng.uniform(8, 15), rng.uniform(16, 21), rng.uniform(11, 17)
    cy = 62 - leg - ry * 0.8
    cv2.line(canvas, (32, round(cy)), (3, round(cy + rng.uniform(-16, 18) - 6 * stride)), 1, round(rng.uniform(4, 8)))
    for i in range(int(rng.integers(0, 6))):
        x = 32 - rx * 0.8 + i * rx * 0.35
        spike = [(x - 4, cy - ry * 0.6), (x + 1, cy - ry - rng.uniform(4, 10)), (x + 5, cy - ry * 0.6)]
        cv2.fillPoly(canvas, [np.rint(spike).astype(np.int32)], 5)
    for i, x in enumerate((32 - rx * 0.6, 32 - rx * 0.2, 32 + rx * 0.3, 32 + rx * 0.7)[:: int(rng.integers(1, 3))]):
        foot = x + (7 if i % 2 else -7) * stride
        cv2.line(canvas, (round(x), round(cy + ry * 0.4)), (round(foot), 61), 1 + 2 * (i % 2), 7)
        cv2.line(canvas, (round(foot), 62), (round(foot + 6), 62), 5, 3)
    ellipse(canvas, 1, 32, cy, rx, ry)
    ellipse(canvas, 2, 34, cy + ry * 0.45, rx * 0.7, ry * 0.45)
    head, hx, hy = rng.uniform(8, 12), 48.0, cy - rng.uniform(-2, 10)
    ellipse(canvas, 1, hx, hy, head, head * 0.8)
    gape = rng.uniform(2, 6)
    cv2.fillPoly(canvas, [np.rint([(hx, hy), (hx + head + 5, hy - 1), (hx + head + 4, hy + gape)]).astype(np.int32)], 4)
    for tooth in range(3):
        cv2.line(canvas, (round(hx + 5 + 3 * tooth), round(hy)), (round(hx + 5 + 3 * tooth), round(hy + 3)), 2, 1)
    ellipse(canvas, 6, hx + 2, hy - head * 0.35, 2, 2)
    if rng.random() < 0.6:
        horn = np.rint([(hx, hy - head * 0.6), (hx + rng.uniform(-6, 8), hy - head - 9)]).astype(int).tolist()
        cv2.line(canvas, horn[0], horn[1], 5, 3)
    return canvas


FIGURES = {
    "character": draw_character,
    "from_behind": draw_from_behind,
    "animal": draw_animal,
    "slime": draw_slime,
    "bat": draw_bat,
    "beast": draw_beast,
}
