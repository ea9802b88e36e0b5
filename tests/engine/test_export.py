"""The exported graphs against torch, and the Reader in int8."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import click
import numpy as np
import pytest
import torch

from engine.config import MATERIALS, PATCH
from engine.export import ReaderGraph, parity, quantize_reader
from engine.live import open_session, read_frame
from engine.painter import CONDITION, PATCH_CHANNELS, Painter
from tests.engine.tiny import SIZE, TinyEngine, frames_of
from tools import export


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
