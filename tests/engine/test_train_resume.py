"""Training by steps: a Reader that is killed and resumed is the one that was not, and sees no sample twice."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from engine.train.reader import ReaderRecipe, train_reader
from engine.train.run import TrainingRun, progress_on_disk
from engine.train.sheet import COLORS, TILE_WIDTH_PX, colored, write_sheet
from engine.train.streams import MOST_PROCESSES, Stream
from tests.engine.killing import assert_resumes_bit_for_bit

TINY = ReaderRecipe(size=(48, 80), batch=2, steps=4, checkpoint_steps=2, workers=0, held_out=3, evaluate_every=2)


def test_a_reader_killed_after_a_checkpoint_and_resumed_equals_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_resumes_bit_for_bit(lambda folder: train_reader(folder, TINY), tmp_path, monkeypatch)
    assert progress_on_disk(tmp_path / "parts", minutes=0, steps=4) == 1
    sheets = sorted(path.name for path in (tmp_path / "parts").glob("*.png"))
    assert sheets == ["sheet_000002.png", "sheet_000004.png"]


def batches_of(run: TrainingRun, steps: int) -> list[tuple[int, int]]:
    """(step at which the stream began, index in it) of each batch taken; the model is trained on nothing."""
    taken = []
    for batch in run.batches(lambda step: ((step, i) for i in range(1000))):
        run.model(torch.ones(1, 2)).sum().backward()
        run.after_backward()
        taken.append(batch)
        if len(taken) == steps:
            break
    return taken


def run_of_a_layer(folder: Path) -> TrainingRun:
    layer = torch.nn.Linear(2, 1)
    optimizers = [torch.optim.SGD(layer.parameters(), lr=0.1)]
    return TrainingRun(folder, layer, optimizers, steps=7, checkpoint_steps=3)


def test_a_new_stream_begins_after_each_checkpoint_also_in_a_resumed_run(tmp_path: Path) -> None:
    whole = batches_of(run_of_a_layer(tmp_path / "whole"), 100)
    assert whole == [(0, 0), (0, 1), (0, 2), (3, 0), (3, 1), (3, 2), (6, 0)]
    batches_of(run_of_a_layer(tmp_path / "parts"), 5)
    resumed = run_of_a_layer(tmp_path / "parts")
    assert batches_of(resumed, 100) == whole[3:]
    assert resumed.finished


def test_weights_that_are_no_longer_finite_leave_the_last_checkpoint(tmp_path: Path) -> None:
    run = run_of_a_layer(tmp_path)
    batches_of(run, 4)
    kept = run.path.read_bytes()
    with torch.no_grad():
        next(run.model.parameters())[0, 1] = torch.nan
    with pytest.raises(RuntimeError, match="at step 4 the weights are no longer finite; the last checkpoint is kept"):
        run.save()
    assert run.path.read_bytes() == kept
    assert run_of_a_layer(tmp_path).step == 3


def test_no_two_streams_and_no_two_of_their_processes_share_a_place() -> None:
    places = {
        Stream(seed=seed, step=step, rank=rank, ranks=2).place()
        for seed in range(3) for step in (0, 1000, 2000) for rank in range(2)
    }  # fmt: skip
    assert len(places) == 18
    assert {workers for _, workers in places} == {2}
    assert Stream(seed=1, step=5).place() == Stream(seed=1, step=5).place()


def test_scenes_of_training_stay_below_those_of_validation() -> None:
    worker, workers = Stream(seed=123456789, step=10**9, rank=MOST_PROCESSES - 1, ranks=MOST_PROCESSES).place()
    assert worker + 10**9 * workers < 1 << 40
    with pytest.raises(ValueError, match="129 processes"):
        Stream(ranks=MOST_PROCESSES + 1).place()


def test_a_contact_sheet_shows_the_pictures_side_by_side_and_small(tmp_path: Path) -> None:
    picture, material = np.full((144, 256, 3), 0.5), np.full((144, 256), 6)
    write_sheet(tmp_path / "sheet.png", [[picture, colored(material)]] * 3)
    sheet = cv2.imread(str(tmp_path / "sheet.png"))[..., ::-1]
    h, w = 72 + 2, TILE_WIDTH_PX + 2
    assert sheet.shape == (3 * h, 2 * w, 3)
    assert np.abs(sheet[h // 2, w // 2] - 127.5).max() <= 1
    assert np.allclose(sheet[h // 2, w + w // 2], COLORS[6] * 255, atol=1)
    with pytest.raises(OSError, match="not written"):
        write_sheet(tmp_path / "no" / "sheet.png", [[picture]])
