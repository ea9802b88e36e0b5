"""One training in several processes, as torchrun starts them: who they are, on which device, and what they share.

Every process holds the whole model, trains on samples of its own, and after each backward pass all take the mean of
their gradients: the same step on the same weights, so they stay one model, bit for bit. Without torchrun there is one
process, and everything here does nothing. Knows nothing of models or samples.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor

PATIENCE = datetime.timedelta(hours=1)  # the others wait this long while the first evaluates or exports


class BatchError(ValueError):
    """A batch of which each process cannot have the same part."""


@contextmanager
def processes() -> Iterator[None]:
    """Joins the processes that torchrun started, by nccl on GPUs and by gloo on CPUs, until the end of the block."""
    if "WORLD_SIZE" not in os.environ or dist.is_initialized():
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(device())
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    try:
        yield
        dist.barrier()  # gloo's threads end the process when the other has gone first
    finally:
        dist.destroy_process_group()


def device() -> torch.device:
    """What this process trains on: the GPU of its own number where there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def rank() -> int:
    """This process's number, from 0. The first one logs, evaluates and writes checkpoints."""
    return dist.get_rank() if dist.is_initialized() else 0


def ranks() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def part_of(batch: int) -> int:
    """This process's part of a step's samples: a recipe's steps are the same in any number of processes that fits."""
    if batch % ranks():
        raise BatchError(f"training: a batch of {batch} does not go into {ranks()} processes. Start fewer of them")
    return batch // ranks()


def wait_for_all() -> None:
    if dist.is_initialized():
        dist.barrier()


@torch.no_grad()
def average(tensors: Sequence[Tensor]) -> None:
    """Makes every tensor its mean over all processes, in one message of float32. All must call it alike."""
    if ranks() == 1:
        return
    flat = torch.cat([tensor.reshape(-1).float() for tensor in tensors])
    dist.all_reduce(flat)
    flat /= ranks()
    for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(mean.view_as(tensor))


def gathered(values: Tensor) -> list[Tensor]:
    """The same small CPU tensor of every process, by rank. All must call it alike."""
    if ranks() == 1:
        return [values]
    everyone = [torch.empty_like(values) for _ in range(ranks())]
    dist.all_gather(everyone, values)
    return everyone


def check_same(tensors: Sequence[Tensor]) -> None:
    """RuntimeError where the processes hold different bits. All must call it alike."""
    if ranks() == 1:
        return
    sums = [tensor.detach().float().contiguous().view(torch.int32).sum(dtype=torch.int64) for tensor in tensors]
    digests = gathered(torch.stack(sums).cpu())
    if any(not torch.equal(digests[0], other) for other in digests[1:]):
        raise RuntimeError("training: the processes' weights are no longer the same. Did each start from one seed?")
