"""The live engine against its slow oracle, and what a stream may and may not remember."""

from __future__ import annotations

import threading
import time
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.config import HUD, LITE, Preset
from engine.drift import DriftMeter
from engine.live import CUT_FRAMES, LiveEngine, LiveFrame
from engine.offline import Networks, OfflineFrame, paint_clip
from engine.underpaint import LUMA, PaintMaps
from engine.votes import cut_blocks
from tests.engine.tiny import SIZE, TINY, TinyEngine, frames_of, style_of

CLIP = frames_of(35, 12)  # a walk in which a third of the picture moves: stillness is at work
STYLE = style_of(1)
TINY_LITE = replace(LITE, name="tiny-lite", size=SIZE, reads_behind=False)
TINY_BEHIND = replace(TINY, name="tiny-behind", reads_behind=True)


def quick_exp(x: np.ndarray) -> np.ndarray:
    """What engine.votes has instead of exp."""
    return np.maximum(0, 1 + x / 1024) ** 1024


def live_clip(tiny: TinyEngine, frames: list[np.ndarray] = CLIP, preset: Preset = TINY, *, keep_hud: bool = True,
              quality: int = 0) -> list[LiveFrame]:  # fmt: skip
    engine = tiny.live(preset)
    return [engine.step(rgb, STYLE, keep_hud=keep_hud, quality=quality) for rgb in frames]


def worst_difference(live: list[LiveFrame], offline: list[OfflineFrame]) -> float:
    """Over all frames and pixels: of the colours shown, the kept share and the materials."""
    worst = 0.0
    for ours, truth, rgb in zip(live, offline, CLIP, strict=True):
        worst = max(
            worst,
            float(np.abs(ours.maps.evaluate(rgb @ LUMA) - truth.maps.evaluate(rgb @ LUMA)).max()),
            float(np.abs(ours.maps.keep - truth.maps.keep).max()),
            float(np.abs(ours.materials - truth.materials).max()),
        )
    return worst


def assert_same_bits(ours: list[LiveFrame], others: list[LiveFrame]) -> None:
    for i, (a, b) in enumerate(zip(ours, others, strict=True)):
        assert np.array_equal(a.materials, b.materials), f"materials of frame {i}"
        for field in fields(PaintMaps):
            assert np.array_equal(getattr(a.maps, field.name), getattr(b.maps, field.name)), (
                f"{field.name} of frame {i}"
            )


@pytest.mark.parametrize("seed", [0, 1])  # 0 with fog, 1 without
@pytest.mark.parametrize(("exp", "limit"), [(quick_exp, 1e-4), (np.exp, 1 / 255)], ids=["quick exp", "true exp"])
def test_live_equals_the_slow_loop_over_the_clip(tiny: TinyEngine, seed: int, exp, limit: float) -> None:
    style, engine = style_of(seed), tiny.live()
    live = [engine.step(rgb, style) for rgb in CLIP]
    assert engine._painter is not None
    assert engine._painter.anchored == 0, "a drift hides what the history does"
    assert worst_difference(live, paint_clip(CLIP, style, tiny.networks(), TINY, exp=exp)) < limit


@pytest.mark.parametrize("preset", [TINY, TINY_LITE, TINY_BEHIND], ids=lambda preset: preset.name)
@pytest.mark.parametrize("quality", [0, 1, 2, 3])
def test_live_equals_the_slow_loop_at_every_quality(tiny: TinyEngine, preset: Preset, quality: int) -> None:
    live = live_clip(tiny, preset=preset, quality=quality, keep_hud=False)
    offline = paint_clip(CLIP, STYLE, tiny.networks(), preset, quality=quality, keep_hud=False, exp=quick_exp)
    assert worst_difference(live, offline) < 1e-4


def test_a_painter_that_has_rested_begins_anew_as_in_the_slow_loop(tiny: TinyEngine) -> None:
    engine, resting = tiny.live(), (4, 5, 6)
    live = [engine.step(rgb, STYLE, quality=int(i in resting)) for i, rgb in enumerate(CLIP)]
    offline = paint_clip(CLIP, STYLE, tiny.networks(), TINY, resting=resting, exp=quick_exp)
    assert worst_difference(live, offline) < 1e-4
    other_past = tiny.live()
    for i in range(7):
        other_past.step(CLIP[i], STYLE, quality=1)
    assert_same_bits([live[7]], [other_past.step(CLIP[7], STYLE)])


