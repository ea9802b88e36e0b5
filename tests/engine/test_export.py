"""The exported graphs against torch, and the Reader in int8."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import click
import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner

from engine.config import MATERIALS, PATCH
from engine.export import ReaderGraph, parity, quantize_reader, store_small
from engine.live import open_session, read_frame
from engine.painter import CONDITION, PATCH_CHANNELS, Painter
from tests.engine.tiny import SIZE, TinyEngine, frames_of
from tools import export

VARIANTS = export.WEIGHTS.parent / "train" / "variants"


def shapes(path: Path) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    session = open_session(path, 1)
    return {i.name: i.shape for i in session.get_inputs()}, {o.name: o.shape for o in session.get_outputs()}


def test_both_graphs_give_what_torch_gives(tiny: TinyEngine) -> None:
    assert tiny.export_difference["reader"] < 5e-4  # votes reach +-20 here
    assert tiny.export_difference["painter"] < 1e-5


def test_an_output_that_is_no_number_is_no_agreement(tiny: TinyEngine) -> None:
    class SecondIsNone(ReaderGraph):
        def forward(self, blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            votes, block_votes = super().forward(blocks)
            return votes, block_votes * torch.nan

    blocks = torch.rand(12, SIZE[0] // 2, SIZE[1] // 2) * 2 - 1
    assert math.isnan(parity(SecondIsNone(tiny.reader), (blocks,), tiny.folder / "reader.onnx"))


@pytest.mark.parametrize("difference", [math.nan, 2 * export.PARITY])
def test_a_file_that_is_not_known_to_agree_is_not_put_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, difference: float
) -> None:
    def written(network: Painter, path: Path, size: tuple[int, int]) -> float:
        path.write_bytes(b"a graph")
        return difference

    monkeypatch.setattr(export, "export_painter", written)
    checkpoint = tmp_path / "checkpoint.pt"
    torch.save({"model": Painter().state_dict()}, checkpoint)
    with pytest.raises(click.ClickException, match="the exported painter differs from torch by"):
        export.export_checkpoint("painter", checkpoint, tmp_path, shape="nano", size=SIZE, int8=False, frames=1)
    assert not (tmp_path / "painter.onnx").exists()


def test_the_graphs_have_the_shapes_that_the_engine_expects(tiny: TinyEngine) -> None:
    h, w = SIZE
    k = len(MATERIALS)
    assert shapes(tiny.folder / "reader.onnx") == (
        {"blocks": [12, h // 2, w // 2]},
        {"votes": [4 * (k + 1), h // 2, w // 2], "block_votes": [k + 1, h // 2, w // 2]},
    )
    rows, columns = h // PATCH, w // PATCH
    assert shapes(tiny.folder / "painter.onnx") == (
        {"patches": [PATCH_CHANNELS, rows, columns], "condition": [CONDITION]},
        {"outputs": [4 * PATCH**2, rows, columns]},
    )


def test_the_int8_reader_is_smaller_and_sees_nearly_the_same(tiny: TinyEngine, tmp_path: Path) -> None:
    path = tmp_path / "reader.onnx"
    shutil.copy(tiny.folder / "reader.onnx", path)
    before = path.stat().st_size
    changed = quantize_reader(path, frames_of(0, 4))
    assert path.stat().st_size < 0.5 * before
    assert changed < 0.15
    assert np.isfinite(read_frame(open_session(path, 1), frames_of(5, 1)[0])[0]).all()


def test_a_painter_with_weights_in_8_bits_is_a_third_as_large_and_moves_its_outputs_little(
    tiny: TinyEngine, tmp_path: Path
) -> None:
    """Outputs of the variants that are stored so moved by 0.5 to 2.3 %."""
    path = tmp_path / "painter.onnx"
    got = CliRunner().invoke(
        export.main, ["painter", str(tiny.folder / "painter.onnx"), "--small", "--folder", str(tmp_path)]
    )
    assert got.exit_code == 0, got.output
    assert path.stat().st_size < 0.36 * (tiny.folder / "painter.onnx").stat().st_size
    rng, cells = np.random.default_rng(1), (SIZE[0] // PATCH, SIZE[1] // PATCH)
    ports = {
        "patches": rng.random((PATCH_CHANNELS, *cells), np.float32),
        "condition": rng.random(CONDITION, np.float32),
    }
    exact, small = (open_session(file, 1).run(None, ports)[0] for file in (tiny.folder / "painter.onnx", path))
    moved = np.sqrt(np.square(small - exact).mean() / np.square(exact).mean())
    assert 0 < moved < 0.03
    assert shapes(path) == shapes(tiny.folder / "painter.onnx")


def test_what_is_stored_small_holds_no_large_fp32_and_a_channel_of_zeros_stays_one(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).normal(size=(6, 4, 3, 3)).astype(np.float32)
    weight[2] = 0
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            [onnx.helper.make_node("Conv", ["x", "w"], ["y"])], "one",
            [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4, 8, 8])],
            [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 6, 6, 6])],
            [onnx.numpy_helper.from_array(weight, "w")],
        ),
        opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10,
    )  # fmt: skip
    path = tmp_path / "one.onnx"
    onnx.save(model, path)
    assert 0 < store_small(path) < 0.02
    kept = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    assert set(kept) == {"w_int8", "w_scale"}
    again = kept["w_int8"] * kept["w_scale"].reshape(6, 1, 1, 1)
    np.testing.assert_allclose(again, weight, atol=np.abs(weight).max() / 127 / 2 * 1.001)
    assert not again[2].any()


@pytest.mark.parametrize("path", sorted(VARIANTS.glob("*.onnx")), ids=lambda path: path.stem)
def test_the_variants_that_are_kept_as_baselines_are_small(path: Path) -> None:
    assert path.stat().st_size < 0.22e6, f"tools/export.py painter {path} --small"


def test_what_cannot_be_stored_small_is_said_so(tiny: TinyEngine) -> None:
    for arguments in (["reader", "--small"], ["painter"]):
        got = CliRunner().invoke(export.main, [arguments[0], str(tiny.folder / "painter.onnx"), *arguments[1:]])
        assert got.exit_code == 2
        assert "--small" in got.output
