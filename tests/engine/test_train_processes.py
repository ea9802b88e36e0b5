"""Training in two processes over gloo, as torchrun starts them on one machine without a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.train import distributed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the two processes left, by file name; see two_processes.py."""
    folder = tmp_path_factory.mktemp("processes")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
               "tests/engine/two_processes.py", str(folder)]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    states = {path.stem: torch.load(path, weights_only=True) for path in folder.glob("*.pt")}
    assert sorted(states) == ["parts-0", "parts-1", "whole-0", "whole-1"]
    logged = [line for line in (folder / "whole" / "log.jsonl").read_text().splitlines() if "validation" in line]
    assert len(logged) == 1, "the first process alone evaluates"
    return states


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(torch.equal(one[part][name], other[part][name]) for part in ("model", "averaged") for name in one[part])


def test_both_processes_end_with_the_same_weights_bit_for_bit(left: dict[str, dict[str, Any]]) -> None:
    assert same(left["whole-0"], left["whole-1"])


def test_each_process_sees_samples_of_its_own(left: dict[str, dict[str, Any]]) -> None:
    ours, theirs = left["whole-0"]["seen"], left["whole-1"]["seen"]
    assert len(ours) == len(theirs) == 4
    assert all(len(batch) == 1 for batch in (*ours, *theirs)), "a batch of two in two parts"
    assert not any(torch.equal(a, b) for a in ours for b in theirs)


def test_two_processes_that_were_killed_and_resumed_equal_two_that_were_not(left: dict[str, dict[str, Any]]) -> None:
    assert len(left["parts-1"]["seen"]) == 2, "resumed from the checkpoint after two steps"
    assert same(left["whole-0"], left["parts-0"])
    assert same(left["parts-0"], left["parts-1"])


def test_a_batch_that_does_not_go_into_the_processes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert distributed.part_of(5) == 5
    monkeypatch.setattr(distributed, "ranks", lambda: 2)
    assert distributed.part_of(6) == 3
    with pytest.raises(distributed.BatchError, match="a batch of 5 does not go into 2 processes"):
        distributed.part_of(5)
