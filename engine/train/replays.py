"""Frames that training sees more than once, never twice alike: making one costs more than learning from it.

A frame that comes again unchanged is learnt by heart: with three looks at each, 79 % of the pixels in training were
read right, and 70 of new frames of the same worlds (`LOG.md`, 2026-11-24). So later looks are mirrored, nearer,
brighter or paler, and come long after the first.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor

from engine.config import FAR_LOG

Frame = tuple[Tensor, Tensor, Tensor]  # rgb (3, h, w) uint8, material (h, w) uint8, depth (1, h, w) float16 in [0, 1]
LEAST_HELD = 8
NEARER_SHARE = 0.6  # of later looks that show a part of the frame
LEAST_PART = 0.65  # of its height and width
GRADED_SHARE = 0.7  # of later looks with another contrast, brightness and saturation
MOST_GAMMA = 1.35
CONTRAST, BRIGHTNESS = (0.75, 1.2), 0.08  # of 1; the brightness is added
SATURATION = (0.5, 1.4)
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def replayed(frames: Iterator[Frame], times: int, held: int, rng: np.random.Generator) -> Iterator[Frame]:
    """Each frame so often on average: as it is at first, later among up to `held` others and changed."""
    kept: list[Frame] = []
    while times == 1:
        yield next(frames)
    while True:
        if len(kept) < LEAST_HELD or rng.random() < 1 / times:
            frame = next(frames)
            if len(kept) < held:
                kept.append(frame)
            else:
                kept[int(rng.integers(held))] = frame
            yield frame
        else:
            yield changed(kept[int(rng.integers(len(kept)))], rng)


def changed(frame: Frame, rng: np.random.Generator) -> Frame:
    """Another look at the same things."""
    rgb, material, depth = (part.numpy() for part in frame)
    if rng.random() < 0.5:
        rgb, material, depth = rgb[..., ::-1], material[..., ::-1], depth[..., ::-1]
    if rng.random() < NEARER_SHARE:
        rgb, material, depth = nearer(rgb, material, depth, rng)
    if rng.random() < GRADED_SHARE:
        rgb = graded(rgb, rng)
    return tuple(torch.from_numpy(np.ascontiguousarray(part)) for part in (rgb, material, depth))  # type: ignore[return-value]


def nearer(rgb: np.ndarray, material: np.ndarray, depth: np.ndarray,
           rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """A part of the frame, as large as the whole was: what is in it is seen from so much nearer."""
    h, w = material.shape
    part = rng.uniform(LEAST_PART, 1)
    rows, columns = round(h * part), round(w * part)
    top, left = int(rng.integers(h - rows + 1)), int(rng.integers(w - columns + 1))
    window = (slice(top, top + rows), slice(left, left + columns))

    def enlarged(plane: np.ndarray, interpolation: int) -> np.ndarray:
        return np.asarray(cv2.resize(np.ascontiguousarray(plane[window]), (w, h), interpolation=interpolation))

    near = enlarged(depth[0].astype(np.float32), cv2.INTER_NEAREST)
    near = np.where(near < 1, np.log1p(np.expm1(near * FAR_LOG) * part) / FAR_LOG, near)  # nothing is nearer to the sky
    pixels = enlarged(rgb.transpose(1, 2, 0), cv2.INTER_LINEAR).transpose(2, 0, 1)
    return pixels, enlarged(material, cv2.INTER_NEAREST), near[None].astype(np.float16)


def graded(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture as another screen, another hour or another taste would have it."""
    exponent = MOST_GAMMA ** rng.uniform(-1, 1)
    contrast, brightness = rng.uniform(*CONTRAST), rng.uniform(-BRIGHTNESS, BRIGHTNESS)
    tones = (np.arange(256, dtype=np.float32) / 255) ** exponent
    tones = (tones - 0.5) * contrast + 0.5 + brightness
    picture = tones.astype(np.float32)[rgb]
    gray = np.tensordot(LUMA, picture, 1)
    picture = gray + (picture - gray) * np.float32(rng.uniform(*SATURATION))
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
