"""tools/bench_models.py counts what a network costs: right for one whose cost is known by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tools.bench_models import count, row_names


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
    assert row_names([ours, other]) == {ours: "reader", other: "painter"}
    assert row_names([ours, theirs]) == {ours: str(ours), theirs: str(theirs)}
