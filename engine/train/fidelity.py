"""How near pictures come to the true rendering of worlds: the model's, its variants', and a filter's.

All ways of making a picture are given the same frames and, but for the whole model, the same reading of them, so that
their figures differ by nothing else. Pictures are (h, w, 3) sRGB in [0, 1]. Knows nothing of files, tables or themes.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime

from engine.config import MATERIALS, Preset
from engine.live import LiveEngine, LiveFrame, open_session
from engine.painter_state import PainterState, underpainting
from engine.style import Style
from engine.train.color_table import ColorTable
from engine.train.figures import color_transfer, psnr_db, sharpness, ssim, warp_error
from engine.underpaint import Underpainter
from engine.worlds.samples import SourceFrame
from engine.worlds.target import true_reading, true_rendering

STILL_FRAMES = 24
TRUTH = "truth"  # its own motion and sharpness are what the others' are measured by


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One frame as every way gets it."""

    frame: SourceFrame
    style: Style
    read: LiveFrame  # what the Reader saw in it, with the underpainting of that
    true: LiveFrame  # what is there, with the underpainting of that


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way of making a picture of a frame; `reset` says that the next frame begins another clip."""

    paint: Callable[[Shown], np.ndarray]
    reset: Callable[[], None] = lambda: None


def whole_model(engine: LiveEngine) -> Way:
    """The live engine, reading as often and as late as its preset does. The maps keep the HUD, as in all other ways;
    in the app the maps paint it over and `reskin.keeping` puts it back.
    """
    return Way(
        paint=lambda shown: underpainting(shown.frame.rgb, engine.step(shown.frame.rgb, shown.style).maps),
        reset=engine.reset,
    )


def reading_in_step(preset: Preset) -> Preset:
    """The preset of whose steps each holds all of its work: none is left to another core or another frame."""
    return replace(preset, reads_behind=False, reader_every=1)


def step_times_ms(engine: LiveEngine, clip: list[SourceFrame], style: Style) -> list[float]:
    """What each step takes. Nothing else should run: a reading of another engine is to be waited for first."""
    engine.reset()
    took_ms = []
    for frame in clip:
        began = time.perf_counter()
        engine.step(frame.rgb, style)
        took_ms.append((time.perf_counter() - began) * 1e3)
    return took_ms


def painted(state: PainterState, rgb: np.ndarray, seen: LiveFrame, style: Style) -> np.ndarray:
    """One frame by a Painter alone, over a reading that it did not make."""
    return underpainting(rgb, state.paint(rgb, seen.materials, seen.depth, seen.maps, style))


def painter_way(session: onnxruntime.InferenceSession, *, steps: int = 1, history: bool = True,
                truly_read: bool = False) -> Way:  # fmt: skip
    """A Painter over the shared reading, or over true materials and depth; without history it forgets each frame."""
    state = PainterState(session, steps)

    def paint(shown: Shown) -> np.ndarray:
        if not history:
            state.reset()
        return painted(state, shown.frame.rgb, shown.true if truly_read else shown.read, shown.style)

    return Way(paint=paint, reset=state.reset)


def keeping_hud(shown: Shown, picture: np.ndarray) -> np.ndarray:
    """A filter's picture with what the maps keep, as all other ways and the truth have it."""
    return picture + shown.read.maps.keep[..., None] * (shown.frame.rgb - picture)


def color_table_way(worlds: list[SourceFrame]) -> Way:
    """One table of colours for each style, fitted to the true renderings of other worlds than are measured."""
    tables: dict[bytes, ColorTable] = {}

    def paint(shown: Shown) -> np.ndarray:
        key = shown.style.per_material().tobytes() + shown.style.light_vector().tobytes()
        if key not in tables:
            tables[key] = ColorTable((each.rgb, true_rendering(each, shown.style, Underpainter())) for each in worlds)
        return keeping_hud(shown, tables[key](shown.frame.rgb))

    return Way(paint=paint)


BASELINES = {
    "colour_transfer": Way(paint=lambda shown: keeping_hud(shown, color_transfer(shown.frame.rgb, shown.style))),
    "underpaint": Way(paint=lambda shown: underpainting(shown.frame.rgb, shown.read.maps)),
    "underpaint_true_materials": Way(paint=lambda shown: underpainting(shown.frame.rgb, shown.true.maps)),
}
STEPS = (1, 2, 8)
# Way to the variant's file that it needs; what tools/train.py calls these is in the name.
VARIANT_FILES = {
    "no_history": "painter_no-history.onnx",
    "feed_forward": "painter_feed-forward.onnx",
    "no_augmentation": "painter_no-augmentation.onnx",
    **{f"steps_{steps}_distilled": "painter_distilled.onnx" for steps in STEPS},
}


