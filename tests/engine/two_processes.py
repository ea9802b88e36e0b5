"""What test_train_processes starts with torchrun, not a test itself: `two_processes.py FOLDER`.

Each process trains a Reader through tools/train.py twice, whole and killed a step after a checkpoint, then resumed. It
leaves its own weights at the end of each and the first samples that it saw: FOLDER/whole-0.pt for the first process.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch

from engine.train import distributed, reader
from engine.train.run import TrainingRun
from tools.train import main

FLAGS = [
    "--size", "48x80", "--batch", "2", "--steps", "4", "--checkpoint-steps", "2", "--held-out", "2", "--workers", "1",
]  # fmt: skip


class Killed(Exception):
    pass


def killed_at(step: int, run: TrainingRun) -> None:
    if run.step == step:
        raise Killed


def trained(folder: Path, name: str, killed_at_step: int = -1) -> None:
    seen: list[torch.Tensor] = []
    plain_torch_save = torch.save
    plain_loss, plain_step, plain_save = reader.reader_loss, TrainingRun.after_backward, TrainingRun.save

    def loss(network, batch, weight):  # type: ignore[no-untyped-def]
        seen.append(batch[0])
        return plain_loss(network, batch, weight)

    def step(run: TrainingRun) -> None:
        killed_at(killed_at_step, run)
        plain_step(run)

    def save(run: TrainingRun) -> None:
        run.path.unlink(missing_ok=True)
        distributed.wait_for_all()
        plain_save(run)
        assert run.path.exists(), "a process came back from save() before the checkpoint was written"
        kept = {"model": run.model.state_dict(), "averaged": run.averaged.state_dict(), "seen": seen}
        torch.save(kept, folder / f"{name}-{distributed.rank()}.pt")

    def slowly_saved(state, path):  # type: ignore[no-untyped-def]
        time.sleep(0.1)
        plain_torch_save(state, path)

    reader.reader_loss, TrainingRun.after_backward, TrainingRun.save = loss, step, save  # type: ignore[method-assign]
    torch.save = slowly_saved
    try:
        main(["reader", "--folder", str(folder / name), *FLAGS], standalone_mode=False)
    finally:
        torch.save = plain_torch_save
        reader.reader_loss, TrainingRun.after_backward, TrainingRun.save = (  # type: ignore[method-assign]
            plain_loss, plain_step, plain_save
        )  # fmt: skip


if __name__ == "__main__":
    where = Path(sys.argv[1])
    with distributed.processes():
        trained(where, "whole")
        try:
            trained(where, "parts", killed_at_step=3)
        except Killed:
            trained(where, "parts")
