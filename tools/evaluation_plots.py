"""The pictures that go with the figures of tools/evaluate.py: plots, and contact sheets for eyes. No display is needed.

Pictures are (h, w, 3) RGB in [0, 1]. How large a JPEG may be is given file by file, all together 360 kB. Knows nothing
of how anything was measured.
"""

from __future__ import annotations

from pathlib import Path

import click
import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from engine.config import MATERIALS
from engine.train.fidelity import FidelityFigures
from engine.train.recovery import WITHIN_DB, Recovery
from engine.train.stability import Stability, Turn
from reskin.views import MATERIAL_COLORS

PICTURES = Path(__file__).resolve().parent.parent / "themes" / "pictures"
MAX_BYTES = {
    "evaluation.jpg": 140_000, "evaluation-fidelity.jpg": 46_000, "evaluation-recovery.jpg": 46_000,
    "evaluation-stability.jpg": 64_000, "evaluation-int8.jpg": 64_000,
}  # fmt: skip
QUALITIES = range(92, 48, -4)  # of JPEG
CAPTION_PX = 18
# Ways in the plot of fidelity, in words that need no table beside them; the others differ from these by little.
PLOTTED = {
    "painter_true_materials": ("our Painter, true materials given", "C7-."),
    "underpaint_true_materials": ("underpainting, true materials given", "C8-."),
    "feed_forward": ("trained without diffusion", "C5--"),
    "no_history": ("trained without history", "C4--"),
    "no_augmentation": ("trained without history augmentation", "C6--"),
    "model": ("our model", "C0-"),
    "past_taken_away": ("our Painter, its past taken away", "C3:"),
    "underpaint": ("underpainting alone (lite)", "C1-"),
    "colour_table": ("one colour table a theme", "C9-"),
    "colour_transfer": ("colour transfer (Reinhard)", "C2-"),
}


def plot_fidelity(path: Path, figures: FidelityFigures) -> None:
    """Mean PSNR against the frame's index within its clip, of the ways that were measured, the best on top."""
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots()
    means = {way: float(np.mean(figures.psnr[way])) for way in PLOTTED if way in figures.psnr}
    for way in sorted(means, key=means.__getitem__, reverse=True):
        (label, line), values = PLOTTED[way], figures.by_index(way)
        axes.plot(range(1, len(values) + 1), values, line, label=f"{means[way]:.1f} dB  {label}", marker="o",
                  markersize=3, linewidth=3 if way == "model" else 1.2)  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="frame of the clip", ylabel="PSNR to the true rendering, dB",
             title=f"Fidelity by frame: mean of {len(figures.psnr['model'])} clips")  # fmt: skip
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=8, title="mean over all frames")
    _save(figure, path)


def plot_stability(path: Path, runs: dict[str, Stability], themes: int) -> None:
    """Means of the measured turns over the whole stream; below, the first run's first and last turn frame by frame.

    `themes` is how many take turns in the stream.
    """
    figure = Figure(figsize=(9, 7), layout="constrained")
    quality, kept, single = figure.subplots(3, 1)
    for (label, run), color in zip(runs.items(), ("C0", "C6"), strict=False):
        at = [turn.first_frame for turn in run.turns]
        quality.plot(at, [np.mean(turn.psnr) for turn in run.turns], color, marker="o", markersize=3, label=label)
        for name, values, line in (
            ("sharpness", [turn.sharpness for turn in run.turns], "-"),
            ("colour", [turn.chroma for turn in run.turns], ":"),
        ):
            kept.plot(at, np.array(values) / values[0], line, color=color, marker="o", markersize=3,
                      label=f"{label}: {name}")  # fmt: skip
    others = f"{themes - 1} other themes in between"
    quality.set(ylabel="PSNR, dB", title=f"One camera path in one theme again and again, {others}")
    _at_least(quality, 0.5)
    kept.axhspan(0.97, 1.03, color="green", alpha=0.1, label="0.97 to 1.03: asked for")
    kept.set(xlabel="frame of the stream at which the turn began", ylabel="over the first turn's")
    _at_least(kept, 0.04)
    label, run = next(iter(runs.items()))
    turns: tuple[tuple[Turn, str, str, float], ...] = (
        (run.turns[0], "first turn", "C0-", 3.0), (run.turns[-1], "last turn", "k--", 0.8)
    )  # fmt: skip
    for turn, name, line, width in turns:
        single.plot(turn.psnr, line, linewidth=width, alpha=0.6 if width > 1 else 1, label=f"{label}, {name}")
    single.set(xlabel="frame of the camera path", ylabel="PSNR, dB", title="Frame by frame; the steps are cuts")
    for axes in (quality, kept, single):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    _save(figure, path)