def painter_ways(painter: Path, variants: Path, threads: int = 1) -> dict[str, Way | None]:
    """The Painter in other step counts, without its past and over a true reading; its variants, None if not trained."""
    session = open_session(painter, threads)
    ways: dict[str, Way | None] = {f"steps_{steps}": painter_way(session, steps=steps) for steps in STEPS}
    ways["past_taken_away"] = painter_way(session, history=False)
    ways["painter_true_materials"] = painter_way(session, truly_read=True)
    sessions = {name: open_session(variants / name, threads) for name in set(VARIANT_FILES.values())
                if (variants / name).exists()}  # fmt: skip
    for key, name in VARIANT_FILES.items():
        steps = int(key.split("_")[1]) if key.startswith("steps_") else 1
        ways[key] = (
            None if name not in sessions else painter_way(sessions[name], steps=steps, history=key != "no_history")
        )
    return ways


@dataclass
class FidelityFigures:
    """What is measured, clip by clip and frame by frame; by the way's name, and that of the truth for two of them."""

    psnr: dict[str, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    ssim: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    flicker: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    sharpness: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    right: np.ndarray = field(default_factory=lambda: np.zeros(len(MATERIALS)))
    seen: np.ndarray = field(default_factory=lambda: np.zeros(len(MATERIALS)))

    def add_reading(self, materials: np.ndarray, truth: np.ndarray) -> None:
        correct = materials.argmax(axis=2) == truth
        self.seen += np.bincount(truth.ravel(), minlength=len(MATERIALS))
        self.right += np.bincount(truth[correct], minlength=len(MATERIALS))

    def by_index(self, way: str) -> np.ndarray:
        """Mean PSNR of a clip's first frame, its second, and so on."""
        return np.mean(self.psnr[way], axis=0)

    def summary(self, way: str) -> dict[str, float]:
        """One way's figures under the keys that the JSON line has; flicker and sharpness are over the truth's own."""
        suffix = "" if way == "model" else f"_{way}"
        return {
            f"psnr_{way}": round(float(np.mean(self.psnr[way])), 2),
            f"ssim_{way}": round(float(np.mean(self.ssim[way])), 3),
            f"flicker_ratio{suffix}": round(float(np.sum(self.flicker[way]) / np.sum(self.flicker[TRUTH])), 3),
            f"sharpness_of_truth{suffix}": round(float(np.sum(self.sharpness[way]) / np.sum(self.sharpness[TRUTH])), 3),
        }

    def reading(self) -> dict[str, object]:
        """The share of pixels whose material is right, over all and of each; null where there was none."""
        shares = [round(float(right / seen), 3) if seen else None
                  for right, seen in zip(self.right, self.seen, strict=True)]  # fmt: skip
        return {
            "reading_worlds": round(float(self.right.sum() / self.seen.sum()), 3),
            "reading_by_material": dict(zip(MATERIALS, shares, strict=True)),
        }


def measure_clip(clip: list[SourceFrame], style: Style, reader: LiveEngine, ways: dict[str, Way],
                 figures: FidelityFigures) -> tuple[Shown, dict[str, np.ndarray]]:  # fmt: skip
    """Adds one clip's figures; `reader` is the engine without Painter. Returns the last frame, and its pictures."""
    for reset in (reader.reset, *(way.reset for way in ways.values())):
        reset()
    under_true, for_truth = Underpainter(), Underpainter()
    before: dict[str, np.ndarray] = {}
    psnr: dict[str, list[float]] = defaultdict(list)
    for i, frame in enumerate(clip):
        materials, depth = true_reading(frame)
        true = LiveFrame(maps=under_true.paint(frame.rgb, materials, depth, style), materials=materials, depth=depth)
        shown = Shown(frame=frame, style=style, read=reader.step(frame.rgb, style), true=true)
        figures.add_reading(shown.read.materials, frame.material)
        truth = true_rendering(frame, style, for_truth)
        pictures = {name: way.paint(shown) for name, way in ways.items()} | {TRUTH: truth}
        for name, picture in pictures.items():
            figures.sharpness[name].append(sharpness(picture))
            if i:
                figures.flicker[name].append(warp_error(picture, before[name], frame, clip[i - 1]))
            if name != TRUTH:
                psnr[name].append(psnr_db(picture, truth))
                figures.ssim[name].append(ssim(picture, truth))
        before = pictures
    for name, values in psnr.items():
        figures.psnr[name].append(values)
    return shown, pictures


def still_change_255(engine: LiveEngine, rgb: np.ndarray, style: Style, frames: int = STILL_FRAMES) -> float:
    """Mean absolute change of the output per frame, in 1/255, where the game shows one picture all the time."""
    engine.reset()
    pictures = [underpainting(rgb, engine.step(rgb, style).maps) for _ in range(frames)]
    return 255 * float(np.mean([np.abs(now - before).mean() for before, now in pairwise(pictures)]))
