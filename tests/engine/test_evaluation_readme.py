"""The README's figures are those of the file that the evaluation filled, and that file is of the weights that ship."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from engine.config import MATERIALS
from engine.train.recovery import CORRUPTIONS
from tools import evaluate, evaluation_readme
from tools.evaluation_figures import EVALUATED, FIGURES, MODELS, Measured, Parts, networks_of, read_figures
from tools.evaluation_readme import BEGIN, END, blocks, card_block, goal, readme_block, shipped_parts, with_block
from tools.evaluation_table import REQUIRED, WAY_LABELS

MODEL_ROW = {"gmacs": 0.6, "parameters": 1_560_000, "bytes": 1_717_925, "onnxruntime_1_ms": 5.25,
             "onnxruntime_2_ms": 4.5, "openvino_1_ms": None, "openvino_2_ms": None}  # fmt: skip


def made_up(**changed: Any) -> Parts:
    """All parts with a number of its own for each key, of the weights that ship."""
    keys = [*REQUIRED, "long_frames", "long_themes", "long_frames_one_theme", "long_themes_one_theme",
            "flicker_ratio_underpaint", "flicker_ratio_painter_true_materials", "reading_real_material_mean",
            *(f"psnr_{way}" for way in WAY_LABELS)]  # fmt: skip
    figures: dict[str, Any] = {key: 11 + i / 7 for i, key in enumerate(dict.fromkeys(keys))}
    for suffix in ("", "_no_augmentation"):
        figures[f"recovery_frames_worst{suffix}"] = dict.fromkeys(CORRUPTIONS, 3)
    figures["reading_by_material"] = dict.fromkeys(MATERIALS, 0.5) | {"glow": None}
    figures["reading_real_by_material"] = {"sky": 0.97, "rock or structure": 0.79}
    figures |= changed
    cost = {"models": {"nano: Painter": MODEL_ROW}, "int8_pixels_changed": 0.018, "int8_psnr": 41.23}
    sizes = asdict(evaluate.Sizes())
    return {
        name: Measured(preset="nano", split="test", sizes=sizes, minutes=1, networks=networks_of(name),
                       figures=cost if name == MODELS else figures if name == "fidelity" else {})
        for name in (*EVALUATED, MODELS)
    }  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The figures' file, and a README of old figures; the card lies in weights/."""
    monkeypatch.setattr(evaluation_readme, "ROOT", tmp_path)
    monkeypatch.setattr(evaluation_readme, "WEIGHTS", tmp_path / "weights")
    (tmp_path / "weights").mkdir()
    for folder in (tmp_path, tmp_path / "weights"):
        (folder / "README.md").write_text(f"# Before\n\n{BEGIN}\nold\n{END}\n\nAfter 12.\n")
    return tmp_path / "figures.json", tmp_path / "README.md"


def keep(path: Path, parts: Parts) -> None:
    path.write_text(json.dumps({name: asdict(part) for name, part in parts.items()}))


def test_written_figures_are_the_files_and_the_text_around_them_stays(files: tuple[Path, Path]) -> None:
    figures, readme = files
    keep(figures, made_up(psnr_model=18.87))
    for _ in range(2):  # the second time nothing changes
        got = CliRunner().invoke(evaluation_readme.main, ["--figures", str(figures), "--write"])
        assert got.exit_code == 0, got.output
        text = readme.read_text()
        assert text.startswith(f"# Before\n\n{BEGIN}")
        assert text.endswith(f"{END}\n\nAfter 12.\n")
        assert "| 18.87 dB |" in text
        assert "old" not in text
        assert "| sky | 50 | 97 |" in (readme.parent / "weights" / "README.md").read_text()


def test_a_readme_with_another_number_than_the_file_differs(files: tuple[Path, Path]) -> None:
    figures, readme = files
    keep(figures, made_up(psnr_model=18.87))
    CliRunner().invoke(evaluation_readme.main, ["--figures", str(figures), "--write"])
    block = readme_block(shipped_parts(figures))
    assert with_block(readme.read_text(), block, readme) == readme.read_text()
    forged = readme.read_text().replace("18.87 dB", "19.87 dB")
    assert with_block(forged, block, readme) != forged


