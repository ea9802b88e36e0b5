"""What the training stages are made of: histories that are damaged, losses, Muon, and runs that resume."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import MATERIALS
from engine.painter import PATCH, SURFACE, Painter
from engine.reader import Reader
from engine.sampler import schedule, stepped
from engine.train.muon import Muon, orthogonal, split_optimizers
from engine.train.painter import PainterRecipe, clip_loss, damage, gradient_loss, shortcut_pair
from engine.train.painter_data import ClipStore, styled_clips
from engine.train.reader import ReaderSamples, reader_loss
from engine.train.run import TrainingRun
from engine.worlds.styles import random_style
from tests.engine.tiny import SIZE, TINY, TinyEngine

TINY_LITE = replace(TINY, painter=False)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_damaged_history_tells_its_noise_and_leaves_the_original_alone() -> None:
    coarse = torch.rand(256, 3, 2, 2, generator=seeded()) * 2 - 1
    history = torch.nn.functional.interpolate(coarse, scale_factor=4.0)
    original = history.clone()
    out, known = damage(history, seeded(1))
    assert torch.equal(history, original)
    assert out.shape == history.shape
    assert known.shape == (256, 1)
    assert known.min() >= 0
    assert known.max() == 1
    gone = known[:, 0] == 1
    assert 0.03 < gone.float().mean() < 0.2, "at times there is no past at all"
    similarity = torch.nn.functional.cosine_similarity(out.flatten(1), history.flatten(1))
    assert similarity[gone].abs().mean() < 0.15
    assert similarity[known[:, 0] < 0.1].median() > 0.8


def test_damage_is_the_same_for_the_same_seed() -> None:
    history = torch.rand(4, 3, 8, 8, generator=seeded())
    assert all(torch.equal(a, b) for a, b in zip(damage(history, seeded(2)), damage(history, seeded(2)), strict=True))


def test_the_gradient_loss_minds_edges_and_not_brightness() -> None:
    truth = torch.rand(2, 3, 12, 16, generator=seeded())
    assert gradient_loss(truth, truth) == 0
    assert gradient_loss(truth + 0.2, truth) < 1e-6
    assert gradient_loss(torch.nn.functional.avg_pool2d(truth, 3, 1, 1), truth) > 0.2


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
    rgb, material, depth = (torch.stack(column) for column in zip(*rows, strict=True))
    assert rgb.shape == (3, 3, 32, 48)
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


@pytest.fixture(scope="module")
def store(tiny: TinyEngine, tmp_path_factory: pytest.TempPathFactory) -> ClipStore:
    folder = tmp_path_factory.mktemp("clips")
    return ClipStore(folder, count=3, frames=3, size=SIZE, reader=tiny.folder / "reader.onnx")


def test_the_clips_on_disk_are_what_the_live_engine_paints_from(store: ClipStore, tiny: TinyEngine) -> None:
    clips = store.batch(seeded(), 2)
    look, engine = clips.look(0), tiny.live(TINY_LITE)
    assert look.surface.shape == (2, SURFACE, SIZE[0] // PATCH, SIZE[1] // PATCH)
    under = look.painted()
    assert under.shape == (2, 3, *SIZE)
    assert F.mse_loss(under, clips.target[:, 0] * 2 - 1) < 0.5
    stream = styled_clips("train", SIZE, 3, tiny.folder / "reader.onnx")
    fields, rgb = next(stream), None
    rgb = fields["source"][0].transpose(1, 2, 0)
    maps = engine.step(np.ascontiguousarray(rgb), random_style(np.random.default_rng(7))).maps
    np.testing.assert_allclose(fields["base"][0].transpose(1, 2, 0), maps.base, atol=1e-3)
    np.testing.assert_allclose(fields["shade"][0].transpose(1, 2, 0), maps.shade, atol=1e-3)


def test_clips_are_made_once_and_a_wrong_size_is_named(store: ClipStore, tiny: TinyEngine, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    first = ClipStore(folder, count=2, frames=2, size=SIZE, reader=tiny.folder / "reader.onnx")
    again = ClipStore(folder, count=2, frames=2, size=SIZE, reader=tmp_path / "no reader is needed")
    assert torch.equal(first.batch(seeded(), 1).target, again.batch(seeded(), 1).target)
    with pytest.raises(ValueError, match="holds clips of"):
        ClipStore(folder, count=2, frames=4, size=SIZE, reader=tmp_path / "none")


def test_a_mirrored_clip_has_its_sun_on_the_other_side(store: ClipStore) -> None:
    clips = store.batch(seeded(), 2)
    mirrored = clips.mirrored()
    assert torch.equal(mirrored.target.flip(-1), clips.target)
    assert torch.equal(mirrored.surface.flip(-1), clips.surface)
    assert torch.equal(mirrored.light[:, 0], -clips.light[:, 0])
    assert torch.equal(mirrored.light[:, 1:], clips.light[:, 1:])


@pytest.mark.parametrize(
    "recipe",
    [PainterRecipe(), PainterRecipe(shortcut_share=1.0), PainterRecipe(augment=False), PainterRecipe(history=False),
     PainterRecipe(diffusion=False)],
    ids=["whole", "shortcuts", "no augmentation", "no history", "feed-forward"],
)  # fmt: skip
def test_a_new_painter_adds_nothing_and_every_variant_has_a_loss(store: ClipStore, recipe: PainterRecipe) -> None:
    painter = Painter((16, 16))
    loss, figures = clip_loss(painter, store.batch(seeded(), 2), recipe, seeded())
    loss.backward()
    assert torch.isfinite(loss)
    assert figures["mse"] == pytest.approx(figures["mse_under"], rel=0.02)
    if recipe.shortcut_share == 0:
        assert 0 < figures["mse_under"] < 0.5
        assert painter.residual.weight.grad is not None
        assert painter.residual.weight.grad.abs().max() > 0


def test_two_perfect_half_steps_ask_for_the_truth() -> None:
    truth, noise = torch.rand(3, 3, 8, 8, generator=seeded()) * 2 - 1, torch.randn(3, 3, 8, 8, generator=seeded(1))
    calls = []

    def perfect(noisy: Tensor, sigma: Tensor, step: Tensor) -> Tensor:
        calls.append((noisy, sigma, step))
        return truth

    ours, target = shortcut_pair(perfect, truth, noise, seeded(2))
    torch.testing.assert_close(target, truth, atol=1e-5, rtol=0)
    assert ours is truth
    (_, sigma, half), (_, later, _), (_, whole_sigma, step) = calls
    assert torch.equal(whole_sigma, sigma)
    assert torch.equal(2 * half, step)
    assert torch.equal(later, sigma - half)
    assert (later > 0).all()


def test_many_small_steps_of_a_perfect_painter_end_at_the_truth() -> None:
    truth, noisy = np.full((2, 2), 0.3), np.full((2, 2), -1.7)
    for sigma, step in schedule(4):
        noisy = stepped(noisy, truth, sigma, step)
    np.testing.assert_allclose(noisy, truth, atol=1e-12)


def test_a_small_painter_learns_one_clip_by_heart(store: ClipStore) -> None:
    torch.manual_seed(0)
    clips, painter, rng = store.batch(seeded(), 1), Painter((32, 32)), seeded()
    optimizers = split_optimizers(painter, matrix_lr=0.02, other_lr=5e-3)
    losses = []
    for _ in range(25):
        loss, _ = clip_loss(painter, clips, PainterRecipe(), rng)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.85 * np.mean(losses[:3])
