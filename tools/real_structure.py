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


def clip_frames(video: Path, size: tuple[int, int], limit: int) -> list[np.ndarray]:
    """The first frames of a clip at the model's size, (h, w, 3) in [0, 1]."""
    frames: list[np.ndarray] = []
    with VideoReader(video) as reader:
        for picture in reader:
            if len(frames) == limit:
                break
            frames.append(prepare(picture.bgra_u8, size))
    return frames


def measure_structure(frames: list[np.ndarray], style: Style, engine: LiveEngine, plain: LiveEngine, found: Structure,
                      sheet_every: int) -> list[list[np.ndarray]]:  # fmt: skip
    """Adds one clip in one style; `plain` has no Painter. Returns the pictures of every few frames."""
    engine.reset()
    plain.reset()
    rows: list[list[np.ndarray]] = []
    before: dict[str, np.ndarray] = {}
    for i, rgb in enumerate(frames):
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
        if i % sheet_every == sheet_every - 1:
            rows.append(list(pictures.values()))
    return rows


def measure_all(videos: list[Path], styles: list[Style], engine: LiveEngine, plain: LiveEngine, limit: int,
                progress: Callable[[list[tuple[Path, Style]]], Iterable[tuple[Path, Style]]],
                ) -> tuple[Structure, list[list[np.ndarray]]]:  # fmt: skip
    """Every clip in every style; figures, and the sheet's rows with `SHEET_PICTURES` frames, two a row."""
    found, rows = Structure(), []
    pairs = [(video, style) for video in videos for style in styles]
    for video, style in progress(pairs):
        frames = clip_frames(video, engine.preset.size, limit)
        wanted = -(-SHEET_PICTURES // len(pairs))
        rows += measure_structure(frames, style, engine, plain, found, max(1, len(frames) // wanted))
    half = min(len(rows), SHEET_PICTURES) // 2
    return found, [left + right for left, right in zip(rows[:half], rows[half : 2 * half], strict=True)]