@pytest.mark.parametrize("preset", [TINY, TINY_LITE, TINY_BEHIND], ids=lambda preset: preset.name)
@pytest.mark.parametrize("keep_hud", [True, False])
def test_live_equals_the_slow_loop_with_strengths(tiny: TinyEngine, preset: Preset, keep_hud: bool) -> None:
    style, engine = replace(STYLE, strength=np.linspace(0, 1, 11, dtype=np.float32)), tiny.live(preset)
    live = [engine.step(rgb, style, keep_hud=keep_hud) for rgb in CLIP]
    kept = np.stack([frame.maps.keep for frame in live])
    assert ((kept > 0.2) & (kept < 0.8)).mean() > 0.2, "the tiny Reader never doubts: nothing is mixed"
    assert (
        worst_difference(live, paint_clip(CLIP, style, tiny.networks(), preset, keep_hud=keep_hud, exp=quick_exp))
        < 1e-4
    )


def test_a_changed_strength_starts_the_history_anew(tiny: TinyEngine) -> None:
    engine, weaker = tiny.live(), replace(STYLE, strength=np.full(11, 0.5, np.float32))
    for rgb in CLIP[:3]:
        engine.step(rgb, STYLE)
    assert engine._painter is not None
    assert engine._painter.history.last is not None
    restarts: list[int] = []
    engine._painter.history.restart = lambda: restarts.append(1)  # type: ignore[method-assign]
    engine.step(CLIP[3], weaker)
    engine.step(CLIP[4], weaker)
    assert len(restarts) == 1


def test_the_exported_graphs_serve_the_slow_loop_as_well(tiny: TinyEngine) -> None:
    engine = tiny.live()
    reader, painter = engine._reader, engine._painter
    assert painter is not None
    networks = Networks(
        votes=lambda rgb: summed(*reader.run(None, {"blocks": cut_blocks(rgb)})),
        outputs=lambda patches, condition: painter._session.run(None, {"patches": patches, "condition": condition})[0],
    )
    offline = paint_clip(CLIP, STYLE, networks, TINY, exp=quick_exp)
    assert worst_difference(live_clip(tiny), offline) < 1e-4


def test_a_future_frame_never_changes_a_past_one(tiny: TinyEngine) -> None:
    other_future = [*CLIP[:7], *(1 - rgb for rgb in CLIP[7:])]
    before, after = live_clip(tiny), live_clip(tiny, other_future)
    assert_same_bits(before[:7], after[:7])
    assert not np.array_equal(before[7].maps.base, after[7].maps.base)


def test_the_past_is_remembered_until_reset(tiny: TinyEngine) -> None:
    engine = tiny.live()
    for rgb in CLIP[:4]:
        engine.step(rgb, STYLE)
    remembering = engine.step(CLIP[4], STYLE)
    engine.reset()
    forgotten = engine.step(CLIP[4], STYLE)
    assert_same_bits([forgotten], live_clip(tiny, [CLIP[4]]))
    assert not np.array_equal(remembering.maps.base, forgotten.maps.base)


def test_the_same_frames_give_the_same_bits_again(tiny: TinyEngine) -> None:
    assert_same_bits(live_clip(tiny), live_clip(tiny))


def summed(votes: np.ndarray, block_votes: np.ndarray) -> np.ndarray:
    return votes + np.repeat(block_votes, 4, axis=0)


def counting(engine: LiveEngine) -> SimpleNamespace:
    """Counts the runs of both networks from now on."""
    counts = SimpleNamespace(reader=0, painter=0)

    def counted(session, name: str):  # type: ignore[no-untyped-def]
        def run(*arguments):  # type: ignore[no-untyped-def]
            setattr(counts, name, getattr(counts, name) + 1)
            return session.run(*arguments)

        return SimpleNamespace(run=run)

    engine._reader = counted(engine._reader, "reader")
    if engine._painter is not None:
        engine._painter._session = counted(engine._painter._session, "painter")
    return counts


