"""Compose against a slow loop of the same joint bilateral formula, and what it must never do to the game's pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.underpaint import LUMA, PaintMaps
from reskin.compose import LIKENESS, TILE_PX, Composer
from reskin.prepare import prepare
from tests.reskin.pictures import levels_apart, random_bgra, random_maps

MODEL = (18, 32)
# Odd, prime, smaller than the model in one or both directions, one tile and a bit, and the usual enlargement.
SIZES = [(1, 1), (3, 5), (5, 61), (40, 7), (257, 131), (18, 32), (17, TILE_PX + 1), (72, 128)]


def slow_compose(bgra_u8: np.ndarray, guide: np.ndarray, maps: PaintMaps, strength: float) -> np.ndarray:
    """In doubles, each pixel from its four neighbours, weighted by nearness over squared unlikeness."""
    (height, width), (h, w) = bgra_u8.shape[:2], guide.shape[:2]
    game = bgra_u8[..., 2::-1] / 255
    at_y, at_x = (np.arange(height) + 0.5) * h / height - 0.5, (np.arange(width) + 0.5) * w / width - 0.5
    cell_y, cell_x = np.floor(at_y).astype(int), np.floor(at_x).astype(int)
    total = np.zeros((height, width))
    sums = dict.fromkeys(("base", "shade", "shine", "mean", "gain", "keep"), 0.0)
    for dy in (0, 1):
        for dx in (0, 1):
            place = np.ix_(np.clip(cell_y + dy, 0, h - 1), np.clip(cell_x + dx, 0, w - 1))
            near = np.outer(1 - np.abs(at_y - cell_y - dy), 1 - np.abs(at_x - cell_x - dx))
            weight = near / (LIKENESS + ((game - guide[place]) ** 2).sum(axis=2)) ** 2
            total += weight
            for name in sums:
                values = getattr(maps, name)[place].astype(float)
                sums[name] = sums[name] + (weight[..., None] if values.ndim == 3 else weight) * values
    mixed = {name: (value.T / total.T).T for name, value in sums.items()}
    painted = PaintMaps(**mixed).evaluate(game @ LUMA)
    out = game + strength * (1 - mixed["keep"])[..., None] * (painted - game)
    out_u8 = np.clip(out * 255 + 0.5, 0, 255).astype(np.uint8)
    return np.dstack([out_u8[..., ::-1], np.full((height, width), 255, np.uint8)])


def composed(
    bgra_u8: np.ndarray, guide: np.ndarray, maps: PaintMaps, strength: float = 1.0, **finish: float
) -> np.ndarray:
    out = np.full_like(bgra_u8, 77)
    Composer().compose(bgra_u8, guide, maps, out, strength=strength, **finish)  # type: ignore[arg-type]
    return out


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("strength", [1.0, 0.6])
def test_compose_equals_the_slow_loop(rng: np.random.Generator, size: tuple[int, int], strength: float) -> None:
    bgra_u8 = random_bgra(rng, size)
    guide = prepare(bgra_u8, MODEL)
    maps = random_maps(rng, MODEL, keep=rng.random(MODEL, np.float32))
    ours = composed(bgra_u8, guide, maps, strength)
    assert levels_apart(ours, slow_compose(bgra_u8, guide, maps, strength)) <= 1
    assert (ours[..., 3] == 255).all()


def test_strength_zero_is_the_games_frame_bit_for_bit(rng: np.random.Generator) -> None:
    bgra_u8 = random_bgra(rng, (45, 83))
    out = composed(bgra_u8, prepare(bgra_u8, MODEL), random_maps(rng, MODEL), 0.0, outline=1.0, grain=1.0)
    assert np.array_equal(out, bgra_u8)


def test_what_is_kept_is_the_games_own_under_every_finish(rng: np.random.Generator) -> None:
    bgra_u8 = random_bgra(rng, (45, 83))
    maps = random_maps(rng, MODEL, keep=np.ones(MODEL, np.float32))
    out = composed(bgra_u8, prepare(bgra_u8, MODEL), maps, outline=1.0, grain=1.0)
    assert levels_apart(out, bgra_u8) <= 1


def test_a_flat_game_gets_no_pattern_from_the_model_grid(rng: np.random.Generator) -> None:
    flat = np.full((90, 161, 4), (40, 90, 200, 0), np.uint8)
    one_color = {
        name: np.broadcast_to(rng.random(3).astype(np.float32), (*MODEL, 3)) for name in ("base", "shade", "shine")
    }
    maps = random_maps(
        rng, MODEL, mean=np.full(MODEL, 0.4, np.float32), gain=np.full(MODEL, 3, np.float32), **one_color
    )
    out = composed(flat, prepare(flat, MODEL), maps)
    assert (out == out[0, 0]).all()


def test_a_material_ends_where_the_game_drew_its_edge(rng: np.random.Generator) -> None:
    """Two materials meet at x = 90 of 160, in the middle of a model pixel."""
    bgra_u8 = np.full((90, 160, 4), 230, np.uint8)
    bgra_u8[:, 90:] = 20
    guide = prepare(bgra_u8, MODEL)
    blue, red = np.array([0, 0, 1], np.float32), np.array([1, 0, 0], np.float32)
    base = np.where(np.arange(32)[None, :, None] < 18, blue, red) * np.ones((18, 1, 1), np.float32)
    none = np.zeros_like(base)
    out = composed(bgra_u8, guide, random_maps(rng, MODEL, base=base, shade=none, shine=none))
    assert (out[:, :89, 0] > 200).all()
    assert (out[:, 91:, 2] > 200).all()


def test_outlines_darken_edges_and_grain_changes_with_the_frame(rng: np.random.Generator) -> None:
    bgra_u8 = np.full((90, 160, 4), 200, np.uint8)
    bgra_u8[:, 80:] = 60
    guide, maps = prepare(bgra_u8, MODEL), random_maps(rng, MODEL, shine=np.zeros((*MODEL, 3), np.float32))
    maps = replace(maps, base=np.full((*MODEL, 3), 0.8, np.float32), shade=np.zeros((*MODEL, 3), np.float32))
    plain, lined = composed(bgra_u8, guide, maps), composed(bgra_u8, guide, maps, outline=1.0)
    assert (lined[:, 79:81, :3] < plain[:, 79:81, :3] / 2).all()
    assert np.array_equal(lined[:, :70], plain[:, :70])
    grains = [composed(bgra_u8, guide, maps, grain=1.0, frame_index=i).astype(int) for i in range(2)]
    assert 1 < np.abs(grains[0] - plain).mean() < 30
    assert not np.array_equal(grains[0], grains[1])


def test_one_composer_serves_changing_sizes(rng: np.random.Generator) -> None:
    composer = Composer()
    for model, size in (((18, 32), (40, 60)), ((9, 16), (90, 33)), ((18, 32), (11, 13))):
        bgra_u8 = random_bgra(rng, size)
        guide, maps = prepare(bgra_u8, model), random_maps(rng, model)
        out = np.empty_like(bgra_u8)
        composer.compose(bgra_u8, guide, maps, out, strength=1.0)
        assert np.array_equal(out, composed(bgra_u8, guide, maps))
