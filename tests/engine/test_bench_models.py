"""tools/bench_models.py counts what a network costs: right for one whose cost is known by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

from tests.engine.tiny import TINY, TinyEngine
from tools import bench_models
from tools.bench_models import count, row_names, times_in_words
from tools.evaluation_figures import MODELS, read_figures


def test_multiply_adds_and_parameters_are_those_of_the_graph(tmp_path: Path) -> None:
    weight = numpy_helper.from_array(np.ones((8, 2, 3, 3), np.float32), "weight")  # two groups of two channels
    matrix = numpy_helper.from_array(np.ones((10, 5), np.float32), "matrix")
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "weight"], ["conv"], pads=[1, 1, 1, 1], strides=[2, 2], group=2),
            helper.make_node("Relu", ["conv"], ["y"]),
            helper.make_node("MatMul", ["vector", "matrix"], ["z"]),
        ],
        "small",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 6, 10]),
            helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, 10]),
        ],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 3, 5]),
            helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 5]),
        ],
        [weight, matrix],
    )
    onnx.save(helper.make_model(graph), tmp_path / "small.onnx")
    macs, parameters = count(tmp_path / "small.onnx")
    assert macs == 8 * 3 * 5 * 2 * 9 + 10 * 5
    assert parameters == 8 * 2 * 9 + 50


def test_every_file_has_a_row_of_its_own() -> None:
    ours, theirs, other = Path("a/reader.onnx"), Path("b/reader.onnx"), Path("a/painter.onnx")
    assert row_names([ours, other]) == {"reader": ours, "painter": other}
    assert row_names([ours, theirs]) == {str(ours): ours, str(theirs): theirs}


@pytest.fixture
def shipped(tiny: TinyEngine, monkeypatch: pytest.MonkeyPatch) -> TinyEngine:
    """The tiny networks as if they shipped, and no openvino."""
    monkeypatch.setattr(bench_models, "WEIGHTS", tiny.folder)
    monkeypatch.setattr(bench_models, "NANO", TINY)
    monkeypatch.setattr(bench_models, "find_spec", lambda name: name == "onnxruntime" or None)
    return tiny


def test_the_table_its_figures_and_what_int8_changes_are_of_the_networks_that_ship(
    shipped: TinyEngine, tmp_path: Path
) -> None:
    exact, file = tmp_path / "exact.onnx", tmp_path / "figures.json"
    shutil.copy(shipped.folder / "reader.onnx", exact)
    got = CliRunner().invoke(
        bench_models.main,
        ["--runs", "2", "--worlds", "2", "--exact", str(exact), "--pictures", str(tmp_path), "--figures", str(file),
         "--sheet", str(tmp_path / "sheet.png")],
    )  # fmt: skip
    assert got.exit_code == 0, got.output
    line = json.loads(got.stdout.splitlines()[-1])
    assert list(line["models"]) == ["nano, lite: Reader", "nano: Painter", "the Reader in fp32"]
    assert "not installed" in got.stdout
    assert line["int8_pixels_changed"] == 0, "it was compared with itself"
    assert read_figures(file)[MODELS].figures == line
    assert {path.name for path in tmp_path.iterdir()} == {
        "exact.onnx", "figures.json", "sheet.png", "evaluation-int8.jpg"
    }  # fmt: skip


def test_options_that_do_not_fit_together_are_refused(shipped: TinyEngine, tmp_path: Path) -> None:
    reader = str(shipped.folder / "reader.onnx")
    for arguments in (["--pictures", str(tmp_path)], [reader, "--figures", str(tmp_path / "a.json")]):
        assert CliRunner().invoke(bench_models.main, arguments).exit_code == 2


def test_a_row_says_what_ran_it() -> None:
    onnx_row = {"onnxruntime_1_ms": 1.5, "onnxruntime_2_ms": 1.25, "openvino_1_ms": None, "openvino_2_ms": None}
    assert times_in_words(onnx_row) == ["1.50", "1.25", "not installed", "not installed"]
    assert times_in_words({"torch_ms": 812.3}) == ["torch 812", "", "", ""]
