"""When two tracers have seen the same: what the fast ones are held to the slow one by."""

from __future__ import annotations

import numpy as np

from engine.worlds.gbuffer import GBuffer

FIELDS = ("material", "instance", "depth", "position", "normal", "uv", "flow")


def assert_the_same_is_seen(fast: GBuffer, slow: GBuffer) -> None:
    same = (fast.material == slow.material) & (fast.instance == slow.instance)
    assert same.mean() >= 0.99
    relative = np.abs(fast.depth - slow.depth) / fast.depth
    assert np.median(relative) < 0.01
    assert np.quantile(relative[same], 0.99) < 0.01
    assert np.quantile((fast.normal * slow.normal).sum(-1)[same], 0.01) > 0.99
    assert np.quantile(np.abs(fast.uv - slow.uv).max(-1)[same], 0.99) < 0.05
    assert np.quantile(np.abs(fast.flow - slow.flow).max(-1)[same], 0.99) < 0.05
    for name in FIELDS:
        ours, theirs = getattr(slow, name), getattr(fast, name)
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), name
