"""A Painter split over two processes paints what the whole one does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine.parallel import split_painter
from tests.engine.token_clips import clip_of, new_painter, paint_by_ring

ROOT = Path(__file__).resolve().parents[2]


def test_two_processes_paint_what_one_does_with_half_of_the_weights_each(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
               "-m", "tests.engine.split_processes", str(tmp_path)]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    painter, (patches, conditions) = new_painter(), clip_of(6)
    whole = paint_by_ring(painter, patches, conditions)
    weights = sum(weight.numel() for weight in painter.layers.parameters())
    for rank in (0, 1):
        left = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(left["outputs"], whole, atol=2e-5, rtol=1e-4)
        assert left["weights"] < 0.53 * weights


def test_heads_that_do_not_go_up_in_the_processes_are_refused() -> None:
    class ThreeProcesses:
        def size(self) -> int:
            return 3

    with pytest.raises(ValueError, match="Start a number of processes that divides 2"):
        split_painter(new_painter(), ThreeProcesses())  # type: ignore[arg-type]