@pytest.mark.parametrize(
    ("preset", "quality", "reads", "paints"),
    [
        (TINY, 0, 8, 8),
        (TINY, 1, 8, 0),
        (TINY, 2, 4, 0),
        (TINY, 3, 2, 0),
        (TINY_LITE, 0, 4, 0),
        (TINY_LITE, 2, 2, 0),
        (TINY_LITE, 3, 1, 0),
    ],
)
def test_each_quality_level_runs_the_networks_less(
    tiny: TinyEngine, preset: Preset, quality: int, reads: int, paints: int
) -> None:
    engine = tiny.live(preset)
    counts = counting(engine)
    for rgb in CLIP[:8]:
        engine.step(rgb, STYLE, quality=quality)
    assert (counts.reader, counts.painter) == (reads, paints)


def test_a_late_reading_is_left_for_a_while_and_then_waited_for(tiny: TinyEngine) -> None:
    prompt = LiveEngine(TINY_BEHIND, weights=tiny.folder, patience=2)
    session, may_read = prompt._reader, threading.Event()

    def slow(*arguments):  # type: ignore[no-untyped-def]
        assert may_read.wait(10)
        return session.run(*arguments)

    prompt.step(CLIP[0], STYLE)
    prompt._reader = SimpleNamespace(run=slow)
    first = prompt._refiner._last
    for rgb in CLIP[1:4]:  # one reading is asked for, of CLIP[1], and does not come: painted from the first
        prompt.step(rgb, STYLE)
        assert prompt._refiner._last is first
    threading.Timer(0.2, may_read.set).start()
    began = time.monotonic()
    prompt.step(CLIP[4], STYLE)  # it would be three frames late: it must come now
    assert time.monotonic() - began > 0.1
    second = prompt._refiner._last
    assert second is not None
    assert np.array_equal(second.rgb, CLIP[1].transpose(2, 0, 1))


def test_a_cut_is_painted_from_its_own_reading_at_once(tiny: TinyEngine) -> None:
    dark, light = [0.15 * rgb for rgb in CLIP], [1 - 0.15 * rgb for rgb in CLIP]
    after = live_clip(tiny, [*dark, *light[:2]], TINY_BEHIND)[-2:]
    assert_same_bits(after, live_clip(tiny, light[:2], TINY_BEHIND))


