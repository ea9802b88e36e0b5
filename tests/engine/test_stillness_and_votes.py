"""What the engine does to the Reader's votes before it paints: layout, and doubt in a HUD that moves with the world."""

from __future__ import annotations

import numpy as np

from engine.config import HUD, MATERIALS
from engine.stillness import Stillness
from engine.votes import lay_out_votes, planes

K = len(MATERIALS)


def test_votes_lie_plane_by_plane_so_that_no_pass_copies_them() -> None:
    materials, _ = lay_out_votes(np.zeros((4 * (K + 1), 2, 3), np.float32), np.zeros((K + 1, 2, 3), np.float32))
    assert np.shares_memory(planes(materials), materials)


def _hud_everywhere(size: tuple[int, int]) -> np.ndarray:
    materials = np.full((*size, K), 0.1 / (K - 1), np.float32)
    materials[..., HUD] = 0.9
    return materials


def _scrolling(frames: int, size: tuple[int, int] = (48, 64)) -> list[np.ndarray]:
    """A rough texture that moves three pixels a frame, and a plate in the upper left that does not."""
    wide = np.random.default_rng(1).random((size[0], size[1] + 3 * frames), dtype=np.float32)
    out = []
    for i in range(frames):
        luminance = wide[:, 3 * i : 3 * i + size[1]].copy()
        luminance[:16, :24] = 0.5
        out.append(luminance)
    return out


def test_a_hud_that_moves_with_the_world_is_given_up_and_a_still_one_is_kept() -> None:
    stillness = Stillness()
    for luminance in _scrolling(40):
        materials = stillness(luminance, _hud_everywhere(luminance.shape))
    assert materials[30:, :, HUD].max() < 0.1
    assert materials[4:12, 4:20, HUD].min() > 0.85
    np.testing.assert_allclose(materials.sum(2), 1, atol=1e-4)


def test_nothing_is_learnt_about_the_hud_while_the_picture_stands_still() -> None:
    stillness = Stillness()
    luminance = np.random.default_rng(2).random((48, 64), dtype=np.float32)
    for _ in range(60):
        materials = stillness(luminance, _hud_everywhere(luminance.shape))
    np.testing.assert_allclose(materials, _hud_everywhere(luminance.shape))


def test_a_reset_or_another_size_forgets_the_doubt() -> None:
    stillness = Stillness()
    frames = _scrolling(30)
    for luminance in frames:
        stillness(luminance, _hud_everywhere(luminance.shape))
    stillness.reset()
    assert stillness(frames[0], _hud_everywhere(frames[0].shape))[..., HUD].min() > 0.85
    other = np.zeros((8, 8), np.float32)
    assert stillness(other, _hud_everywhere(other.shape))[..., HUD].min() > 0.85
