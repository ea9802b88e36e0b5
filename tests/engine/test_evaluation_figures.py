"""The file of figures: a part at a time, each by itself, and of which weights it is."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from engine.train.fidelity import VARIANT_FILES
from tests.engine.tiny import TINY, TinyEngine
from tools import evaluate
from tools.evaluation_figures import (
    EVALUATED,
    FIGURES,
    MODELS,
    Measured,
    add_part,
    all_figures,
    check_setup,
    complaint,
    measured_otherwise,
    networks_of,
    read_figures,
)
from tools.evaluation_plots import PICTURES
from tools.evaluation_table import REQUIRED

LITTLE = evaluate.Sizes(clips=2, frames=2, reading_worlds=2, table_worlds=2, still_clips=1, recovery_clips=1,
                        recovery_before=2, recovery_after=3, long_frames=12, shots=2, shot_frames=3,
                        real_frames=4, real_themes=1)  # fmt: skip
TIMED = ("step_p50_ms", "step_p95_ms")


def part_of(networks: dict[str, str], **figures: Any) -> Measured:
    return Measured(preset="nano", split="test", sizes={"clips": 2}, minutes=0.1, networks=networks, figures=figures)


@pytest.fixture
def little(tiny: TinyEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Arguments of a run on the smallest networks and worlds."""
    monkeypatch.setattr(evaluate, "QUICK", LITTLE)
    monkeypatch.setattr(evaluate, "PRESETS", {"nano": TINY})
    variants = tmp_path / "variants"
    variants.mkdir()
    for name in VARIANT_FILES.values():
        shutil.copy(tiny.folder / "painter.onnx", variants / name)
    return ["--quick", "--weights", str(tiny.folder), "--variants", str(variants), "--footage", str(tmp_path),
            "--out", str(tmp_path / "out")]  # fmt: skip


def line_of(*arguments: str) -> dict[str, Any]:
    got = CliRunner().invoke(evaluate.main, arguments)
    assert got.exit_code == 0, got.output
    return json.loads(got.stdout.splitlines()[-1])


def test_a_part_alone_finds_what_it_finds_among_the_others(little: list[str], tmp_path: Path) -> None:
    together = line_of(*little)
    measurable = [name for name in EVALUATED if name != "real"]  # there is no footage here
    assert set(read_figures(tmp_path / "out" / "figures.json")) == set(measurable)
    for name in measurable:
        file = tmp_path / f"{name}.json"
        line = line_of(*little, "--only", name, "--figures", str(file))
        assert set(read_figures(file)) == {name}
        found = read_figures(file)[name].figures
        assert found
        assert {key: value for key, value in found.items() if key not in TIMED} == {
            key: together[key] for key in found if key not in TIMED
        }
        assert all(line[key] is None for key in set(REQUIRED) - set(found))


def test_parts_of_several_runs_come_together_in_one_line(little: list[str], tmp_path: Path) -> None:
    first = line_of(*little, "--only", "still")
    assert (tmp_path / "out" / "figures.json").exists()
    both = line_of(*little, "--only", "reading")
    assert both["still_change_255"] == first["still_change_255"] is not None
    assert both["reading_frames"] is not None
    assert both["other_weights"] == {}


def test_a_part_of_other_weights_is_said_to_be_one(little: list[str], tmp_path: Path) -> None:
    for name in ("reading", "still", "recovery"):
        line_of(*little, "--only", name)
    (tmp_path / "variants" / VARIANT_FILES["no_augmentation"]).unlink()
    got = CliRunner().invoke(evaluate.main, [*little, "--only", "still"])
    assert "recovery was measured with other weights than these (painter_no-augmentation.onnx)" in got.stdout
    assert "tools/evaluate.py --only recovery" in got.stdout
    line = json.loads(got.stdout.splitlines()[-1])
    assert line["other_weights"] == {"recovery": ["painter_no-augmentation.onnx"]}


def test_no_two_parts_have_a_key_in_common(little: list[str], tmp_path: Path) -> None:
    line_of(*little)
    parts = read_figures(tmp_path / "out" / "figures.json")
    assert len(all_figures(parts)) == sum(len(part.figures) for part in parts.values())


def test_a_part_that_is_none_is_refused_with_the_names_of_all() -> None:
    got = CliRunner().invoke(evaluate.main, ["--only", "speed"])
    assert got.exit_code == 2
    assert all(name in got.output for name in ("speed", *EVALUATED))


def test_only_a_whole_measurement_of_what_ships_goes_into_the_file_beside_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    went: list[tuple[Path, Path]] = []

    class Nothing(evaluate.Evaluation):
        def __init__(self, *_: object, pictures: Path, **__: object) -> None:
            self.pictures = pictures

        def still(self) -> dict[str, object]:
            return {"still_change_255": 0.5}

    def noted(path: Path, name: str, part: Measured) -> dict[str, Measured]:
        went.append((path, folders[-1]))
        return {name: part}

    folders: list[Path] = []
    monkeypatch.setattr(evaluate, "Evaluation", lambda *a, **k: (folders.append(k["pictures"]), Nothing(*a, **k))[1])
    monkeypatch.setattr(evaluate, "add_part", noted)
    aside = (tmp_path / "figures.json", tmp_path)
    for more, expected in (
        ([], (FIGURES, PICTURES)), (["--quick"], aside), (["--split", "validation"], aside), (["--clips", "2"], aside),
        (["--preset", "lite"], aside), (["--weights", str(tmp_path)], aside),
        (["--quick", "--figures", str(tmp_path / "a.json"), "--pictures", str(tmp_path / "b")],
         (tmp_path / "a.json", tmp_path / "b")),
    ):  # fmt: skip
        monkeypatch.setattr(evaluate, "read_figures", lambda _: {})
        line_of("--only", "still", "--out", str(tmp_path), *more)
        assert went[-1] == expected, more


def test_a_part_is_known_by_the_networks_that_it_needs(tmp_path: Path) -> None:
    weights, variants = tmp_path / "weights", tmp_path / "variants"
    for folder, names in ((weights, ("reader.onnx", "painter.onnx")), (variants, set(VARIANT_FILES.values()))):
        folder.mkdir()
        for name in names:
            (folder / name).write_bytes(name.encode())
    parts = {name: part_of(networks_of(name, weights, variants)) for name in (*EVALUATED, MODELS)}
    assert measured_otherwise(parts, weights, variants) == {}
    (variants / VARIANT_FILES["feed_forward"]).write_bytes(b"another")
    assert set(measured_otherwise(parts, weights, variants)) == {"fidelity"}
    (weights / "painter.onnx").write_bytes(b"another")
    otherwise = measured_otherwise(parts, weights, variants)
    assert set(otherwise) == {*EVALUATED, MODELS} - {"reading"}
    assert otherwise["still"] == ["painter.onnx"]
    assert "tools/bench_models.py" in complaint({MODELS: ["painter.onnx"]})


def test_a_file_of_something_else_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    for text in ("", "[1]", '{"still": 3}', '{"still": {"preset": "nano"}}'):
        file.write_text(text)
        with pytest.raises(click.ClickException, match="no file of figures"):
            read_figures(file)
    file.unlink()
    parts = add_part(file, "still", part_of({}, still_change_255=0.1))
    assert parts == read_figures(file)
    check_setup(file, parts, "nano", "test")
    for preset, split in (("lite", "test"), ("nano", "validation")):
        with pytest.raises(click.ClickException, match="holds still of nano on test worlds"):
            check_setup(file, parts, preset, split)
    check_setup(file, {MODELS: replace(parts["still"], split="")}, "lite", "test")
