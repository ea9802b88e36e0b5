"""What a stage that trains by steps promises: killed behind a checkpoint and resumed, it is the one that was not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.train.run import TrainingRun, progress_on_disk


class Killed(Exception):
    pass


def flat(state: Any, name: str = "") -> dict[str, Any]:
    """Every leaf of nested dictionaries and lists by its path."""
    items = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, list) else None
    if items is None:
        return {name: state}
    return {path: leaf for key, part in items for path, leaf in flat(part, f"{name}/{key}").items()}


def assert_resumes_bit_for_bit(train: Callable[[Path], object], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`train` runs four steps into a folder with a checkpoint after every second."""
    train(folder / "whole")
    plain = TrainingRun.after_backward

    def killed_at_three(run: TrainingRun) -> None:
        if run.step == 3:
            raise Killed
        plain(run)

    monkeypatch.setattr(TrainingRun, "after_backward", killed_at_three)
    with pytest.raises(Killed):
        train(folder / "parts")
    monkeypatch.undo()
    assert progress_on_disk(folder / "parts", minutes=0, steps=4) == 0.5
    train(folder / "parts")
    whole, parts = (flat(torch.load(folder / name / "checkpoint.pt", weights_only=True)) for name in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    for name, value in whole.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, parts[name]), name
        elif name != "/trained_s":
            assert value == parts[name], name
