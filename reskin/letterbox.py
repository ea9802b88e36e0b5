"""A picture fitted into another size, its shape kept, black bars beside it. Knows nothing of windows or videos."""

from __future__ import annotations

import cv2
import numpy as np

BLACK_BGRA = (0, 0, 0, 255)


def letterbox(bgra_u8: np.ndarray, out: np.ndarray) -> None:
    """Fill `out` (h, w, 4) with the picture, as large as fits and in the middle. Equal sizes are a plain copy."""
    (h, w), (out_h, out_w) = bgra_u8.shape[:2], out.shape[:2]
    if (h, w) == (out_h, out_w):
        np.copyto(out, bgra_u8)
        return
    scale = min(out_w / w, out_h / h)
    fit_w, fit_h = max(1, min(out_w, round(w * scale))), max(1, min(out_h, round(h * scale)))
    left, top = (out_w - fit_w) // 2, (out_h - fit_h) // 2
    for bar in (out[:top], out[top + fit_h :], out[:, :left], out[:, left + fit_w :]):
        bar[:] = BLACK_BGRA
    inside = out[top : top + fit_h, left : left + fit_w]
    cv2.resize(bgra_u8, (fit_w, fit_h), dst=inside, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
