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
from tests.worlds.agreement import assert_the_same_is_seen

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
        frame = level(np.random.default_rng(seed)).frame(1.0, 1.0 - 1 / 24)
        asked = {"time_s": frame.time_s, "previous": frame.previous}
        fast = trace(frame.scene, frame.camera, SIZE, **asked)
        slow = raymarch(frame.scene, frame.camera, SIZE, **asked)
        assert_the_same_is_seen(fast, slow)
