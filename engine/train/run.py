"""What every training stage shares: a folder with checkpoints, a log, a schedule by time, and a graceful stop.

A stage resumes from its last checkpoint; minutes already trained count against the schedule.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn


class TrainingRun:
    """Keeps a model's state on disk every few minutes and lowers its learning rate linearly to zero over `minutes`."""

    def __init__(self, folder: Path, model: nn.Module, optimizers: list[torch.optim.Optimizer], *,
                 minutes: float, checkpoint_s: float = 120.0, rng: torch.Generator | None = None,
                 clock_s: Callable[[], float] = time.monotonic) -> None:  # fmt: skip
        """`rng` is the stage's own random generator, if it has one: its state goes into the checkpoint too."""
        self.folder, self.model, self.optimizers = folder, model, optimizers
        self.minutes, self.checkpoint_s = minutes, checkpoint_s
        self._rng, self._clock_s = rng, clock_s
        self.averaged = torch.optim.swa_utils.AveragedModel(
            model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
        )
        self.step, self._trained_s = 0, 0.0
        self._started = self._saved = clock_s()
        self._base_lrs = [group["lr"] for group in self._groups()]
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "checkpoint.pt"
        if self.path.exists():
            state = torch.load(self.path, weights_only=True)
            model.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["averaged"])
            for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(kept)
            self.step, self._trained_s = state["step"], state["trained_s"]
            if rng is not None and "rng" in state:
                rng.set_state(state["rng"])

    @property
    def trained_s(self) -> float:
        return self._trained_s + self._clock_s() - self._started

    @property
    def finished(self) -> bool:
        return self.trained_s >= self.minutes * 60

    def after_backward(self) -> None:
        """One optimiser step with warm-up over 100 steps, then the running average and perhaps a checkpoint."""
        left = max(0.0, 1.0 - self.trained_s / (self.minutes * 60))
        for group, base in zip(self._groups(), self._base_lrs, strict=True):
            group["lr"] = base * max(0.01, left) * min(1.0, (self.step + 1) / 100)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.averaged.update_parameters(self.model)
        self.step += 1
        if self._clock_s() - self._saved > self.checkpoint_s:
            self.save()

    def _groups(self) -> list[dict[str, Any]]:
        """Asked for anew each time: an optimiser that loads its state gets new groups."""
        return [group for optimizer in self.optimizers for group in optimizer.param_groups]

    def save(self) -> None:
        self._saved = self._clock_s()
        state = {
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "trained_s": self.trained_s,
        }
        if self._rng is not None:
            state["rng"] = self._rng.get_state()
        partial = self.path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(self.path)

    def log(self, **values: Any) -> None:
        line = {"step": self.step, "minutes": round(self.trained_s / 60, 2), **values}
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
