"""The whole frame on the device, on a CPU here: bytes to bytes over its memory, against a loop that keeps lists."""

from __future__ import annotations

import copy

import pytest
import torch

from engine.config import BASE, SMALL, Preset
from engine.gpu.backends import OPENERS, BackendError, open_backend, put_back, remembered
from engine.gpu.finish import FinishStage
from engine.gpu.frame import FrameStep
from engine.reader import Reader
from engine.style import Style
from engine.token_painter import TokenPainter
from kernels import reference
from tests.engine.tiny import SIZE, TinyEngine, style_of
from tests.engine.token_frames import PRESET, SHAPE, WINDOW, maps_slowly, new_painter, windows

NOISE = torch.rand(8, 4096, generator=torch.Generator().manual_seed(1)) - 0.5
CHANGE = 5  # the frame at which the theme changes
CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: the backends for one were not run")


def new_step(tiny: TinyEngine, residual: float = 0.05, device: str = "cpu") -> FrameStep:
    """Made where it is to run: a step's ring does not move with it, and the session's Reader is to stay on the CPU."""
    reader, painter = copy.deepcopy(tiny.reader).to(device), new_painter(residual).to(device)
    step = FrameStep(PRESET, reader, painter, WINDOW, finish=FinishStage(NOISE))
    step.finish.outline.fill_(0.3)
    step.finish.grain.fill_(0.2)
    return step


def shown_by(step: FrameStep, screens: list[torch.Tensor], styles: list[Style]) -> list[torch.Tensor]:
    out = []
    for i, (screen, style) in enumerate(zip(screens, styles, strict=True)):
        if i == 0 or style is not styles[i - 1]:
            step.set_theme(style)
        step.screen.copy_(screen)
        step()
        out.append(step.shown.clone())
    return out


def shown_slowly(step: FrameStep, screens: list[torch.Tensor], styles: list[Style]) -> list[torch.Tensor]:
    """The same by the slow loop."""
    out = []
    for i, (rgb, maps) in enumerate(maps_slowly(step.reader, step.painter, step.noise, screens, styles)):
        numbers = (torch.tensor([number]) for number in (1.0, 0.3, 0.2))  # strength, outline, grain
        out.append(reference.to_screen(screens[i], rgb, *maps, *numbers, NOISE, torch.tensor([i])))
    return out


def clip() -> tuple[list[torch.Tensor], list[Style]]:
    screens, (first, second) = windows(8), (style_of(1), style_of(2))
    return screens, [first] * CHANGE + [second] * (len(screens) - CHANGE)


def worst(ours: list[torch.Tensor], theirs: list[torch.Tensor]) -> int:
    """The largest difference of a byte."""
    return max(int((a.int() - b.int()).abs().max()) for a, b in zip(ours, theirs, strict=True))


def test_a_clip_through_a_theme_change_equals_the_slow_loop(tiny: TinyEngine) -> None:
    step, (screens, styles) = new_step(tiny), clip()
    assert worst(shown_by(step, screens, styles), shown_slowly(new_step(tiny), screens, styles)) <= 1
    assert int(step.frame) == len(screens) - CHANGE
    assert step.drift.anchored == 0


def test_a_step_lies_wholly_where_it_was_made(tiny: TinyEngine) -> None:
    """As the tests on a CUDA device have it, whose kernels' tiles of 64 the tiny layers fill."""
    step = new_step(tiny, device="meta")
    tensors = [*step.parameters(), *step.buffers(), *step.ring.keys, *step.ring.values, step.ring.slot, step.ring.age]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert next(tiny.reader.parameters()).device.type == "cpu"
    assert all(columns % 64 == 0 for columns in (SHAPE.width, SHAPE.hidden, 3 * SHAPE.kept))


def test_a_drift_starts_the_history_anew_on_the_device(tiny: TinyEngine) -> None:
    step, (screens, styles) = new_step(tiny, residual=0.6), clip()
    step.set_theme(styles[0])
    frames = []
    for screen in screens:
        step.screen.copy_(screen)
        step()
        frames.append(int(step.frame))
    assert step.drift.anchored >= 1
    assert frames.count(0) == step.drift.anchored
    assert frames[0] == 1, "one frame is no drift"


def test_a_frame_never_waits_for_the_device_nor_lets_data_decide_a_shape(tiny: TinyEngine) -> None:
    """On tensors without data: a number asked of one, or a tensor made elsewhere, is an error."""
    reader = copy.deepcopy(tiny.reader).to("meta")
    step = FrameStep(PRESET, reader, TokenPainter(SHAPE, SIZE).to("meta"), WINDOW)
    step()
    assert step.shown.device.type == "meta"
    assert step.shown.shape == (*WINDOW, 4)


def test_the_compiler_takes_a_frame_as_one_graph(tiny: TinyEngine) -> None:
    step, plain, ((screen, *_), (style, *_)) = new_step(tiny), new_step(tiny), clip()
    for each in (step, plain):
        each.set_theme(style)
        each.screen.copy_(screen)
    torch.compile(step, fullgraph=True, backend="eager")("whole")
    plain("whole")
    assert torch.equal(step.shown, plain.shown)


