"""Does a stream stay as good as it began? One camera path with cuts, again and again, themes changing in between.

The engine is never reset, and the path's end is shown to it once before the first turn, which so begins as every other
does: what the engine remembers for seconds (which pixels stand still) is then there. The first turn, the last and some
between are in the same theme, so that they are the same task and only what the engine remembers differs. Keeps pictures
as bytes, and truths of that one theme alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from engine.live import LiveEngine
from engine.painter_state import underpainting
from engine.style import Style
from engine.train.figures import chroma, psnr_db, sharpness
from engine.underpaint import Underpainter
from engine.worlds.samples import SourceFrame
from engine.worlds.target import true_rendering


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _floats(picture_u8: np.ndarray) -> np.ndarray:
    return picture_u8.astype(np.float32) / np.float32(255)


LEAD_FRAMES = 48  # two seconds settle everything but the Painter that has a memory


@dataclass(frozen=True, kw_only=True)
class CameraPath:
    """A film of several shots: its frames and their true renderings in `style`, (h, w, 3) uint8 each."""

    frames_u8: list[np.ndarray]
    truths_u8: list[np.ndarray]
    style: Style


def camera_path(shots: Iterable[list[SourceFrame]], style: Style) -> CameraPath:
    frames_u8, truths_u8 = [], []
    for shot in shots:
        underpainter = Underpainter()
        for frame in shot:
            frames_u8.append(_bytes(frame.rgb))
            seen = replace(frame, rgb=_floats(frames_u8[-1]))
            truths_u8.append(_bytes(true_rendering(seen, style, underpainter)))
    return CameraPath(frames_u8=frames_u8, truths_u8=truths_u8, style=style)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One turn through the path in its own theme."""

    first_frame: int  # of the stream
    psnr: list[float]  # of each frame
    sharpness: float  # mean absolute Laplacian of the output
    chroma: float  # mean Lab chroma of the output


@dataclass(kw_only=True)
class Stability:
    turns: list[Turn] = field(default_factory=list)
    anchored: int = 0  # times that the drift meter started the history anew

    def summary(self, suffix: str = "") -> dict[str, float]:
        """The figures under the keys that the JSON line has, with a variant's suffix."""
        first, last = self.turns[0], self.turns[-1]
        return {
            f"stability_first_db{suffix}": round(float(np.mean(first.psnr)), 3),
            f"stability_last_db{suffix}": round(float(np.mean(last.psnr)), 3),
            f"sharpness_ratio{suffix}": round(last.sharpness / first.sharpness, 4),
            f"colour_ratio{suffix}": round(last.chroma / first.chroma, 4),
            f"stability_anchored{suffix}": self.anchored,
        }


def run_long(engine: LiveEngine, path: CameraPath, themes: list[Style], turns: int,
             progress: Callable[[range], Iterable[int]] = iter) -> Stability:  # fmt: skip
    """Sends the path `turns` times through the engine; measured are the first turn, the last, and each in the
    path's own style between. `themes` are the styles of the other turns, one after another, and without any all turns
    are measured; `progress` wraps the loop.
    """
    engine.reset()
    for frame_u8 in path.frames_u8[-LEAD_FRAMES:]:
        engine.step(_floats(frame_u8), themes[-1] if themes else path.style)
    found, (_, _, anchored_before) = Stability(), engine.drift()
    period = len(themes) + 1
    for turn in progress(range(turns)):
        own = turn % period == 0 or turn == turns - 1
        psnr, sharp, colourful = [], [], []
        for frame_u8, truth_u8 in zip(path.frames_u8, path.truths_u8, strict=True):
            rgb = _floats(frame_u8)
            painting = engine.step(rgb, path.style if own else themes[turn % period - 1])
            if own:
                picture = underpainting(rgb, painting.maps)
                psnr.append(psnr_db(picture, _floats(truth_u8)))
                sharp.append(sharpness(picture))
                colourful.append(chroma(picture))
        if own:
            found.turns.append(Turn(first_frame=turn * len(path.frames_u8), psnr=psnr, sharpness=float(np.mean(sharp)),
                                    chroma=float(np.mean(colourful))))  # fmt: skip
    found.anchored = engine.drift()[2] - anchored_before
    return found
