"""Frames of several sessions as one batch: the networks see all of them at once.

b `FrameStep`s with the same networks and model's size; their windows may differ. What is a session's own (the way to
the model's size, the underlay, the finish) its step does, one after another. The Reader sees the pictures that are to
be read in one batch, and the Painter those with equally many denoisings, over a ring gathered from the sessions' own:
they stand at different turns, which its slots and ages say. Equal to each step alone but for rounding.

Op by op: a CUDA graph would be of one choice of sessions and efforts. Steps that are captured run one by one, each in
a stream of its own (`reskin/serve/gpu_engine.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.gpu.frame import Effort, FrameStep, Inputs, denoised
from engine.gpu.underlay import Seen
from engine.gpu.underpaint import PaintMaps
from engine.painter import MapTensors
from engine.ring import Ring


@torch.no_grad()
def step_together(steps: Sequence[FrameStep], efforts: Sequence[Effort]) -> None:
    """One frame of each session, `screen` to `shown`, as its step would alone with its effort."""
    first = steps[0]
    assert all(step.reader is first.reader and step.painter is first.painter for step in steps)
    plans = [step.plan(effort) for step, effort in zip(steps, efforts, strict=True)]
    frames = [step.ops.to_model(step.screen, step.preset.size) for step in steps]  # (3, h, w) each
    read = [i for i, (_, is_read) in enumerate(plans) if is_read]
    votes: dict[int, Tensor] = {}
    if read:
        votes = dict(zip(read, first.votes(torch.stack([frames[i] for i in read])), strict=True))
    seen = [step.underlay(rgb, votes.get(i)) for i, (step, rgb) in enumerate(zip(steps, frames, strict=True))]
    maps = [each.maps for each in seen]
    for denoisings in {count for count, _ in plans if count}:
        chosen = [i for i, (count, _) in enumerate(plans) if count == denoisings]
        painted = paint_together([(steps[i], frames[i], seen[i]) for i in chosen], denoisings)
        for i, with_outputs in zip(chosen, painted, strict=True):
            maps[i] = with_outputs
    for step, rgb, each in zip(steps, frames, maps, strict=True):
        step.show(rgb, each)


def paint_together(sessions: Sequence[tuple[FrameStep, Tensor, Seen]], denoisings: int) -> list[PaintMaps]:
    """As `FrameStep.paint`, for each session its frame (3, h, w) in [0, 1] and what was seen in it."""
    first, rings = sessions[0][0], [step.ring for step, _, _ in sessions]
    for step, _, _ in sessions:
        step.ring.turn(step.frame)
    ring, given = Ring.gathered(rings), stacked([step.inputs(rgb, seen) for step, rgb, seen in sessions])
    found = denoised(first.painter, given, ring, denoisings, first.get_buffer(f"steps_{denoisings}"))
    ring.hand_back(rings)
    own = zip(*(part.split(1) for part in found), strict=True)
    return [step.keep(rgb, seen, *parts) for (step, rgb, seen), parts in zip(sessions, own, strict=True)]


def stacked(sessions: Sequence[Inputs]) -> Inputs:
    """The sessions' inputs along b."""
    look = MapTensors(*(torch.cat(parts) for parts in zip(*(each.look for each in sessions), strict=True)))
    tensors = zip(*(each[:-1] for each in sessions), strict=True)
    noise, last, anchor, light, level = (torch.cat(parts) for parts in tensors)
    return Inputs(noise, last, anchor, light, level, look)
