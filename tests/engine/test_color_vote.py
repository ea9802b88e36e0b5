"""The vote of a picture's colours: compiled and in torch against the plain loop of `engine.offline`; what it is for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine import offline
from engine.color_vote import BLENDED, OUTVOTED, PLACES, colors_of, lowness, outvote, tally
from engine.config import FOLIAGE, GROUND, HUD, MATERIALS, SKY
from engine.gpu import color_vote as gpu
from engine.refine import Refiner
from engine.votes import planes

K = len(MATERIALS)
GREY, RED = np.float32([0.55, 0.55, 0.55]), np.float32([0.9, 0.1, 0.1])


def voted(rgb: np.ndarray, materials: np.ndarray) -> np.ndarray:
    colors, seen = colors_of(planes(rgb)), planes(materials)
    counts = np.ones(rgb.shape[:2], np.float32)
    return outvote(colors, tally(colors, seen, None), seen, counts, OUTVOTED).transpose(1, 2, 0)


def sure_of(material: int, size: tuple[int, int], share: float = 1.0) -> np.ndarray:
    materials = np.full((*size, K), (1 - share) / (K - 1), np.float32)
    materials[..., material] = share
    return materials


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (31, 47)])
def test_both_ways_of_counting_equal_the_plain_loop(rng: np.random.Generator, size: tuple[int, int]) -> None:
    ours, theirs, expected_votes = None, torch.zeros(PLACES, K), {}
    for i in range(3):
        rgb = rng.random((*size, 3), np.float32) * 0.3
        rgb[0, 0] = 1.0  # the end of the scale has no step of its own
        materials = rng.dirichlet(np.full(K, 0.3), size).astype(np.float32)
        counts = rng.random(size, np.float32) * 16 + 0.1
        expected_votes = offline.tally(rgb, materials, expected_votes)
        expected = offline.outvote(rgb, materials, expected_votes, counts)
        colors, seen = colors_of(planes(rgb)), planes(materials)
        ours = tally(colors, seen, ours)
        mixed = outvote(colors, ours, seen, counts, OUTVOTED)
        np.testing.assert_allclose(mixed.transpose(1, 2, 0), expected, atol=1e-6)
        pixels, probabilities = (torch.from_numpy(planes(picture)) for picture in (rgb, materials))
        there, low = gpu.colors_of(pixels), torch.from_numpy(lowness(size[0]))[:, None]
        theirs = gpu.tally(there, low, probabilities, theirs, torch.tensor(float(i > 0)))
        voted_there = gpu.outvote(there, low, theirs, probabilities, torch.from_numpy(counts)[None], OUTVOTED)
        np.testing.assert_allclose(voted_there.numpy().transpose(1, 2, 0), expected, atol=1e-6)
        np.testing.assert_allclose(expected.sum(axis=2), 1, atol=1e-6)


def test_votes_count_again_and_fade_out(rng: np.random.Generator) -> None:
    grey = colors_of(planes(np.broadcast_to(GREY, (4, 4, 3)).copy()))
    red = colors_of(planes(np.broadcast_to(RED, (4, 4, 3)).copy()))
    votes = tally(grey, planes(sure_of(GROUND, (4, 4))), None)
    assert votes[grey].sum() > 0
    first = votes.sum()
    votes = tally(red, planes(sure_of(FOLIAGE, (4, 4))), votes)
    assert 0 < votes[grey[0, 0], GROUND] < first
    for _ in range(100):
        votes = tally(red, planes(sure_of(FOLIAGE, (4, 4))), votes)
    assert votes[grey].max() == 0


def test_a_few_doubts_are_outvoted_by_what_else_has_the_colour() -> None:
    rgb = np.broadcast_to(GREY, (16, 24, 3)).copy()
    materials = sure_of(GROUND, (16, 24), 0.9)
    materials[3:5, 3:5] = sure_of(FOLIAGE, (2, 2), 0.7)
    assert (voted(rgb, materials).argmax(axis=2) == GROUND).all()
    rgb[3:5, 3:5] = RED  # nothing else has it: its own reading is the more believed
    assert (voted(rgb, materials)[3:5, 3:5, FOLIAGE] > 0.8).all()


def test_what_is_above_and_what_is_below_vote_apart_and_without_a_seam() -> None:
    rgb = np.broadcast_to(GREY, (80, 24, 3)).copy()
    mixed = voted(rgb, np.concatenate([sure_of(SKY, (40, 24)), sure_of(GROUND, (40, 24))]))
    blended = round(80 * BLENDED / 2)
    assert mixed[: 40 - blended, :, SKY].min() > 0.99
    assert mixed[40 + blended :, :, GROUND].min() > 0.99
    doubtful = np.full((80, 24, K), 1 / K, np.float32)
    doubtful[:20] = sure_of(SKY, (20, 24))
    doubtful[60:] = sure_of(GROUND, (20, 24))
    steps = np.abs(np.diff(voted(rgb, doubtful)[20:60, 0, SKY]))
    assert steps.max() < 0.2  # at once it would be 0.7


def test_a_hud_neither_votes_nor_is_outvoted() -> None:
    rgb = np.broadcast_to(GREY, (16, 24, 3)).copy()
    materials = sure_of(GROUND, (16, 24))
    materials[:6] = sure_of(HUD, (6, 24), 0.8)
    mixed = voted(rgb, materials)
    np.testing.assert_allclose(mixed[:6, :, HUD], materials[:6, :, HUD], atol=1e-6)
    assert mixed[6:, :, HUD].max() == 0


def test_what_a_thing_had_covered_is_not_left_with_that_things_material() -> None:
    """A red flag on grey ground moves on by more than the materials follow; the second frame is not read."""
    first, second = (np.broadcast_to(GREY, (48, 64, 3)).copy() for _ in range(2))
    first[8:24, 8:24], second[8:24, 40:56] = RED, RED
    reading = sure_of(GROUND, (48, 64))
    reading[8:24, 8:24] = sure_of(FOLIAGE, (16, 16))
    refiner = Refiner()
    refiner(first, reading)
    followed = refiner.follow(second)
    assert followed[8:24, 8:24, GROUND].min() > 0.9
    assert followed[8:24, 40:56, FOLIAGE].min() > 0.9
