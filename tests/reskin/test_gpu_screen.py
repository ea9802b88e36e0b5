"""The references of the screen kernels against the CPU's own prepare and compose."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.underpaint import PaintMaps
from kernels import reference
from reskin.compose import Composer
from reskin.prepare import prepare
from tests.reskin.pictures import levels_apart, random_bgra, random_maps

MODEL = (20, 32)
SIZES = [(1, 1), (1, 203), (61, 1), (2, 2), (17, 31), (20, 32), (67, 301), (135, 241)]


def planar(picture: np.ndarray) -> torch.Tensor:
    """(h, w, 3) or (h, w) to (c, h, w)."""
    return torch.from_numpy(np.ascontiguousarray(np.atleast_3d(picture).transpose(2, 0, 1)))


def composed(bgra_u8: np.ndarray, guide: np.ndarray, maps: PaintMaps, strength: float, outline: float) -> np.ndarray:
    parts = (planar(part) for part in (guide, maps.base, maps.shade, maps.shine, maps.mean, maps.gain, maps.keep))
    numbers = (torch.tensor([number]) for number in (strength, outline))
    return reference.to_screen(torch.from_numpy(bgra_u8), *parts, *numbers).numpy()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("model", [MODEL, (4, 4), (48, 80)], ids=str)
def test_the_model_sees_the_same_picture(
    rng: np.random.Generator, size: tuple[int, int], model: tuple[int, int]
) -> None:
    bgra_u8 = random_bgra(rng, size)
    ours = reference.to_model(torch.from_numpy(bgra_u8), model).numpy()
    np.testing.assert_allclose(ours.transpose(1, 2, 0), prepare(bgra_u8, model), atol=2e-6)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("strength", "outline"), [(1.0, 0.0), (0.7, 0.0), (0.9, 0.5), (1.0, 1.0)])
def test_the_screen_shows_the_same_picture(
    rng: np.random.Generator, size: tuple[int, int], strength: float, outline: float
) -> None:
    bgra_u8 = random_bgra(rng, size)
    guide, maps = prepare(bgra_u8, MODEL), random_maps(rng, MODEL, keep=rng.random(MODEL, np.float32))
    theirs = np.empty_like(bgra_u8)
    Composer().compose(bgra_u8, guide, maps, theirs, strength=strength, outline=outline)
    ours = composed(bgra_u8, guide, maps, strength, outline)
    assert levels_apart(ours, theirs) <= 1
    assert (ours[..., 3] == 255).all()
    # Few bytes lie on the edge between two levels, where either is right.
    assert ours.size < 2000 or (ours == theirs).mean() > 0.98


def test_strength_zero_is_the_windows_own_bytes(rng: np.random.Generator) -> None:
    bgra_u8 = random_bgra(rng, (45, 83))
    maps = random_maps(rng, MODEL, keep=rng.random(MODEL, np.float32))
    assert np.array_equal(composed(bgra_u8, prepare(bgra_u8, MODEL), maps, 0.0, 1.0), bgra_u8)
