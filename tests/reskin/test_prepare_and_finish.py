"""Screen bytes to the model's size, and the theme's finish laid into the maps, each against the obvious way."""

from __future__ import annotations

import numpy as np
import pytest

from engine.config import NANO
from engine.underpaint import LUMA
from reskin.finish import finish_maps
from reskin.prepare import prepare
from reskin.theme_model import Finish
from tests.reskin.pictures import random_bgra, random_maps

SIZES = [(1, 1), (1, 9), (13, 1), (3, 5), (18, 32), (36, 64), (37, 61), (131, 257)]


def shares(inside: int, outside: int) -> np.ndarray:
    """(inside, outside): how much of each screen pixel lies in each model pixel, rows summing to 1."""
    edges = np.arange(inside + 1) * outside / inside
    pixels = np.arange(outside)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    overlap = np.maximum(overlap, 0)
    return overlap / overlap.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("model", [(18, 32), (16, 16)], ids=str)
def test_prepare_is_the_average_over_each_model_pixels_area(
    rng: np.random.Generator, size: tuple[int, int], model: tuple[int, int]
) -> None:
    bgra_u8 = random_bgra(rng, size)
    rgb = bgra_u8[..., 2::-1] / 255
    expected = np.einsum("yY,xX,YXc->yxc", shares(model[0], size[0]), shares(model[1], size[1]), rgb)
    got = prepare(bgra_u8, model)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=2e-5)


@pytest.mark.parametrize("size", [(1, 1), (7, 1921), (1083, 1921), (720, 1280)], ids=str)
def test_prepare_takes_any_window(rng: np.random.Generator, size: tuple[int, int]) -> None:
    bgra_u8 = rng.integers(0, 256, (*size, 4)).astype(np.uint8)
    rgb = prepare(bgra_u8, NANO.size)
    assert rgb.shape == (*NANO.size, 3)
    assert rgb.min() >= 0
    assert rgb.max() <= 1 + 1e-5
    average = bgra_u8[..., 2::-1].mean(axis=(0, 1)) / 255
    np.testing.assert_allclose(rgb.mean(axis=(0, 1), dtype=np.float64), average, atol=1e-5)


def test_white_and_black_stay_what_they_are() -> None:
    for value in (0, 255):
        flat = np.full((33, 77, 4), value, np.uint8)
        np.testing.assert_allclose(prepare(flat, (18, 32)), value / 255, atol=1e-6)


@pytest.mark.parametrize(("saturation", "contrast"), [(1.0, 1.0), (0.0, 1.0), (1.7, 1.0), (1.0, 1.4), (0.6, 0.7)])
def test_saturation_and_contrast_on_maps_equal_those_on_pixels(
    rng: np.random.Generator, saturation: float, contrast: float
) -> None:
    maps, luminance = random_maps(rng, (18, 32)), rng.random((18, 32), np.float32)
    painted = maps.evaluate(luminance)
    gray = (painted @ LUMA)[..., None]
    expected = (gray + saturation * (painted - gray) - 0.5) * contrast + 0.5
    finished = finish_maps(maps, Finish(saturation=saturation, contrast=contrast), luminance)
    np.testing.assert_allclose(finished.evaluate(luminance), expected, atol=2e-6)


def test_no_finish_leaves_the_maps_alone(rng: np.random.Generator) -> None:
    maps, luminance = random_maps(rng, (18, 32)), rng.random((18, 32), np.float32)
    finished = finish_maps(maps, Finish(), luminance)
    assert finished.base is maps.base
    assert finished.shine is maps.shine


def test_a_vignette_darkens_corners_and_not_the_middle(rng: np.random.Generator) -> None:
    maps, luminance = random_maps(rng, (19, 33)), rng.random((19, 33), np.float32)
    before = maps.evaluate(luminance)
    after = finish_maps(maps, Finish(vignette=1.0), luminance).evaluate(luminance)
    np.testing.assert_allclose(after[9, 16], before[9, 16], rtol=1e-4)
    np.testing.assert_allclose(after[0, 0], 0.1 * before[0, 0], rtol=1e-4)


def test_bloom_adds_light_only_around_what_is_bright(rng: np.random.Generator) -> None:
    flat = np.zeros((36, 64, 3), np.float32)
    base = flat + np.float32(0.2)
    base[4:8, 4:8] = 1.0
    maps, luminance = random_maps(rng, (36, 64), base=base, shade=flat, shine=flat), np.full((36, 64), 0.5, np.float32)
    added = finish_maps(maps, Finish(bloom=1.0), luminance).base - base
    assert added.min() >= -1e-6
    assert added[6, 12].min() > 0.01
    assert added[30, 60].max() < 1e-4
