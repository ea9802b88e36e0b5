"""The figures that tools/evaluate.py prints: right at the ends where the answer is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.train.figures import color_transfer, flow_targets, psnr_db, ssim, warp_error
from engine.underpaint import LUMA
from tests.engine.tiny import frames_of, style_of, world_clip

RGB = frames_of(9, 1)[0]


def test_a_picture_is_its_own_equal(rng: np.random.Generator) -> None:
    assert psnr_db(RGB, RGB) == pytest.approx(60)
    assert ssim(RGB, RGB) == pytest.approx(1, abs=1e-5)
    noisy = RGB + 0.1 * rng.standard_normal(RGB.shape)
    assert psnr_db(noisy, RGB) == pytest.approx(20, abs=0.3)
    assert ssim(noisy, RGB) < 0.95
    assert ssim(cv2.GaussianBlur(RGB, (0, 0), 3), RGB) < 0.9


def test_the_colour_transfer_takes_the_palettes_mean() -> None:
    style = style_of(1)
    palette = np.concatenate([style.dark, style.middle, style.light])
    moved = color_transfer(RGB, style)
    assert np.abs(moved.mean(axis=(0, 1)) - palette.mean(axis=0)).max() < 0.12
    assert np.corrcoef((moved @ LUMA).ravel(), (RGB @ LUMA).ravel())[0, 1] > 0.8


def test_what_sticks_to_the_world_does_not_flicker() -> None:
    before, now = world_clip(9, 2)
    *_, visible = flow_targets(now.buffer, before.buffer)
    assert visible.mean() > 0.5

    def by_object(frame) -> np.ndarray:  # type: ignore[no-untyped-def]
        return np.random.default_rng(0).random((4096, 3))[frame.buffer.instance % 4096].astype(np.float32)

    sticking = warp_error(by_object(now), by_object(before), now, before)
    lagging = warp_error(by_object(now), by_object(world_clip(9, 4)[3]), now, before)
    assert sticking < 0.02
    assert lagging > sticking
