"""The marker and the meter that reads it back from a screen."""

from __future__ import annotations

import time

import numpy as np
import pytest

from reskin.frame import Frame, Region
from reskin.glass_meter import GlassMeter
from reskin.marker import (
    BLOCK_PX,
    COLUMNS,
    MARKER_H_PX,
    MARKER_W_PX,
    NUMBER_LIMIT,
    carry_marker,
    draw_marker,
    is_carried,
    marker_time,
    read_marker,
)


def game_frame(number: int | None = None) -> np.ndarray:
    pixels = np.random.default_rng(1).integers(0, 256, (90, 240, 4), dtype=np.uint8)
    if number is not None:
        draw_marker(pixels, number)
    return pixels


def test_every_number_comes_back() -> None:
    pixels = game_frame()
    for number in [*range(0, NUMBER_LIMIT, 97), NUMBER_LIMIT - 1]:
        draw_marker(pixels, number)
        assert read_marker(pixels) == number
    draw_marker(pixels, NUMBER_LIMIT + 5)
    assert read_marker(pixels) == 5


def test_noise_flat_pictures_and_small_ones_are_no_markers() -> None:
    rng = np.random.default_rng(2)
    for _ in range(2_000):
        blocks = rng.choice(np.array([16, 240], np.uint8), (2, COLUMNS))  # the hardest noise
        noise = blocks.repeat(BLOCK_PX, axis=0).repeat(BLOCK_PX, axis=1)
        assert read_marker(np.repeat(noise[..., None], 4, axis=2)) is None
    for level in (0, 128, 255):
        assert read_marker(np.full((90, 240, 4), level, np.uint8)) is None
    assert read_marker(np.zeros((MARKER_H_PX - 1, MARKER_W_PX, 4), np.uint8)) is None
    assert read_marker(np.zeros((0, 0, 4), np.uint8)) is None


@pytest.mark.parametrize("column", range(4, 28))
def test_a_torn_marker_is_not_read(column: int) -> None:
    """One column of another frame: its bit and its opposite are both turned, so only the check sum can tell."""
    pixels = game_frame(12_345)
    part = pixels[:MARKER_H_PX, column * BLOCK_PX : (column + 1) * BLOCK_PX]
    part[:] = part[::-1].copy()
    assert read_marker(pixels) is None


def test_a_little_rounding_does_not_matter() -> None:
    pixels = game_frame(777)
    noise = np.random.default_rng(3).integers(-12, 13, pixels.shape)
    assert read_marker(np.clip(pixels + noise, 0, 255).astype(np.uint8)) == 777


def test_a_carried_marker_is_told_from_the_games_own() -> None:
    game, painted = game_frame(4_242), np.full((90, 240, 4), 77, np.uint8)
    assert not is_carried(game)
    carry_marker(game, painted)
    assert is_carried(painted)
    assert read_marker(painted) == 4_242
    assert (painted[MARKER_H_PX:] == 77).all()
    without = np.full((90, 240, 4), 77, np.uint8)
    carry_marker(game_frame(), without)
    assert (without == 77).all()


def test_the_meter_reads_from_the_screen_how_old_a_picture_is(display: str) -> None:
    from reskin.platforms.x11.overlay import X11Overlay

    age_ms = 60
    region = Region(100, 80, 240, 90)
    overlay = X11Overlay()
    meter = GlassMeter(region)
    try:
        game = game_frame()
        for number in range(80):
            if number == 40:
                meter.begin()  # the meter's process has come up
            painted = np.zeros_like(game)
            draw_marker(game, marker_time(time.monotonic_ns() - age_ms * 1_000_000))
            carry_marker(game, painted)
            overlay.show(Frame(number, time.monotonic_ns(), painted), region)
            time.sleep(0.04)
        report = meter.finish()
    finally:
        meter.close()
        overlay.close()
    assert 30 <= report.count <= 41
    assert age_ms <= report.p50_ms <= age_ms + 12
    assert report.p50_ms <= report.p95_ms <= report.p99_ms
