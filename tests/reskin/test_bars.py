"""Black bars and black screens stay as the game has them; what is dark in a picture does not."""

from __future__ import annotations

import numpy as np
import pytest

from reskin.bars import SURE_FRAMES, Bars, black_bars, keep_bars

SIZE = (180, 320)


def picture(top: int = 0, bottom: int = 0, left: int = 0, right: int = 0) -> np.ndarray:
    """Noise between black bars of so many pixels."""
    h, w = SIZE
    pixels = np.random.default_rng(5).integers(40, 256, (h, w, 4)).astype(np.uint8)
    pixels[:top, :, :3], pixels[h - bottom :, :, :3] = 3, 0
    pixels[:, :left, :3], pixels[:, w - right :, :3] = 0, 7
    return pixels


@pytest.mark.parametrize("bars", [(0, 0, 0, 0), (22, 22, 0, 0), (0, 0, 40, 40), (10, 0, 0, 0), (0, 7, 1, 33)])
def test_bars_are_found_to_the_pixel(bars: tuple[int, int, int, int]) -> None:
    assert tuple(black_bars(picture(*bars))) == bars
    assert Bars().update(picture(*bars)) == bars


def test_bars_keep_the_games_own_pixels_and_no_more() -> None:
    game = picture(20, 10, 30, 0)
    out = np.full_like(game, 200)
    keep_bars(game, Bars().update(game), out)
    is_kept = (out == game).all(axis=2)
    assert is_kept[:20].all()
    assert is_kept[-10:].all()
    assert is_kept[:, :30].all()
    assert (out[20:-10, 30:] == 200).all()


def test_a_black_screen_stays_black_at_once_and_what_follows_is_painted_at_once() -> None:
    bars = Bars()
    assert bars.update(picture()) == (0, 0, 0, 0)
    assert bars.update(np.zeros((*SIZE, 4), np.uint8)) == (SIZE[0], 0, 0, 0)
    assert bars.update(picture()) == (0, 0, 0, 0)


def test_bars_come_when_they_have_stayed_and_go_at_once() -> None:
    bars = Bars()
    bars.update(picture())
    seen = [bars.update(picture(22, 22)) for _ in range(SURE_FRAMES)]
    assert seen[-2] == (0, 0, 0, 0)
    assert seen[-1] == (22, 22, 0, 0)
    assert bars.update(picture(22, 8)) == (22, 8, 0, 0)


def test_a_dark_part_of_the_picture_is_no_bar() -> None:
    """Stars in a night sky: its edge is another one in every frame."""
    bars, rng = Bars(), np.random.default_rng(6)
    for _ in range(2 * SURE_FRAMES):
        night = picture(90)
        night[rng.integers(0, 90, 30), 8 * rng.integers(0, 40, 30), :3] = 255
        top = bars.update(night)[0]
    assert top < 20


def test_another_size_is_another_stream() -> None:
    bars = Bars()
    bars.update(picture())
    assert bars.update(picture(22, 22)[:, :160].copy()) == (22, 22, 0, 0)
