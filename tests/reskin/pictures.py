"""Pictures and maps for tests of what happens at the window's size."""

from __future__ import annotations

import numpy as np

from engine.underpaint import PaintMaps


def random_bgra(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """(h, w, 4) uint8, smooth with edges, as games are: blocks of colour under a little noise."""
    h, w = size
    blocks = rng.integers(0, 256, (h // 9 + 1, w // 11 + 1, 4))
    picture = np.repeat(np.repeat(blocks, 9, axis=0), 11, axis=1)[:h, :w]
    return np.clip(picture + rng.integers(-12, 13, (h, w, 4)), 0, 255).astype(np.uint8)


def random_maps(rng: np.random.Generator, size: tuple[int, int], **changes: np.ndarray) -> PaintMaps:
    """Ramps of any colour; `keep` is 0 unless given."""
    h, w = size

    def unit(*shape: int) -> np.ndarray:
        return rng.random((h, w, *shape), np.float32)

    dark, middle, light = unit(3), unit(3), unit(3)
    parts = {
        "base": dark,
        "shade": middle - dark,
        "shine": light - middle,
        "mean": unit(),
        "gain": 1 + 7 * unit(),
        "keep": np.zeros((h, w), np.float32),
    }
    return PaintMaps(**{**parts, **changes})


def levels_apart(a: np.ndarray, b: np.ndarray) -> int:
    """The worst difference of a byte, alpha left out."""
    return int(np.abs(a[..., :3].astype(int) - b[..., :3].astype(int)).max())


def differ_by_roundings(a: np.ndarray, b: np.ndarray) -> bool:
    """At most a level apart; but for fewer than one pixel in a thousand, 8: where tones or colours step."""
    apart = np.abs(a[..., :3].astype(int) - b[..., :3].astype(int)).max(axis=2)
    return bool((apart > 1).mean() < 1e-3 and apart.max() <= 8)