def _at_least(axes: Axes, reach: float) -> None:
    """Shows no less than so much to each side of the middle, so that noise does not look like a fall."""
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, (low + high) / 2 - reach), max(high, (low + high) / 2 + reach))


def plot_recovery(path: Path, runs: dict[str, Recovery]) -> None:
    """Mean distance to the undisturbed run after each corruption, a panel a Painter."""
    figure = Figure(figsize=(5 * len(runs) + 1.5, 4.2), layout="constrained")
    panels = figure.subplots(1, len(runs), squeeze=False, sharey=True)[0]
    for axes, (label, run) in zip(panels, runs.items(), strict=True):
        for name in run.disturbed:
            axes.plot(run.curve(name), marker="o", markersize=3, label=name.replace("_", " "))
        axes.axhline(-WITHIN_DB, color="black", linestyle=":", linewidth=1, label=f"-{WITHIN_DB:g} dB: back above this")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="frames since the history was replaced", title=f"{label}: mean of {len(run.undisturbed)} clips")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("PSNR over the undisturbed run's, dB")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", fontsize=8, title="replaced by")
    _save(figure, path)


def write_sheet(path: Path, columns: tuple[str, ...], rows: list[list[np.ndarray]]) -> None:
    """Rows of pictures with the columns' names on top; below, which colour is which material, if a map is shown."""
    width = rows[0][0].shape[1]
    header = np.zeros((CAPTION_PX, width * len(columns), 3), np.uint8)
    for i, name in enumerate(columns):
        _caption(header, name, i * width + 4)
    pictures = [np.rint(np.clip(np.concatenate(row, axis=1), 0, 1) * 255).astype(np.uint8) for row in rows]
    footer = [_material_key(header.shape[1])] if any("materials" in name for name in columns) else []
    _write(path, np.concatenate([header, *pictures, *footer]))


def _caption(strip: np.ndarray, text: str, x: int) -> None:
    cv2.putText(strip, text, (x, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)


def _material_key(width: int) -> np.ndarray:
    strip = np.zeros((CAPTION_PX, width, 3), np.uint8)
    for i, (name, color) in enumerate(zip(MATERIALS, MATERIAL_COLORS, strict=True)):
        x = i * width // len(MATERIALS) + 4
        strip[3:-3, x : x + 12] = color
        _caption(strip, name, x + 16)
    return strip


def _save(figure: Figure, path: Path) -> None:
    figure.set_dpi(100)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    _write(path, np.asarray(canvas.buffer_rgba())[..., :3])


def _write(path: Path, rgb_u8: np.ndarray) -> None:
    """PNG, or JPEG of no more than `MAX_BYTES`, as the name ends. ClickException."""
    bgr_u8 = np.ascontiguousarray(rgb_u8[..., ::-1])
    content = cv2.imencode(".png", bgr_u8)[1] if path.suffix == ".png" else _small_jpeg(bgr_u8, MAX_BYTES[path.name])
    try:
        path.write_bytes(content.tobytes())
    except OSError as error:
        raise click.ClickException(f"writing {path}: {error.strerror}. Is its folder there?") from error


def _small_jpeg(bgr_u8: np.ndarray, limit: int) -> np.ndarray:
    """The best quality that is small enough; of a smaller picture where none is."""
    for quality in QUALITIES:
        options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
        content = cv2.imencode(".jpg", bgr_u8, options)[1]
        if len(content) <= limit:
            return content
    return _small_jpeg(cv2.resize(bgr_u8, None, fx=0.85, fy=0.85, interpolation=cv2.INTER_AREA), limit)
