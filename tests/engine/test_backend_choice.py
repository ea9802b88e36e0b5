"""Which backend `auto` takes: by a table with made-up figures, by the stated order, and past those that fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from engine.config import SHAPES
from engine.gpu import backends
from engine.gpu.backends import OPENERS, ORDER, BackendError, choose, open_backend, open_first, place_of
from engine.gpu.frame import EFFORTS, FrameStep
from engine.gpu.low_precision import LinearOps
from engine.gpu.measured import PATH, TABLE, Place, fastest, read_table, versions, with_line
from reskin import gpu_renderer
from reskin.renderer import QUALITY_LEVELS
from tests.test_bench_gpu import TINY
from tools.bench import bench
from tools.bench_gpu import new_step

HERE = Place("Some GPU", "torch 2.11.0, triton 3.6.0", "small", (1080, 1920))
FOUND = {"cudagraph": {"p50": 1.5, "p95": 2.5}, "megakernel": {"p50": 1.8, "p95": 2.0},
         "compiled": {"p50": 0.9, "p95": 1.0}}  # fmt: skip
FAKE = with_line({}, HERE, FOUND)


@pytest.fixture
def step() -> FrameStep:
    return new_step(TINY, (37, 61), torch.device("cpu"), torch.float32)


def test_the_fastest_by_p95_on_this_device_is_taken_and_the_reason_is_said() -> None:
    order, why = choose(HERE, FAKE, cuda=True, triton=True)
    # compiled was faster, and is never taken by itself
    assert order == ("megakernel", "cudagraph", "cudagraph+pdl", "eager")
    assert "megakernel: the fastest of cudagraph, megakernel" in why
    assert "p95 2.00 ms at 1920x1080" in why


def test_eager_and_compiled_multiply_in_the_models_precision_on_cuda_and_by_the_references_elsewhere(
    step: FrameStep,
) -> None:
    assert isinstance(backends.plain_ops(torch.device("cuda")), LinearOps)
    step.painter.ops = LinearOps()
    open_backend("eager", step)
    assert step.painter.ops is None


@pytest.mark.parametrize("elsewhere", [
    {"device": "Another GPU"}, {"preset": "base"},
], ids=str)  # fmt: skip
def test_without_a_line_for_exactly_this_the_stated_order_is_taken_and_said(elsewhere: dict[str, str]) -> None:
    place = HERE._replace(**elsewhere)
    order, why = choose(place, FAKE, cuda=True, triton=True)
    assert order == ORDER
    assert f"{place.device} with {place.versions} is not in the table of measurements for {place.preset}" in why
    assert "tools/bench.py gpu" in why


def test_other_versions_are_taken_for_those_that_were_measured_and_it_is_said() -> None:
    order, why = choose(HERE._replace(versions="torch 2.12.0, triton 3.6.0"), FAKE, cuda=True, triton=True)
    assert order[0] == "megakernel"
    assert f"measured with {HERE.versions}" in why


def test_the_measured_window_nearest_in_pixels_counts() -> None:
    faster_small = {"cudagraph": {"p95": 1.0}, "megakernel": {"p95": 1.2}}
    table = with_line(FAKE, HERE._replace(window=(720, 1280)), faster_small)
    for window, expected in {(720, 1280): "cudagraph", (600, 800): "cudagraph", (1440, 2560): "megakernel"}.items():
        best = fastest(table, HERE._replace(window=window), ORDER)
        assert best is not None
        assert best.backend == expected


def test_without_cuda_or_triton_it_is_eager_whatever_the_table_says() -> None:
    assert choose(HERE, FAKE, cuda=False, triton=True)[0] == ("eager",)
    order, why = choose(HERE, FAKE, cuda=True, triton=False)
    assert order == ("eager",)
    assert "triton is not installed" in why


def test_measuring_again_replaces_a_line_and_keeps_the_others() -> None:
    again = with_line(FAKE, HERE, {"cudagraph": {"p50": 1.0, "p95": 1.1}})
    line = again[HERE.device][HERE.versions]["small"]["1920x1080"]
    assert line == FOUND | {"cudagraph": {"p50": 1.0, "p95": 1.1}}
    assert FAKE[HERE.device][HERE.versions]["small"]["1920x1080"] == FOUND


def test_what_fails_to_open_gives_way_to_the_next_as_if_it_had_not_been_tried(
    step: FrameStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(step: FrameStep) -> backends.Make:
        step.stack()
        step.frame.fill_(7)
        raise ValueError("no kernel image for this device\nand more")

    monkeypatch.setitem(OPENERS, "megakernel", broken)
    step.screen.random_(0, 256, generator=torch.Generator().manual_seed(1))
    step.frame.fill_(3)
    opened = open_first(step, ("cudagraph", "megakernel", "eager"), "why")
    assert opened.name == "eager"
    assert opened.why.startswith("why; cudagraph failed (BackendError: ")
    assert opened.why.endswith("; megakernel failed (ValueError: no kernel image for this device)")
    assert step.frame == 3
    other = new_step(TINY, (37, 61), torch.device("cpu"), torch.float32)
    other.screen.copy_(step.screen)
    other.frame.fill_(3)
    other()
    opened.run()
    assert torch.equal(step.shown, other.shown)


def test_a_pruned_painter_is_measured_as_itself() -> None:
    assert TINY.tokens is not None
    small = new_step(TINY, (37, 61), torch.device("cpu"), torch.float32)
    small.preset = replace(TINY, tokens=replace(TINY.tokens, layers=2))
    assert place_of(small).preset == "tiny of 1 layers, 2 heads, 64 hidden"
    assert "+" not in versions()


@pytest.mark.parametrize(
    ("place", "found", "said"),
    [
        (HERE._replace(preset="tiny"), FOUND, "there is no preset 'tiny', expected one of small, base"),
        (HERE._replace(preset="nano"), FOUND, "there is no preset 'nano'"),  # it runs on a CPU alone
        (HERE._replace(window=(0, 1920)), FOUND, "'1920x0' is no window"),
        (HERE, {"tensorrt": {"p95": 1.0}}, "there is no backend 'tensorrt'"),
        (HERE, {"eager": {"p50": 1.0}}, "eager has no p95 above 0 ms"),
        (HERE, {"eager": {"p95": 0.0}}, "eager has no p95 above 0 ms"),
        (HERE, {"eager": {"p95": float("nan")}}, "eager has no p95 above 0 ms"),
    ],
)
def test_a_table_with_a_line_that_cannot_be_chosen_is_refused_by_that_line(
    place: Place, found: dict[str, dict[str, float]], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "measured.json"
    path.write_text(json.dumps(with_line(FAKE, place, found)))
    monkeypatch.setattr(gpu_renderer, "PATH", path)
    with pytest.raises(BackendError) as caught:
        gpu_renderer._shipped_table()
    assert f"reading {path}: it is no table of measurements ({place.device}, " in str(caught.value)
    assert said in str(caught.value)


def test_a_table_of_what_can_be_chosen_is_read_as_it_was_written() -> None:
    table = with_line(FAKE, HERE._replace(preset="small of 2 layers, 4 heads, 512 hidden"), FOUND)
    assert read_table(TABLE.dump_json(table), OPENERS) == table


def test_the_table_that_ships_can_be_used() -> None:
    assert gpu_renderer._shipped_table() == json.loads(PATH.read_text())


def test_every_quality_has_its_efforts_and_each_paints(step: FrameStep) -> None:
    assert len(EFFORTS) == QUALITY_LEVELS
    opened = open_backend("auto", step)
    step.screen.random_(0, 256, generator=torch.Generator().manual_seed(1))
    seen = []
    for efforts in EFFORTS:
        step.reset()
        for effort in efforts:
            opened.run(effort)
        seen.append(step.shown.clone())
    assert all(shown.float().std() > 5 for shown in seen)
    assert step.frame == 0  # where the Painter rests it has no past


def test_the_bench_writes_the_table_that_auto_reads(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(SHAPES, "small", replace(TINY, name="small"))
    path = tmp_path / "measured.json"
    command = ["gpu", "--device", "cpu", "--preset", "small", "--size", "61x37", "--backend", "eager", "--frames", "2"]
    done = CliRunner().invoke(bench, [*command, "--table", str(path)])
    assert done.exit_code == 0, done.output
    table = TABLE.validate_json(path.read_bytes())
    best = fastest(table, Place("cpu", versions(), "small", (37, 61)), OPENERS)
    assert best is not None
    assert best.backend == "eager"
    assert best.p95_ms > 0
