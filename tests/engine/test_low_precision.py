"""FP8 and 2:4: the token ops that torchao's weights go through, what is cut stays cut, and who is kept."""

from __future__ import annotations

import copy
import math
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from engine.gpu.low_precision import CONVERSIONS, LinearOps, TrialError, convert, products, two_of_four
from engine.token_painter import TokenPainter
from engine.train.muon import split_optimizers
from engine.train.painter import PainterRecipe, train_on
from engine.train.painter_data import PainterClips, shapes
from engine.train.pruning import Row, measured
from engine.train.sparse import cut, settle
from kernels import reference
from tests.engine.tiny import SIZE
from tests.engine.token_frames import PRESET, new_painter
from tools import prune_trials
from tools.prune_trials import trials, verdict

CPU = torch.device("cpu")
RATES = {"matrix_lr": 0.02, "other_lr": 1e-3}
RECIPE = PainterRecipe(size=SIZE, batch=1, steps=2, checkpoint_steps=2)


class Noise:
    """A store of clips that shows nothing."""

    def batch(self, rng: torch.Generator, size: int, *, varied: bool = True) -> PainterClips:
        fields = shapes(size, 2, SIZE)
        return PainterClips(*(torch.rand(fields[name], generator=rng) for name in PainterClips._fields))


def outputs(painter: TokenPainter) -> torch.Tensor:
    rng, ring = torch.Generator().manual_seed(1), painter.ring()
    ring.turn(torch.zeros(1, dtype=torch.int64))
    patches = torch.randn(1, painter.tokens, painter.squeeze.in_features, generator=rng)
    with torch.no_grad():
        return painter.token_outputs(patches, torch.rand(1, 19, generator=rng), ring)


def test_the_ops_by_linear_paint_what_the_references_paint() -> None:
    painter = new_painter()
    expected = outputs(painter)
    painter.ops = LinearOps()
    torch.testing.assert_close(outputs(painter), expected, atol=1e-5, rtol=1e-4)


def test_attention_by_linear_ops_in_bfloat16_is_as_near_as_the_references_own_rounding() -> None:
    """A ring with an empty slot, in the precision of a GPU; twice what the references' one rounding at the end costs
    would be too strict: scores and weights are rounded too.
    """
    rng = torch.Generator().manual_seed(2)
    q, keys, values = (torch.randn(shape, generator=rng) for shape in ((2, 9, 64), (2, 3, 9, 64), (2, 3, 9, 64)))
    bias = torch.randn(2, 2, 3, generator=rng)
    bias[1, :, 2] = -torch.inf
    ours = LinearOps.ring_attention(q, keys, values, bias)
    torch.testing.assert_close(ours, reference.ring_attention(q, keys, values, bias), atol=1e-6, rtol=1e-5)
    half = [part.bfloat16() for part in (q, keys, values)]
    exact = reference.ring_attention(*(part.float() for part in half), bias)
    rounded = LinearOps.ring_attention(*half, bias)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact, atol=0.02, rtol=0.02)


def test_attention_by_linear_ops_is_asked_for_in_the_models_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.dtype] = []
    plain = torch.nn.functional.scaled_dot_product_attention

    def watched(*parts: torch.Tensor, attn_mask: torch.Tensor) -> torch.Tensor:
        seen.extend(part.dtype for part in (*parts, attn_mask))
        return plain(*parts, attn_mask=attn_mask)

    monkeypatch.setattr("torch.nn.functional.scaled_dot_product_attention", watched)
    painter = new_painter().bfloat16()
    painter.ops = LinearOps()
    ring = painter.ring(dtype=torch.bfloat16)
    ring.turn(torch.zeros(1, dtype=torch.int64))
    patches = torch.randn(1, painter.tokens, painter.squeeze.in_features, dtype=torch.bfloat16)
    with torch.no_grad():
        painter.token_outputs(patches, torch.rand(1, 19, dtype=torch.bfloat16), ring)
    assert set(seen) == {torch.bfloat16}


def test_of_every_four_weights_the_two_largest_stay() -> None:
    weight = torch.tensor([[1.0, -4.0, 2.0, 0.5, 0.0, 0.1, -0.2, 0.05]])
    assert two_of_four(weight).tolist() == [[False, True, True, False, False, True, True, False]]


