"""Run as a process of its own with TRITON_INTERPRET=1: what the kernels compute, left as arrays in a file.

    TRITON_INTERPRET=1 python -m tests.kernels.interpreted {ops | tokens | raymarch} OUT.npz

Triton decides at import whether it interprets, so the tests' own process must not be the one that imports it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import partial

import numpy as np
import torch
from triton.runtime.errors import InterpreterError

from engine.worlds.gbuffer import GBuffer
from engine.worlds.gpu_trace import to_gbuffers, trace_batch
from kernels.ops import OPS, case_name, kernels
from tests.kernels import probes, token_cases
from tests.kernels.frames import second_frame
from tests.kernels.interpreter import mend
from tests.kernels.raymarch_cases import launches


def op_results() -> Iterator[tuple[str, np.ndarray]]:
    """Every op's results by case and number, bfloat16 as float32; then a whole frame, and the probes."""
    for op in OPS:
        kernel = op.kernel()
        for shape, dtype, way in op.trials():
            for i, result in enumerate(op.run(kernel, op.example(shape, dtype), **way)):
                exact = result.float() if result.is_floating_point() else result
                yield f"{case_name(op, shape, dtype, way)} {i}", exact.numpy()
    yield "frame", second_frame(kernels()).numpy()
    yield from probed()  # last, for one of them fails


def probed() -> Iterator[tuple[str, np.ndarray]]:
    """A product in bfloat16, the same in float32, and why other arithmetic in bfloat16 was refused."""
    a, b = probes.factors()
    yield "exact", (a.float() @ b.float()).numpy()
    yield "product", probes.product(a, b, rows=16).float().numpy()
    try:
        probes.product(a, b, rows=16, half_sums=True)
    except InterpreterError as error:
        yield "refused", np.array(str(error))


def token_results() -> Iterator[tuple[str, np.ndarray]]:
    """Frames of a transformer Painter with the token ops, a ring with holes, and all layers in one launch."""
    from kernels.ring_attention import ring_attention
    from kernels.token_layers import token_layers

    frames = {
        "op by op": token_cases.painted_op_by_op(kernels()),
        "in one launch": token_cases.painted_in_one_launch(partial(token_layers, programs=1)),
    }
    for way, (outputs, ring) in frames.items():
        for name, tensors in {"outputs": outputs, "keys": ring.keys, "values": ring.values}.items():
            yield f"{way} {name}", torch.stack(list(tensors)).numpy()
    attended = token_cases.attended(partial(ring_attention, splits=3))
    yield "attended", torch.stack(attended).float().numpy()
    for way, options in token_cases.LAUNCHES.items():
        for dtype in token_cases.LAYER_DTYPES:
            arguments = token_cases.stacked(**token_cases.STACK, dtype=dtype)
            for i, result in enumerate(token_cases.through(token_layers, arguments, **options)):
                yield f"{way} {dtype} {i}", result.float().numpy()


def raymarched() -> Iterator[tuple[str, np.ndarray]]:
    for name, launch in launches().items():
        seen = trace_batch(launch.frames, launch.size, device="cpu", tile=launch.tile)
        for i, frame in enumerate(to_gbuffers(seen)):
            for field in fields(GBuffer):
                yield f"{name} {i} {field.name}", getattr(frame, field.name)


def main(what: str, out: str) -> None:
    torch.set_num_threads(1)
    mend()
    np.savez(out, **dict({"ops": op_results, "tokens": token_results, "raymarch": raymarched}[what]()))


if __name__ == "__main__":
    main(*sys.argv[1:])
