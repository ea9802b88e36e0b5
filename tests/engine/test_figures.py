"""The figures that tools/evaluate.py prints: right at the ends where the answer is known."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.config import HUD
from engine.train.figures import (
    chroma,
    color_transfer,
    edge_agreement,
    estimated_flow_targets,
    flow_targets,
    laplacian_energy,
    moved_error,
    psnr_db,
    sharpness,
    ssim,
    warp_error,
)
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


def test_a_point_that_comes_out_from_under_a_hud_does_not_flicker() -> None:
    size = RGB.shape[:2]
    flow = np.zeros((*size, 2), np.float32)
    flow[..., 0] = 10  # every point was 10 px to the right
    plain = np.zeros(size, np.int64)
    buffer = replace(world_clip(9, 1)[0].buffer, flow=flow, instance=plain)
    hud = plain.copy()
    hud[20:30, 40:50] = HUD
    now, before = (replace(world_clip(9, 1)[0], buffer=buffer, material=m) for m in (plain, hud))
    black, with_hud = np.zeros_like(RGB), np.repeat((hud == HUD).astype(np.float32)[..., None], 3, axis=2)
    assert warp_error(black, with_hud, now, before) == 0
    assert warp_error(black, with_hud, now, now) > 0


def test_blur_takes_sharpness_and_grey_takes_chroma() -> None:
    blurred = cv2.GaussianBlur(RGB, (0, 0), 2)
    assert sharpness(blurred) < 0.6 * sharpness(RGB)
    assert laplacian_energy(blurred) < 0.4 * laplacian_energy(RGB)
    grey = np.repeat((RGB @ LUMA)[..., None], 3, axis=2)
    assert chroma(grey) < 0.1
    assert chroma(np.float32([[[1, 0, 0]]])) > 90
    assert sharpness(np.full((8, 8, 3), 0.5)) == pytest.approx(0, abs=1e-6)


def test_edges_agree_where_they_lie_alike() -> None:
    assert edge_agreement(RGB, RGB) == pytest.approx(1, abs=1e-5)
    assert edge_agreement(0.3 * RGB + 0.2, RGB) == pytest.approx(1, abs=1e-4)
    other = cv2.GaussianBlur(np.random.default_rng(8).random(RGB.shape, np.float32), (0, 0), 1.5)
    assert edge_agreement(other, RGB) < 0.3
    assert edge_agreement(np.zeros_like(RGB), RGB) == 0


def test_the_estimated_flow_follows_a_picture_that_slides(rng: np.random.Generator) -> None:
    wide = cv2.GaussianBlur(rng.random((96, 160, 3)).astype(np.float32), (0, 0), 2)
    wide = (wide - wide.min()) / np.ptp(wide)
    before, now = wide[:, :140], wide[:, 3:143]
    targets = estimated_flow_targets(now, before)
    assert targets[2].mean() > 0.8
    assert moved_error(now, before, targets) < 0.3 * np.abs(now - before).mean()
