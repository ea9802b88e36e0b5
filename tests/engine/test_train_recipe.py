"""Recipe files: all stages of a preset in order, finished ones skipped, and mistakes named with line and key."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from engine.live import open_session
from engine.train import distributed
from engine.train.painter import PainterRecipe
from engine.train.painter_data import shapes
from engine.train.reader import ReaderRecipe
from engine.train.recipe import STAGES
from tools import train
from tools.train import RECIPES, RUNS, RecipeError, main, read_recipe

TINY = """
[small]
stage = "reader"
size = [48, 80]
batch = 1
steps = 100
workers = 0
held_out = 1

[full]
stage = "reader"
start = "small"
size = [48, 80]
batch = 1
minutes = 1
workers = 0
held_out = 1

[reader_export]
stage = "export"
of = "full"
size = [48, 80]
int8 = false

[painter]
stage = "painter"
size = [48, 80]
clips = 2
frames = 2
batch = 1
steps = 100

[distilled]
stage = "painter"
start = "painter"
size = [48, 80]
clips = 2
frames = 2
batch = 1
steps = 100
shortcut_share = 0.4

[painter_export]
stage = "export"
of = "distilled"
size = [48, 80]
"""


def test_a_recipe_runs_its_stages_from_nothing_and_skips_them_when_they_are_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "device", lambda: torch.device("cpu"))
    file, folder = tmp_path / "tiny.toml", tmp_path / "run"
    file.write_text(TINY)
    arguments = ["--recipe", str(file), "--scale", "0.0001", "--folder", str(folder)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output[-4000:]
    said = [line for line in done.stderr.splitlines() if line.split(":")[0] in read_recipe(file).stages()]
    assert said == [
        "small: trains; 0% done before", "full: trains; 0% done before", "reader_export: exports the reader",
        "painter: trains; 0% done before", "distilled: trains; 0% done before", "painter_export: exports the painter",
    ]  # fmt: skip
    assert sorted(path.name for path in folder.glob("*/sheet_*.png")) == ["sheet_000001.png"] * 2
    for part in ("reader", "painter"):
        assert open_session(folder / "weights" / f"{part}.onnx", 1).get_inputs()
    assert sorted(path.name for path in (folder / "weights").iterdir()) == ["painter.onnx", "reader.onnx"]

    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 0, again.output
    assert again.output.count("finished before") == 4
    assert again.output.count("exported before") == 2


def test_the_recipes_that_come_along_can_be_read() -> None:
    files = list(RECIPES.glob("*.toml"))
    assert files
    for file in files:
        assert [stage.stage for stage in read_recipe(file).stages().values()].count("export") >= 2


@pytest.mark.parametrize(("kind", "recipe"), [("reader", ReaderRecipe), ("painter", PainterRecipe)])
def test_every_field_of_a_stage_is_a_key_with_its_default(kind: str, recipe: type) -> None:
    keys = STAGES[kind].model_fields
    assert {field.name: field.default for field in fields(recipe)}.items() <= {
        name: key.default for name, key in keys.items()
    }.items()


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (TINY.replace("held_out", "held_ot", 1), 'line 8, small.held_ot: unknown key (did you mean "held_out"?)'),
        (TINY.replace("steps = 100", 'steps = "many"'), 'line 6, small.steps: got the text "many", expected a whole'),
        (TINY.replace("batch = 1", 'preset = "smal"', 1), 'small.preset: got the text "smal", expected one of nano'),
        (TINY.replace("size = [48, 80]", "size = 48", 1), "line 4, small.size: got 48, expected height and width"),
        (TINY.replace('"reader"', '"raeder"', 1), 'small.stage: got the text "raeder", expected "reader"'),
        (TINY.replace('stage = "reader"', "", 1), 'small.stage: missing; expected "reader", "painter" or "export"'),
        (TINY.replace('of = "full"', ""), "reader_export.of: missing; expected the name of a stage above"),
        (TINY.replace('start = "small"', 'start = "smal"'), 'full.start: no reader stage "smal" above it'),
        (TINY.replace('of = "full"', 'of = "painter"'), 'reader_export.of: no reader or painter "painter" above it'),
        (TINY.replace('of = "distilled"', 'of = "full"'), "painter_export: a reader is exported above it already"),
        (TINY[TINY.index("[painter]") :], "painter: a Painter learns on what a Reader sees"),
        ("minutes = 3\n" + TINY, "line 1, minutes: got 3, expected a table with a stage"),
        (TINY.replace("[small]", "[small"), "is not valid TOML: line 2"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_recipe_is_named(text: str, mistake: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(RecipeError) as caught:
        read_recipe(file)
    assert mistake in str(caught.value)
    assert str(file) in str(caught.value)


def test_the_command_says_what_it_expects(tmp_path: Path) -> None:
    for arguments, said in (
        ([], "Expected either --recipe or a stage"),
        (["--recipe", "nono"], "Expected one of base, nano, small"),
        (["--recipe", "nano", "reader"], "Expected either --recipe or a stage"),
        (["--scale", "0.5", "reader"], "--scale and --folder go with --recipe"),
        (["--recipe", str(tmp_path / "none.toml")], "no such file"),
    ):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code != 0
        assert said in result.output


def test_clips_of_another_shape_are_told_in_words(tmp_path: Path) -> None:
    for name, shape in shapes(1, 2, (16, 16)).items():
        np.save(tmp_path / f"{name}.npy", np.zeros(shape, np.float16))
    (tmp_path / "done").touch()
    told = CliRunner().invoke(main, ["painter", "--clips", str(tmp_path), "--folder", str(tmp_path / "run")])
    assert told.exit_code == 1
    assert f"Error: reading {tmp_path}: it holds clips of (1, 2, 3, 16, 16)" in told.output
    assert "Name another folder, or delete this one." in told.output


@pytest.mark.parametrize(
    ("flags", "folder"),
    [([], "painter"), (["--variant", "no-history"], "painter_no-history"), (["--folder", "a"], Path("a").absolute())],
    ids=str,
)
def test_a_variant_of_the_painter_is_trained_in_a_folder_of_its_own(
    flags: list[str], folder: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(train, "train_painter", lambda where, *_, **__: asked.append(where))
    main(["painter", *flags], standalone_mode=False)
    assert [where.absolute() for where in asked] == [RUNS / folder]
