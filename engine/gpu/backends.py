"""How a `FrameStep` is run: eager, compiled by torch, or captured with the Triton kernels, a step in one launch or not.

| name | products and attention | launches a frame |
|---|---|---|
| eager | torch, op by op; on CUDA in the model's precision | hundreds, each from Python |
| compiled | torch.compile, in a CUDA graph: what one would take instead | one graph |
| cudagraph | the Triton kernels of `kernels/`, in a CUDA graph | one graph |
| cudagraph+pdl | the same, each set up while the one before still runs (programmatic dependent launch) | one graph |
| megakernel | the same, all layers of a step in one launch (`kernels/token_layers.py`) | one graph |

A graph is captured by hand: torch's own wrapper refuses a frame that writes its memory in place (pytorch issue 120733).
All but eager need CUDA. Asked for by name a backend raises where it cannot run. `auto` takes the one that was fastest
on this device by a table of measurements (`measured.py`), or where it has no line the first of `ORDER`; one that fails
to open gives way to the next. Its `why` says what was taken, for which reason, and what failed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import torch

from engine.gpu.capture import capture
from engine.gpu.frame import Effort, FrameStep
from engine.gpu.low_precision import LinearOps
from engine.gpu.measured import Place, Table, device_name, fastest, versions
from engine.token_painter import TokenOps
from kernels import reference

# What `auto` may take, and tries in turn on a device that nobody has measured. `compiled` is not among them: its
# compilation takes longer than the minute that the app gives an engine to start.
ORDER = ("cudagraph", "cudagraph+pdl", "megakernel", "eager")

HOPPER = (9, 0)  # the first compute capability with programmatic dependent launch

Run = Callable[[], None]
Make = Callable[[Effort], Run]


class BackendError(RuntimeError):
    """A backend that cannot run here."""


class Backend:
    """A step that is ready to run. Every effort but the whole is made at its first frame."""

    def __init__(self, name: str, make: Make, why: str = "") -> None:
        self.name = name
        self.why = why  # it was chosen, and what was not
        self._make = make
        self._runs = {"whole": make("whole")}

    def run(self, effort: Effort = "whole") -> None:
        """One frame: `screen` to `shown`."""
        if effort not in self._runs:
            self._runs[effort] = self._make(effort)
        self._runs[effort]()


def open_backend(name: str, step: FrameStep, table: Table | None = None) -> Backend:
    """Makes the step ready to run; its state is as before. BackendError says what is missing."""
    if name == "auto":
        cuda, triton = step.screen.device.type == "cuda", find_spec("triton") is not None
        return open_first(step, *choose(place_of(step), table or {}, cuda=cuda, triton=triton))
    if name not in OPENERS:
        raise BackendError(f"opening the backend {name!r}: there is none. Expected auto, {', '.join(OPENERS)}")
    return Backend(name, OPENERS[name](step))


def choose(place: Place, table: Table, *, cuda: bool, triton: bool) -> tuple[tuple[str, ...], str]:
    """The backends to try in turn, and why that is their order."""
    if not cuda:
        return ("eager",), f"eager: the engine runs on {place.device}, and the others need CUDA"
    if not triton:
        return ("eager",), "eager: triton is not installed (the extra `gpu` brings it)"
    best = fastest(table, place, ORDER)
    if best is None:
        why = f"{ORDER[0]}: {place.device} with {place.versions} is not in the table of measurements for {place.preset}"
        return ORDER, f"{why} (python tools/bench.py gpu writes it); the order is {', '.join(ORDER)}"
    why = f"{best.backend}: the fastest of {', '.join(best.tried)} on this device, p95 {best.p95_ms:.2f} ms"
    if best.versions != place.versions:
        why += f" (measured with {best.versions})"
    return (best.backend, *(name for name in ORDER if name != best.backend)), f"{why} at {best.window}"


def place_of(step: FrameStep) -> Place:
    """Where measurements of this step hold. A pruned Painter is another preset."""
    shape, preset = step.painter.shape, step.preset
    name = preset.name
    if shape != preset.tokens:
        name += f" of {shape.layers} layers, {shape.kept // shape.head} heads, {shape.hidden} hidden"
    h, w, _ = step.screen.shape
    return Place(device_name(step.screen.device), versions(), name, (h, w))


def open_first(step: FrameStep, order: tuple[str, ...], why: str) -> Backend:
    """The first that opens."""
    before = remembered(step)
    for name in order[:-1]:
        try:
            return Backend(name, OPENERS[name](step), why)
        except Exception as error:  # noqa: BLE001  compilers and drivers fail in many ways; slower is better than not
            why += f"; {name} failed ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
            step.unstack()
            put_back(step, before)
    return Backend(order[-1], OPENERS[order[-1]](step), why)


def plain_ops(device: torch.device) -> TokenOps | None:
    """The token ops in plain torch: on CUDA with products in the model's precision, else the references, for None."""
    return LinearOps() if device.type == "cuda" else None


def _eager(step: FrameStep) -> Make:
    _use_plain(step)
    return lambda effort: partial(step, effort)


def _use_plain(step: FrameStep) -> None:
    step.use(reference)
    step.painter.ops = plain_ops(step.screen.device)


def _compiled(step: FrameStep) -> Make:
    _need_cuda(step, "compiled")
    _use_plain(step)
    compiled = torch.compile(step, fullgraph=True, mode="max-autotune-no-cudagraphs")
    return lambda effort: captured(step, partial(compiled, effort))


def _cudagraph(step: FrameStep, *, pdl: bool = False) -> Make:
    _need_cuda(step, "cudagraph")
    from kernels.ops import kernels  # triton is imported with the first

    try:
        step.use(kernels(pdl=pdl))
    except ImportError as error:
        raise BackendError(f"opening the backend cudagraph: {error}. Install the gpu extra") from error
    return lambda effort: captured(step, partial(step, effort))


def _with_pdl(step: FrameStep) -> Make:
    _need_cuda(step, "cudagraph+pdl")
    found = torch.cuda.get_device_capability(step.screen.device)
    if found < HOPPER:
        raise BackendError(f"opening the backend cudagraph+pdl: compute capability {found}, expected {HOPPER} or more")
    return _cudagraph(step, pdl=True)


def _megakernel(step: FrameStep) -> Make:
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


OPENERS: dict[str, Callable[[FrameStep], Make]] = {"eager": _eager, "compiled": _compiled, "cudagraph": _cudagraph,
                                                "cudagraph+pdl": _with_pdl, "megakernel": _megakernel}  # fmt: skip


def captured(step: FrameStep, run: Run) -> Run:
    """One frame as a CUDA graph. Warming up and capturing leave the stream's memory as it was."""
    before = remembered(step)
    with torch.cuda.device(step.screen.device):
        graph = capture(run)
    put_back(step, before)
    return graph.replay


def remembered(step: FrameStep) -> list[torch.Tensor]:
    """Copies of all that a frame writes in place."""
    return [kept.clone() for kept in _memory(step)]


def put_back(step: FrameStep, before: list[torch.Tensor]) -> None:
    for kept, value in zip(_memory(step), before, strict=True):
        kept.copy_(value)


def _memory(step: FrameStep) -> list[torch.Tensor]:
    ring = step.ring
    return [*step.buffers(), *ring.keys, *ring.values, ring.slot, ring.age]


def _need_cuda(step: FrameStep, name: str) -> None:
    if step.screen.device.type != "cuda":
        raise BackendError(
            f"opening the backend {name}: the engine lies on {step.screen.device.type}. Move the networks to a CUDA "
            "device, or take the backend eager"
        )
