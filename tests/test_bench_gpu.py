"""The GPU bench on a CPU: that its parts run, and that it says what it cannot."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from engine.config import SHAPES, SMALL, TransformerShape
from engine.gpu.backends import BackendError
from engine.gpu.frame import FrameStep
from engine.gpu.measured import TABLE, versions
from kernels.ops import OPS, Op
from tools import bench_gpu_report
from tools.bench import bench
from tools.bench_gpu import Ceilings, Row, ceilings, floor_s, new_step, op_times, time_backend, traffic_bytes
from tools.bench_gpu_report import COLUMNS, cells, report

TOKENS = TransformerShape(patch=8, width=64, layers=1, hidden=64, head=32, bottleneck=16, slots=2)
TINY = replace(SMALL, name="tiny", size=(48, 80), reader_widths=(8, 8, 16, 16), tokens=TOKENS)
CPU = torch.device("cpu")
ROW = Row(frame_p50_ms=1.0, frame_p95_ms=2.0, frame_worst_ms=3.0, model_ms=1.0, floor_ms=0.5, launches=1, grown_bytes=0)


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


def test_the_floor_holds_no_product_that_only_the_reference_has() -> None:
    """Its way to the model's size, whose products grow with the window."""
    reached = Ceilings(flop_s=1.0, bytes_s=math.inf)
    steps = [new_step(TINY, window, CPU, torch.float32) for window in ((67, 121), (134, 242))]
    small, large = (floor_s(step, reached) for step in steps)
    assert small == large > 0


def test_an_op_is_timed_beside_plain_torch_and_its_traffic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Op, "kernel", Op.reference)
    (op,) = (op for op in OPS if op.name == "settle")
    times = op_times(op, op.tried[0], CPU, Ceilings(flop_s=1e9, bytes_s=1e9))
    assert list(times) == ["kernel_ms", "torch_ms", "traffic_ms"]
    assert min(times.values()) > 0


def report_where_cudagraph_fails(path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Of eager, cudagraph and compiled, with the table at the path."""

    def timed(backend: str, step: FrameStep, reached: Ceilings, frames: int) -> Row:
        if backend == "cudagraph":
            raise error
        return ROW

    monkeypatch.setitem(SHAPES, "small", replace(TINY, name="small"))
    monkeypatch.setattr(bench_gpu_report, "time_backend", timed)
    report(["small"], [(61, 37)], ["eager", "cudagraph", "compiled"], 1, "cpu", path)


def in_the_table(path: Path) -> list[str]:
    return list(TABLE.validate_json(path.read_bytes())["cpu"][versions()]["small"]["61x37"])


def test_a_measurement_that_fails_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "measured.json"
    report_where_cudagraph_fails(path, monkeypatch, RuntimeError("CUDA error: [/no] image"))
    said = capsys.readouterr().out
    assert "small cudagraph 61x37: not run. RuntimeError: CUDA error: [/no] image" in said
    found = json.loads(said.splitlines()[-1])
    assert [name for name in found if name.startswith("small")] == ["small eager 61x37", "small compiled 61x37"]
    assert in_the_table(path) == ["eager", "compiled"]


def test_what_was_measured_before_the_run_was_ended_is_in_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "measured.json"
    with pytest.raises(KeyboardInterrupt):
        report_where_cudagraph_fails(path, monkeypatch, KeyboardInterrupt())
    assert in_the_table(path) == ["eager"]


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