def test_what_flashes_is_no_cut_each_time(tiny: TinyEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, resets = tiny.live(TINY_BEHIND), []
    monkeypatch.setattr(engine, "_forget", lambda: resets.append(engine))
    for i in range(2 * CUT_FRAMES):
        engine.step((0.15 * CLIP[0], 1 - 0.15 * CLIP[1])[i % 2], STYLE)
    assert len(resets) == 2


def test_after_a_reset_a_cut_is_one_whatever_was_shown_before(tiny: TinyEngine) -> None:
    engine = tiny.live(TINY_BEHIND)
    for rgb in (0.15 * CLIP[0], 1 - 0.15 * CLIP[1]):
        engine.step(rgb, STYLE)
    engine.reset()
    assert not engine._is_cut(0.15 * CLIP[0])
    assert engine._is_cut(1 - 0.15 * CLIP[1])


def test_a_camera_that_turns_is_no_cut(tiny: TinyEngine) -> None:
    engine = tiny.live(TINY_BEHIND)
    assert not any(engine._is_cut(np.roll(CLIP[0], 12 * i, axis=1)) for i in range(24))


def test_reading_leaves_the_stream_as_it_was(tiny: TinyEngine) -> None:
    engine, undisturbed = tiny.live(), live_clip(tiny, CLIP[:3])
    got = []
    for rgb in CLIP[:3]:
        materials = engine.read(CLIP[11])
        got.append(engine.step(rgb, STYLE))
    assert_same_bits(got, undisturbed)
    assert materials.shape == (*SIZE, 11)
    np.testing.assert_allclose(materials.sum(axis=2), 1, atol=1e-3)


def test_the_hud_is_kept_only_when_asked_for(tiny: TinyEngine) -> None:
    kept, painted = live_clip(tiny, CLIP[:1])[0], live_clip(tiny, CLIP[:1], keep_hud=False)[0]
    seen = kept.materials[..., HUD] > 0.35
    assert seen.any(), "the tiny Reader sees no HUD: choose another seed"
    assert (kept.maps.keep[seen] > 0.1).all()
    assert (kept.maps.keep[kept.materials[..., HUD] < 0.3] == 0).all()
    assert (painted.maps.keep == 0).all()


def test_a_theme_change_is_in_the_very_next_frame(tiny: TinyEngine) -> None:
    engine = tiny.live(TINY_LITE)
    engine.step(CLIP[0], STYLE)
    changed = engine.step(CLIP[1], style_of(2))
    truth = paint_clip(CLIP[:2], style_of(2), tiny.networks(), TINY_LITE, exp=quick_exp)[1]
    assert np.abs(changed.maps.base - truth.maps.base).max() < 1e-3


TINT = np.zeros((64, 1, 1), np.float32)
TINT[16:] = 0.6  # 0.3 of [0, 1] in every channel; the light stays where it is


def tinted(tiny: TinyEngine, frames: range) -> LiveEngine:
    """An engine whose Painter lays the tint over some frames of a stream."""
    engine, number = tiny.live(), iter(range(len(CLIP)))
    assert engine._painter is not None
    session = engine._painter._session

    def run(*arguments):  # type: ignore[no-untyped-def]
        return [session.run(*arguments)[0] + TINT * (next(number) in frames)]

    engine._painter._session = SimpleNamespace(run=run)
    return engine


def test_a_drift_of_the_colours_starts_the_history_anew_as_in_the_slow_loop(tiny: TinyEngine) -> None:
    engine, live, anchored = tinted(tiny, range(len(CLIP))), [], 0
    painter, outputs = engine._painter, tiny.networks().outputs
    assert painter is not None
    assert outputs is not None
    for rgb in CLIP:
        live.append(engine.step(rgb, STYLE))
        assert (painter.history.last is None) == (painter.anchored > anchored)
        anchored = painter.anchored
    assert anchored >= 1
    networks = replace(tiny.networks(), outputs=lambda *arguments: outputs(*arguments) + TINT)
    assert worst_difference(live, paint_clip(CLIP, STYLE, networks, TINY, exp=quick_exp)) < 1e-4


@pytest.mark.parametrize("at", [0, 5])
def test_one_frame_of_another_colour_is_no_drift(tiny: TinyEngine, at: int) -> None:
    engine = tinted(tiny, range(at, at + 1))
    for rgb in CLIP:
        engine.step(rgb, STYLE)
    assert engine.drift()[2] == 0


@pytest.mark.parametrize("noise", [0.5, 3.0], ids=["below a level", "above"])
def test_a_screen_of_one_colour_is_no_drift_but_a_grain_that_one_sees_is(
    rng: np.random.Generator, noise: float
) -> None:
    meter, under = DriftMeter(), np.zeros((*SIZE, 3), np.float32)
    drifted = [
        meter.watch(under, (2 * (under + noise / 255 * rng.standard_normal(under.shape)) - 1).astype(np.float32))
        for _ in range(60)
    ]
    assert any(drifted) == (noise > 1)
    assert not drifted[0], "one frame is no drift"


def test_a_theme_change_starts_the_history_anew(tiny: TinyEngine) -> None:
    engine = tiny.live()
    for rgb in CLIP[:3]:
        engine.step(rgb, STYLE)
    assert engine._painter is not None
    anchor = engine._painter.history.anchor
    engine.step(CLIP[3], STYLE)
    assert engine._painter.history.anchor is anchor
    engine.step(CLIP[4], style_of(2))
    assert engine._painter.history.anchor is not anchor


@pytest.mark.parametrize("steps", [2, 3])
def test_several_steps_equal_the_slow_loop(tiny: TinyEngine, steps: int) -> None:
    preset = replace(TINY, steps=steps)
    offline = paint_clip(CLIP, STYLE, tiny.networks(), preset, exp=quick_exp)
    live = live_clip(tiny, preset=preset)
    assert worst_difference(live, offline) < 1e-4
    assert not np.array_equal(live[3].maps.base, live_clip(tiny)[3].maps.base)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"reader\.onnx"):
        LiveEngine(TINY, weights=tmp_path)
