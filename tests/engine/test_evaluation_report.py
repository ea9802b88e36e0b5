"""What tools/evaluate.py tells: a table and one JSON line, also of what was not measured; and its pictures."""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from engine.config import Preset
from engine.train.fidelity import FidelityFigures
from engine.train.recovery import CORRUPTIONS, Recovery
from engine.train.stability import Stability, Turn
from reskin.frame import Frame
from reskin.video import VideoWriter
from reskin.views import MATERIAL_COLORS
from tests.engine.tiny import TINY, TinyEngine, frames_of, style_of
from tools import evaluate, real_structure
from tools.evaluation_figures import read_figures
from tools.evaluation_plots import (
    CAPTION_PX,
    MAX_BYTES,
    PICTURES,
    PLOTTED,
    plot_fidelity,
    plot_recovery,
    plot_stability,
    write_sheet,
)
from tools.evaluation_table import COMMANDS, REQUIRED, WAY_LABELS, print_table
from tools.train import RECIPES
from tools.train import painter as train_painter


class Interrupted:
    """Stands in for the Evaluation of one whose patience ends in the third part."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def fidelity(self) -> dict[str, object]:
        return {"psnr_model": 20.5, "psnr_no_history": None, "ssim_model": 0.7}

    def reading(self) -> dict[str, object]:
        return {"reading_frames": 0.8}

    def still(self) -> dict[str, object]:
        raise KeyboardInterrupt


def test_what_is_measured_survives_an_interrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "Evaluation", Interrupted)
    got = CliRunner().invoke(evaluate.main, ["--quick", "--out", str(tmp_path), "--variants", str(tmp_path)])
    assert got.exit_code == 130
    line = json.loads(got.stdout.splitlines()[-1])
    assert line["psnr_model"] == 20.5
    assert line["interrupted"] == "still"
    assert set(REQUIRED) <= set(line)
    assert line["stability_last_db"] is None
    assert COMMANDS["no_history"] in got.stdout
    assert "painter_no-augmentation.onnx" in got.stdout
    assert line["split"] == "test"
    parts = read_figures(tmp_path / "figures.json")
    assert {name: part.figures for name, part in parts.items()} == {
        "fidelity": Interrupted().fidelity(), "reading": Interrupted().reading()
    }  # fmt: skip


def test_the_worlds_are_of_the_split_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def clips(split: str, *_: object, **__: object) -> Iterator[None]:
        asked.append(split)
        return iter(())

    class Looking(evaluate.Evaluation):
        def __init__(self, preset: Preset, *_: object, split: str, **__: object) -> None:
            self.preset, self.split = preset, split

        def still(self) -> dict[str, object]:
            return {"still_change_255": len(list(self._worlds(0, 1, 1))) + 1.0}

    monkeypatch.setattr(evaluate, "clips", clips)
    monkeypatch.setattr(evaluate, "Evaluation", Looking)
    for split in ("validation", "test"):
        got = CliRunner().invoke(
            evaluate.main, ["--only", "still", "--split", split, "--quick", "--out", str(tmp_path / split)]
        )
        assert got.exit_code == 0, got.output
        assert json.loads(got.stdout.splitlines()[-1])["split"] == split
        assert f"worlds ({split})" in got.stdout
    assert asked == ["validation", "test"]
    assert CliRunner().invoke(evaluate.main, ["--split", "train"]).exit_code == 2


def test_what_a_variant_is_made_with_is_a_training_as_long_as_ours() -> None:
    known = {option for parameter in train_painter.params for option in parameter.opts}
    recipe = tomllib.loads((RECIPES / "nano.toml").read_text(encoding="utf-8"))
    for command in COMMANDS.values():
        given = command.partition(",")[0].split()
        assert {word for word in given if word.startswith("--")} <= known
        assert int(given[given.index("--count") + 1]) == recipe["painter"]["clips"]
        if "--variant" in given:
            assert int(given[given.index("--steps") + 1]) == recipe["painter"]["steps"]


def test_the_line_has_the_keys_that_the_issue_asks_for() -> None:
    asked = """reading_worlds reading_real psnr_model psnr_colour_transfer psnr_underpaint psnr_no_history
        psnr_feed_forward psnr_steps_1 psnr_steps_2 psnr_steps_8 stability_first_db stability_last_db sharpness_ratio
        colour_ratio recovery_frames flicker_ratio step_p50_ms"""
    assert set(asked.split()) <= set(REQUIRED)


def test_the_table_shows_every_way_and_every_corruption() -> None:
    summary = dict.fromkeys(REQUIRED) | {f"psnr_{way}": 17.25 for way in WAY_LABELS}
    summary |= {"preset": "nano", "split": "test", "clips": 2, "frames": 3}
    summary |= {"recovery_frames": {"noise": 2.5}, "recovery_frames_worst": {"noise": 4}}
    console = Console(width=evaluate.MIN_COLUMNS, record=True, file=io.StringIO())
    print_table(console, summary)
    text = console.export_text()
    assert text.count("17.25") == len(WAY_LABELS)
    assert "2.5 / 4" in text


def test_plots_and_sheets_are_written_and_no_larger_than_they_may_be(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    figures = FidelityFigures()
    for way in PLOTTED:
        figures.psnr[way] = rng.uniform(10, 30, (2, 8)).tolist()
    plot_fidelity(tmp_path / "evaluation-fidelity.jpg", figures)
    turns = [
        Turn(first_frame=240 * i, psnr=rng.uniform(10, 20, 240).tolist(), sharpness=0.1, chroma=9 + i / 900)
        for i in range(100)
    ]
    runs = {"ours": Stability(turns=turns), "bare": Stability(turns=turns)}
    plot_stability(tmp_path / "evaluation-stability.jpg", runs, themes=15)
    recovery = Recovery(undisturbed=[np.full(24, 20.0)])
    for name in CORRUPTIONS:
        recovery.disturbed[name] = [rng.uniform(15, 20, 24)]
    plot_recovery(tmp_path / "evaluation-recovery.jpg", {"one": recovery, "two": recovery})
    blurred = cv2.GaussianBlur(rng.random((144, 256, 3)), (0, 0), 2)
    write_sheet(tmp_path / "evaluation.jpg", evaluate.SHEET_COLUMNS, [[blurred] * 6] * evaluate.SHEET_ROWS)
    write_sheet(tmp_path / "evaluation-int8.jpg", ("a", "b"), [[blurred] * 2])
    write_sheet(tmp_path / "large.png", ("a", "b"), [[np.zeros((8, 16, 3)), np.ones((8, 16, 3))]])
    for path in tmp_path.iterdir():
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.std() > 1
        assert path.stat().st_size <= MAX_BYTES.get(path.name, 1000)
    assert {path.name for path in tmp_path.glob("*.jpg")} == set(MAX_BYTES)


def test_the_pictures_of_the_evaluation_take_360_kb_at_most() -> None:
    assert sum(MAX_BYTES.values()) <= 360_000
    assert sum(path.stat().st_size for path in PICTURES.glob("evaluation*.jpg")) <= 360_000


def test_a_picture_that_cannot_be_written_is_said_to(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="Is its folder there"):
        write_sheet(tmp_path / "none" / "a.png", ("a",), [[np.zeros((8, 16, 3))]])


def test_a_sheet_of_materials_says_which_colour_is_which(tmp_path: Path) -> None:
    heights = []
    for columns in (("source",), ("materials seen",)):
        write_sheet(tmp_path / "sheet.png", columns, [[np.zeros((8, 1500, 3))]])
        heights.append(cv2.imread(str(tmp_path / "sheet.png")).shape[0])
    assert heights == [8 + CAPTION_PX, 8 + 2 * CAPTION_PX]
    key = cv2.imread(str(tmp_path / "sheet.png"))[-CAPTION_PX // 2, :, ::-1]
    assert all((key == color).all(axis=1).any() for color in MATERIAL_COLORS)


def test_two_pixels_on_each_side_are_near_an_edge() -> None:
    material = np.zeros((12, 20), np.uint8)
    material[:, 8:] = 3
    near = evaluate.near_edges(material)
    assert (near == 1).nonzero()[1].tolist() == [6, 7, 8, 9] * 12


@pytest.mark.parametrize("length", [100, 12])
def test_stretches_lie_all_over_a_clip(length: int, tmp_path: Path) -> None:
    """Each frame of the clip is as bright as its number says."""
    clip = tmp_path / "clip.mp4"
    with VideoWriter(clip, (64, 48), 24) as writer:
        for i in range(length):
            writer.write(Frame(i, i * 41_666_667, np.full((48, 64, 4), 2 * i, np.uint8)))
    stretches = real_structure.clip_stretches(clip, (24, 32), 20)
    numbers = [[round(255 * float(frame.mean()) / 2) for frame in frames] for frames in stretches]
    assert [len(frames) for frames in stretches] == [4] * real_structure.STRETCHES
    assert all(frames == list(range(frames[0], frames[0] + 4)) for frames in numbers)
    assert numbers[0][0] == 0
    assert numbers[-1][-1] == length - 1


def test_a_picture_like_its_underpainting_keeps_its_structure(
    tiny: TinyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = frames_of(9, 4)
    monkeypatch.setattr(real_structure, "clip_stretches", lambda *_: [frames] * 4)
    plain = replace(TINY, painter=False)
    found, rows = real_structure.measure_all(
        [Path("a"), Path("b")], [style_of(1), style_of(2)], tiny.live(plain), tiny.live(plain), 4, iter
    )
    summary = found.summary()
    assert summary["sharpness_real"] == summary["structure_real"] == 1
    assert summary["flicker_real_255"] == summary["flicker_real_255_underpaint"] > 0
    assert len(rows) == 8
    assert all(len(row) == len(real_structure.SHEET_COLUMNS) for row in rows)
