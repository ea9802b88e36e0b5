"""Pruning: what says nothing leaves first, and without it a Painter paints what it did."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import click
import pytest
import torch

from engine.config import TransformerShape
from engine.painter import CONDITION
from engine.prune import Importance, Loss, best, importance, pruned
from engine.token_painter import TokenPainter
from engine.train import pruning
from engine.train.painter import PainterRecipe
from engine.train.painter_data import ClipStore, PainterClips, shapes
from engine.train.pruning import BATCHES, Size, measured, played, prune_and_train
from engine.train.run import CHECKPOINT
from tests.engine.tiny import SIZE, TinyEngine
from tests.engine.token_clips import clip_of, paint_by_ring
from tools.prune import claim

SHAPE = TransformerShape(patch=8, width=256, layers=3, hidden=256, head=64, bottleneck=24, slots=3)
SILENT_LAYER, SILENT_HEADS, SILENT_CHANNELS = 1, {0: [1, 2], 2: [0, 3]}, {0: (0, 128), 2: (128, 256)}


@pytest.fixture
def painter() -> TokenPainter:
    """One layer, and two heads and half of the hidden channels of the others, add nothing to what it paints."""
    torch.manual_seed(0)
    made = TokenPainter(SHAPE, SIZE)
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(torch.randn(weight.shape) * 0.05)
        made.layer_film[SILENT_LAYER, [2, 5]] = -(made.film.bias.view(6, -1)[[2, 5]])
        made.film.weight.view(6, SHAPE.width, -1)[[2, 5]] = 0
        for layer, heads in SILENT_HEADS.items():
            for head in heads:
                made.layers[layer].out.weight[:, 64 * head : 64 * head + 64] = 0
        for layer, (first, end) in SILENT_CHANNELS.items():
            made.layers[layer].down.weight[:, first:end] = 0
    return made.eval()


def loss(painter: TokenPainter) -> torch.Tensor:
    patches, conditions = clip_of(2)
    ring = painter.ring(2)
    ring.turn(torch.tensor([0, 0]))
    return (painter.token_outputs(patches, conditions, ring) - 1).square().mean()


def test_what_adds_nothing_is_found_and_a_painter_without_it_paints_the_same(painter: TokenPainter) -> None:
    patches, conditions = clip_of(4)
    before = paint_by_ring(painter, patches, conditions)
    found = importance(painter, [loss])
    assert painter.ops is None
    assert found.layers.abs().argmin() == SILENT_LAYER
    for layer, heads in SILENT_HEADS.items():
        assert set(best(-found.heads[layer], 2).tolist()) == set(heads)
    found = replace(found, layers=found.layers.abs())  # a random layer may well be better left out
    smaller = pruned(painter, found, layers=2, heads=2, hidden=128)
    assert smaller.shape.kept == 128
    left, whole = (sum(weight.numel() for weight in one.layers.parameters()) for one in (smaller, painter))
    assert left < 0.4 * whole
    torch.testing.assert_close(paint_by_ring(smaller, patches, conditions), before, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(paint_by_ring(painter, patches, conditions), before, atol=0, rtol=0)


def test_importance_never_mixes_the_painters_device_with_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a device without data, where only the way to the CPU is stood in for: to mix devices is an error."""
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: torch.ones(tensor.shape))
    with torch.device("meta"):
        painter = TokenPainter(SHAPE, SIZE)

    def loss(painter: TokenPainter) -> torch.Tensor:
        ring = painter.ring(2, device="meta")
        ring.turn(torch.zeros(2, dtype=torch.int64, device="meta"))
        patches = torch.rand(2, painter.tokens, painter.squeeze.in_features, device="meta")
        return painter.token_outputs(patches, torch.rand(2, CONDITION, device="meta"), ring).square().mean()

    found = importance(painter, [loss, loss])
    assert {part.device.type for part in vars(found).values()} == {"cpu"}
    assert found.layers.tolist() == [2.0] * SHAPE.layers


class Copying(TokenPainter):
    """Says that the noisy picture is the clean one: as good as what it is shown of the truth."""

    def forward(self, noisy: torch.Tensor, *_: object) -> torch.Tensor:
        return noisy


class Random:
    """A store of clips that shows nothing."""

    def batch(self, rng: torch.Generator, size: int, *, varied: bool = True) -> PainterClips:
        self.varied = varied
        fields = shapes(size, 2, SIZE)
        return PainterClips(*(torch.rand(fields[name], generator=rng) for name in PainterClips._fields))


def test_fidelity_is_measured_without_showing_the_painter_the_truth() -> None:
    store = Random()
    row = measured("copying", Copying(SHAPE, SIZE), store, torch.device("cpu"), cost=(0.0, 0.0))  # type: ignore[arg-type]
    assert not store.varied, "clips as they are played"
    rng = torch.Generator().manual_seed(0)
    truth, noise = torch.rand(10**6, generator=rng) * 2 - 1, torch.randn(10**6, generator=rng).clamp(-1, 1)
    assert row.psnr_db == pytest.approx(-10 * math.log10((truth - noise).square().mean().item() / 4), abs=0.2)


