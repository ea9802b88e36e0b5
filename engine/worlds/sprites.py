"""Flat drawings for billboards and side-scrollers: maps of part numbers, 0 where there is nothing.

A part is a piece of one colour (trunk, face, stripe). Drawn from a random generator, no picture files.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.worlds.scene import ACCENT_PART

SPRITE_PX = 64
BARK_PART = ACCENT_PART
SNOW_PART = 7  # what lies on branches: white wherever a look has snow
Rng = np.random.Generator


def _blank() -> np.ndarray:
    return np.zeros((SPRITE_PX, SPRITE_PX), np.uint8)


def _ellipse(canvas: np.ndarray, part: int, x: float, y: float, rx: float, ry: float, angle: float = 0.0) -> None:
    center = (round(x), round(y))
    cv2.ellipse(canvas, center, (max(1, round(rx)), max(1, round(ry))), angle, 0, 360, part, -1)


def draw_character(rng: Rng) -> np.ndarray:
    """A standing, walking or squat figure: body, head, limbs, face."""
    canvas = _blank()
    squat = rng.random() < 0.4
    rx, ry = (rng.uniform(14, 24), rng.uniform(13, 20)) if squat else (rng.uniform(8, 14), rng.uniform(12, 17))
    foot = 63
    leg = rng.uniform(3, 8) if squat else rng.uniform(10, 17)
    cx, cy = 32 + rng.uniform(-3, 3), foot - leg - ry
    for side in (-1, 1):
        swing = rng.uniform(-4, 4)
        hip = (round(cx + side * rx * 0.5), round(cy + ry * 0.6))
        cv2.line(canvas, hip, (round(cx + side * rx * 0.6 + swing), foot - 1), 3, int(rng.integers(3, 8)))
        hand = (round(cx + side * (rx + rng.uniform(2, 9))), round(cy + rng.uniform(-12, 10)))
        shoulder = (round(cx + side * rx * 0.7), round(cy - ry * 0.5))
        cv2.line(canvas, shoulder, hand, int(rng.choice([2, 1])), int(rng.integers(3, 7)))
    _ellipse(canvas, 1, cx, cy, rx, ry)
    if rng.random() < 0.6:
        _ellipse(canvas, 4, cx + rng.uniform(-4, 4), cy + ry * 0.2, rx * 0.6, ry * 0.6)
    head = rng.uniform(7, 12)
    hx, hy = cx + rng.uniform(-4, 4), max(head, cy - ry - head * 0.4)
    _ellipse(canvas, 2, hx, hy, head * rng.uniform(0.8, 1.2), head)
    if rng.random() < 0.5:
        cv2.ellipse(canvas, (round(hx), round(hy)), (round(head * 1.1), round(head)), 0, 180, 360, 5, -1)
    look = rng.choice([-1, 1])
    for eye in (0.1, 0.6):
        _ellipse(canvas, 6, hx + look * head * eye, hy, 1.6, 2.2)
    if rng.random() < 0.4:
        _ellipse(canvas, 3, hx + look * head, hy + 2, 4, 2)
    return canvas


def draw_from_behind(rng: Rng) -> np.ndarray:
    """A hero seen from behind or lying on a sled: a broad back, feet or skis of another colour, perhaps a pack."""
    canvas = _blank()
    rx, ry = rng.uniform(13, 24), rng.uniform(14, 23)
    cy = 60 - ry
    lying = rng.random() < 0.4
    foot = 59 if not lying else cy + ry * 0.4
    for side in (-1, 1):
        _ellipse(canvas, 3, 32 + side * rx * rng.uniform(0.4, 0.7), foot, rng.uniform(5, 9), rng.uniform(3, 6))
        wing = rng.uniform(-30, 30)
        _ellipse(canvas, 1, 32 + side * rx, cy, rng.uniform(4, 7), ry * rng.uniform(0.4, 0.8), side * wing)
    _ellipse(canvas, 1, 32, cy, rx, ry)
    if lying:
        for side in (-1, 1):
            _ellipse(canvas, 3, 32 + side * rx * 0.45, foot + ry * 0.4, rx * 0.35, ry * 0.3, side * 30)
    elif rng.random() < 0.5:
        _ellipse(canvas, 2, 32 + rng.uniform(-0.5, 0.5) * rx, cy + ry * 0.2, rx * 0.5, ry * 0.6)  # a belly, half seen
    head = rng.uniform(7, 12)
    high = max(head + 1, cy - ry * rng.uniform(0.7, 1.1))
    _ellipse(canvas, 1 if rng.random() < 0.6 else 4, 32 + rng.uniform(-4, 4), high, head, head)
    if rng.random() < 0.3:
        cv2.rectangle(
            canvas, (round(32 - rx * 0.5), round(cy - ry * 0.4)), (round(32 + rx * 0.5), round(cy + 6)), 5, -1
        )
    if rng.random() < 0.3:  # skis or a sled
        for side in (-1, 1):
            cv2.line(canvas, (round(32 + side * 12), 63), (round(32 + side * 9), round(50 - ry * 0.3)), 6, 3)
    return canvas


def draw_animal(rng: Rng) -> np.ndarray:
    """A larger animal from the side: legs, a barrel of a body, pale below, neck, head, tail, ears or horns."""
    canvas = _blank()
    ry, leg = rng.uniform(8, 14), rng.uniform(5, 16)
    cy = 62 - leg - ry
    for x in (16, 24, 40, 48):
        cv2.line(canvas, (x, round(cy)), (round(x + rng.uniform(-4, 4)), 62), 1 if x in (16, 40) else 3, 5)
    _ellipse(canvas, 1, 32, cy, 22, ry)
    _ellipse(canvas, 2, 31, cy + ry * 0.5, 17, ry * 0.5)
    head_y = max(9, cy - rng.uniform(0, 18))
    cv2.line(canvas, (46, round(cy)), (52, round(head_y)), 1, round(ry * 0.9))
    _ellipse(canvas, int(rng.choice([1, 4])), 54, head_y, 9, 7)
    for ear in (50, 56):
        cv2.line(canvas, (ear, round(head_y - 5)), (round(ear + rng.uniform(-4, 4)), round(max(1, head_y - 12))), 5, 2)
    _ellipse(canvas, 6, 56, head_y - 1, 1.5, 1.5)
    cv2.line(canvas, (11, round(cy)), (3, round(cy + rng.uniform(-12, 8))), 3, 4)
    return canvas


def draw_bare_tree(rng: Rng, *, snowy: bool = False) -> np.ndarray:
    """A trunk that forks into ever thinner branches, by choice with snow along them."""
    canvas = _blank()
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
    canvas = _blank()
    half = int(rng.integers(2, 5))
    cv2.rectangle(canvas, (32 - half, 40), (32 + half, 63), BARK_PART, -1)
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(25, 50))):
            a, r = rng.uniform(0, 6.28), rng.uniform(0, 17)
            _ellipse(canvas, int(rng.integers(1, 3)), 32 + r * np.cos(a), 24 + r * np.sin(a), *rng.uniform(3, 8, 2))
    else:
        tiers = int(rng.integers(4, 8))
        for tier in range(tiers):
            y = 56 - tier * (50 / tiers)
            half = (tiers - tier) / tiers * rng.uniform(15, 21)
            for x in np.arange(-half, half, 3.0):
                tip = (round(32 + x), round(y + rng.uniform(0, 5)))
                points = np.array([tip, (round(32 + x * 0.3), round(y - 12)), (round(35 + x), round(y - 3))])
                cv2.fillPoly(canvas, [points], int(rng.integers(1, 3)))
    return canvas


def draw_tall_tree(rng: Rng) -> np.ndarray:
    """A thick stem with roots, high up a crown of needles or leaves, of which much may be above the drawing."""
    canvas = _blank()
    half, crown = rng.uniform(3, 9), rng.uniform(18, 50)  # how far down the crown hangs
    lean = rng.uniform(-3, 3)
    stem = [(32 + lean - half * 0.8, 0), (32 + lean + half * 0.8, 0), (32 + half, 52), (32 + half * 1.7, 63),
            (32 - half * 1.7, 63), (32 - half, 52)]  # fmt: skip
    cv2.fillPoly(canvas, [np.array(stem).astype(np.int32)], BARK_PART)
    if rng.random() < 0.3:  # a knot or a hollow
        _ellipse(canvas, 4, 32 + rng.uniform(-1, 1), rng.uniform(crown, 60), half * 0.4, half * 0.5)
    wide, parts = rng.uniform(14, 30), int(rng.integers(2, 6))
    is_fir = rng.random() < 0.5
    for tier in range(parts):
        y = crown - tier * crown / parts
        reach = wide * (1 - 0.7 * tier / parts) if is_fir else wide
        if not is_fir:
            for _ in range(14):
                _ellipse(canvas, int(rng.integers(1, 3)), 32 + rng.uniform(-1, 1) * reach, y - rng.uniform(0, 12),
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
    canvas = _blank()
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
            _ellipse(canvas, SNOW_PART, 32 + x, y + rng.uniform(-3, 4) + drop, half * rng.uniform(0.08, 0.28) + 1,
                     rng.uniform(1.0, 2.6), float(np.sign(x) * 20))  # fmt: skip
    return canvas


def draw_bush(rng: Rng) -> np.ndarray:
    """A low clump: leaves, or blades of grass."""
    canvas = _blank()
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(8, 20))):
            _ellipse(canvas, int(rng.integers(1, 3)), rng.uniform(14, 50), rng.uniform(44, 60), *rng.uniform(4, 10, 2))
    else:
        for x in np.arange(12, 52, 2.5):
            tip = (round(x + rng.uniform(-8, 8)), round(rng.uniform(30, 50)))
            cv2.fillPoly(canvas, [np.array([(round(x - 2), 63), tip, (round(x + 2), 63)])], int(rng.integers(1, 3)))
    return canvas


def draw_boulder(rng: Rng) -> np.ndarray:
    """An angular stone with lit and dark faces."""
    canvas = _blank()
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


PROPS = ("coin", "crate", "flag", "sign", "fish", "mushroom", "barrel", "gem", "spikes")


def draw_prop(rng: Rng, name: str | None = None) -> np.ndarray:
    """Something to find or avoid: one of PROPS, by name or any."""
    canvas = _blank()
    kind = int(rng.integers(0, 9)) if name is None else PROPS.index(name)
    if kind == 0:
        _ellipse(canvas, 1, 32, 34, rng.uniform(6, 26), 27)
        _ellipse(canvas, 2, 32, 34, rng.uniform(3, 14), 17)
    elif kind == 1:
        cv2.rectangle(canvas, (4, 6), (60, 63), 1, -1)
        cv2.rectangle(canvas, (12, 14), (52, 55), 2, -1)
        if rng.random() < 0.5:
            cv2.line(canvas, (12, 14), (52, 55), 1, 6)
        else:
            cv2.putText(canvas, str(rng.choice(list("?!A*"))), (18, 52), cv2.FONT_HERSHEY_DUPLEX, 1.5, 3, 4)
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
        _ellipse(canvas, 1, 28, 34, 24, tall)
        _ellipse(canvas, 4, 27, 34 + tall * 0.5, 18, tall * 0.45)
        cv2.fillPoly(canvas, [np.array([(46, 34), (62, 22), (58, 34), (62, 46)])], 2)
        _ellipse(canvas, 3, 12, 31, 2, 2)
    elif kind == 5:
        cv2.rectangle(canvas, (25, 34), (39, 63), 2, -1)
        cv2.ellipse(canvas, (32, 36), (26, 26), 0, 180, 360, 1, -1)
        _ellipse(canvas, 3, 24, 24, 4, 4)
        _ellipse(canvas, 3, 42, 28, 4, 4)
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
    canvas = _blank()
    if rng.random() < 0.5:
        _ellipse(canvas, 1, 32, 32, rng.uniform(14, 26), rng.uniform(14, 26))
        _ellipse(canvas, 2, 32, 32, 9, 9)
    else:
        points = np.array([(32, 4), (50, 40), (40, 60), (24, 60), (14, 40)])
        cv2.fillPoly(canvas, [points + rng.integers(-4, 5, points.shape)], 1)
        _ellipse(canvas, 2, 32, 46, 8, 11)
    return canvas


def draw_emblem(rng: Rng) -> np.ndarray:
    """What a HUD counts in: heart, star, shield, drop, blade."""
    canvas = _blank()
    kind = int(rng.integers(0, 5))
    if kind == 0:
        for x in (20, 44):
            _ellipse(canvas, 1, x, 22, 15, 15)
        cv2.fillPoly(canvas, [np.array([(6, 28), (58, 28), (32, 60)])], 1)
        _ellipse(canvas, 2, 18, 18, 4, 4)
    elif kind == 1:
        turns = np.arange(10) * np.pi / 5
        reach = np.where(np.arange(10) % 2, 12, 30)
        star = np.stack([32 + reach * np.sin(turns), 32 - reach * np.cos(turns)], axis=1)
        cv2.fillPoly(canvas, [star.astype(np.int32)], 1)
    elif kind == 2:
        cv2.fillPoly(canvas, [np.array([(8, 6), (56, 6), (54, 36), (32, 62), (10, 36)])], 1)
        cv2.fillPoly(canvas, [np.array([(32, 12), (48, 12), (46, 34), (32, 52)])], 2)
    elif kind == 3:
        _ellipse(canvas, 1, 32, 42, 18, 18)
        cv2.fillPoly(canvas, [np.array([(32, 2), (48, 36), (16, 36)])], 1)
        _ellipse(canvas, 2, 26, 44, 5, 7)
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
    "character": draw_character,
    "from_behind": draw_from_behind,
    "animal": draw_animal,
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
