"""The transformer Painter and its ring, against a slow pass over the whole clip that keeps nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.config import MATERIALS, SHAPES, Preset
from engine.painter import CONDITION, OUTPUTS
from engine.reader import Reader
from engine.ring import EMPTY, ages_at, slot_of
from engine.token_painter import TokenPainter, patch_channels
from engine.train.muon import split_optimizers
from engine.train.painter import PainterRecipe, clip_loss
from engine.train.painter_data import ClipStore
from tests.engine.test_train_painter import seeded, store  # noqa: F401
from tests.engine.token_clips import clip_of, new_painter, paint_by_ring
from tests.engine.token_oracle import paint_whole, visible_age

FOR_A_GPU = [preset for preset in SHAPES.values() if preset.tokens is not None]


@torch.no_grad()
def test_frame_by_frame_over_the_ring_equals_one_pass_over_the_whole_clip() -> None:
    painter, (patches, conditions) = new_painter(), clip_of(9)  # the ring goes round twice
    torch.testing.assert_close(paint_by_ring(painter, patches, conditions), paint_whole(painter, patches, conditions),
                               atol=2e-5, rtol=1e-4)  # fmt: skip


def test_a_future_frame_never_changes_a_past_one() -> None:
    painter, (patches, conditions) = new_painter(), clip_of(6)
    before = paint_by_ring(painter, patches, conditions)
    patches[4:] += 1
    after = paint_by_ring(painter, patches, conditions)
    assert torch.equal(after[:4], before[:4])
    assert not torch.equal(after[4], before[4])


def test_what_lay_in_the_ring_before_a_cut_changes_nothing() -> None:
    painter, (patches, conditions) = new_painter(), clip_of(3)
    used = painter.ring()
    paint_by_ring(painter, patches + 1, conditions, used)
    assert torch.equal(paint_by_ring(painter, patches, conditions, used), paint_by_ring(painter, patches, conditions))


@torch.no_grad()
def test_two_sessions_at_different_frames_are_painted_as_each_alone() -> None:
    painter, (patches, conditions) = new_painter(), clip_of(6)
    alone = paint_by_ring(painter, patches, conditions)
    ring, late = painter.ring(2), 2  # the second session joins two frames later
    for i in range(late, 6):
        ring.turn(torch.tensor([i - late, i - late]))
        both = torch.stack([patches[i - late], patches[i]])
        outputs = painter.token_outputs(both, torch.stack([conditions[i - late], conditions[i]]), ring)
        torch.testing.assert_close(outputs[0], alone[i - late], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("slots", [2, 3, 5])
def test_every_slot_holds_the_youngest_frame_that_was_put_there(slots: int) -> None:
    held: dict[int, int] = {}
    for frame in range(4 * slots):
        slot_now = int(slot_of(torch.tensor([frame]), slots))
        held[slot_now] = frame
        ages = ages_at(torch.tensor([frame]), slots)[0].tolist()
        for slot, age in enumerate(ages):
            expected = EMPTY if slot not in held else visible_age(frame, held[slot], slots)
            assert age == expected
        assert ages[slot_now] == 0


def test_a_new_transformer_adds_nothing_and_hears_the_loss(store: ClipStore) -> None:  # noqa: F811
    painter = new_painter(decided=False)
    loss, figures = clip_loss(painter, store.batch(seeded(), 2), PainterRecipe(), seeded())
    loss.backward()
    assert figures["mse"] == pytest.approx(figures["mse_under"], rel=0.02)
    assert painter.residual.weight.grad is not None
    assert painter.residual.weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    "recipe", [PainterRecipe(shortcut_share=1.0), PainterRecipe(augment=False), PainterRecipe(history=False)],
    ids=["shortcuts", "clean past", "no past"],
)  # fmt: skip
def test_every_weight_of_a_transformer_learns_in_every_variant(store: ClipStore, recipe: PainterRecipe) -> None:  # noqa: F811
    painter = new_painter()
    loss, _ = clip_loss(painter, store.batch(seeded(), 2), recipe, seeded())
    loss.backward()
    assert torch.isfinite(loss)
    for name, weight in painter.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


def test_a_small_transformer_learns_one_clip_by_heart(store: ClipStore) -> None:  # noqa: F811
    painter, clips, rng = new_painter(decided=False), store.batch(seeded(), 1), seeded()
    optimizers = split_optimizers(painter, matrix_lr=0.02, other_lr=5e-3)
    losses = []
    for _ in range(40):
        loss, _ = clip_loss(painter, clips, PainterRecipe(), rng)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.85 * np.mean(losses[:3])


@pytest.mark.parametrize("preset", FOR_A_GPU, ids=lambda preset: preset.name)
def test_the_presets_for_a_gpu_have_whole_tiles_of_tokens_and_outputs_of_the_right_shape(preset: Preset) -> None:
    h, w = preset.size
    assert preset.tokens is not None
    with torch.device("meta"):  # shapes alone
        reader, painter = Reader(preset.reader_widths), TokenPainter(preset.tokens, preset.size)
        logits, depth = reader(torch.empty(1, 3, h, w))
        patches = torch.empty(1, painter.tokens, patch_channels(preset.tokens.patch))
        outputs = painter.token_outputs(patches, torch.empty(1, CONDITION), painter.ring(device="meta"))
    assert logits.shape == (1, len(MATERIALS), h, w)
    assert depth.shape == (1, 1, h, w)
    assert painter.tokens % 64 == 0
    assert outputs.shape == (1, painter.tokens, OUTPUTS * preset.tokens.patch**2)
