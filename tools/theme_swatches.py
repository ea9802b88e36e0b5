"""Draws every theme's palette into one PNG, to judge themes by eye: python tools/theme_swatches.py OUT.png [THEME...]

A row is a theme: a small flat scene where sky, ground, walls and figure must stand apart, and its ramps from dark to
light. Needs no engine: it shows what was asked for, not what the model makes of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import MATERIALS
from reskin.palette import parse_hex
from reskin.themes import Theme, find_theme, load_theme, shipped_themes

ROW_PX, SWATCH_PX, SCENE_PX = 200, 72, 356


def ramp(theme: Theme, material: str, height_px: int, width_px: int) -> np.ndarray:
    """(h, w, 3) sRGB in [0, 1], light at the top."""
    colors = np.array([parse_hex(color) for color in theme.materials()[material].colors])
    at = np.linspace(len(colors) - 1, 0, height_px)
    channels = [np.interp(at, np.arange(len(colors)), colors[:, c]) for c in range(3)]
    return np.repeat(np.stack(channels, axis=-1)[:, None], width_px, axis=1)


def scene(theme: Theme) -> np.ndarray:
    """(ROW_PX, SCENE_PX, 3): every material as a flat shape, dark at its foot."""
    picture = ramp(theme, "sky", ROW_PX, SCENE_PX)[::-1].copy()  # light at the horizon

    def paint(material: str, points: list[tuple[int, int]]) -> None:
        mask = np.zeros((ROW_PX, SCENE_PX), np.uint8)
        cv2.fillPoly(mask, [np.array(points, np.int32)], 1)
        rows = np.flatnonzero(mask.any(axis=1))
        filled = np.zeros_like(picture)
        filled[rows[0] : rows[-1] + 1] = ramp(theme, material, len(rows), SCENE_PX)
        picture[mask == 1] = filled[mask == 1]

    paint("rock", [(0, 120), (50, 60), (90, 90), (130, 40), (200, 120)])
    paint("ground", [(0, 110), (356, 100), (356, 200), (0, 200)])
    paint("water", [(0, 165), (120, 150), (160, 200), (0, 200)])
    paint("structure", [(210, 140), (210, 75), (300, 75), (300, 140)])
    paint("roof", [(200, 76), (228, 42), (282, 42), (310, 76)])
    paint("glow", [(245, 95), (265, 95), (265, 118), (245, 118)])
    paint("foliage", [(25, 150), (20, 80), (45, 55), (75, 80), (70, 150)])
    paint("character", [(150, 175), (155, 125), (165, 112), (175, 125), (180, 175)])
    paint("prop", [(315, 165), (315, 140), (342, 140), (342, 165)])
    paint("hud", [(6, 6), (70, 6), (70, 20), (6, 20)])
    return picture


def row(theme: Theme) -> np.ndarray:
    swatches = [ramp(theme, material, ROW_PX, SWATCH_PX) for material in MATERIALS]
    picture = np.hstack([scene(theme), *swatches])
    labelled = (picture[..., ::-1] * 255).round().astype(np.uint8)
    labelled[:24, 76:240] = 24
    cv2.putText(labelled, theme.name, (82, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return labelled


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    paths = [find_theme(name) for name in sys.argv[2:]] or list(shipped_themes().values())
    cv2.imwrite(sys.argv[1], np.vstack([row(load_theme(path)) for path in paths]))


if __name__ == "__main__":
    main()
