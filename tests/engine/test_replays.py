from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from engine.config import FAR_LOG
from engine.train.replays import LEAST_PART, Frame, changed, graded, nearer, replayed

HW = (48, 80)
TIMES, HELD = 3, 50


def numbered(number: int) -> Frame:
    """Bright, with its number as depth's and material's only value; left and right differ by one tone."""
    rgb = torch.full((3, *HW), 120, dtype=torch.uint8)
    rgb[..., HW[1] // 2 :] = 140
    depth = torch.full((1, *HW), number / 1000, dtype=torch.float16)
    return rgb, torch.full(HW, number % 11, dtype=torch.uint8), depth


def test_once_is_as_it_comes() -> None:
    frames = list(itertools.islice(replayed(map(numbered, itertools.count()), 1, HELD, np.random.default_rng(1)), 20))
    assert [frame[1][0, 0].item() for frame in frames] == [number % 11 for number in range(20)]


def test_a_frame_is_seen_as_often_as_asked_for_first_as_it_is_and_then_otherwise() -> None:
    made = [numbered(number) for number in range(900)]
    own = {id(frame) for frame in made}
    seen = list(itertools.islice(replayed(iter(made), TIMES, HELD, np.random.default_rng(1)), 900))
    first = [frame for frame in seen if id(frame) in own]
    assert len(seen) / len(first) == pytest.approx(TIMES, rel=0.1)
    later = [frame for frame in seen if id(frame) not in own]
    different = [not torch.equal(rgb, made[0][0]) for rgb, _, _ in later]
    assert np.mean(different) > 0.9
    turned = [int(rgb[1, 0, 0]) > int(rgb[1, 0, -1]) for rgb, _, _ in later]
    assert 0.3 < np.mean(turned) < 0.6, "half; a window may miss the seam"


def test_what_is_changed_stays_one_frame() -> None:
    """Each pixel's tone says which material and depth belong to it."""
    rng = np.random.default_rng(2)
    tone = rng.integers(0, 2, HW)
    tone = np.kron(tone[::8, ::8], np.ones((8, 8), int))
    frame = (torch.from_numpy(np.stack([60 + 120 * tone] * 3).astype(np.uint8)),
             torch.from_numpy((3 + tone).astype(np.uint8)),
             torch.from_numpy(np.where(tone, 1.0, 0.5)[None].astype(np.float16)))  # fmt: skip
    for _ in range(40):
        rgb, material, depth = changed(frame, rng)
        assert (rgb.dtype, rgb.shape) == (torch.uint8, (3, *HW))
        assert (material.dtype, material.shape) == (torch.uint8, HW)
        assert (depth.dtype, depth.shape) == (torch.float16, (1, *HW))
        bright, far = material == 4, depth[0] == 1
        assert torch.equal(bright, far), "the sky stays the sky, and where it was"
        split = (int(rgb[0].min()) + int(rgb[0].max())) / 2
        assert ((rgb[0] > split) == bright).float().mean() > 0.9, "but for the rows between two tones"


def test_what_is_nearer_is_so_by_as_much_as_it_is_larger() -> None:
    depth_m = np.full((1, *HW), 40.0)
    depth = (np.log1p(depth_m) / FAR_LOG).astype(np.float16)
    disc = (np.hypot(*np.mgrid[-24:24, -40:40]) < 8).astype(np.uint8)
    for seed in range(30):
        _, material, near = nearer(np.zeros((3, *HW), np.uint8), disc, depth, np.random.default_rng(seed))
        share = np.expm1(near.astype(np.float64) * FAR_LOG).mean() / 40
        assert LEAST_PART * 0.97 < share < 1.01
        if material[[0, -1]].any() or material[:, [0, -1]].any():
            continue  # cut by the edge
        assert material.sum() / disc.sum() == pytest.approx(share**-2, rel=0.12)


def test_grading_keeps_the_order_of_grays_and_grays_gray() -> None:
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8), (3, 4, 256))
    for seed in range(20):
        out = graded(ramp, np.random.default_rng(seed)).astype(int)
        assert (np.diff(out[0, 0]) >= 0).all()
        assert out[0, 0, -1] - out[0, 0, 0] > 120, "still a picture"
        assert np.abs(out - out[:1]).max() <= 1
