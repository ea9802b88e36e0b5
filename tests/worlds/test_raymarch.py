"""The torch ray-marcher against the compiled tracer: slow and obvious against fast, they must see the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from engine.worlds import levels
from engine.worlds.noise import value_noise as compiled_noise
from engine.worlds.raymarch import raymarch, value_noise
from engine.worlds.trace import trace

SIZE = (72, 128)
KINDS = list(levels.BUILDERS)


def test_noise_in_torch_is_the_compiled_noise() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-300, 300, (2, 500))
    for seed in (0, 7, 1 << 19):
        expected = [compiled_noise(a, b, seed) for a, b in zip(x, y, strict=True)]
        got = value_noise(torch.tensor(x), torch.tensor(y), seed).numpy()
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("level", KINDS, ids=lambda level: level.__name__)
def test_the_tracer_sees_what_the_ray_marcher_sees(level: Callable[[np.random.Generator], levels.Shot]) -> None:
    torch.set_num_threads(1)
    for seed in (1, 2):
        shot = level(np.random.default_rng(seed))
        now, before = 1.0, 1.0 - 1 / 24
        camera, previous = shot.camera_at(now), (shot.camera_at(before), before)
        fast = trace(shot.scene, camera, SIZE, time_s=now, previous=previous)
        slow = raymarch(shot.scene, camera, SIZE, time_s=now, previous=previous)
        same = (fast.material == slow.material) & (fast.instance == slow.instance)
        assert same.mean() >= 0.99
        relative = np.abs(fast.depth - slow.depth) / fast.depth
        assert np.median(relative) < 0.01
        assert np.quantile(relative[same], 0.99) < 0.01
        assert np.quantile((fast.normal * slow.normal).sum(-1)[same], 0.01) > 0.99
        assert np.quantile(np.abs(fast.uv - slow.uv).max(-1)[same], 0.99) < 0.05
        assert np.quantile(np.abs(fast.flow - slow.flow).max(-1)[same], 0.99) < 0.05
        for name in ("material", "instance", "depth", "position", "normal", "uv", "flow"):
            ours, theirs = getattr(slow, name), getattr(fast, name)
            assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), name
