"""The three games that themes are judged on: both real clips and the demo, each as a stream with hand-labelled frames.

Labels of the clips lie in tests/footage_labels/, those of the demo in tests/demo_labels/, in the same form. The demo
walks by itself, the same way every time. Shared by tools/theme_gallery.py and tools/theme_distances.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from engine.train.labels import LabelledFrame, parse_labels
from reskin.video import VideoReader

ROOT = Path(__file__).resolve().parent.parent
CLIP_LABELS, DEMO_LABELS = ROOT / "tests" / "footage_labels", ROOT / "tests" / "demo_labels"
FOOTAGE = ROOT.parent / "shared" / "footage"
SIZE = (360, 640)  # (h, w) that all three are brought to
DEMO_STEP_S = 1 / 12  # half as many frames as the clips have for the same walk


@dataclass(frozen=True, kw_only=True)
class Game:
    """`frames` gives a fresh stream from the start, (h, w, 4) BGRA of `SIZE` each."""

    name: str
    shot: int  # the frame that a gallery shows
    labels: Path
    frames: Callable[[], Iterator[np.ndarray]]

    def labelled(self) -> dict[int, LabelledFrame]:
        return {frame.index: frame for frame in parse_labels(self.labels.read_text(encoding="utf-8"))}


def games(footage: Path = FOOTAGE) -> list[Game]:
    """The demo, then the clips that are there."""
    shots = {"extremetuxracer": 60, "supertux": 60}
    found = [Game(name="demo", shot=72, labels=DEMO_LABELS / "hills.txt", frames=demo_frames)]
    for name, shot in shots.items():
        clip = footage / f"{name}.mp4"
        if clip.exists():
            labels = CLIP_LABELS / f"{name}.txt"
            found.append(Game(name=name, shot=shot, labels=labels, frames=partial(clip_frames, clip)))
    return found


def clip_frames(clip: Path) -> Iterator[np.ndarray]:
    with VideoReader(clip) as reader:
        for frame in reader:
            yield np.ascontiguousarray(cv2.resize(frame.bgra_u8, SIZE[::-1], interpolation=cv2.INTER_AREA))


def demo_frames() -> Iterator[np.ndarray]:
    """The bundled game's hills with nobody at the keys, without a window."""
    from reskin.demo.stream import demo_frames

    return demo_frames(SIZE, DEMO_STEP_S)


def stream_to(game: Game, last: int, lead: int) -> list[np.ndarray]:
    """The frames up to and with number `last`, at most `lead` of them before it."""
    return list(islice(game.frames(), max(0, last - lead), last + 1))
