"""Frames of several sessions as one batch, on a CPU here: each gets what its step alone would have painted."""

from __future__ import annotations

import copy

import torch

from engine.gpu.batch import step_together
from engine.gpu.finish import FinishStage
from engine.gpu.frame import Effort, FrameStep
from engine.ring import Ring
from tests.engine.tiny import TinyEngine, style_of
from tests.engine.token_frames import PRESET, WINDOW, new_painter, windows

# Which sessions' frames arrive together, tick by tick, and how each is painted: they begin one after another, miss
# ticks, rest, and one begins its history anew before the last but one.
TICKS: tuple[dict[int, Effort], ...] = (
    {0: "whole"}, {0: "whole", 1: "whole"}, {2: "resting", 1: "half", 0: "whole"}, {2: "following"},
    {0: "whole", 2: "following"}, {0: "whole", 1: "half", 2: "whole"}, {0: "whole", 1: "whole", 2: "whole"},
)  # fmt: skip
CUT = 5, 0  # tick and session
SMALLER = slice(None, None, 2)  # of the last session's window


def new_sessions(tiny: TinyEngine) -> list[FrameStep]:
    """Three, sharing their networks; the last one's window is another's half."""
    reader, painter = copy.deepcopy(tiny.reader), new_painter()
    half = tuple(-(-pixels // 2) for pixels in WINDOW)
    steps = [FrameStep(PRESET, reader, painter, window, finish=FinishStage()) for window in (WINDOW, WINDOW, half)]
    for i, step in enumerate(steps):
        step.set_theme(style_of(i), strength=1 - 0.1 * i)
    return steps


def test_sessions_at_different_turns_are_painted_as_each_alone(tiny: TinyEngine) -> None:
    ours, alone, screens = new_sessions(tiny), new_sessions(tiny), windows(8)
    for tick, efforts in enumerate(TICKS):
        for session in efforts:
            for step in (ours[session], alone[session]):
                screen = screens[(tick + 3 * session) % len(screens)]
                step.screen.copy_(screen[SMALLER, SMALLER] if session == 2 else screen)
                if (tick, session) == CUT:
                    step.reset()
        step_together([ours[session] for session in efforts], list(efforts.values()))
        for session, effort in efforts.items():
            alone[session](effort)
        for batched, step in zip(ours, alone, strict=True):
            assert (batched.shown.int() - step.shown.int()).abs().max() <= 1
            assert batched.frame == step.frame
            torch.testing.assert_close(batched.last, step.last, atol=1e-4, rtol=1e-4)
            assert torch.equal(batched.ring.age, step.ring.age)
            for kept, expected in zip(batched.ring.keys, step.ring.keys, strict=True):
                torch.testing.assert_close(kept, expected, atol=1e-4, rtol=1e-4)
    assert [int(step.frame) for step in ours] == [2, 4, 2]
    assert all(step.shown.float().std() > 5 for step in ours)


def test_what_a_gathered_ring_writes_goes_back_to_each_sessions_own_slot_and_nowhere_else() -> None:
    rings = [Ring.empty(2, sessions, 3, 4, 8) for sessions in (1, 2)]
    for ring, frames in zip(rings, ([4], [0, 1]), strict=True):
        ring.turn(torch.tensor(frames))
    gathered = Ring.gathered(rings)
    assert gathered.slot.tolist() == [2, 0, 1]
    for kept in (*gathered.keys, *gathered.values):
        kept.fill_(7)
    gathered.hand_back(rings)
    for kept in (*rings[0].keys, *rings[1].values):
        assert (kept == 7).sum() == len(kept) * 4 * 8
    assert (rings[0].keys[1][0, 2] == 7).all()
    assert (rings[1].values[0][[0, 1], [0, 1]] == 7).all()
