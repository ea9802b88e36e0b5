"""Where onnxruntime runs the networks: on a GPU through DirectML where that build is installed, else on the CPU.

The DirectML build exists for Windows alone and is chosen by installing it (`reskin[directml]`): it drives AMD's,
Intel's and NVIDIA's GPUs. A session that it cannot make is made on the CPU. Follows
onnxruntime.ai/docs/execution-providers/DirectML-ExecutionProvider.html.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

CPU, DIRECTML = "CPUExecutionProvider", "DmlExecutionProvider"


def choose(available: Sequence[str]) -> tuple[str, ...]:
    """From what onnxruntime says it has, in the order in which it shall try them for each operator."""
    return (DIRECTML, CPU) if DIRECTML in available else (CPU,)


def make_session(model: bytes, options: Any, available: Sequence[str], session: Callable[..., Any]) -> Any:
    """A session by the best provider that takes the model; `session` is onnxruntime.InferenceSession."""
    providers = choose(available)
    if providers[0] == DIRECTML:
        options.enable_mem_pattern = False  # DirectML refuses it; sequential execution, which it needs, is the default
        try:
            return session(model, options, providers=list(providers))
        except Exception:  # noqa: BLE001  of onnxruntime's own kinds: no DirectX 12, a driver too old, memory full
            options.enable_mem_pattern = True
    return session(model, options, providers=[CPU])
