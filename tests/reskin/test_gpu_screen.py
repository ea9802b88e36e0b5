"""The screen's part of the frame in torch against the CPU's own prepare, finish and compose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from engine.gpu.underpaint import PaintMaps as PaintMapTensors
from engine.underpaint import LUMA, PaintMaps
from kernels import reference
from reskin.compose import Composer, grain_noise
from reskin.finish import finish_maps
from reskin.finish_gpu import FinishTensors
from reskin.prepare import prepare
from reskin.theme_model import Finish
from tests.reskin.pictures import levels_apart, random_bgra, random_maps

MODEL = (20, 32)
SIZES = [(1, 1), (1, 203), (61, 1), (2, 2), (17, 31), (20, 32), (67, 301), (135, 241)]


def planar(picture: np.ndarray) -> torch.Tensor:
    """(h, w, 3) or (h, w) to (c, h, w)."""
    return torch.from_numpy(np.ascontiguousarray(np.atleast_3d(picture).transpose(2, 0, 1)))


def composed(bgra_u8: np.ndarray, guide: np.ndarray, maps: PaintMaps, strength: float, outline: float = 0.0,
             grain: float = 0.0, frame_index: int = 0) -> np.ndarray:  # fmt: skip
    parts = (planar(part) for part in (guide, maps.base, maps.shade, maps.shine, maps.mean, maps.gain, maps.keep))
    numbers = (torch.tensor([number]) for number in (strength, outline, grain))
    frame = torch.tensor([frame_index], dtype=torch.int32)
    return reference.to_screen(
        torch.from_numpy(bgra_u8), *parts, *numbers, torch.from_numpy(grain_noise()), frame
    ).numpy()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("model", [MODEL, (4, 4), (48, 80)], ids=str)
def test_the_model_sees_the_same_picture(
    rng: np.random.Generator, size: tuple[int, int], model: tuple[int, int]
) -> None:
    bgra_u8 = random_bgra(rng, size)
    ours = reference.to_model(torch.from_numpy(bgra_u8), model).numpy()
    np.testing.assert_allclose(ours.transpose(1, 2, 0), prepare(bgra_u8, model), atol=2e-6)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    "finish",
    [{}, {"strength": 0.7}, {"outline": 0.5, "strength": 0.9}, {"outline": 1.0}, {"grain": 0.6, "frame_index": 41}],
)
def test_the_screen_shows_the_same_picture(
    rng: np.random.Generator, size: tuple[int, int], finish: dict[str, Any]
) -> None:
    bgra_u8 = random_bgra(rng, size)
    guide, maps = prepare(bgra_u8, MODEL), random_maps(rng, MODEL, keep=rng.random(MODEL, np.float32))
    theirs = np.empty_like(bgra_u8)
    Composer().compose(bgra_u8, guide, maps, theirs, **{"strength": 1.0, **finish})
    ours = composed(bgra_u8, guide, maps, **{"strength": 1.0, **finish})
    assert levels_apart(ours, theirs) <= 1
    assert (ours[..., 3] == 255).all()
    # Few bytes lie on the edge between two levels, where either is right.
    assert ours.size < 2000 or (ours == theirs).mean() > 0.98


def test_strength_zero_is_the_windows_own_bytes(rng: np.random.Generator) -> None:
    bgra_u8 = random_bgra(rng, (45, 83))
    maps = random_maps(rng, MODEL, keep=rng.random(MODEL, np.float32))
    assert np.array_equal(composed(bgra_u8, prepare(bgra_u8, MODEL), maps, 0.0, outline=1.0, grain=1.0), bgra_u8)


FINISHES = [{}, {"saturation": 1.6, "contrast": 0.8}, {"bloom": 0.7}, {"vignette": 0.9, "bloom": 0.3, "contrast": 1.3}]


@pytest.mark.parametrize("parts", FINISHES, ids=str)
@pytest.mark.parametrize("size", [(32, 48), (144, 256)], ids=str)
def test_the_maps_wear_the_same_finish(
    rng: np.random.Generator, parts: dict[str, float], size: tuple[int, int]
) -> None:
    guide, maps = rng.random((*size, 3), np.float32), random_maps(rng, size)
    tensors = FinishTensors(size)
    tensors.set(Finish(bloom=1.0, vignette=1.0, saturation=0.0))  # of a theme before
    tensors.set(Finish(**parts))
    ours = tensors(planar(guide), PaintMapTensors(*(planar(getattr(maps, name)) for name in PaintMapTensors._fields)))
    theirs = finish_maps(maps, Finish(**parts), guide @ LUMA)
    for name, tensor in ours._asdict().items():
        np.testing.assert_allclose(tensor, planar(getattr(theirs, name)), atol=2e-5, err_msg=name)
