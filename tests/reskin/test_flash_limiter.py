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
    "half of it red and black at 6 Hz": lambda: strobe(6, (0, 0, 200), BLACK, area=0.5),
    "a fine checkerboard at 12 Hz": lambda: checkerboard(12, 3),
    "a checkerboard at 4 Hz": lambda: checkerboard(4, 9),
    "a checkerboard over 40 % at 8 Hz": lambda: checkerboard(8, 6, area=0.4),
    "waves at 4 Hz": lambda: waves(4),
    "waves at 8 Hz": lambda: waves(8),
    "noise": noise,
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
