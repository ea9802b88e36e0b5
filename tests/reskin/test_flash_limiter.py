"""Whatever comes in, what goes out keeps the published rule, as tests/reskin/flash_rule.py counts it; calm clips pass.

Most pictures are small, two pixels a cell; those of test_flash_limiter_at_720p.py are as players have them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from reskin.flash_limiter import FlashLimiter
from reskin.video import VideoReader
from tests.reskin.flash_rule import THIRD, WHOLE, judge

H, W = 72, 128
SECOND_NS = 1_000_000_000
FOOTAGE = Path(__file__).resolve().parents[3] / "shared" / "footage"
WHITE, BLACK, RED, BLUE = (255, 255, 255), (0, 0, 0), (0, 0, 255), (255, 0, 0)
Clip = list[np.ndarray]


def strobe(hz: int, one: tuple[int, ...], other: tuple[int, ...], *, area: float = 1.0, frames: int = 48) -> Clip:
    """Two colours in the left part of the picture, grey in the rest."""
    clip = [np.full((H, W, 4), 90, np.uint8) for _ in range(frames)]
    for t, picture in enumerate(clip):
        picture[:, : int(W * area), :3] = one if t * hz // 12 % 2 else other
    return clip


def checkerboard(hz: int, side_px: int, *, area: float = 1.0, frames: int = 48) -> Clip:
    y, x = np.mgrid[0:H, 0:W]
    fields = (y // side_px + x // side_px) % 2
    clip = [np.full((H, W, 4), 90, np.uint8) for _ in range(frames)]
    for t, picture in enumerate(clip):
        grey = np.where(fields ^ (t * hz // 12 % 2), 230, 20).astype(np.uint8)
        picture[:, : int(W * area)] = grey[:, : int(W * area), None]
    return clip


def waves(hz: int, frames: int = 48) -> Clip:
    """No sharp change anywhere: a gradient whose brightness swings as a sine, so that cells change one by one."""
    gradient = np.linspace(0.3, 1, W)[None, :, None]
    levels = [127 + 120 * np.sin(2 * np.pi * hz * t / 24 + 0.3) for t in range(frames)]
    return [np.ascontiguousarray(np.broadcast_to(np.uint8(level * gradient), (H, W, 4))) for level in levels]


def noise(frames: int = 48) -> Clip:
    draw = np.random.default_rng(1)
    blocks = draw.integers(0, 256, (frames, H // 8, W // 8, 4), dtype=np.uint8)
    return [np.ascontiguousarray(picture.repeat(8, axis=0).repeat(8, axis=1)) for picture in blocks]


def swapping(part: float, side_px: int, frames: int = 72) -> Clip:
    """Fields dark or light, of which a part, other ones each time, swap at every frame."""
    draw = np.random.default_rng(3)
    is_light = draw.random((H // side_px, W // side_px)) < 0.5
    clip = []
    for _ in range(frames):
        is_light = is_light ^ (draw.random(is_light.shape) < part)
        grey = np.where(is_light, 230, 20).astype(np.uint8).repeat(side_px, axis=0).repeat(side_px, axis=1)
        clip.append(np.ascontiguousarray(np.repeat(grey[..., None], 4, axis=2)))
    return clip


def rushing(wide_px: int, step_px: int, frames: int = 72) -> Clip:
    """Stripes that move on so fast that every place goes from dark to light more than three times a second."""
    grey = np.where(np.arange(W + step_px * frames) // wide_px % 2, 230, 20).astype(np.uint8)
    views = (grey[step_px * t : step_px * t + W, None] for t in range(frames))
    return [np.ascontiguousarray(np.broadcast_to(view[None], (H, W, 4))) for view in views]


def bursts() -> Clip:
    """Half a second of strobe, half a second of rest, again and again."""
    return [on if t % 24 < 12 else np.full_like(on, 90) for t, on in enumerate(strobe(12, WHITE, BLACK, frames=96))]


FLASHING: dict[str, Callable[[], Clip]] = {
    **{f"white and black at {hz} Hz": lambda hz=hz: strobe(hz, WHITE, BLACK) for hz in (4, 5, 6, 8, 12)},
    "greys at 4 Hz": lambda: strobe(4, (110,) * 3, (170,) * 3),
    "dark greys at 12 Hz": lambda: strobe(12, (0,) * 3, (110,) * 3),
    "light greys at 6 Hz": lambda: strobe(6, (200,) * 3, (255,) * 3),
    "30 % of the picture at 8 Hz": lambda: strobe(8, WHITE, BLACK, area=0.3),
    "60 % of the picture at 8 Hz": lambda: strobe(8, WHITE, BLACK, area=0.6),
    "red and blue at 12 Hz": lambda: strobe(12, RED, BLUE),
    "red and blue at 4 Hz": lambda: strobe(4, RED, BLUE),
    "dark red and blue at 12 Hz": lambda: strobe(12, (0, 0, 130), (130, 0, 0)),
    "very dark red and blue at 12 Hz": lambda: strobe(12, (0, 0, 60), (60, 0, 0)),
    "dark red and green at 8 Hz": lambda: strobe(8, (0, 0, 45), (0, 45, 0)),
    "half of it red and black at 6 Hz": lambda: strobe(6, (0, 0, 200), BLACK, area=0.5),
    "a fine checkerboard at 12 Hz": lambda: checkerboard(12, 3),
    "a checkerboard at 4 Hz": lambda: checkerboard(4, 9),
    "a checkerboard over 40 % at 8 Hz": lambda: checkerboard(8, 6, area=0.4),
    "waves at 4 Hz": lambda: waves(4),
    "waves at 8 Hz": lambda: waves(8),
    "noise": noise,
    **{f"{part:.0%} of {side} px swap": lambda part=part, side=side: swapping(part, side)
       for part in (0.3, 0.4, 0.5) for side in (2, 4, 8)},
    "stripes that rush past": lambda: rushing(32, 10),
    "narrow stripes that rush past": lambda: rushing(12, 5),
    "bursts": bursts,
}  # fmt: skip
ALLOWED: dict[str, Callable[[], Clip]] = {
    "white and black at 1 Hz": lambda: strobe(1, WHITE, BLACK),
    "too little contrast to count at 12 Hz": lambda: strobe(12, (120,) * 3, (134,) * 3),
    "light only at 12 Hz": lambda: strobe(12, (244,) * 3, (255,) * 3),
    "an eighth of the picture at 12 Hz": lambda: strobe(12, WHITE, BLACK, area=0.125),
}


def limited(clip: Clip, profile: str = "broadcast") -> Iterator[tuple[np.ndarray, bool]]:
    """What goes out, and whether it was changed."""
    limiter = FlashLimiter(profile)
    for t, picture in enumerate(clip):
        out = limiter.apply(picture, t * SECOND_NS // 24)
        yield out.copy(), out is not picture


@pytest.mark.parametrize("name", FLASHING)
def test_what_flashes_keeps_the_rule_afterwards(name: str) -> None:
    clip = FLASHING[name]()
    assert not judge(clip).passes, "nothing to limit"
    after = judge([picture for picture, _ in limited(clip)])
    assert after.passes, after


@pytest.mark.parametrize("area", [0.12, 0.3, 1.0])
@pytest.mark.parametrize("hz", [4, 12])
def test_strict_keeps_the_rule_in_every_third_by_third(hz: int, area: float) -> None:
    clip = strobe(hz, WHITE, BLACK, area=area, frames=48)
    assert not judge(clip, THIRD).passes
    after = judge([picture for picture, _ in limited(clip, "strict")], THIRD)
    assert after.passes, after


@pytest.mark.parametrize("part", [0.3, 0.5])
@pytest.mark.parametrize("side_px", [4, 8])
def test_strict_keeps_the_rule_where_no_two_fields_flash_together(part: float, side_px: int) -> None:
    after = judge([picture for picture, _ in limited(swapping(part, side_px), "strict")], THIRD)
    assert after.passes, after


PAIRS = {
    "grey": ((60,) * 3, (200,) * 3), "faint": ((90,) * 3, (140,) * 3), "red and blue": (RED, BLUE),
    "dark red": ((0, 0, 50), (50, 30, 0)),
}  # fmt: skip


@pytest.mark.parametrize("hz", range(1, 13))
@pytest.mark.parametrize("pair", PAIRS)
def test_every_rate_contrast_area_and_colour_keeps_the_rule(hz: int, pair: str) -> None:
    """And one that is slow passes as it is."""
    for area in (0.2, 0.35, 1.0):
        clip = strobe(hz, *PAIRS[pair], area=area, frames=60)
        shown = list(limited([np.ascontiguousarray(picture[::2, ::2]) for picture in clip]))
        after = judge([picture for picture, _ in shown])
        assert after.passes, (area, after)
        assert hz > 1 or not any(changed for _, changed in shown)


@pytest.mark.parametrize("name", ALLOWED)
def test_what_keeps_the_rule_passes_as_it_is(name: str) -> None:
    clip = ALLOWED[name]()
    assert judge(clip).passes
    assert not any(changed for _, changed in limited(clip))


def test_the_limit_is_on_what_is_seen_and_not_on_how_often_the_picture_is_changed() -> None:
    """The same flashes in a window whose size changes at every frame."""
    limiter, seen = FlashLimiter(), []
    for t, picture in enumerate(strobe(12, WHITE, BLACK)):
        size = (H, W) if t % 2 else (H + 9, W + 16)
        out = limiter.apply(np.resize(picture[0, 0], (*size, 4)), t * SECOND_NS // 24)
        seen.append(out[:H, :W].copy())
    assert judge(seen).passes


@pytest.mark.parametrize("h", [16, 20, 32, 36, 40, 61, 100])
@pytest.mark.parametrize("rows", [(0, 3), (0,), (1, 2)], ids=str)
def test_lines_that_flash_in_a_low_picture_are_limited(h: int, rows: tuple[int, ...]) -> None:
    """Less than four rows of pixels to a row of cells, or several rows of cells to one of pixels."""
    limiter, seen = FlashLimiter(), []
    flashing = np.isin(np.arange(h) % 4, rows)
    for t in range(72):
        picture = np.full((h, W, 4), 110, np.uint8)
        picture[flashing] = 255 * (t % 2)
        seen.append(limiter.apply(picture, t * SECOND_NS // 24).copy())
    assert judge(seen).passes


def test_what_is_counted_as_shown_is_what_is_shown_whatever_the_size() -> None:
    """It is reckoned before the picture is blended, and the size changes while the limiter acts."""
    limiter, draw, acted = FlashLimiter(), np.random.default_rng(2), 0
    for t in range(72):
        h, w = ((H, W), (H + 9, W + 16), (719, 1281), (23, 31))[t // 9 % 4]
        level = 60 + 130 * (t // 2 % 2)
        picture = draw.integers(level - 20, level + 20, (h, w, 4), dtype=np.uint8)
        out = limiter.apply(picture, t * SECOND_NS // 24)
        acted += limiter.is_acting
        assert np.array_equal(limiter._pixels, limiter._places.pixels(out))
    assert acted > 40


def test_after_the_flashes_the_picture_comes_back_within_two_seconds_and_then_passes_untouched() -> None:
    calm = np.full((H, W, 4), 140, np.uint8)
    shown = list(limited([*strobe(8, WHITE, BLACK, frames=48), *[calm] * 72]))
    assert any(changed for _, changed in shown[:48])
    assert not any(changed for _, changed in shown[-24:])


def test_a_pan_over_stripes_passes_untouched() -> None:
    stripes = np.where(np.arange(W + 200) // 16 % 2, 220, 30).astype(np.uint8)
    clip = [
        np.ascontiguousarray(np.broadcast_to(stripes[t : t + W, None], (W, 4))[None].repeat(H, axis=0))
        for t in range(0, 96, 1)
    ]
    assert not any(changed for _, changed in limited(clip))


@pytest.mark.skipif(not FOOTAGE.exists(), reason=f"there are no clips of games at {FOOTAGE}")
@pytest.mark.parametrize("name", ["supertux", "extremetuxracer"])
def test_the_games_themselves_pass_untouched(name: str) -> None:
    with VideoReader(FOOTAGE / f"{name}.mp4") as reader:
        clip = [np.ascontiguousarray(frame.bgra_u8[::2, ::2]) for frame in itertools.islice(reader, 72)]
    assert psnr_db(clip, [picture for picture, _ in limited(clip)]) > 45


def psnr_db(clip: Clip, shown: Clip) -> float:
    error = np.mean([np.square(a.astype(np.float32) - b).mean() for a, b in zip(clip, shown, strict=True)])
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def test_the_oracle_counts_what_the_rule_says() -> None:
    three, four = strobe(3, WHITE, BLACK, frames=48), strobe(4, WHITE, BLACK, frames=48)
    assert (judge(three).general, judge(four).general) == (6, 8)
    assert judge(three).passes
    assert not judge(four).passes
    assert judge(strobe(12, RED, BLUE)).red == 24
    assert judge(strobe(12, WHITE, BLACK, area=0.2)).general == 0
    assert judge(strobe(12, WHITE, BLACK, area=0.2), THIRD).general == 24
    assert WHOLE != THIRD
