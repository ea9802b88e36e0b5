"""Blocks and few tones, drawn on the painted picture: against the obvious way, calm, and not where the game is kept."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.underpaint import LUMA
from reskin.errors import ThemeError
from reskin.screen_finish import CELL_PX, STEEPEST, block_px, finish_screen, needs_left
from reskin.theme_fade import blended
from reskin.theme_model import Finish, Theme
from reskin.themes import parse_theme
from tests.reskin.pictures import levels_apart, random_bgra

SIZES = [(1, 1), (2, 3), (37, 61), (90, 160), (211, 333)]
GRAYS = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 4, axis=2)  # (1, 256, 4): every tone once


def finished(bgra_u8: np.ndarray, *spared: np.ndarray, strength: float = 1.0, **parts: float) -> np.ndarray:
    out = bgra_u8.copy()
    finish_screen(out, Finish.model_validate(parts), strength, spared)
    return out


def light_of(bgra_u8: np.ndarray) -> np.ndarray:
    return bgra_u8[..., :3].astype(float) @ LUMA[::-1]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_block_is_the_mean_of_what_lies_in_it(rng: np.random.Generator, size: tuple[int, int]) -> None:
    bgra_u8 = random_bgra(rng, size)
    side = max(1, block_px(Finish(pixel=0.05), size[0]))
    means = bgra_u8.copy()
    for y in range(0, size[0], side):
        for x in range(0, size[1], side):
            means[y : y + side, x : x + side] = bgra_u8[y : y + side, x : x + side].mean(axis=(0, 1)).round()
    assert levels_apart(finished(bgra_u8, pixel=0.05), means) <= 1


def test_a_picture_of_twice_the_size_has_the_same_blocks(rng: np.random.Generator) -> None:
    small = random_bgra(rng, (360, 640))
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    halved = finished(large, pixel=0.02, levels=5)[::2, ::2]
    assert levels_apart(halved, finished(small, pixel=0.02, levels=5)) <= 1
    assert [block_px(Finish(pixel=0.008), rows) for rows in (90, 360, 720, 1080, 2160)] == [1, 3, 6, 9, 17]


@pytest.mark.parametrize("levels", [2, 3, 6, 32])
@pytest.mark.parametrize("pixel", [0.0, 0.05])
def test_tones_lie_flat_from_black_to_white_and_never_turn_round(levels: int, pixel: float) -> None:
    rows = GRAYS.repeat(4, axis=1).repeat(40, axis=0)  # each tone wide enough for a block
    light = finished(rows, levels=levels, pixel=pixel)[20, ::4, 0].astype(int)
    assert (light[0], light[-1]) == (0, 255)
    assert (np.diff(light) >= -1).all()
    tones = np.linspace(0, 255, levels)
    flat = np.abs(light[:, None] - tones).min(axis=1) <= 3
    assert flat.mean() > 0.45, "half of the way is flat"
    assert {int(np.abs(tones - tone).argmin()) for tone in light[flat]} == set(range(levels))


def test_few_tones_leave_the_differences_between_a_colors_channels(rng: np.random.Generator) -> None:
    bgra_u8 = rng.integers(90, 160, (40, 60, 4)).astype(np.uint8)
    out = finished(bgra_u8, levels=4)
    for a, b in pairwise(range(3)):
        before, after = (part[..., a].astype(int) - part[..., b] for part in (bgra_u8, out))
        assert np.abs(after - before).max() <= 1


@pytest.mark.parametrize("parts", [{"levels": 2}, {"levels": 6}, {"pixel": 0.04}, {"pixel": 0.04, "levels": 6}])
def test_what_hardly_changes_hardly_changes_there(rng: np.random.Generator, parts: dict[str, float]) -> None:
    bgra_u8 = random_bgra(rng, (180, 320))
    brighter = np.clip(bgra_u8.astype(int) + 1, 0, 255).astype(np.uint8)
    assert levels_apart(finished(bgra_u8, **parts), finished(brighter, **parts)) <= STEEPEST + 1
    calm = np.full((720, 1280, 4), 127, np.uint8)  # between two tones
    noisy = [(calm + rng.integers(-4, 5, calm.shape)).astype(np.uint8) for _ in range(2)]
    after = np.abs(finished(noisy[0], **parts).astype(int) - finished(noisy[1], **parts))[..., :3].mean()
    assert after < 1.3 * np.abs(noisy[0].astype(int) - noisy[1])[..., :3].mean()


@pytest.mark.parametrize("parts", [{"levels": 4}, {"pixel": 0.05}, {"pixel": 0.05, "levels": 4}])
def test_what_is_spared_stays_bit_for_bit_and_half_is_halfway(
    rng: np.random.Generator, parts: dict[str, float]
) -> None:
    bgra_u8 = 60 + random_bgra(rng, (160, 240)) // 2  # so that no tone takes a channel to its end
    bgra_u8[..., 3] = 255
    there, nothing = np.zeros((20, 30), np.float32), np.zeros((18, 32), np.float32)
    there[5:10, 5:20] = 1
    out = finished(bgra_u8, there, nothing, **parts)
    inside = (slice(6 * 8, 9 * 8), slice(6 * 8, 19 * 8))
    assert np.array_equal(out[inside], bgra_u8[inside])
    whole = finished(bgra_u8, **parts)
    assert np.array_equal(out[12 * 8 :], whole[12 * 8 :])
    assert not np.array_equal(whole[inside], bgra_u8[inside])
    half = finished(bgra_u8, strength=0.5, **parts)
    assert levels_apart(half, ((bgra_u8.astype(int) + whole) / 2).round()) <= 1 + STEEPEST
    assert np.array_equal(finished(bgra_u8, strength=0.0, **parts), bgra_u8)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nothing_is_done_where_nothing_is_asked_for(rng: np.random.Generator, size: tuple[int, int]) -> None:
    bgra_u8 = random_bgra(rng, size)
    assert np.array_equal(finished(bgra_u8), bgra_u8)
    assert np.array_equal(finished(bgra_u8, pixel=0.001), bgra_u8), "a block of one pixel is the pixel"
    assert finished(bgra_u8, np.zeros((-(-size[0] // CELL_PX), 3), np.float32), levels=2).shape == bgra_u8.shape


def test_what_materials_leave_to_the_game_is_asked_for_where_it_counts() -> None:
    def theme(**parts: object) -> Theme:
        return Theme.model_validate({"name": "Test", **parts})

    part = {"rock": {"strength": 0.5}}
    assert not needs_left(theme(material=part))
    assert not needs_left(theme(finish={"pixel": 0.01}))
    assert needs_left(theme(finish={"pixel": 0.01}, material=part))
    assert needs_left(theme(finish={"levels": 3}, material=part))


def test_in_a_fade_blocks_and_tones_switch_at_the_middle() -> None:
    one, other = Theme(name="One"), Theme(name="Other", finish=Finish(pixel=0.01, levels=6, bloom=1.0))
    early, late = (blended(one, other, share).finish for share in (0.4, 0.6))
    assert (early.pixel, early.levels, early.bloom) == (0.0, 0, 0.4)
    assert (late.pixel, late.levels, late.bloom) == (0.01, 6, 0.6)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("levels = 1", "got 1: is no picture: one tone; expected a whole number: 0, or 2 to 32"),
        ("levels = 6.5", "got 6.5, expected a whole number: 0, or 2 to 32"),
        ("levels = 33", "got 33, expected a whole number: 0, or 2 to 32"),
        ("pixel = 0.5", "got 0.5, expected a number from 0 to 0.05"),
    ],
)
def test_what_no_finish_can_be_is_told(said: str, told: str) -> None:
    with pytest.raises(ThemeError, match=f"line 3, finish.*: {told}"):
        parse_theme(f'name = "Test"\n[finish]\n{said}')
