"""Does the Painter keep a real game's structure, sharp and calm? On the clips of ../shared/footage.

Beside its underpainting, at the model's size: sharpness is Laplacian energy, structure the agreement of edges with the
game's, flicker the warp error by optical flow estimated on the game's own frames. No real game has a true rendering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.live import LiveEngine
from engine.painter_state import underpainting
from engine.style import Style
from engine.train.figures import edge_agreement, estimated_flow_targets, laplacian_energy, moved_error
from reskin.prepare import prepare
from reskin.video import VideoReader

SHEET_COLUMNS = ("game", "underpainting", "Painter") * 2  # frames in two columns
SHEET_PICTURES = 20
STRETCHES = 5  # of a clip, evenly over it; frames follow each other within one


@dataclass
class Structure:
    """Sums over all frames of all clips, by "game", "underpaint" and "model"."""

    energy: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    edges: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    flicker: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def summary(self) -> dict[str, float]:
        """The figures under the keys that the JSON line has; flicker is mean absolute change in 1/255."""
        edges = {name: float(np.mean(values)) for name, values in self.edges.items()}
        flicker = {name: 255 * float(np.mean(values)) for name, values in self.flicker.items()}
        return {
            "sharpness_real": round(self.energy["model"] / self.energy["underpaint"], 3),
            "structure_real": round(edges["model"] / edges["underpaint"], 3),
            "edge_agreement_real": round(edges["model"], 3),
            "edge_agreement_real_underpaint": round(edges["underpaint"], 3),
            "flicker_real_255": round(flicker["model"], 3),
            "flicker_real_255_underpaint": round(flicker["underpaint"], 3),
            "flicker_real_255_game": round(flicker["game"], 3),
        }


def clip_stretches(video: Path, size: tuple[int, int], limit: int) -> list[list[np.ndarray]]:
    """So many frames of a clip at the model's size, (h, w, 3) in [0, 1]: the same number in each stretch."""
    long = max(2, limit // STRETCHES)
    stretches: list[list[np.ndarray]] = [[] for _ in range(STRETCHES)]
    with VideoReader(video) as reader:
        begins = np.linspace(0, max(0, (reader.length or limit) - long), STRETCHES).astype(int)
        for picture in reader:
            for frames, begin in zip(stretches, begins, strict=True):
                if begin <= picture.index < begin + long:
                    frames.append(prepare(picture.bgra_u8, size))
    return [frames for frames in stretches if frames]


def measure_structure(frames: list[np.ndarray], style: Style, engine: LiveEngine, plain: LiveEngine,
                      found: Structure) -> list[np.ndarray]:  # fmt: skip
    """Adds one stretch in one style; `plain` has no Painter. Returns the pictures of the last frame."""
    engine.reset()
    plain.reset()
    before: dict[str, np.ndarray] = {}
    for rgb in frames:
        pictures = {"game": rgb} | {
            name: underpainting(rgb, of.step(rgb, style).maps)
            for name, of in (("underpaint", plain), ("model", engine))
        }
        for name, picture in pictures.items():
            found.energy[name] += laplacian_energy(picture)
            found.edges[name].append(edge_agreement(picture, rgb))
        if before:
            targets = estimated_flow_targets(rgb, before["game"])
            for name, picture in pictures.items():
                found.flicker[name].append(moved_error(picture, before[name], targets))
        before = pictures
    return list(before.values())


def measure_all(videos: list[Path], styles: list[Style], engine: LiveEngine, plain: LiveEngine, limit: int,
                progress: Callable[[list[tuple[Path, Style]]], Iterable[tuple[Path, Style]]],
                ) -> tuple[Structure, list[list[np.ndarray]]]:  # fmt: skip
    """Every clip in every style; figures, and the sheet's rows with `SHEET_PICTURES` frames, two a row."""
    found, rows = Structure(), []
    for video, style in progress([(video, style) for video in videos for style in styles]):
        for frames in clip_stretches(video, engine.preset.size, limit):
            rows.append(measure_structure(frames, style, engine, plain, found))
    chosen = np.linspace(0, len(rows) - 1, min(len(rows), SHEET_PICTURES)).astype(int)
    rows = [rows[i] for i in chosen]
    half = len(rows) // 2
    return found, [left + right for left, right in zip(rows[:half], rows[half : 2 * half], strict=True)]
