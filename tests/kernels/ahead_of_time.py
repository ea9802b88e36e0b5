"""Run as a process of its own: compiles the kernels for Hopper without a GPU and prints what they need, as JSON.

    python -m tests.kernels.ahead_of_time {ops | tokens | raymarch}

Every op is called as on a GPU, with arguments of a shipped shape; triton is told that it has an H100, and instead of a
launch its compiler runs. So signature, alignment and constants are those of the real launch. One list of launches for
every case; an op may launch several kernels.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.backends.nvidia.compiler import get_ptxas
from triton.runtime.jit import JITFunction

from engine.worlds.gpu_trace import trace_batch
from kernels.ops import OPS, case_name
from tests.kernels import probes
from tests.kernels.raymarch_cases import launches
from tests.kernels.token_cases import stacked

HOPPER = GPUTarget("cuda", 90, 32)
CUOBJDUMP = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
# What is counted in the machine's code comes from these; without any of them there is nothing to count.
COUNTED = re.compile(r"mma|\.f64|\bbar")


class NoGpu:
    """As much of a driver as compiling asks for."""

    def get_current_target(self) -> GPUTarget:
        return HOPPER

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, _: int) -> int:
        return 0


class Recorder:
    """While it is entered, kernels are compiled where they would be launched."""

    def __init__(self) -> None:
        self.compiled: dict[str, Any] = {}  # by hash: the same kernel with the same constants counts once

    def __enter__(self) -> Recorder:
        self._run = JITFunction.run

        def compile_only(kernel: JITFunction, *args: Any, **kwargs: Any) -> Any:
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                compiled = self._run(kernel, *args, **{**kwargs, "warmup": True})
            if "Used " in said.getvalue():  # not where it comes from triton's cache
                _said.setdefault(compiled.hash, said.getvalue())
            self.compiled[compiled.hash] = compiled
            return compiled

        JITFunction.run = compile_only
        return self

    def __exit__(self, *_: object) -> None:
        JITFunction.run = self._run

    def needs(self) -> list[dict[str, object]]:
        return [needs_of(compiled) for compiled in self.compiled.values()]


_known: dict[str, dict[str, object]] = {}  # by hash
_said: dict[str, str] = {}  # by hash: what ptxas told while triton called it


def needs_of(compiled: Any) -> dict[str, object]:
    """What one kernel takes of a multiprocessor, and which instructions it is made of."""
    if compiled.hash not in _known:
        _known[compiled.hash] = _measure(compiled)
    return _known[compiled.hash]


def _measure(compiled: Any) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        ptx, cubin = Path(folder) / "kernel.ptx", Path(folder) / "kernel.cubin"
        said = _said.get(compiled.hash)
        if said is None:  # once more, as triton has called it
            ptx.write_text(compiled.asm["ptx"])
            said = _run(get_ptxas(HOPPER.arch).path, "-lineinfo", "-v", "--gpu-name=sm_90a", ptx, "-o", cubin)
        code = ""
        if COUNTED.search(compiled.asm["ptx"]):  # half a second each
            cubin.write_bytes(compiled.asm["cubin"])
            code = _run(CUOBJDUMP, "-sass", cubin)
    return {
        "kernel": compiled.name,
        "target": re.findall(r"\.target (\S+)", compiled.asm["ptx"])[0],
        "warps": compiled.metadata.num_warps,
        "registers": _number(r"Used (\d+) registers", said),
        "stack_bytes": _number(r"(\d+) bytes stack frame", said),
        "spilled_bytes": _number(r"(\d+) bytes spill stores", said) + _number(r"(\d+) bytes spill loads", said),
        "shared_bytes": compiled.metadata.shared,
        "warpgroup_products": len(re.findall(r"\b[HQI]GMMA\b", code)),
        "warp_products": len(re.findall(r"\b[HQI]MMA\b", code)),
        "serialized": re.findall(r"C75(?:08|1[0125])", said),
        "dependent_launches": len(re.findall(r"griddepcontrol\.\w+;", compiled.asm["ptx"])),
        "double_instructions": len(re.findall(r"\bD(?:ADD|MUL|FMA|SETP)\b", code)),
        "barriers": len(re.findall(r"\bBAR\.", code)),
    }


def _run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def _number(pattern: str, text: str) -> int:
    return int(re.findall(pattern, text)[0])


def op_needs() -> Iterator[tuple[str, list[dict[str, object]]]]:
    for op in OPS:
        for shape, dtype, way in op.builds():
            with Recorder() as recorder:
                op.kernel()(*op.example(shape, dtype), **way)
            yield case_name(op, shape, dtype, way), recorder.needs()
    yield from probe_needs()


def layers_needs() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """All layers of one step of small in one launch; the values are never looked at."""
    from kernels.token_layers import token_layers

    with Recorder() as recorder:
        token_layers(*stacked(layers=4, b=1, s=5, n=576, d=768, m=3072, dtype=torch.bfloat16))
    yield "layers", recorder.needs()


def raymarch_needs() -> Iterator[tuple[str, list[dict[str, object]]]]:
    launch = launches()["batch"]
    with Recorder() as recorder:
        trace_batch(launch.frames, launch.size, device="cpu")
    yield "raymarch", recorder.needs()


def probe_needs() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Too few rows for a warpgroup, and enough."""
    for rows in (32, 64):
        with Recorder() as recorder:
            probes.product(*probes.factors(), rows)
        yield f"{rows} rows", recorder.needs()


def main(what: str) -> None:
    torch.set_num_threads(1)
    triton.runtime.driver.set_active(NoGpu())
    triton.knobs.nvidia.dump_ptxas_log = True
    print(json.dumps(dict({"ops": op_needs, "tokens": layers_needs, "raymarch": raymarch_needs}[what]())))


if __name__ == "__main__":
    main(*sys.argv[1:])