def test_every_required_figure_is_in_the_readme() -> None:
    """One after another is changed, and the table must change with it."""
    before = readme_block(made_up())
    aside = {"psnr_model", "ssim_model", "recovery_frames", "recovery_frames_no_augmentation"}
    unused = {"stability_anchored", "sharpness_ratio", "colour_ratio"}  # of variants; the times of the drift meter
    for key in set(REQUIRED) - aside:
        if not any(key.startswith(name) and key != name for name in unused) and key != "stability_anchored":
            assert readme_block(made_up(**{key: 999.0})) != before, key


def test_what_was_not_measured_is_said_to_be_so_and_meets_no_goal() -> None:
    nothing = dict.fromkeys(made_up()["fidelity"].figures)
    block = readme_block(made_up(**nothing))
    assert "not measured dB" in block
    assert ": met" not in block
    assert "**missed**" not in block
    assert "| glow | none there | none there |" in card_block(made_up())


def test_a_goal_is_met_where_no_margin_is_below_zero() -> None:
    assert goal("5 dB", 0.0) == "5 dB: met"
    assert goal("both", 1.0, -0.01) == "both: **missed**"
    assert goal("both", float("nan"), 1.0) == goal("both", 1.0, float("nan")) == "both: not measured"


def test_stability_may_neither_rise_nor_fall() -> None:
    steady = dict.fromkeys(("stability_first_db_one_theme", "stability_last_db_one_theme"), 16.8)
    steady |= dict.fromkeys(("sharpness_ratio_one_theme", "colour_ratio_one_theme"), 1.0)
    for change, met in (
        ({}, True), ({"stability_last_db_one_theme": 17.1}, False), ({"colour_ratio_one_theme": 0.96}, False),
        ({"sharpness_ratio_one_theme": 1.04}, False),
    ):  # fmt: skip
        line = next(line for line in readme_block(made_up(**steady | change)).splitlines() if "in one theme |" in line)
        assert line.endswith("0.97 to 1.03: met |") == met


def test_costs_are_a_table_of_their_own() -> None:
    parts = made_up()
    assert "| nano: Painter | 0.60 | 1.56 M | 1.72 | 5.25 | 4.50 | not installed | not installed |" in readme_block(
        parts
    )
    del parts[MODELS]
    assert "GMAC" not in readme_block(parts)


def test_pictures_are_shown_where_they_are_there(tmp_path: Path) -> None:
    assert "![" not in readme_block(made_up(), tmp_path)
    (tmp_path / "evaluation-recovery.jpg").touch()
    assert "](themes/pictures/evaluation-recovery.jpg)" in readme_block(made_up(), tmp_path)


def test_figures_that_are_of_other_weights_or_not_whole_are_refused_with_what_to_run(tmp_path: Path) -> None:
    file, parts = tmp_path / "figures.json", made_up()
    del parts["still"]
    parts["recovery"] = replace(parts["recovery"], networks=parts["recovery"].networks | {"painter.onnx": "0" * 64})
    keep(file, parts)
    with pytest.raises(click.ClickException) as raised:
        shipped_parts(file)
    assert "lacks still" in raised.value.message
    assert "recovery was measured with other weights than these (painter.onnx)" in raised.value.message
    assert "tools/evaluate.py --only recovery" in raised.value.message
    keep(file, made_up())
    assert shipped_parts(file) == made_up()


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_a_text_without_its_two_comments_is_refused(text: str) -> None:
    with pytest.raises(click.ClickException, match=r"README.md: expected one"):
        with_block(text, "figures", Path("README.md"))


def test_the_readme_of_this_tree_has_the_figures_of_the_weights_that_ship() -> None:
    """Fails until the weights that lie there are measured and tools/evaluation_readme.py --write has run."""
    try:
        written = blocks(shipped_parts(FIGURES))
    except click.ClickException as error:
        pytest.fail(error.message)
    whole = asdict(evaluate.Sizes()).items()
    for name, part in read_figures(FIGURES).items():
        if name != MODELS:
            assert (part.preset, part.split) == ("nano", "test"), name
            assert whole <= part.sizes.items(), f"{name} was not measured on as much as tools/evaluate.py does"
    for path, block in written.items():
        text = path.read_text(encoding="utf-8")
        assert with_block(text, block, path) == text, f"{path}: run tools/evaluation_readme.py --write"