def test_what_is_cut_stays_cut_while_the_rest_learns(tmp_path: Path) -> None:
    painter = new_painter()
    masks = [two_of_four(linear.weight) for linear in products(painter)]
    before = copy.deepcopy(painter)
    cut(painter)
    trained = train_on(painter, Noise(), tmp_path, RECIPE, device=CPU)  # type: ignore[arg-type]
    assert isinstance(trained, TokenPainter)
    settle(trained)
    assert set(trained.state_dict()) == set(before.state_dict())
    for linear, mask, old in zip(products(trained), masks, products(before), strict=True):
        assert (linear.weight[~mask] == 0).all()
        assert not torch.equal(linear.weight[mask], old.weight[mask])


def test_what_is_cut_learns_by_the_optimizer_that_it_learnt_by_before() -> None:
    painter = new_painter()
    shapes_before = [[p.shape for p in by.param_groups[0]["params"]] for by in split_optimizers(painter, **RATES)]
    cut(painter)
    muon, adam = ([p.shape for p in by.param_groups[0]["params"]] for by in split_optimizers(painter, **RATES))
    assert sorted(muon) == sorted(shapes_before[0])
    assert sorted(adam) == sorted(shapes_before[1])


def test_a_trial_is_kept_only_where_a_frame_is_faster_and_as_good() -> None:
    assert verdict(1.0, 2.0, 20.0, 20.1) == (True, "2.00 times as fast")
    assert verdict(1.99, 2.0, 20.0, 20.0) == (False, "a frame takes 100% of what it takes as it ships")
    assert verdict(1.0, 2.0, 19.0, 20.0) == (False, "1.00 dB worse")


def test_fidelity_is_measured_in_the_precision_that_a_trial_has() -> None:
    whole = measured("whole", new_painter(), Noise(), CPU, cost=(0.0, 0.0))  # type: ignore[arg-type]
    painter = new_painter().bfloat16()
    painter.ops = LinearOps()
    half = measured("half", painter, Noise(), CPU, cost=(0.0, 0.0))  # type: ignore[arg-type]
    assert half.psnr_db == pytest.approx(whole.psnr_db, abs=0.1)
    assert half.psnr_db != whole.psnr_db


def test_what_ships_is_measured_as_it_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a GPU that is bfloat16, as every trial is."""
    timed: list[TokenPainter] = []
    seen: list[TokenPainter] = []

    def frame_ms(painter: TokenPainter, *_: object, **__: object) -> tuple[float, str]:
        timed.append(painter)
        return 1.0, "eager"

    def fidelity(name: str, painter: TokenPainter, *_: object, **__: object) -> Row:
        seen.append(painter)
        return Row(name=name, parameters=0, gflop=0.0, step_ms=0.0, psnr_db=20.0)

    monkeypatch.setattr(prune_trials, "frame_ms", frame_ms)
    monkeypatch.setattr(prune_trials, "measured", fidelity)
    next(trials(new_painter(), PRESET, Noise(), Noise(), RECIPE, tmp_path, CPU))  # type: ignore[arg-type]
    assert seen == timed


def test_every_trial_is_a_line_with_its_figures_or_with_what_it_lacks(tmp_path: Path) -> None:
    tried = []

    def change(painter: TokenPainter, name: str) -> None:
        tried.append(name)
        if name == "fp8":
            raise TrialError("no such device")
        painter.ops = LinearOps()

    painter, store = new_painter(), Noise()
    rows = list(trials(painter, PRESET, store, store, RECIPE, tmp_path, CPU, (45, 61), change))  # type: ignore[arg-type]
    own, fp8, sparse = rows
    assert tried == list(CONVERSIONS) == ["fp8", "2:4"]
    assert (own.name, own.kept, own.why) == ("as it ships", True, "eager")
    assert (fp8.kept, fp8.why) == (False, "no such device")
    assert math.isnan(fp8.frame_ms)
    assert sparse.frame_ms > 0
    assert sparse.gflop < own.gflop == fp8.gflop
    assert sparse.psnr_db != own.psnr_db


@pytest.mark.skipif(find_spec("torchao") is None, reason="torchao is not installed")
@pytest.mark.parametrize("name", CONVERSIONS)
def test_torchao_is_asked_as_it_documents_and_says_that_it_needs_cuda(name: str) -> None:
    with pytest.raises(TrialError, match=rf"trying {name} on cpu: torchao says: .*CUDA"):
        convert(new_painter(), name)


@pytest.mark.parametrize("name", CONVERSIONS)
def test_without_torchao_a_trial_says_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.gpu import low_precision

    monkeypatch.setattr(low_precision, "find_spec", lambda package: None)
    with pytest.raises(TrialError, match="pip install --no-deps torchao"):
        convert(new_painter(), name)
