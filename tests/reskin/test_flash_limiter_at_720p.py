"""The flash limiter at the size that players have: a cell is 20x20 pixels there, and one of them is looked at.

What goes out is counted by tests/reskin/flash_rule.py, which knows no cells, on every pixel of rows and columns drawn
by chance: no pattern has their period, so their shares are the whole picture's within a percent.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from reskin.flash_limiter import FlashLimiter
from tests.reskin.flash_rule import THIRD, WHOLE, judge

H, W = 720, 1280
CELL_PX = 20
TICK_NS = 1_000_000_000 // 24
FRAMES = 48
DRAW = np.random.default_rng(0)
JUDGED = np.ix_(*(np.sort(DRAW.choice(size, size // 8, replace=False)) for size in (H, W)))
PATTERNS = [
    ("plain", 0), ("checkerboard", 1), ("checkerboard", 2), ("checkerboard", 5), ("checkerboard", 9),
    ("upright stripes", 1), ("upright stripes", 5), ("level stripes", 1), ("level stripes", 2),
    ("lines", 3), ("between the cells' middles", 0),
]  # fmt: skip


def lit(pattern: str, side_px: int) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) bool each: what is lit in one phase of the flashes, and in the other."""
    y, x = np.mgrid[0:H, 0:W]
    dark = np.zeros((H, W), bool)
    match pattern:
        case "plain":
            return ~dark, dark
        case "lines":  # a third of them stays dark
            return y % side_px > 0, dark
        case "between the cells' middles":
            return abs(y % CELL_PX - CELL_PX // 2) > 3, dark
    fields = {"checkerboard": x // side_px + y // side_px, "upright stripes": x // side_px}
    odd = fields.get(pattern, y // side_px) % 2 == 1
    return odd, ~odd


def strobe(pattern: str, side_px: int, hz: int, *, area: float = 1.0) -> Iterator[np.ndarray]:
    """The pattern flashes in the left part; in the rest soft waves move."""
    left, waves = int(W * area), np.arange(W - int(W * area)) / 40
    phases = [np.where(each[:, :left, None], 230, 20).astype(np.uint8) for each in lit(pattern, side_px)]
    for t in range(FRAMES):
        picture = np.empty((H, W, 4), np.uint8)
        picture[:, :left] = phases[t * hz // 12 % 2]
        picture[:, left:] = (115 + 12 * np.sin(waves - t / 5))[:, None]
        yield picture


def limited(clip: Iterator[np.ndarray], profile: str = "broadcast") -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What goes in, and what comes out, which is valid until the next."""
    limiter = FlashLimiter(profile)
    for t, picture in enumerate(clip):
        yield picture, limiter.apply(picture, t * TICK_NS)


def assert_is_limited(clip: Iterator[np.ndarray], profile: str, part: int) -> None:
    pairs = [(picture[JUDGED], out[JUDGED]) for picture, out in limited(clip, profile)]
    before, after = (judge(pictures, part) for pictures in zip(*pairs, strict=True))
    assert not before.passes, "nothing to limit"
    assert after.passes, after


@pytest.mark.parametrize("area", [0.4, 1.0])
@pytest.mark.parametrize(("pattern", "side_px"), PATTERNS)
def test_a_strobe_keeps_the_rule_however_fine_its_pattern_is(pattern: str, side_px: int, area: float) -> None:
    assert_is_limited(strobe(pattern, side_px, 12, area=area), "broadcast", WHOLE)


@pytest.mark.parametrize(("pattern", "side_px"), [("plain", 0), ("checkerboard", 1), ("checkerboard", 5)])
def test_strict_keeps_it_in_every_third_by_third(pattern: str, side_px: int) -> None:
    assert_is_limited(strobe(pattern, side_px, 4, area=0.3), "strict", THIRD)


@pytest.mark.parametrize(("pattern", "side_px"), [("plain", 0), ("checkerboard", 2), ("level stripes", 5)])
def test_what_moves_calmly_is_untouched_while_another_part_flashes(pattern: str, side_px: int) -> None:
    right = int(W * 0.4) + 2 * CELL_PX  # a cell is blended with its neighbours, so that no edge is seen
    acted = 0
    for picture, out in limited(strobe(pattern, side_px, 8, area=0.4)):
        acted += out is not picture
        assert np.array_equal(out[:, right:], picture[:, right:])
    assert acted > FRAMES // 2


@pytest.mark.parametrize(
    ("pattern", "side_px", "hz", "area"),
    [("plain", 0, 1, 1.0), ("checkerboard", 5, 1, 1.0), ("plain", 0, 12, 0.2), ("checkerboard", 2, 12, 0.2)],
)
def test_what_flashes_once_a_second_or_over_a_fifth_comes_out_as_the_very_same_picture(
    pattern: str, side_px: int, hz: int, area: float
) -> None:
    assert judge([picture[JUDGED] for picture in strobe(pattern, side_px, hz, area=area)]).passes
    assert all(out is picture for picture, out in limited(strobe(pattern, side_px, hz, area=area)))
