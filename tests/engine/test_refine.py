"""Settling the Reader's materials, each step against its plain formula in `engine.offline`."""

from __future__ import annotations

import numpy as np
import pytest

from engine import offline
from engine.config import MATERIALS
from engine.refine import Refiner
from engine.stillness import Stillness
from engine.underpaint import LUMA
from engine.votes import exp_below_zero, lay_out_votes
from tests.engine.tiny import frames_of

K = len(MATERIALS)
ODD_SIZES = [(1, 1), (1, 7), (5, 3), (31, 47)]


def probabilities(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    weights = np.exp(3 * rng.standard_normal((*size, K)).astype(np.float32))
    return weights / weights.sum(axis=2, keepdims=True)


@pytest.mark.parametrize("half_size", [(1, 1), (3, 5), (72, 128)])
def test_votes_become_the_probabilities_of_a_plain_softmax(
    rng: np.random.Generator, half_size: tuple[int, int]
) -> None:
    votes = 4 * rng.standard_normal((4 * (K + 1), *half_size)).astype(np.float32)
    block_votes = 2 * rng.standard_normal((K + 1, *half_size)).astype(np.float32)
    materials, depth = lay_out_votes(votes, block_votes)
    expected_materials, expected_depth = offline.read(votes + np.repeat(block_votes, 4, axis=0), np.exp)
    np.testing.assert_allclose(materials, expected_materials, atol=1e-3)
    np.testing.assert_allclose(depth, expected_depth, atol=1e-5)
    np.testing.assert_allclose(materials.sum(axis=2), 1, atol=1e-5)


def test_the_quick_exp_is_off_by_at_most_three_in_ten_thousand() -> None:
    x = np.linspace(-2000, 0, 20001, dtype=np.float32)
    assert max(abs(exp_below_zero(value) - np.exp(value)) for value in x) < 3e-4


@pytest.mark.parametrize("size", ODD_SIZES)
def test_settling_equals_the_plain_formula(rng: np.random.Generator, size: tuple[int, int]) -> None:
    refiner = Refiner()
    rgb_before, settled, votes = None, None, {}
    for _ in range(3):
        rgb = rng.random((*size, 3), np.float32) * 0.2 + 0.4
        materials = probabilities(rng, size)
        ours = refiner(rgb, materials)
        votes = offline.tally(rgb, materials, votes)
        settled = offline.settle(rgb, offline.outvote(rgb, materials, votes), rgb_before, settled)
        rgb_before = rgb
        np.testing.assert_allclose(ours, settled, atol=2e-6)
        np.testing.assert_allclose(ours.sum(axis=2), 1, atol=1e-5)


@pytest.mark.parametrize("size", ODD_SIZES)
def test_following_equals_its_plain_formula_and_is_not_remembered(
    rng: np.random.Generator, size: tuple[int, int]
) -> None:
    refiner, other = Refiner(), Refiner()
    first, second, third = (rng.random((*size, 3), np.float32) for _ in range(3))
    start, end = probabilities(rng, size), probabilities(rng, size)
    settled = refiner(first, start)
    expected = offline.follow(second, first, settled, offline.tally(first, start, {}))
    np.testing.assert_allclose(refiner.follow(second), expected, atol=2e-6)
    other(first, start)
    assert np.array_equal(refiner(third, end), other(third, end))


def test_one_colour_and_one_sure_opinion_stay_as_they_are() -> None:
    opinion = np.zeros((12, 20, K), np.float32)
    opinion[..., 3] = 1
    flat = np.full((12, 20, 3), 0.3, np.float32)
    np.testing.assert_allclose(Refiner()(flat, opinion), opinion, atol=1e-6)


def test_materials_do_not_cross_an_edge_of_the_game(rng: np.random.Generator) -> None:
    rgb = np.zeros((16, 24, 3), np.float32)
    rgb[:, 12:] = 1
    materials = np.zeros((16, 24, K), np.float32)
    materials[:, :12, 0] = materials[:, 12:, 1] = 1
    settled = Refiner()(rgb, materials)
    assert settled[:, :12, 0].min() > 0.999
    assert settled[:, 12:, 1].min() > 0.999


def test_still_frames_settle_on_the_mean_of_what_the_reader_says(rng: np.random.Generator) -> None:
    refiner, rgb = Refiner(), frames_of(2, 1)[0]
    readings = [probabilities(rng, rgb.shape[:2]) for _ in range(12)]
    settled = [refiner(rgb, reading).copy() for reading in readings]

    def flicker(frames: list[np.ndarray]) -> float:
        return float(np.abs(np.diff(frames, axis=0)).mean())

    alone = [Refiner()(rgb, reading) for reading in readings]
    assert flicker(settled[2:]) < 0.45 * flicker(alone[2:])


def test_a_new_size_starts_a_new_past(rng: np.random.Generator) -> None:
    refiner = Refiner()
    refiner(rng.random((8, 8, 3), np.float32), probabilities(rng, (8, 8)))
    rgb, materials = rng.random((12, 16, 3), np.float32), probabilities(rng, (12, 16))
    assert np.array_equal(refiner(rgb, materials), Refiner()(rgb, materials))


def test_stillness_equals_its_plain_formula(rng: np.random.Generator) -> None:
    stillness, still = Stillness(), np.ones((48, 80))
    frames = frames_of(9, 8)
    for i, rgb in enumerate(frames):
        materials = probabilities(rng, (48, 80))
        if i:
            still = offline.watch_stillness(rgb @ LUMA, frames[i - 1] @ LUMA, still)
        expected = offline.doubt_hud(materials.astype(np.float64), still) if i else materials
        np.testing.assert_allclose(stillness(rgb @ LUMA, materials.copy()), expected, atol=1e-5)
