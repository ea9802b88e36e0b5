"""How soon the Painter is back after its history was replaced by something wrong.

Beside a Painter that is left alone, one for each corruption is given the same frames; at one frame everything that it
remembers is replaced. Counted are the frames until its PSNR to the true rendering is within half a decibel of the
undisturbed one's on the same frame, and stays so. Pictures of a history are (h, w, 3) in [-1, 1].
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from engine.live import LiveEngine
from engine.painter_state import PainterState
from engine.style import Style
from engine.train.fidelity import painted
from engine.train.figures import psnr_db
from engine.underpaint import Underpainter
from engine.worlds.samples import SourceFrame
from engine.worlds.target import true_rendering

WITHIN_DB = 0.5
CAST = np.array([0.6, 0.0, 0.0], np.float32)  # 30 % of the range, on red
BLUR_PX = 3.0


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What a history may be replaced by, or what that is made from."""

    own: np.ndarray  # the undisturbed Painter's last output
    other_theme: np.ndarray  # the same frame painted in another theme
    other_shot: np.ndarray  # a frame of another world painted in this theme


CORRUPTIONS: dict[str, Callable[[Pictures], np.ndarray]] = {
    "noise": lambda of: np.random.default_rng(1).standard_normal(of.own.shape, np.float32),
    "black": lambda of: np.full_like(of.own, -1),
    "other_theme": lambda of: of.other_theme,
    "colour_cast": lambda of: np.clip(of.own + CAST, -1, 1),
    "blur": lambda of: cv2.GaussianBlur(of.own, (0, 0), BLUR_PX),
    "frozen_frame": lambda of: of.other_shot,
}


def frames_until_back(disturbed_db: np.ndarray, undisturbed_db: np.ndarray, within_db: float = WITHIN_DB) -> int:
    """Frames before the first from which on all are within `within_db`; the whole length if the last one is not."""
    away = np.flatnonzero(np.asarray(undisturbed_db) - np.asarray(disturbed_db) > within_db)
    return int(away[-1]) + 1 if len(away) else 0


@dataclass
class Recovery:
    """PSNR by corruption and clip, frame by frame from the one on whose history was replaced."""

    disturbed: dict[str, list[np.ndarray]] = field(default_factory=lambda: defaultdict(list))
    undisturbed: list[np.ndarray] = field(default_factory=list)

    def frames(self, name: str) -> list[int]:
        """Of each clip."""
        return [frames_until_back(*pair) for pair in zip(self.disturbed[name], self.undisturbed, strict=True)]

    def curve(self, name: str) -> np.ndarray:
        """Mean distance to the undisturbed PSNR, dB, below zero while it is worse."""
        return np.mean(self.disturbed[name], axis=0) - np.mean(self.undisturbed, axis=0)

    def summary(self, suffix: str = "") -> dict[str, dict[str, float]]:
        """The figures under the keys that the JSON line has, with a variant's suffix."""
        frames = {name: self.frames(name) for name in CORRUPTIONS}
        return {
            f"recovery_frames{suffix}": {name: round(float(np.mean(of)), 2) for name, of in frames.items()},
            f"recovery_frames_worst{suffix}": {name: max(of) for name, of in frames.items()},
        }


def one_picture(reader: LiveEngine, state: PainterState, rgb: np.ndarray, style: Style) -> np.ndarray:
    """A frame painted by itself, in [-1, 1]; both memories are started anew for it."""
    reader.reset()
    state.reset()
    return painted(state, rgb, reader.step(rgb, style), style) * 2 - 1


def measure_recovery(clip: list[SourceFrame], style: Style, *, at: int, other_theme: Style, other_shot: SourceFrame,
                     reader: LiveEngine, new_painter: Callable[[], PainterState], found: Recovery) -> None:  # fmt: skip
    """Adds one clip whose history is replaced before frame `at`; `reader` is the engine without Painter."""
    strange = {
        "other_theme": one_picture(reader, new_painter(), clip[at - 1].rgb, other_theme),
        "other_shot": one_picture(reader, new_painter(), other_shot.rgb, style),
    }
    reader.reset()
    for_truth, alone = Underpainter(), new_painter()
    others = {name: new_painter() for name in CORRUPTIONS}
    curves: dict[str, list[float]] = {name: [] for name in CORRUPTIONS}
    undisturbed: list[float] = []
    for i, frame in enumerate(clip):
        if i == at:
            assert alone.history.last is not None
            pictures = Pictures(own=alone.history.last, **strange)
            for name, corrupt in CORRUPTIONS.items():
                others[name].history.replace(corrupt(pictures))
        seen = reader.step(frame.rgb, style)
        truth = true_rendering(frame, style, for_truth)
        ours = psnr_db(painted(alone, frame.rgb, seen, style), truth)
        if i >= at:
            undisturbed.append(ours)
        for name, state in others.items():
            picture = painted(state, frame.rgb, seen, style)
            if i >= at:
                curves[name].append(psnr_db(picture, truth))
    found.undisturbed.append(np.array(undisturbed))
    for name, curve in curves.items():
        found.disturbed[name].append(np.array(curve))
