"""Run as a process of its own with TRITON_INTERPRET=1: renders the cases and leaves their arrays in a file.

    TRITON_INTERPRET=1 python -m tests.kernels.interpreted OUT.npz

Triton decides at import whether it interprets, so the tests' own process must not be the one that imports it.
"""

from __future__ import annotations

import sys
from dataclasses import fields

import numpy as np
import torch

from engine.worlds.gbuffer import GBuffer
from engine.worlds.gpu_trace import to_gbuffers, trace_batch
from tests.kernels.raymarch_cases import launches


def main(out: str) -> None:
    torch.set_num_threads(1)
    arrays = {}
    for name, launch in launches().items():
        seen = trace_batch(launch.frames, launch.size, device="cpu", tile=launch.tile)
        for i, frame in enumerate(to_gbuffers(seen)):
            arrays.update({f"{name} {i} {field.name}": getattr(frame, field.name) for field in fields(GBuffer)})
    np.savez(out, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
