"""What happens in a clip: how its shot goes on, where it cuts to another, turns fast or stands still.

All follows from the seed. Knows nothing of pictures. Seconds, radians.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from engine.worlds.levels import random_level
from engine.worlds.shots import RenderJob, Rng, Shot, turning

FRAME_S = 1 / 24
CUT_SHARE, PAUSE_SHARE = 0.15, 0.08  # of the clips of two frames and more
TURN_SHARE = 0.12  # of the shots whose camera is free
ELSEWHERE_SHARE = 0.5  # of the cuts of a free camera: to another level, not to another view of the same one


def clip_frames(seed: int, frames: int) -> list[RenderJob]:
    """One random clip, frame by frame, for a tracer; its first frame and the first after a cut have none before."""
    rng = np.random.default_rng(seed)
    shot = random_level(rng)
    start = float(rng.uniform(0, 2))
    cut = _somewhere(rng, CUT_SHARE, frames)
    pause, paused = _somewhere(rng, PAUSE_SHARE, frames), int(rng.integers(1, max(2, frames)))
    shot = _perhaps_turning(rng, shot, start, frames)
    shot_after, start_after = _after_the_cut(rng, shot, frames) if cut else (shot, start)
    jobs: list[RenderJob] = []
    time_s = start
    for i in range(frames):
        if pause and pause <= i < pause + paused and i != cut:
            last = jobs[-1]
            jobs.append(replace(last, previous=(last.camera, last.time_s), cuts=False, repeats=True))
            continue
        if i and i == cut:
            shot, time_s = shot_after, start_after
            jobs.append(replace(shot.frame(time_s), cuts=True))
        else:
            before_s = time_s
            time_s += FRAME_S if i else 0.0
            jobs.append(shot.frame(time_s, before_s if i else None))
    return jobs


def _somewhere(rng: Rng, share: float, frames: int) -> int:
    """The index of a frame, never the first, in a share of the clips; else 0."""
    happens, place = rng.random() < share, rng.random()
    return 1 + int(place * (frames - 1)) if happens and frames > 1 else 0


def _perhaps_turning(rng: Rng, shot: Shot, start: float, frames: int) -> Shot:
    """The shot, in which a free camera in a share of the cases turns fast within the clip."""
    happens, place, long_s = rng.random() < TURN_SHARE, rng.random(), rng.uniform(0.1, 0.35)
    angle = rng.uniform(0.6, 1.8) * float(rng.choice([-1, 1]))
    if not (happens and shot.free):
        return shot
    begin_s = start + place * max(0.0, (frames - 1) * FRAME_S - long_s)
    return replace(shot, camera_at=turning(shot.camera_at, begin_s=begin_s, long_s=long_s, angle=angle))


def _after_the_cut(rng: Rng, shot: Shot, frames: int) -> tuple[Shot, float]:
    """Another level; or, of a free camera's, another moment and direction in the same one. And when it starts."""
    start = float(rng.uniform(0, 2))
    if not shot.free or rng.random() < ELSEWHERE_SHARE:
        return _perhaps_turning(rng, random_level(rng), start, frames), start
    angle = rng.uniform(0.6, math.pi) * float(rng.choice([-1, 1]))
    return replace(shot, camera_at=turning(shot.camera_at, begin_s=-1.0, long_s=0.5, angle=angle)), start
