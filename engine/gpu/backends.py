"""How a `FrameStep` is run: eager, compiled by torch, or captured with the Triton kernels, a step in one launch or not.

| name | products and attention | launches a frame |
|---|---|---|
| eager | torch, op by op | hundreds, each from Python |
| compiled | torch.compile, in a CUDA graph: what one would take instead | one graph |
| cudagraph | the Triton kernels of `kernels/`, in a CUDA graph | one graph |
| megakernel | the same, all layers of a step in one launch (`kernels/token_layers.py`) | one graph |

A graph is captured by hand: torch's own wrapper refuses a frame that writes its memory in place (pytorch issue 120733).
All but eager need CUDA. Asked for by name a backend raises where it cannot run; `auto` takes what can and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import torch

from engine.gpu.frame import FrameStep
from kernels import reference

WARM_UPS = 3  # frames before a capture: kernels compile and libraries make their work spaces

Run = Callable[[], None]


class BackendError(RuntimeError):
    """A backend that cannot run here."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    name: str
    run: Run  # one frame: `screen` to `shown`
    note: str = ""  # why it was chosen, or what was not


def open_backend(name: str, step: FrameStep) -> Backend:
    """Makes the step ready to run; its state is as before. BackendError says what is missing."""
    if name == "auto":
        chosen, note = choose(step.screen.device)
        return Backend(name=chosen, run=OPENERS[chosen](step), note=note)
    if name not in OPENERS:
        raise BackendError(f"opening the backend {name!r}: there is none. Expected auto, {', '.join(OPENERS)}")
    return Backend(name=name, run=OPENERS[name](step))


def choose(device: torch.device) -> tuple[str, str]:
    """The fastest backend that can run on a device, and why. No figure was measured on a GPU yet: by what is known."""
    if device.type != "cuda":
        return "eager", f"eager: the engine runs on {device.type}, and the others need CUDA"
    if find_spec("triton") is None:
        return "compiled", "compiled: triton is not installed (pip install reskin[gpu])"
    return "cudagraph", "cudagraph: one launch a frame"


def _eager(step: FrameStep) -> Run:
    step.use(reference)
    return step


def _compiled(step: FrameStep) -> Run:
    _need_cuda(step, "compiled")
    step.use(reference)
    return captured(step, torch.compile(step, fullgraph=True, mode="max-autotune-no-cudagraphs"))


def _cudagraph(step: FrameStep) -> Run:
    _need_cuda(step, "cudagraph")
    from kernels.ops import kernels  # triton is imported with the first

    try:
        step.use(kernels())
    except ImportError as error:
        raise BackendError(f"opening the backend cudagraph: {error}. Install the gpu extra") from error
    return captured(step, step)


def _megakernel(step: FrameStep) -> Run:
    _need_cuda(step, "megakernel")
    try:
        from kernels.token_layers import token_layers
    except ImportError as error:
        raise BackendError(f"opening the backend megakernel: {error}. Install the gpu extra") from error
    try:
        step.stack(token_layers)
    except ValueError as error:
        raise BackendError(f"opening the backend megakernel: {error}") from error
    return _cudagraph(step)


OPENERS: dict[str, Callable[[FrameStep], Run]] = {"eager": _eager, "compiled": _compiled, "cudagraph": _cudagraph,
                                               "megakernel": _megakernel}  # fmt: skip


def captured(step: FrameStep, run: Run) -> Run:
    """One frame as a CUDA graph. Warming up and capturing leave the stream's memory as it was."""
    before = remembered(step)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UPS):
            run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    for kept, value in zip(_memory(step), before, strict=True):
        kept.copy_(value)
    return graph.replay


def remembered(step: FrameStep) -> list[torch.Tensor]:
    """Copies of all that a frame writes in place."""
    return [kept.clone() for kept in _memory(step)]


def _memory(step: FrameStep) -> list[torch.Tensor]:
    ring = step.ring
    return [*step.buffers(), *ring.keys, *ring.values, ring.slot, ring.age]


def _need_cuda(step: FrameStep, name: str) -> None:
    if step.screen.device.type != "cuda":
        raise BackendError(
            f"opening the backend {name}: the engine lies on {step.screen.device.type}. Move the networks to a CUDA "
            "device, or take the backend eager"
        )
