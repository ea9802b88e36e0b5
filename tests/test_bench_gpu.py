"""The GPU bench on a CPU: that its parts run, and that it says what it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from engine.config import SMALL, Tokens
from engine.gpu.backends import BackendError
from kernels.ops import OPS
from tools.bench import bench
from tools.bench_gpu import ceilings, floor_s, new_step, time_backend, traffic_bytes
from tools.bench_gpu_report import COLUMNS, cells

TINY = replace(SMALL, name="tiny", size=(48, 80), reader_widths=(8, 8, 16, 16),
               tokens=Tokens(patch=8, width=64, layers=1, hidden=64, head=32, bottleneck=16, slots=2))  # fmt: skip
CPU = torch.device("cpu")


def test_a_row_has_times_in_order_and_a_floor_below_them() -> None:
    reached = ceilings(CPU, torch.float32, side=256)
    step = new_step(TINY, (67, 121), CPU, torch.float32)
    row = time_backend("eager", step, reached, frames=4)
    assert 0 < row.frame_p50_ms <= row.frame_p95_ms <= row.frame_worst_ms
    assert 0 < row.floor_ms < row.model_ms
    assert len(cells(row)) == len(COLUMNS)
    with pytest.raises(BackendError):
        time_backend("cudagraph", step, reached, frames=1)


def test_the_floor_counts_products_and_traffic_and_leaves_no_trace() -> None:
    reached = ceilings(CPU, torch.float32, side=64)
    step = new_step(TINY, (67, 121), CPU, torch.float32)
    twice = new_step(replace(TINY, steps=4), (67, 121), CPU, torch.float32)
    assert floor_s(twice, reached) > floor_s(step, reached)
    assert step.frame == 0


@pytest.mark.parametrize(("name", "shape", "expected"), [
    ("to_model", {"height": 6, "width": 8, "h": 2, "w": 4}, 6 * 8 * 4 + 3 * 2 * 4 * 4),  # window in, picture out
    # x, scale, shift, weight and bias, two gains, two angles, a slot's number; queries, keys and values of one slot
    ("modulated_qkv", {"b": 1, "n": 3, "d": 64, "e": 32, "s": 5},
     2 * (3 * 64 + 2 * 64 + 3 * 64 * 65 + 2 * 32 + 2 * 3 * 16 + 3 * 3 * 64) + 8),
    # queries, the whole ring, its bias, what was seen
    ("ring_attention", {"b": 1, "n": 3, "d": 64, "e": 32, "s": 5}, 2 * (3 * 64 + 2 * 5 * 3 * 64 + 3 * 64) + 4 * 2 * 5),
])  # fmt: skip
def test_an_ops_traffic_is_what_it_reads_and_writes_once(name: str, shape: dict[str, int], expected: int) -> None:
    (op,) = (op for op in OPS if op.name == name)
    assert traffic_bytes(op, op.example(shape)) == expected


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_the_bench_says_so() -> None:
    done = CliRunner().invoke(bench, ["gpu", "--frames", "1"])
    assert done.exit_code == 1
    assert "torch sees no CUDA device" in done.output
