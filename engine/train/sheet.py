"""Contact sheets that a training stage leaves at its evaluations: small rows of pictures. Knows no networks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from engine.config import MATERIAL_COLORS

TILE_WIDTH_PX = 128
COLORS = np.array(MATERIAL_COLORS, np.float32) / 255


def colored(material: np.ndarray) -> np.ndarray:
    """(h, w) indices into MATERIALS as a picture (h, w, 3) RGB in [0, 1]."""
    return COLORS[material]


def write_sheet(path: Path, rows: list[list[np.ndarray]]) -> None:
    """Pictures (h, w, 3) RGB in [0, 1], shrunk to 128 pixels of width, as one PNG; OSError where that fails."""
    sheet = np.concatenate([np.concatenate([_tile(picture) for picture in row], axis=1) for row in rows])
    if not cv2.imwrite(str(path), np.rint(sheet[..., ::-1] * 255).clip(0, 255).astype(np.uint8)):
        raise OSError(f"writing {path}: not written. Is its folder there, and is there space left?")


def _tile(picture: np.ndarray) -> np.ndarray:
    h, w = picture.shape[:2]
    width = min(w, TILE_WIDTH_PX)
    small = cv2.resize(picture.astype(np.float32), (width, round(h * width / w)), interpolation=cv2.INTER_AREA)
    return cv2.copyMakeBorder(small, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
