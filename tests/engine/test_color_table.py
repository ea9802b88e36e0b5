"""The fitted table of colours: it finds what one table can do, and cannot do what takes knowing what is where."""

from __future__ import annotations

import numpy as np

from engine.train.color_table import ColorTable
from engine.train.figures import psnr_db

GAME = np.random.default_rng(2).random((120, 160, 3)).astype(np.float32)


def graded(rgb: np.ndarray) -> np.ndarray:
    """Colours exchanged, and darker."""
    return rgb[..., [2, 0, 1]] * np.float32(0.7) + np.float32(0.1)


def test_a_grading_of_colours_is_found() -> None:
    table = ColorTable([(GAME, graded(GAME))])
    other = np.random.default_rng(3).random((60, 80, 3)).astype(np.float32)
    assert psnr_db(table(other), graded(other)) > 30
    assert psnr_db(other, graded(other)) < 12


def test_one_colour_for_two_things_becomes_their_mean() -> None:
    flat = np.full((10, 10, 3), 0.5, np.float32)
    red, blue = (np.broadcast_to(np.array(color, np.float32), flat.shape) for color in ((1, 0, 0), (0, 0, 1)))
    painted = ColorTable([(flat, red), (flat, blue)])(flat)
    np.testing.assert_allclose(painted, np.broadcast_to((0.5, 0, 0.5), flat.shape), atol=1e-5)


def test_colours_that_were_never_seen_become_what_their_neighbours_do() -> None:
    dark = GAME * np.float32(0.4)
    bright = ColorTable([(dark, graded(dark))])(np.full((1, 1, 3), 0.95, np.float32))
    assert np.isfinite(bright).all()
    assert 0.2 < bright.mean() < 0.9
