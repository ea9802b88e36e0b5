"""Flat drawings for billboards and side-scrollers: maps of part numbers, 0 where there is nothing.

A part is a piece of one colour (trunk, face, stripe). Drawn from a random generator, no picture files.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.worlds.sprite_canvas import SPRITE_PX, Rng, blank, ellipse
from engine.worlds.sprites_figures import FIGURES
from engine.worlds.sprites_plants import (
    draw_bare_tree,
    draw_bush,
    draw_laden_bare_tree,
    draw_laden_fir,
    draw_tall_tree,
    draw_tree,
)


def draw_boulder(rng: Rng) -> np.ndarray:
    """An angular stone with lit and dark faces."""
    canvas = blank()
    angles = np.sort(rng.uniform(np.pi, 2 * np.pi, 6))
    radius = rng.uniform(18, 30, 6)
    rim = np.stack([32 + radius * np.cos(angles), 63 + 1.5 * radius * np.sin(angles)], axis=1)
    rim = np.concatenate([[[4, 63]], rim, [[60, 63]]]).astype(np.int32)
    rim[:, 1] = np.maximum(rim[:, 1], 1)
    cv2.fillPoly(canvas, [rim], 1)
    center = np.array([32 + rng.uniform(-8, 8), 45 + rng.uniform(-6, 6)], np.int32)
    for i in range(0, len(rim) - 1, 2):
        cv2.fillPoly(canvas, [np.stack([rim[i], rim[i + 1], center])], 2)
    return canvas


def draw_block(rng: Rng) -> np.ndarray:
    """A bonus block of a side-scroller: a frame, a face, a sign; it fills its square."""
    canvas = np.full((SPRITE_PX, SPRITE_PX), 1, np.uint8)
    edge = int(rng.integers(2, 9))
    cv2.rectangle(canvas, (edge, edge), (63 - edge, 63 - edge), 2, -1)
    if rng.random() < 0.8:
        font = cv2.FONT_HERSHEY_DUPLEX if rng.random() < 0.5 else cv2.FONT_HERSHEY_TRIPLEX
        cv2.putText(canvas, str(rng.choice(list("?!A*PSMX"))), (17, 50), font, 1.6, 4, 5)
    return canvas


PROPS = ("coin", "crate", "flag", "sign", "fish", "mushroom", "barrel", "gem", "spikes")


def draw_prop(rng: Rng, name: str | None = None) -> np.ndarray:
    """Something to find or avoid: one of PROPS, by name or any."""
    canvas = blank()
    kind = int(rng.integers(0, 9)) if name is None else PROPS.index(name)
    if kind == 0:
        ellipse(canvas, 1, 32, 34, rng.uniform(6, 26), 27)
        ellipse(canvas, 2, 32, 34, rng.uniform(3, 14), 17)
    elif kind == 1:
        cv2.rectangle(canvas, (4, 6), (60, 63), 1, -1)
        cv2.rectangle(canvas, (12, 14), (52, 55), 2, -1)
        cv2.line(canvas, (12, 14), (52, 55), 1, 6)
        if rng.random() < 0.5:
            cv2.line(canvas, (52, 14), (12, 55), 1, 6)
    elif kind == 2:
        foot = round(rng.uniform(10, 18))
        cv2.line(canvas, (foot, 63), (10, 2), 3, 3)
        tip = (56, round(rng.uniform(6, 22))) if rng.random() < 0.6 else (60, 3)
        corners = [(11, 3), tip, (13, 28)] if tip[0] == 56 else [(11, 3), tip, (60, 26), (13, 28)]
        cv2.fillPoly(canvas, [np.array(corners)], 1)
    elif kind == 3:
        cv2.line(canvas, (32, 63), (32, 30), 3, 5)
        cv2.rectangle(canvas, (6, 6), (58, 38), 1, -1)
        cv2.rectangle(canvas, (10, 10), (54, 34), 2, -1)
        cv2.line(canvas, (16, 18), (48, 18), 3, 3)
        cv2.line(canvas, (16, 26), (40, 26), 3, 3)
    elif kind == 4:
        tall = rng.uniform(7, 14)
        cv2.fillPoly(canvas, [np.array([(20, 34), (36, round(30 - tall)), (38, 34)])], 2)
        ellipse(canvas, 1, 28, 34, 24, tall)
        ellipse(canvas, 4, 27, 34 + tall * 0.5, 18, tall * 0.45)
        cv2.fillPoly(canvas, [np.array([(46, 34), (62, 22), (58, 34), (62, 46)])], 2)
        ellipse(canvas, 3, 12, 31, 2, 2)
    elif kind == 5:
        cv2.rectangle(canvas, (25, 34), (39, 63), 2, -1)
        cv2.ellipse(canvas, (32, 36), (26, 26), 0, 180, 360, 1, -1)
        ellipse(canvas, 3, 24, 24, 4, 4)
        ellipse(canvas, 3, 42, 28, 4, 4)
    elif kind == 6:
        cv2.rectangle(canvas, (12, 12), (52, 63), 1, -1)
        cv2.line(canvas, (12, 24), (52, 24), 2, 4)
        cv2.line(canvas, (12, 52), (52, 52), 2, 4)
    elif kind == 7:
        cv2.fillPoly(canvas, [np.array([(32, 4), (54, 26), (32, 62), (10, 26)])], 1)
        cv2.fillPoly(canvas, [np.array([(32, 4), (32, 62), (10, 26)])], 2)
    else:
        for x in range(4, 60, 14):
            cv2.fillPoly(canvas, [np.array([(x, 63), (x + 7, 30), (x + 14, 63)])], 1)
    return canvas


def draw_lamp(rng: Rng) -> np.ndarray:
    """A light: flame, lantern, crystal or orb, on its own."""
    canvas = blank()
    if rng.random() < 0.5:
        ellipse(canvas, 1, 32, 32, rng.uniform(14, 26), rng.uniform(14, 26))
        ellipse(canvas, 2, 32, 32, 9, 9)
    else:
        points = np.array([(32, 4), (50, 40), (40, 60), (24, 60), (14, 40)])
        cv2.fillPoly(canvas, [points + rng.integers(-4, 5, points.shape)], 1)
        ellipse(canvas, 2, 32, 46, 8, 11)
    return canvas


def draw_emblem(rng: Rng) -> np.ndarray:
    """What a HUD counts in: heart, star, shield, drop, blade."""
    canvas = blank()
    kind = int(rng.integers(0, 5))
    if kind == 0:
        for x in (20, 44):
            ellipse(canvas, 1, x, 22, 15, 15)
        cv2.fillPoly(canvas, [np.array([(6, 28), (58, 28), (32, 60)])], 1)
        ellipse(canvas, 2, 18, 18, 4, 4)
    elif kind == 1:
        turns = np.arange(10) * np.pi / 5
        reach = np.where(np.arange(10) % 2, 12, 30)
        star = np.stack([32 + reach * np.sin(turns), 32 - reach * np.cos(turns)], axis=1)
        cv2.fillPoly(canvas, [star.astype(np.int32)], 1)
    elif kind == 2:
        cv2.fillPoly(canvas, [np.array([(8, 6), (56, 6), (54, 36), (32, 62), (10, 36)])], 1)
        cv2.fillPoly(canvas, [np.array([(32, 12), (48, 12), (46, 34), (32, 52)])], 2)
    elif kind == 3:
        ellipse(canvas, 1, 32, 42, 18, 18)
        cv2.fillPoly(canvas, [np.array([(32, 2), (48, 36), (16, 36)])], 1)
        ellipse(canvas, 2, 26, 44, 5, 7)
    else:
        cv2.line(canvas, (8, 56), (54, 8), 1, 7)
        cv2.line(canvas, (10, 36), (28, 54), 2, 6)
    return canvas


def coloured(part_map: np.ndarray, side: int, colors: np.ndarray) -> np.ndarray:
    """(side, side, 4) float32, colour times cover in 0..255: a drawing in (8, 3) colours, brought down smoothly."""
    picture = np.zeros((SPRITE_PX, SPRITE_PX, 4), np.float32)
    picture[..., :3] = colors[part_map % len(colors)]
    picture[..., 3] = 255
    picture[part_map == 0] = 0
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)


DRAWINGS = {
    **FIGURES,
    "bare_tree": draw_bare_tree,
    "laden_bare_tree": draw_laden_bare_tree,
    "laden_fir": draw_laden_fir,
    "tree": draw_tree,
    "tall_tree": draw_tall_tree,
    "bush": draw_bush,
    "boulder": draw_boulder,
    "prop": draw_prop,
    "lamp": draw_lamp,
    "emblem": draw_emblem,
}
