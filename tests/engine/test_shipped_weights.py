"""The weights that ship: sane, not good; how good they are is what tools/evaluate.py measures."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from engine.config import LITE, MATERIALS, NANO
from engine.live import WEIGHTS, LiveEngine, open_session
from engine.train.fidelity import (
    BASELINES,
    FidelityFigures,
    measure_clip,
    painter_way,
    reading_in_step,
    still_change_255,
)
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


@cache
def held_out_clips() -> list[list[SourceFrame]]:
    """Of three frames, so that the Painter has a past too."""
    return list(itertools.islice(clips("validation", NANO.size, frames=3, fresh=1.0), 8))


def test_the_painter_brings_unseen_worlds_no_further_from_their_true_rendering() -> None:
    """A tenth of a dB and a hundredth of SSIM are for what eight worlds may differ by from all there are."""
    ways = {"painter": painter_way(open_session(WEIGHTS / "painter.onnx", 1)), "underpaint": BASELINES["underpaint"]}
    reader, figures = LiveEngine(reading_in_step(replace(NANO, painter=False))), FidelityFigures()
    for i, clip in enumerate(held_out_clips()):
        measure_clip(clip, style_of(i), reader, ways, figures)
    psnr_db, ssim = ({way: np.mean(values[way]) for way in ways} for values in (figures.psnr, figures.ssim))
    assert psnr_db["painter"] >= psnr_db["underpaint"] - 0.1
    assert ssim["painter"] >= ssim["underpaint"] - 0.01
    assert figures.psnr["painter"] != figures.psnr["underpaint"], "it paints nothing"


def test_a_still_picture_hardly_changes_from_frame_to_frame() -> None:
    engine = LiveEngine(reading_in_step(NANO))
    for i, clip in enumerate(held_out_clips()[:3]):
        assert still_change_255(engine, clip[0].rgb, style_of(i), frames=8) <= 1.0


def test_what_ships_is_small() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 20e6
