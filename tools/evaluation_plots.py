"""The pictures that go with the figures of tools/evaluate.py: plots, and contact sheets for eyes. No display is needed.

Pictures are (h, w, 3) RGB in [0, 1]. Knows nothing of how anything was measured.
"""

from __future__ import annotations

from pathlib import Path

import click
import cv2
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from engine.train.fidelity import FidelityFigures
from engine.train.recovery import WITHIN_DB, Recovery
from engine.train.stability import Stability

CAPTION_PX = 18
ROLLING_FRAMES = 24  # a running mean's width in the plot of single frames
# Ways in the plot of fidelity; the others differ from these by little, and are in the table.
PLOTTED = {
    "model": "-", "underpaint": "-", "colour_transfer": "-", "past_taken_away": ":", "no_history": "--",
    "feed_forward": "--", "no_augmentation": "--", "painter_true_materials": "-.", "underpaint_true_materials": "-.",
}  # fmt: skip


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=110)  # a bare Figure draws with Agg


def plot_fidelity(path: Path, figures: FidelityFigures, labels: dict[str, str]) -> None:
    """Mean PSNR against the frame's index within its clip, of the ways in `labels`."""
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    for way, line in PLOTTED.items():
        if way in labels:
            values = figures.by_index(way)
            axes.plot(range(len(values)), values, line, label=labels[way], marker="o", markersize=3,
                      linewidth=3 if way == "model" else 1.2)  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="frame of the clip", ylabel="PSNR to the true rendering, dB",
             title=f"fidelity against frame index, mean of {len(figures.psnr['model'])} clips")  # fmt: skip
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=8)
    _save(figure, path)


def plot_stability(path: Path, runs: dict[str, Stability]) -> None:
    """Means of the measured turns over the whole stream; below, the first run's first and last turn frame by frame."""
    figure = Figure(figsize=(10, 9), layout="constrained")
    grid = figure.subplots(3, 1)
    for label, run in runs.items():
        at = [turn.first_frame for turn in run.turns]
        grid[0].plot(at, [np.mean(turn.psnr) for turn in run.turns], marker="o", label=label)
        for name, values, style in (
            ("sharpness", [turn.sharpness for turn in run.turns], "-"),
            ("colour", [turn.chroma for turn in run.turns], "--"),
        ):
            grid[1].plot(at, np.array(values) / values[0], style, marker="o", label=f"{label}: {name}")
    grid[0].set(ylabel="PSNR, dB", title="the same camera path in the same theme, as the stream goes on")
    grid[1].axhspan(0.97, 1.03, color="green", alpha=0.08)
    grid[1].set(xlabel="first frame of the turn", ylabel="over the first turn's")
    label, run = next(iter(runs.items()))
    for turn, name in ((run.turns[0], "first"), (run.turns[-1], "last")):
        wide = min(ROLLING_FRAMES, len(turn.psnr))
        smooth = np.convolve(turn.psnr, np.ones(wide) / wide, mode="valid")
        (line,) = grid[2].plot(turn.psnr, linewidth=0.5, alpha=0.5)
        grid[2].plot(range(wide // 2, wide // 2 + len(smooth)), smooth, color=line.get_color(),
                     label=f"{name} turn, mean of {wide} frames")  # fmt: skip
    grid[2].set(xlabel="frame of the path", ylabel="PSNR, dB", title=label)
    for axes in grid:
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    _save(figure, path)


def plot_recovery(path: Path, runs: dict[str, Recovery]) -> None:
    """Mean distance to the undisturbed run after each corruption, a panel a Painter."""
    figure = Figure(figsize=(6 * len(runs), 4.5), layout="constrained")
    for axes, (label, run) in zip(
        figure.subplots(1, len(runs), squeeze=False, sharey=True)[0], runs.items(), strict=True
    ):
        for name in run.disturbed:
            axes.plot(run.curve(name), marker="o", markersize=3, label=name.replace("_", " "))
        axes.axhline(-WITHIN_DB, color="black", linestyle=":", linewidth=1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="frames since the history was replaced", ylabel="PSNR over the undisturbed run's, dB",
                 title=f"{label}, mean of {len(run.undisturbed)} clips")  # fmt: skip
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    _save(figure, path)


def write_sheet(path: Path, columns: tuple[str, ...], rows: list[list[np.ndarray]]) -> None:
    """Rows of pictures with the columns' names on top, as PNG."""
    width = rows[0][0].shape[1]
    header = np.zeros((CAPTION_PX, width * len(columns), 3), np.uint8)
    for i, name in enumerate(columns):
        cv2.putText(header, name, (i * width + 4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    pictures = [np.rint(np.clip(np.concatenate(row, axis=1), 0, 1) * 255).astype(np.uint8) for row in rows]
    if not cv2.imwrite(str(path), np.concatenate([header, *pictures])[..., ::-1]):
        raise click.ClickException(f"writing {path}: not written. Is its folder there, and does the name end in .png?")
