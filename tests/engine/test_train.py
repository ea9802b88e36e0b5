"""What the training stages are made of: histories that are damaged, losses, Muon, and runs that resume."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from engine.config import MATERIALS
from engine.painter import Painter
from engine.reader import Reader
from engine.train.muon import Muon, orthogonal, split_optimizers
from engine.train.reader import ReaderSamples, reader_loss, to_device
from engine.train.run import TrainingRun


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(48, 48), (96, 27), (16, 200), (5, 7)])
def test_muon_makes_every_direction_learn_at_about_one_speed(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=seeded()) @ torch.diag(torch.logspace(0, -1.5, shape[1]))
    singular = torch.linalg.svdvals(orthogonal(matrix))
    assert singular.max() < 1.3
    assert singular[: len(singular) // 2].min() > 0.5


def test_a_step_of_muon_goes_downhill_on_a_convolution() -> None:
    torch.manual_seed(0)
    layer, target = nn.Conv2d(3, 8, 3), torch.randn(2, 8, 6, 6)
    optimizer = Muon([layer.weight], lr=0.02)
    x = torch.randn(2, 3, 8, 8)
    losses = []
    for _ in range(20):
        loss = (layer(x) - target).square().mean()
        loss.backward()
        optimizer.step()
        layer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("network", [Reader, Painter])
def test_every_weight_has_one_optimizer_and_outer_layers_have_adam(network: type[nn.Module]) -> None:
    model = network()
    muon, adam = split_optimizers(model, matrix_lr=0.02, other_lr=1e-3)
    lists = [
        [id(weight) for group in optimizer.param_groups for weight in group["params"]] for optimizer in (muon, adam)
    ]
    assert sorted(lists[0] + lists[1]) == sorted(id(weight) for weight in model.parameters())
    for name, weight in model.named_parameters():
        outer = weight.ndim < 2 or any(
            part in ("head", "head4", "head8", "residual", "film") for part in name.split(".")
        )
        assert (id(weight) in lists[1]) == outer, name


class Trial:
    """A recipe of a few weights: noise from the run's generator, one second a step, a checkpoint when asked for."""

    def __init__(self, folder: Path) -> None:
        torch.manual_seed(4)
        self.model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 1))
        self.rng = seeded(7)
        self.now_s = 100.0
        optimizers = split_optimizers(self.model, matrix_lr=0.02, other_lr=1e-2)
        self.run = TrainingRun(folder, self.model, optimizers, minutes=0.15, rng=self.rng, clock_s=lambda: self.now_s)

    def steps(self, count: int) -> None:
        self.model.train()
        for _ in range(count):
            x = torch.rand(4, 3, 8, 8, generator=seeded(self.run.step))
            noisy = x + 0.1 * torch.randn(x.shape, generator=self.rng)
            self.model(noisy).square().mean().backward()
            self.run.after_backward()
            self.now_s += 1.0

    def state(self) -> dict[str, Tensor]:
        return {**self.model.state_dict(), **{f"mean {k}": v for k, v in self.run.averaged.state_dict().items()}}

    def rates(self) -> list[float]:
        return [group["lr"] for optimizer in self.run.optimizers for group in optimizer.param_groups]


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = Trial(tmp_path / "whole")
    whole.steps(6)
    first = Trial(tmp_path / "parts")
    first.steps(3)
    first.run.save()
    second = Trial(tmp_path / "parts")
    assert second.run.step == 3
    second.steps(3)
    assert second.rates() == whole.rates()
    assert second.run.trained_s == whole.run.trained_s
    ours, theirs = second.state(), whole.state()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_run_ends_by_its_minutes_with_the_rate_at_its_floor(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    assert not trial.run.finished
    trial.steps(12)
    assert trial.run.finished
    assert trial.rates()[0] == pytest.approx(0.02 * 0.01 * 12 / 100)  # floor of the schedule, still warming up


def test_a_checkpoint_from_before_random_states_were_kept_still_loads(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    trial.steps(2)
    trial.run.save()
    state = torch.load(trial.run.path, weights_only=True)
    del state["rng"]
    torch.save(state, trial.run.path)
    assert Trial(tmp_path).run.step == 2


def test_the_log_is_one_json_line_a_call(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    trial.steps(1)
    trial.run.log(loss=0.5)
    trial.run.log(validation={"accuracy": 0.7})
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert lines[0] == '{"step": 1, "minutes": 0.02, "loss": 0.5}'
    assert len(lines) == 2


def test_reader_samples_repeat_and_the_loss_knows_right_from_wrong() -> None:
    rows = list(itertools.islice(ReaderSamples("train", (32, 48)), 3))
    again = list(itertools.islice(ReaderSamples("train", (32, 48)), 3))
    assert all(
        torch.equal(a, b) for row, other in zip(rows, again, strict=True) for a, b in zip(row, other, strict=True)
    )
    columns = [torch.stack(column) for column in zip(*rows, strict=True)]
    assert [column.dtype for column in columns] == [torch.uint8, torch.uint8, torch.float16]
    rgb, material, depth = to_device((columns[0], columns[1], columns[2]), torch.device("cpu"))
    assert rgb.shape == (3, 3, 32, 48)
    assert rgb.min() < -0.1 < 0.1 < rgb.max()
    assert rgb.abs().max() <= 1
    assert depth.min() >= 0
    assert depth.max() <= 1.01

    def loss(logits: Tensor) -> tuple[float, float]:
        value, accuracy = reader_loss(lambda _: (logits, depth), (rgb, material, depth), torch.ones(len(MATERIALS)))  # type: ignore[arg-type]
        return value.item(), accuracy.item()

    truth = torch.nn.functional.one_hot(material, len(MATERIALS)).permute(0, 3, 1, 2).float() * 9
    assert loss(truth) < (0.5, 1.01)
    assert loss(truth)[1] == 1
    assert loss(-truth)[0] > 3