@pytest.mark.parametrize("preset", [SMALL, BASE], ids=["small", "base"])
def test_the_presets_for_a_gpu_go_through_a_whole_frame_at_their_own_size(preset: Preset) -> None:
    assert preset.tokens is not None
    with torch.device("meta"):
        networks = Reader(preset.reader_widths), TokenPainter(preset.tokens, preset.size)
    step = FrameStep(preset, *networks, (1080, 1920))
    step()
    assert step.shown.shape == (1080, 1920, 4)


def test_in_bfloat16_as_on_a_gpu_it_shows_nearly_the_same(tiny: TinyEngine) -> None:
    screens, styles = clip()
    expected, half = shown_by(new_step(tiny), screens[:3], styles[:3]), new_step(tiny)
    reader, painter = copy.deepcopy(tiny.reader).bfloat16(), half.painter.bfloat16()
    step = FrameStep(PRESET, reader, painter, WINDOW, finish=half.finish)
    assert step.ring.keys[0].dtype == torch.bfloat16
    shown = shown_by(step, screens[:3], styles[:3])
    apart = [(a.float() - b.float()).abs().mean() for a, b in zip(shown, expected, strict=True)]
    assert max(apart) < 3


def test_all_layers_as_one_op_show_the_same(tiny: TinyEngine) -> None:
    screens, styles = clip()
    stacked = new_step(tiny)
    stacked.stack()
    assert worst(shown_by(stacked, screens, styles), shown_by(new_step(tiny), screens, styles)) == 0


def test_the_painter_is_seen_and_strength_zero_shows_the_game(tiny: TinyEngine) -> None:
    step, (screens, styles) = new_step(tiny), clip()
    painted = shown_by(step, screens[:2], styles[:2])
    with torch.no_grad():
        step.painter.residual.weight.zero_()
        step.painter.residual.bias.zero_()
    step.reset()
    step.count.zero_()
    assert worst(painted, shown_by(step, screens[:2], styles[:2])) > 2
    step.set_theme(styles[0], strength=0.0)
    step()
    assert torch.equal(step.shown, step.screen)


def test_the_grain_repeats_after_its_period_and_its_count_stays_within(tiny: TinyEngine) -> None:
    period = reference.GRAIN_FRAMES
    first, last, again, other = (reference._specks(NOISE, torch.tensor([i]), 300, 200) for i in (0, 7, period, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(last, reference._specks(NOISE, torch.tensor([1000 * period + 7]), 300, 200))
    step, (screens, _) = new_step(tiny), clip()
    step.count.fill_(period - 1)
    step.set_theme(style_of(1))
    step.screen.copy_(screens[0])
    step()
    assert step.count.tolist() == [0]


def test_after_a_reset_nothing_of_the_past_is_left(tiny: TinyEngine) -> None:
    step, (screens, styles) = new_step(tiny), clip()
    before = shown_by(step, screens, styles)
    step.reset()
    step.count.zero_()  # the grain goes on
    assert worst(shown_by(step, screens, styles), before) == 0


def test_what_a_frame_writes_in_place_is_all_that_it_remembers(tiny: TinyEngine) -> None:
    """What a capture restores after its warm-up frames: put back, the next frames are what they were."""
    step, (screens, styles) = new_step(tiny), clip()
    shown_by(step, screens[:3], styles[:3])
    before = remembered(step)
    after = [shown.clone() for shown in _run(step, screens[3:CHANGE])]
    put_back(step, before)
    assert worst(_run(step, screens[3:CHANGE]), after) == 0


def _run(step: FrameStep, screens: list[torch.Tensor]) -> list[torch.Tensor]:
    out = []
    for screen in screens:
        step.screen.copy_(screen)
        step()
        out.append(step.shown.clone())
    return out


def test_auto_takes_what_can_run_and_says_why_and_a_name_that_cannot_is_refused(tiny: TinyEngine) -> None:
    step = new_step(tiny)
    chosen = open_backend("auto", step)
    assert (chosen.name == "eager") == (step.screen.device.type == "cpu")
    assert "need CUDA" in chosen.why
    for name in OPENERS:
        if name != "eager":
            with pytest.raises(BackendError, match="take the backend eager"):
                open_backend(name, step)
    with pytest.raises(BackendError, match="Expected auto, eager"):
        open_backend("fastest", step)


@CUDA
@pytest.mark.parametrize("name", [name for name in OPENERS if name != "eager"])
def test_every_backend_equals_eager_over_200_frames(tiny: TinyEngine, name: str) -> None:
    screens, styles = (each * 25 for each in clip())
    eager, ours = new_step(tiny, device="cuda"), new_step(tiny, device="cuda")
    opened = open_backend(name, ours)
    expected = shown_by(eager, [screen.cuda() for screen in screens], styles)
    assert ours.frame == 0
    for i, screen in enumerate(screens):
        if i == 0 or styles[i] is not styles[i - 1]:
            ours.set_theme(styles[i])
        ours.screen.copy_(screen)
        opened.run()
        assert worst([ours.shown], [expected[i]]) <= 2
