"""The true rendering of a source frame in a style: what the Painter learns to paint.

The underpainting's own formula with the true materials and depth, and what no recolouring can know: the theme's
patterns lying on the surfaces, the theme's sun on the true normals. `detail` and `relight` of the style say how much.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numba import njit

from engine.config import FAR_LOG, MATERIALS
from engine.style import Style
from engine.underpaint import LUMA, Underpainter
from engine.worlds.noise import pattern_value
from engine.worlds.samples import SourceFrame


def true_reading(frame: SourceFrame) -> tuple[np.ndarray, np.ndarray]:
    """What a Reader without faults would see: materials (h, w, k) in [0, 1], depth (h, w) in [0, 1], logarithmic."""
    one_hot = np.eye(len(MATERIALS), dtype=np.float32)[frame.material]
    soft = cv2.blur(one_hot, (2, 2)) * 0.5 + one_hot * 0.5  # edges as a camera averages them
    return np.ascontiguousarray(soft), (np.log1p(frame.buffer.depth) / FAR_LOG).astype(np.float32)


def true_rendering(frame: SourceFrame, style: Style, underpainter: Underpainter) -> np.ndarray:
    """(h, w, 3) float32 sRGB in [0, 1]; the underpainter carries the clip's slow statistics."""
    maps = underpainter.paint(frame.rgb, *true_reading(frame), style)
    buffer = frame.buffer
    relief = np.empty(frame.material.shape, np.float32)
    light = np.empty_like(relief)
    _surface(buffer.material, buffer.uv, buffer.depth, buffer.normal, style.pattern.astype(np.int64),
             style.scale.astype(np.float64), style.sun_direction.astype(np.float64), relief, light)  # fmt: skip
    luminance = frame.rgb @ LUMA
    x = np.clip((luminance - maps.mean) * maps.gain, -1, 1)
    x = style.detail * x + (1 - style.detail) * relief + style.relight * light
    painted = replace(maps, mean=np.zeros_like(x), gain=np.ones_like(x)).evaluate(x)
    keep = maps.keep[..., None]
    return np.clip(painted + keep * (frame.rgb - painted), 0, 1).astype(np.float32)


@njit(cache=True)
def _surface(material, uv, depth, normal, pattern, scale, sun, relief, light):
    """The theme's pattern at every pixel in [-1, 1], fading where it is finer than a pixel, and its sun's light."""
    h, w = material.shape
    for y in range(h):
        for x in range(w):
            m = material[y, x]
            size = 0.6 * scale[m]
            value = pattern_value(pattern[m], uv[y, x, 0] / size, uv[y, x, 1] / size, 11 + m)
            far = 1.0 if m == 0 or depth[y, x] > 700.0 else 1.0 / (1.0 + (depth[y, x] / (50.0 * size)) ** 2)
            relief[y, x] = far * (2.0 * value - 1.2)
            lambert = normal[y, x, 0] * sun[0] + normal[y, x, 1] * sun[1] + normal[y, x, 2] * sun[2]
            light[y, x] = 0.0 if m == 0 else lambert
