"""Stages 2 to 4: histories that are damaged, clips on disk, shortcuts, and a run that resumes."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.config import PATCH
from engine.live import open_session
from engine.painter import SURFACE, Painter
from engine.sampler import schedule, stepped
from engine.train.muon import split_optimizers
from engine.train.painter import PainterRecipe, clip_loss, damage, gradient_loss, shortcut_pair, train_painter
from engine.train.painter_data import ClipStore, PainterClips, clip_fields, clip_parts
from engine.worlds.gbuffer import GBuffer
from engine.worlds.shots import RenderJob
from engine.worlds.trace import trace
from tests.engine.killing import assert_resumes_bit_for_bit
from tests.engine.tiny import SIZE, TINY, TinyEngine

TINY_LITE = replace(TINY, painter=False)
TINY_RECIPE = PainterRecipe(size=SIZE, clips=3, frames=3, batch=2, steps=4, checkpoint_steps=2,
                            shortcut_share=0.5)  # fmt: skip


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
    parts = clip_parts("train", 0, SIZE, 1)
    fields = clip_fields(parts.clip, parts.other, parts.style, open_session(tiny.folder / "reader.onnx", 1))
    rgb = fields["source"][0].transpose(1, 2, 0)
    maps = engine.step(np.ascontiguousarray(rgb), parts.style).maps
    np.testing.assert_allclose(fields["base"][0].transpose(1, 2, 0), maps.base, atol=1e-3)
    np.testing.assert_allclose(fields["shade"][0].transpose(1, 2, 0), maps.shade, atol=1e-3)


def test_clips_made_by_two_processes_are_those_made_by_one(store: ClipStore, tiny: TinyEngine, tmp_path: Path) -> None:
    reader = tiny.folder / "reader.onnx"
    twice = ClipStore(tmp_path / "clips", count=3, frames=3, size=SIZE, reader=reader, workers=2)
    for ours, theirs in zip(twice.batch(seeded(), 8), store.batch(seeded(), 8), strict=True):
        assert torch.equal(ours, theirs)
        assert ours.std() > 0


def test_on_a_gpu_the_clips_worlds_go_through_the_ray_marchers_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its results are held to the tracer's in tests/kernels; here the tracer stands in for it."""
    devices = []

    def traced(frames: list[RenderJob], size: tuple[int, int], *, device: str) -> SimpleNamespace:
        devices.append(device)
        seen = [trace(one.scene, one.camera, size, time_s=one.time_s, previous=one.previous) for one in frames]
        names = [field.name for field in fields(GBuffer)]
        return SimpleNamespace(
            **{name: torch.from_numpy(np.stack([getattr(buffer, name) for buffer in seen])) for name in names}
        )

    monkeypatch.setattr("engine.worlds.gpu_trace.trace_batch", traced)
    ours, theirs = clip_parts("train", 1, SIZE, 2, "cuda"), clip_parts("train", 1, SIZE, 2)
    assert devices == ["cuda", "cuda"]
    for a, b in zip([*ours.clip, ours.other], [*theirs.clip, theirs.other], strict=True):
        assert np.array_equal(a.rgb, b.rgb)
        assert np.array_equal(a.material, b.material)


def test_clips_are_made_once_and_a_wrong_size_is_named(store: ClipStore, tiny: TinyEngine, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    first = ClipStore(folder, count=2, frames=2, size=SIZE, reader=tiny.folder / "reader.onnx")
    again = ClipStore(folder, count=2, frames=2, size=SIZE, reader=tmp_path / "no reader is needed")
    assert torch.equal(first.batch(seeded(), 1).target, again.batch(seeded(), 1).target)
    with pytest.raises(ValueError, match="holds clips of"):
        ClipStore(folder, count=2, frames=4, size=SIZE, reader=tmp_path / "none")


def test_clips_of_another_reader_are_refused_and_those_that_do_not_say_whose_are_taken(
    store: ClipStore, tiny: TinyEngine, tmp_path: Path
) -> None:
    other, wanted = tmp_path / "reader.onnx", {"count": 3, "frames": 3, "size": SIZE}
    other.write_bytes((tiny.folder / "reader.onnx").read_bytes() + b" ")
    ClipStore(store.folder, **wanted, reader=tiny.folder / "reader.onnx")
    with pytest.raises(ValueError, match="made with another Reader") as told:
        ClipStore(store.folder, **wanted, reader=other)
    assert str(store.folder) in str(told.value)
    done = store.folder / "done"
    said = done.read_text()
    done.write_text("")  # as earlier versions left it
    ClipStore(store.folder, **wanted, reader=other)
    done.write_text(said)


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
    if recipe.shortcut_share == 1:
        assert figures == {}, "the truth is the target of no frame"
    else:
        assert figures["mse"] == pytest.approx(figures["mse_under"], rel=0.02)
        assert 0 < figures["mse_under"] < 0.5
        assert painter.residual.weight.grad is not None
        assert painter.residual.weight.grad.abs().max() > 0


def test_the_errors_told_are_means_over_the_frames_that_are_no_shortcuts(store: ClipStore) -> None:
    clips, painter = store.batch(seeded(), 2), Painter((16, 16))
    still = [field[:, :1].expand(-1, 3, *field.shape[2:]) for field in clips[:-2]]  # every frame has the same error
    alike = PainterClips(*still, anchor=clips.anchor, light=clips.light)
    with torch.no_grad():
        expected = clip_loss(painter, alike, PainterRecipe(), seeded())[1]["mse_under"]
        half = [clip_loss(painter, alike, PainterRecipe(shortcut_share=0.5), seeded(seed))[1] for seed in range(4)]
    assert [found["mse_under"] for found in half if found] == pytest.approx([expected] * sum(map(bool, half)), rel=1e-3)


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


def test_a_painter_killed_after_a_checkpoint_and_resumed_equals_an_uninterrupted_one(
    store: ClipStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(folder: Path) -> None:
        train_painter(folder, TINY_RECIPE, tmp_path / "no reader is needed", clips=store.folder)

    assert_resumes_bit_for_bit(train, tmp_path, monkeypatch)
