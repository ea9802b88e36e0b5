"""Figures of fidelity and calm, and the filter that a user could pick instead. Pictures are (h, w, 3) sRGB in [0, 1].

Pure functions on arrays; what they are measured on is chosen by tools/evaluate.py.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.config import HUD
from engine.style import Style
from engine.underpaint import LUMA
from engine.worlds.gbuffer import GBuffer
from engine.worlds.samples import SourceFrame

MOVED_TOO_FAR_PX = 1000.0  # flow of a point that was behind the eye


def psnr_db(picture: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal to noise ratio; 60 dB at most, so that an exact pixel copy does not make a mean infinite."""
    return float(-10 * np.log10(max(1e-6, float(np.mean((picture - truth) ** 2, dtype=np.float64)))))


def ssim(picture: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity of the luminance with a Gaussian window of 1.5 pixels (Wang et al. 2004)."""
    a, b = (np.ascontiguousarray(rgb @ LUMA, np.float32) for rgb in (picture, truth))

    def blurred(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    mean_a, mean_b = blurred(a), blurred(b)
    var_a, var_b = blurred(a * a) - mean_a**2, blurred(b * b) - mean_b**2
    both = blurred(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    score = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return float((score / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def color_transfer(rgb: np.ndarray, style: Style) -> np.ndarray:
    """The frame's mean and deviation in Lab moved onto the theme's (Reinhard et al. 2001).

    The palette is every material's three colours with equal weight: a filter does not know what is where.
    """
    palette = np.concatenate([style.dark, style.middle, style.light]).astype(np.float32)
    target = cv2.cvtColor(palette[None], cv2.COLOR_RGB2LAB)[0]
    lab = cv2.cvtColor(np.ascontiguousarray(rgb, np.float32), cv2.COLOR_RGB2LAB)
    mean, deviation = lab.mean(axis=(0, 1)), lab.std(axis=(0, 1)) + 1e-3
    moved = (lab - mean) / deviation * target.std(axis=0) + target.mean(axis=0)
    return np.clip(cv2.cvtColor(moved.astype(np.float32), cv2.COLOR_LAB2RGB), 0, 1)


def sharpness(picture: np.ndarray) -> float:
    """Mean absolute Laplacian of the luminance."""
    return float(np.abs(_laplacian(picture)).mean())


def laplacian_energy(picture: np.ndarray) -> float:
    """Mean square of the luminance's Laplacian: as sharpness, but edges count more than texture."""
    return float(np.square(_laplacian(picture)).mean())


def _laplacian(picture: np.ndarray) -> np.ndarray:
    return cv2.Laplacian(np.ascontiguousarray(picture @ LUMA, np.float32), cv2.CV_32F)


def chroma(picture: np.ndarray) -> float:
    """How colourful: the mean distance from grey in Lab."""
    lab = cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2LAB)
    return float(np.hypot(lab[..., 1], lab[..., 2]).mean())


def edge_agreement(picture: np.ndarray, game: np.ndarray) -> float:
    """Correlation of the luminances' gradient magnitudes: 1 where edges lie alike, 0 where they have nothing in common.

    0 for a picture without any edge.
    """

    def edges(rgb: np.ndarray) -> np.ndarray:
        luminance = np.ascontiguousarray(rgb @ LUMA, np.float32)
        across, down = (cv2.Sobel(luminance, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
        magnitude = np.hypot(across, down)
        return magnitude - magnitude.mean()

    ours, theirs = edges(picture), edges(game)
    both = float(np.sqrt(np.square(ours).mean() * np.square(theirs).mean()))
    return float((ours * theirs).mean()) / both if both > 1e-9 else 0.0


def warp_error(now: np.ndarray, before: np.ndarray, frame: SourceFrame, frame_before: SourceFrame) -> float:
    """Mean absolute difference of a picture to the one before it, moved by the exact flow; hidden points left out."""
    return moved_error(now, before, world_targets(frame, frame_before))


def world_targets(frame: SourceFrame, before: SourceFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`flow_targets` without what a HUD covers, which does not move with the world, now or where it was before."""
    at_x, at_y, visible = flow_targets(frame.buffer, before.buffer)
    hud_before = (before.material == HUD).astype(np.float32)
    was_hud = cv2.remap(hud_before, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) > 0
    return at_x, at_y, visible & (frame.material != HUD) & ~was_hud


def moved_error(now: np.ndarray, before: np.ndarray, targets: tuple[np.ndarray, np.ndarray, np.ndarray]) -> float:
    """The same for any targets: where each pixel was, (h, w) x and y, and whether it was seen there."""
    at_x, at_y, visible = targets
    if not visible.any():
        return 0.0
    moved = cv2.remap(before.astype(np.float32), at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return float(np.abs(now - moved)[visible].mean())


def estimated_flow_targets(rgb: np.ndarray, rgb_before: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `flow_targets`, from two frames alone (DIS optical flow); seen is what flows back to within a pixel."""
    now, before = (np.rint(np.clip(picture @ LUMA, 0, 1) * 255).astype(np.uint8) for picture in (rgb, rgb_before))
    estimate = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back, forth = (estimate.calc(*pair, None) for pair in ((now, before), (before, now)))  # type: ignore[call-overload]
    h, w = now.shape
    rows, columns = np.mgrid[0:h, 0:w].astype(np.float32)
    at_x, at_y = columns + back[..., 0], rows + back[..., 1]
    inside = (at_x >= 0) & (at_x <= w - 1) & (at_y >= 0) & (at_y <= h - 1)
    there = cv2.remap(forth, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return at_x, at_y, inside & (np.abs(back + there).max(axis=2) < 1)


def flow_targets(buffer: GBuffer, before: GBuffer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each pixel's point was in the frame before, (h, w) x and y, and whether it was seen there."""
    h, w = buffer.size
    rows, columns = np.mgrid[0:h, 0:w].astype(np.float32)
    at_x, at_y = columns + buffer.flow[..., 0], rows + buffer.flow[..., 1]
    inside = (at_x >= 0) & (at_x <= w - 1) & (at_y >= 0) & (at_y <= h - 1)
    inside &= np.abs(buffer.flow).max(axis=2) < MOVED_TOO_FAR_PX
    near_x, near_y = (np.clip(np.rint(at), 0, end).astype(int) for at, end in ((at_x, w - 1), (at_y, h - 1)))
    return at_x, at_y, inside & (before.instance[near_y, near_x] == buffer.instance)
