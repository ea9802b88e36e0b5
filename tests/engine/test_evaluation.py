"""What tools/evaluate.py measures with, where the answer is known: true pictures, forgetful and clinging Painters."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine import drift
from engine.live import LiveEngine
from engine.painter_state import PICTURE, PainterState
from engine.style import Style
from engine.train.fidelity import (
    BASELINES,
    VARIANT_FILES,
    FidelityFigures,
    Shown,
    Way,
    measure_clip,
    painter_ways,
    reading_in_step,
    step_times_ms,
    still_change_255,
    whole_model,
)
from engine.train.recovery import CORRUPTIONS, Recovery, frames_until_back, measure_recovery
from engine.train.stability import CameraPath, camera_path, run_long
from engine.underpaint import Underpainter
from engine.worlds.target import true_rendering
from tests.engine.tiny import TINY, TinyEngine, style_of, world_clip

CLIP = list(world_clip(9, 6))
STYLE = style_of(1)


class Leaning:
    """Stands in for the Painter's session: of what its past differs by from the underpainting, a share stays."""

    def __init__(self, share: float) -> None:
        self._share = share

    def run(self, _names: None, inputs: dict[str, np.ndarray]) -> tuple[np.ndarray]:
        patches, (*_, level, _) = inputs["patches"], inputs["condition"]
        under, last = patches[PICTURE : 2 * PICTURE], patches[3 * PICTURE : 4 * PICTURE]
        residual = self._share * (last - under) * (level == 0)
        return (np.concatenate([np.zeros((PICTURE // 3, *under.shape[1:]), np.float32), residual]),)


def reader_of(tiny: TinyEngine) -> LiveEngine:
    return tiny.live(replace(TINY, painter=False))


def recovery_of(tiny: TinyEngine, share: float) -> Recovery:
    found = Recovery()
    measure_recovery(
        CLIP, STYLE, at=2, other_theme=style_of(2), other_shot=world_clip(3, 1)[0], reader=reader_of(tiny),
        new_painter=partial(PainterState, Leaning(share)), found=found,  # type: ignore[arg-type]
    )  # fmt: skip
    return found


def test_frames_until_back_are_counted_to_the_last_that_is_away() -> None:
    alone = np.full(8, 20.0)
    assert frames_until_back(alone, alone) == 0
    assert frames_until_back(alone - 0.4, alone) == 0
    assert frames_until_back(alone + 3, alone) == 0, "better than undisturbed is no damage"
    assert frames_until_back(alone - [5, 2, 0.6, 0.4, 0, 0, 0, 0], alone) == 3
    assert frames_until_back(alone - [5, 0, 0, 0.7, 0, 0, 0, 0], alone) == 4, "it must stay so"
    assert frames_until_back(alone - 1, alone) == 8


def test_a_painter_without_memory_is_back_at_once(tiny: TinyEngine) -> None:
    found = recovery_of(tiny, 0.0)
    assert {name: found.frames(name) for name in CORRUPTIONS} == {name: [0] for name in CORRUPTIONS}
    assert found.summary("_x")["recovery_frames_x"]["black"] == 0
    np.testing.assert_allclose(found.curve("noise"), 0)


def test_the_more_a_painter_clings_to_its_past_the_later_it_is_back(
    tiny: TinyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "COLOR_LIMIT", np.inf)  # or the drift meter ends it at once
    monkeypatch.setattr(drift, "SHARPNESS_LIMIT", np.inf)
    little, more = (recovery_of(tiny, share).frames("black")[0] for share in (0.2, 0.9))
    assert 0 < little < more


def test_the_painter_over_the_shared_reading_is_the_live_engines_own(tiny: TinyEngine) -> None:
    ways = {"model": whole_model(tiny.live()), **BASELINES}
    ways |= {name: way for name, way in painter_ways(tiny.folder / "painter.onnx", tiny.folder).items() if way}
    figures = FidelityFigures()
    for _ in range(2):  # nothing is left over from the clip before
        shown, pictures = measure_clip(CLIP[:3], STYLE, reader_of(tiny), ways, figures)
    np.testing.assert_array_equal(pictures["model"], pictures["steps_1"])
    assert not np.array_equal(pictures["model"], pictures["steps_2"])
    assert not np.array_equal(pictures["model"], pictures["past_taken_away"])
    assert figures.psnr["model"][0] == figures.psnr["model"][1]
    assert figures.by_index("model").shape == (3,)
    assert figures.seen.sum() == 2 * 3 * shown.frame.material.size
    assert 0 <= figures.reading()["reading_worlds"] <= 1  # type: ignore[operator]
    assert (
        figures.summary("underpaint_true_materials")["psnr_underpaint_true_materials"]
        > (figures.summary("underpaint")["psnr_underpaint"])
    )


def test_the_time_of_a_step_holds_its_reading_though_the_preset_reads_behind(tiny: TinyEngine) -> None:
    engine = tiny.live(reading_in_step(replace(TINY, reads_behind=True, reader_every=2)))
    session = engine._reader

    def slow(*arguments):  # type: ignore[no-untyped-def]
        time.sleep(0.02)
        return session.run(*arguments)

    engine._reader = SimpleNamespace(run=slow)  # type: ignore[assignment]
    took_ms = step_times_ms(engine, CLIP[:4], STYLE)
    assert len(took_ms) == 4
    assert min(took_ms) > 20


def test_the_truth_itself_has_the_best_figures(tiny: TinyEngine) -> None:
    memory = Underpainter()
    figures = FidelityFigures()

    def paint(shown: Shown) -> np.ndarray:
        return true_rendering(shown.frame, shown.style, memory)

    measure_clip(CLIP, STYLE, reader_of(tiny), {"model": Way(paint=paint, reset=memory.reset)}, figures)
    assert figures.summary("model") == {
        "psnr_model": 60, "ssim_model": 1, "flicker_ratio": 1, "sharpness_of_truth": 1,
    }  # fmt: skip


def test_variants_that_nobody_trained_are_none(tiny: TinyEngine, tmp_path: Path) -> None:
    ways = painter_ways(tiny.folder / "painter.onnx", tmp_path)
    assert {name for name, way in ways.items() if way is None} == set(VARIANT_FILES)
    (tmp_path / VARIANT_FILES["no_history"]).write_bytes((tiny.folder / "painter.onnx").read_bytes())
    assert painter_ways(tiny.folder / "painter.onnx", tmp_path)["no_history"] is not None


def test_a_stream_is_as_good_at_its_end_when_nothing_drifts(tiny: TinyEngine) -> None:
    path = camera_path([CLIP[:3], list(world_clip(3, 3))], STYLE)
    found = run_long(reader_of(tiny), path, [style_of(2), style_of(3)], turns=6)
    assert [turn.first_frame for turn in found.turns] == [0, 18, 30], "the first, each in the path's theme, the last"
    summary = found.summary("_x")
    assert summary["stability_first_db_x"] == pytest.approx(summary["stability_last_db_x"], abs=0.5)
    assert summary["sharpness_ratio_x"] == pytest.approx(1, abs=0.1)
    assert summary["stability_anchored_x"] == 0
    assert len(run_long(reader_of(tiny), path, [], turns=3).turns) == 3, "without other themes all are measured"


class Drifting:
    """Stands in for the live engine: with every frame the picture is redder and less blue by `drift`, and a `fade` of
    its texture is gone. Its history is begun anew once in 24 frames.
    """

    def __init__(self, picture: np.ndarray, texture: np.ndarray, *, drift: float, fade: float = 0.0) -> None:
        self._picture, self._texture = picture, texture
        self._drift, self._fade, self._frames = drift, fade, 0

    def reset(self) -> None:
        self._frames = 0

    def drift(self) -> tuple[float, float, int]:
        return 0.0, 1.0, self._frames // 24

    def step(self, rgb: np.ndarray, style: Style) -> SimpleNamespace:
        number, self._frames = self._frames, self._frames + 1
        moved = np.array([1, 0, -1], np.float32) * self._drift * number
        return SimpleNamespace(maps=Shows(self._picture + (1 - self._fade * number) * self._texture + moved))


@dataclass(frozen=True)
class Shows:
    """Stands in for the paint maps of one picture."""

    picture: np.ndarray

    @property
    def keep(self) -> np.ndarray:
        return np.zeros(self.picture.shape[:2], np.float32)

    def evaluate(self, luminance: np.ndarray) -> np.ndarray:
        return self.picture.copy()


GREY = np.full((48, 80, 3), 76 / 255, np.float32)
FIELDS = np.where(np.indices((48, 80, 1))[:2].sum(axis=0) % 2, 25 / 255, -25 / 255).astype(np.float32)


def test_a_stream_that_drifts_gets_lower_marks_the_longer_it_runs() -> None:
    """The truth is what the engine begins with: after n frames two of three channels are n drifts off, and of the
    texture n fades are gone.
    """
    frames, turns, drift, fade = 6, 4, 1 / 1024, 1 / 100
    truth_u8 = np.rint(255 * (GREY + FIELDS)).astype(np.uint8)
    path = CameraPath(frames_u8=[truth_u8] * frames, truths_u8=[truth_u8] * frames, style=STYLE)
    found = run_long(Drifting(GREY, FIELDS, drift=drift, fade=fade), path, [], turns)  # type: ignore[arg-type]
    first = frames + np.arange(frames)  # the path is shown once before the first turn
    last = first + (turns - 1) * frames

    def psnr_db(numbers: np.ndarray) -> float:
        return float(np.mean(-10 * np.log10(numbers**2 * (2 / 3 * drift**2 + (fade * 25 / 255) ** 2))))

    summary = found.summary("_x")
    assert summary["stability_first_db_x"] == pytest.approx(psnr_db(first), abs=0.01)
    assert summary["stability_last_db_x"] == pytest.approx(psnr_db(last), abs=0.01)
    assert summary["sharpness_ratio_x"] == pytest.approx((1 - fade * last).mean() / (1 - fade * first).mean(), abs=1e-3)
    assert summary["colour_ratio_x"] == pytest.approx(last.mean() / first.mean(), rel=0.05)
    assert summary["stability_anchored_x"] == 1


def test_a_picture_that_changes_by_two_of_255_a_frame_is_said_to() -> None:
    changing = Drifting(GREY, FIELDS, drift=3 / 255)  # in two of three channels
    assert still_change_255(changing, GREY, STYLE, frames=6) == pytest.approx(2.0, abs=1e-3)  # type: ignore[arg-type]


def test_a_still_game_gives_a_still_picture_without_noise(tiny: TinyEngine) -> None:
    assert still_change_255(reader_of(tiny), CLIP[0].rgb, STYLE, frames=6) < 0.5
