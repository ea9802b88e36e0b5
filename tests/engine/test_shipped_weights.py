"""The weights that ship: sane, not good; how good they are is what tools/evaluate.py measures."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest

from engine.config import LITE, MATERIALS, NANO
from engine.live import WEIGHTS, LiveEngine
from engine.worlds.samples import SourceFrame, clips
from tests.engine.tiny import style_of

SKY = MATERIALS.index("sky")


@cache
def held_out() -> list[tuple[SourceFrame, np.ndarray]]:
    """60 worlds that no training saw, and what the shipped Reader sees in them, (h, w) indices."""
    engine = LiveEngine(LITE)
    worlds = [clip[0] for clip in itertools.islice(clips("validation", LITE.size, fresh=1.0), 60)]
    return [(frame, engine.read(frame.rgb).argmax(axis=2)) for frame in worlds]


def test_most_pixels_of_unseen_worlds_are_read_right() -> None:
    assert np.mean([(seen == frame.material).mean() for frame, seen in held_out()]) >= 0.75


def test_an_open_sky_is_read_as_sky() -> None:
    upper = NANO.size[0] // 4
    open_skies = [seen[:upper] for frame, seen in held_out() if (frame.material[:upper] == SKY).mean() > 0.9]
    assert open_skies, "no world with an open sky among 60"
    assert np.mean([(seen == SKY).mean() for seen in open_skies]) > 0.8


@pytest.mark.parametrize("preset", [NANO, LITE], ids=lambda preset: preset.name)
def test_every_preset_paints_in_range(preset) -> None:  # type: ignore[no-untyped-def]
    engine = LiveEngine(preset)
    for frame, _ in held_out()[:3]:
        maps = engine.step(frame.rgb, style_of(0)).maps
        painted = maps.evaluate(frame.rgb @ np.array([0.299, 0.587, 0.114], np.float32))
        assert np.isfinite(painted).all()
        assert painted.min() > -0.6
        assert painted.max() < 2.0


def test_what_ships_is_small() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 20e6
