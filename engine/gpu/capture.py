"""CUDA graphs that share nothing: each with a cuBLAS workspace of its own, and with the cause told when one fails."""

from __future__ import annotations

from collections.abc import Callable

import torch

WARM_UPS = 3  # kernels compile and libraries make their work spaces


def capture(work: Callable[[], object]) -> torch.cuda.CUDAGraph:
    """What `work` launches, as a graph, after it has run some times in a stream beside.

    torch keeps a workspace for each cuBLAS handle and stream, and captures everything in one stream. So all graphs
    would share the first one's: race in it where they run side by side, and use it after the first one has gone
    (pytorch issue 193402). Cleared before, the capture makes one in its own pool; cleared after, nobody else takes it.
    """
    graph, stream, failure = torch.cuda.CUDAGraph(), torch.cuda.current_stream(), None
    side = torch.cuda.Stream()
    side.wait_stream(stream)
    with torch.cuda.stream(side):
        for _ in range(WARM_UPS):
            work()
    torch.cuda.synchronize()
    torch._C._cuda_clearCublasWorkspaces()
    try:
        with torch.cuda.graph(graph):
            try:
                work()
            except Exception as error:
                failure = error  # what torch raises at the capture's end says only that there was one
                raise
    except Exception as error:  # noqa: BLE001  compilers and drivers fail in many ways
        torch.cuda.set_stream(stream)  # torch leaves its own current
        raise (failure or error) from None
    finally:
        torch._C._cuda_clearCublasWorkspaces()
    return graph
