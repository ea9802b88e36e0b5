"""Which provider runs the networks, from a list as onnxruntime gives it; DirectML itself is on Windows alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.providers import CPU, DIRECTML, choose, make_session
from reskin.doctor_gpu import networks, nvidia


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
    assert networks([DIRECTML, CPU]).startswith("GPU by DirectML")
    assert networks([CPU]).startswith("CPU; AMD, Intel: pip install reskin[directml], then see the notes")


@pytest.mark.parametrize(
    ("cards", "torch", "text"),
    [
        ([], "", "no card found"), (["RTX 4070"], "", "RTX 4070; torch is not installed: pip install torch --index"),
        (["RTX 4070"], "2.13.0+cpu", "RTX 4070; torch 2.13.0+cpu is built without CUDA: pip install"),
        (["RTX 4070"], "2.13.0+cu128", "RTX 4070; torch 2.13.0+cu128 with CUDA"),
    ],
)  # fmt: skip
def test_the_doctor_names_an_nvidia_card_and_whether_torch_can_use_it(cards: list[str], torch: str, text: str) -> None:
    assert nvidia(cards, torch).startswith(text)