def test_a_clip_is_played_from_one_noise_and_its_own_past(painter: TokenPainter) -> None:
    clips = Random().batch(torch.Generator().manual_seed(1), 2)
    others = clips._replace(target=clips.target.flip(0), anchor=clips.anchor.flip(0))
    ours, other = (played(painter, shown, torch.Generator().manual_seed(2)) for shown in (clips, others))
    assert ours.shape == clips.target.shape
    assert torch.equal(ours, other), "of the truth nothing is seen"
    seen = []
    original = painter.forward

    def watched(noisy, history, anchor, look, condition, ring):  # type: ignore[no-untyped-def]
        seen.append((noisy, history, anchor, condition[:, -4:]))
        return original(noisy, history, anchor, look, condition, ring)

    painter.forward = watched  # type: ignore[method-assign]
    played(painter, clips, torch.Generator().manual_seed(2), steps=1)
    (first, *_, levels), (second, history, anchor, known) = seen
    assert torch.equal(first, second)
    assert torch.equal(history, anchor)
    assert not torch.equal(history, first)
    assert levels.tolist() == [[1, 1, 1, 1]] * 2
    assert known.tolist() == [[1, 1, 0, 0]] * 2


class Scored(Exception):
    pass


def test_what_is_missed_is_found_against_the_truth_and_not_against_the_painters_own_word(
    painter: TokenPainter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = []

    def watched(painter: TokenPainter, clips: PainterClips, recipe: PainterRecipe, rng: torch.Generator):  # type: ignore[no-untyped-def]
        shares.append(recipe.shortcut_share)
        return torch.zeros(()), {}

    def scored(painter: TokenPainter, losses: list[Loss]) -> None:
        for one in losses:
            one(painter)
        raise Scored

    monkeypatch.setattr(pruning, "clip_loss", watched)
    monkeypatch.setattr(pruning, "importance", scored)
    recipe, size = PainterRecipe(size=SIZE, batch=1, shortcut_share=0.4), Size(layers=2, heads=2, hidden=128)
    with pytest.raises(Scored):
        prune_and_train(painter, size, Random(), Random(), recipe, tmp_path, torch.device("cpu"))  # type: ignore[arg-type]
    assert shares == [0.0] * BATCHES


@pytest.mark.parametrize(
    ("layers", "heads", "hidden", "said"),
    [(4, 2, 128, "Expected no more of each"), (0, 2, 128, "at least one"), (2, 3, 128, "256 and 128 would fit"),
     (2, 2, 200, "128 and 256 would fit")],
)  # fmt: skip
def test_sizes_that_leave_tiles_half_empty_are_refused(
    painter: TokenPainter, layers: int, heads: int, hidden: int, said: str
) -> None:
    found = Importance(layers=torch.rand(3), heads=torch.rand(3, 4), hidden=torch.rand(3, 256))
    with pytest.raises(ValueError, match=said):
        pruned(painter, found, layers=layers, heads=heads, hidden=hidden)


def test_a_folder_with_a_checkpoint_is_one_painters_and_one_sizes(tmp_path: Path) -> None:
    first, second, folder = tmp_path / "first", tmp_path / "second", tmp_path / "run"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    size = Size(layers=3, heads=10, hidden=2048)
    claim(folder, second, size)  # which trained nothing
    claim(folder, first, size)
    (folder / CHECKPOINT).touch()
    claim(folder, first, size)  # and goes on
    for painter, other in ((second, size), (first, replace(size, layers=2))):
        with pytest.raises(click.ClickException, match="another Painter or size is trained there"):
            claim(folder, painter, other)


def test_a_pruned_painter_is_trained_back_and_measured_beside_the_whole_one(
    painter: TokenPainter, tiny: TinyEngine, tmp_path: Path
) -> None:
    with torch.no_grad():
        painter.residual.weight.mul_(0.01)  # near the underpainting, as a trained one is
    store, held_out = (
        ClipStore(tmp_path / split, count=2, frames=2, size=SIZE, reader=tiny.folder / "reader.onnx", split=split)
        for split in ("train", "validation")
    )
    recipe = PainterRecipe(size=SIZE, batch=1, steps=2, checkpoint_steps=2)
    size = Size(layers=2, heads=2, hidden=128)
    trained, rows = prune_and_train(painter, size, store, held_out, recipe, tmp_path / "run", torch.device("cpu"))
    assert trained.shape.layers == 2
    whole, before, after = rows
    assert before.parameters == after.parameters < 0.7 * whole.parameters
    assert before.gflop == after.gflop < 0.7 * whole.gflop
    assert all(5 < row.psnr_db < 60 and row.step_ms > 0 for row in rows)
    assert before.psnr_db != after.psnr_db
