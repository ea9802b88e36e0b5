"""Endless streams of training samples that a seed, a step and a process name: no two of one training are the same.

A pool of traced clips makes it costly to go on in the middle of a stream (`engine.worlds.samples.clips`): all that was
consumed would have to be traced again. So a stream is never resumed. A new one starts at the first step after a
checkpoint, in a resumed and in an uninterrupted run alike, and each of its processes builds a new pool.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch.utils.data import get_worker_info

from engine.train import distributed

MOST_PROCESSES = 128  # so that scene seeds stay below 2^40, where validation's begin


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Samples of the training with this seed from this step on, for one of its training processes."""

    seed: int = 0
    step: int = 0
    rank: int = 0
    ranks: int = 1

    @classmethod
    def here(cls, *, seed: int, step: int) -> Stream:
        """This training process's."""
        return cls(seed=seed, step=step, rank=distributed.rank(), ranks=distributed.ranks())

    def place(self) -> tuple[int, int]:
        """`worker` and `workers` for `clips`, asked for in a loader's process: all of them share the stream."""
        info = get_worker_info()
        own, count = (info.id, info.num_workers) if info else (0, 1)
        workers = self.ranks * count
        if workers > MOST_PROCESSES:
            raise ValueError(f"samples: {self.ranks} processes with {count} workers. Expected {MOST_PROCESSES} in all")
        start = int(np.random.SeedSequence((self.seed, self.step)).generate_state(1)[0])
        return self.rank * count + own + workers * start, workers
