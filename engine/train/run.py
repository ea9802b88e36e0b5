"""What every training stage shares: a folder with checkpoints, a log, and a schedule by minutes or by steps.

A stage resumes from its last checkpoint. By minutes: those already trained count. By steps: on a CPU a resumed run
equals an uninterrupted one bit for bit, because checkpoints are written, and new streams of samples begin, at fixed
steps; on CUDA an interpolation's gradients are summed in any order. Under torchrun all processes take every step
together (`engine.train.distributed`); the first one writes.
"""

from __future__ import annotations

import itertools
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from engine.train import distributed

LOG = logging.getLogger(__name__)
CHECKPOINT = "checkpoint.pt"
Batch = TypeVar("Batch")


class TrainingRun:
    """Keeps a model's state on disk and lowers its learning rate linearly to zero over `steps`, else `minutes`."""

    def __init__(self, folder: Path, model: nn.Module, optimizers: list[torch.optim.Optimizer], *,
                 minutes: float = 0.0, steps: int | None = None, checkpoint_s: float = 120.0,
                 checkpoint_steps: int = 1000, rng: torch.Generator | None = None,
                 clock_s: Callable[[], float] = time.monotonic) -> None:  # fmt: skip
        """`steps` count instead of `minutes`, and `checkpoint_steps` instead of `checkpoint_s`, where they are given.

        `rng` is the stage's own random generator, if it has one: its state goes into the checkpoint too.
        """
        self.folder, self.model, self.optimizers = folder, model, optimizers
        self.minutes, self.steps = minutes, steps
        self.checkpoint_s, self.checkpoint_steps = checkpoint_s, checkpoint_steps
        self._rng, self._clock_s = rng, clock_s
        self.averaged = torch.optim.swa_utils.AveragedModel(
            model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
        )
        self.step, self._trained_s = 0, 0.0
        self._started = clock_s()
        self._base_lrs = [group["lr"] for group in self._groups()]
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / CHECKPOINT
        if self.path.exists():
            self._resume()
        # All processes decide by one clock, their mean at the last step: alone, each would end at a step of its own.
        self._agreed_s = self._saved_s = self._trained_s

    def _resume(self) -> None:
        state = torch.load(self.path, weights_only=True, map_location="cpu")
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.step, self._trained_s = state["step"], state["trained_s"]
        rngs = state.get("rng", [])
        rngs = rngs if isinstance(rngs, list) else [rngs]  # before there were several processes
        rank = distributed.rank()
        if self._rng is not None and rank < len(rngs) and len(rngs[rank]) == len(self._rng.get_state()):
            self._rng.set_state(rngs[rank])

    @property
    def trained_s(self) -> float:
        return self._trained_s + self._clock_s() - self._started

    @property
    def progress(self) -> float:
        """The share of the schedule that is done, after the last step; the same in every process."""
        return progress(self.step, self._agreed_s, minutes=self.minutes, steps=self.steps)

    @property
    def finished(self) -> bool:
        return self.progress >= 1

    def batches(self, stream_from: Callable[[int], Iterable[Batch]]) -> Iterator[Batch]:
        """Batches until the run is finished, from a stream that starts at the step it is asked for.

        By steps there is a new stream after each checkpoint, so that a resumed run sees what an uninterrupted one does.
        """
        while not self.finished:
            left = None if self.steps is None else self.checkpoint_steps - self.step % self.checkpoint_steps
            for batch in itertools.islice(stream_from(self.step), left):
                yield batch
                if self.finished:
                    return

    def after_backward(self) -> None:
        """One optimiser step with warm-up over 100 steps, then the running average and perhaps a checkpoint."""
        self._agree()
        left = 1.0 - self.progress
        for group, base in zip(self._groups(), self._base_lrs, strict=True):
            group["lr"] = base * max(0.01, left) * min(1.0, (self.step + 1) / 100)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.averaged.update_parameters(self.model)
        self.step += 1
        if self.steps is None:
            due = self._agreed_s - self._saved_s > self.checkpoint_s
        else:
            due = self.step % self.checkpoint_steps == 0
        if due:
            self.save()

    def _agree(self) -> None:
        """The mean over all processes of gradients, of the batch norms' running statistics and of the clocks."""
        self._agreed_s = self.trained_s
        if distributed.ranks() == 1:
            return
        shared = [buffer for buffer in self.model.buffers() if buffer.is_floating_point()]
        for weight in self.model.parameters():
            if weight.grad is None:  # unused by this batch, perhaps not by another process's
                weight.grad = torch.zeros_like(weight)
            shared.append(weight.grad)
        clock_s = torch.tensor([self._agreed_s], device=shared[0].device)
        distributed.average([*shared, clock_s])
        self._agreed_s = clock_s.item()

    def _groups(self) -> list[dict[str, Any]]:
        """Asked for anew each time: an optimiser that loads its state gets new groups."""
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    def save(self) -> None:
        """Writes the checkpoint; it is there when any process comes back. All call it.

        RuntimeError if their weights are not the same, or no longer finite: then the checkpoint before stays.
        """
        self._saved_s = self._agreed_s
        distributed.check_same([*self.model.parameters(), *self.model.buffers()])
        model, averaged = self.model.state_dict(), self.averaged.state_dict()
        if not all(bool(weight.isfinite().all()) for weight in (*model.values(), *averaged.values())):
            raise RuntimeError(
                f"training into {self.folder}: at step {self.step} the weights are no longer finite; the last "
                "checkpoint is kept. Lower the learning rates"
            )
        state: dict[str, Any] = {
            "model": model,
            "averaged": averaged,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "trained_s": max(self.trained_s, self._agreed_s),
        }
        if self._rng is not None:
            state["rng"] = distributed.gathered(self._rng.get_state())
        if distributed.rank() == 0:
            partial = self.path.with_suffix(".part")
            torch.save(state, partial)
            partial.replace(self.path)
        distributed.wait_for_all()  # whoever goes on to the next stage may ask for the file

    def log(self, **values: Any) -> None:
        """One line of JSON into log.jsonl, and the same to Python's logging with the run's `progress`."""
        if distributed.rank() != 0:
            return
        line = json.dumps({"step": self.step, "minutes": round(self.trained_s / 60, 2), **values})
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(line + "\n")
        LOG.info("%s", line, extra={"progress": self.progress})


def progress(step: int, trained_s: float, *, minutes: float, steps: int | None) -> float:
    """The share of a schedule that is done, 1 or more at its end; `steps` count instead of `minutes` where given."""
    done, whole = (step, steps) if steps is not None else (trained_s, minutes * 60)
    return done / whole if whole > 0 else 1.0


def progress_on_disk(folder: Path, *, minutes: float, steps: int | None) -> float:
    """The same of the checkpoint in a run's folder; 0 where there is none."""
    path = folder / CHECKPOINT
    if not path.exists():
        return 0.0
    state = torch.load(path, weights_only=True, map_location="cpu", mmap=True)
    return progress(state["step"], state["trained_s"], minutes=minutes, steps=steps)


def averaged_weights(checkpoint: Path) -> dict[str, Tensor]:
    """What a checkpoint's model has learnt: a run's running average, or the weights of a file that ships."""
    saved = torch.load(checkpoint, weights_only=True, map_location="cpu")
    weights = dict(saved.get("averaged", saved["model"]))
    weights.pop("n_averaged", None)
    return {name.removeprefix("module."): value for name, value in weights.items()}
