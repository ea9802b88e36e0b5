"""Looks, HUDs and camera effects: pictures that the Reader can be given, and truth that fits them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.worlds.camera_effects import CameraEffects
from engine.worlds.hud import SEEN_LEVELS, HudPainter
from engine.worlds.looks import random_look
from engine.worlds.samples import trace_clip
from engine.worlds.shade import shade

SIZE = (72, 128)


def test_fifty_random_looks_give_finite_colours_between_zero_and_one() -> None:
    buffers = [trace_clip(seed, SIZE, 1)[0] for seed in range(10)]
    rng = np.random.default_rng(0)
    for i in range(50):
        rgb = shade(buffers[i % 10], random_look(rng))
        assert np.isfinite(rgb).all()
        assert rgb.min() >= 0
        assert rgb.max() <= 1
        out = CameraEffects(rng)(rgb, rng)
        assert out.shape == rgb.shape
        assert np.isfinite(out).all()
        assert out.min() >= 0
        assert out.max() <= 1


@pytest.mark.parametrize("seed", range(40))
def test_the_hud_mask_covers_all_that_the_hud_changed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = (144, 256) if seed % 2 else SIZE
    rgb = np.full((*size, 3), 128 / 255, np.float32)
    before = rgb.copy()
    mask = HudPainter(rng, size).draw(rgb)
    changed = np.abs(rgb - before).max(-1) > (SEEN_LEVELS + 0.5) / 255
    assert not (changed & ~mask).any()


def test_a_clip_keeps_its_hud_from_frame_to_frame() -> None:
    painter = HudPainter(np.random.default_rng(2), SIZE)
    frames = [np.full((*SIZE, 3), 0.3, np.float32) for _ in range(2)]
    masks = [painter.draw(frame) for frame in frames]
    np.testing.assert_array_equal(frames[0], frames[1])
    np.testing.assert_array_equal(masks[0], masks[1])
