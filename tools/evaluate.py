"""Measure the shipped model on worlds and styles that no training saw: `python tools/evaluate.py --preset nano`.

Worlds come from the test split, styles are the shipped themes'. Reading is the share of pixels whose material is right;
fidelity is against the true rendering of the same world in the same style; flicker is the warp error by exact flow over
that of the true rendering. Reading is also measured on hand-labelled real frames (tools/real_reading.py), where the
clips are there. Beside the model in the same run: the underpainting alone, and a per-frame colour transfer,
which is what a filter can do. A table for people, one JSON line last.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click
import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import MATERIALS, PRESETS
from engine.live import LiveEngine
from engine.painter_state import underpainting
from engine.style import Style
from engine.train.figures import color_transfer, psnr_db, ssim, warp_error
from engine.underpaint import Underpainter
from engine.worlds.samples import SourceFrame, clips
from engine.worlds.target import true_rendering
from reskin.engine_renderer import MATERIAL_COLORS
from reskin.themes import load_theme, shipped_themes
from tools import real_reading

WAYS = ("model", "underpaint", "colour_transfer")  # `truth` is beside them where only its own motion counts
SHEET_COLUMNS = ("source", "materials seen", "materials true", "underpainting", "output", "truth")
SHEET_ROWS = 8


class Figures:
    """Collects what is measured, frame by frame."""

    def __init__(self) -> None:
        self.psnr: dict[str, list[float]] = defaultdict(list)
        self.ssim: dict[str, list[float]] = defaultdict(list)
        self.flicker: dict[str, list[float]] = defaultdict(list)
        self.step_ms: list[float] = []
        self.right, self.seen = np.zeros(len(MATERIALS)), np.zeros(len(MATERIALS))

    def add_reading(self, materials: np.ndarray, truth: np.ndarray) -> None:
        correct = materials.argmax(axis=2) == truth
        self.seen += np.bincount(truth.ravel(), minlength=len(MATERIALS))
        self.right += np.bincount(truth[correct], minlength=len(MATERIALS))

    def summary(self) -> dict[str, object]:
        """All figures under the keys that the JSON line has."""
        out: dict[str, object] = {"reading_worlds": _rounded(self.right.sum() / self.seen.sum())}
        shares = self.right / np.maximum(self.seen, 1)
        out["reading_by_material"] = {
            name: _rounded(share) if count else None
            for name, share, count in zip(MATERIALS, shares, self.seen, strict=True)
        }
        for way in WAYS:
            out[f"psnr_{way}"] = _rounded(float(np.mean(self.psnr[way])), 2)
            out[f"ssim_{way}"] = _rounded(float(np.mean(self.ssim[way])))
        own = np.sum(self.flicker["truth"])
        out["flicker_ratio"] = _rounded(np.sum(self.flicker["model"]) / own)
        for way in WAYS[1:]:
            out[f"flicker_ratio_{way}"] = _rounded(np.sum(self.flicker[way]) / own)
        out["step_p50_ms"] = _rounded(np.median(self.step_ms), 2)
        out["step_p95_ms"] = _rounded(np.percentile(self.step_ms, 95), 2)
        return out


def _rounded(value: float, digits: int = 3) -> float:
    return round(float(value), digits)


def measure_clip(clip: list[SourceFrame], style: Style, engine: LiveEngine, plain: LiveEngine,
                 figures: Figures) -> list[np.ndarray]:  # fmt: skip
    """Adds one clip's figures; returns the sheet's row, its last frame as each column shows it, RGB in [0, 1]."""
    engine.reset()
    plain.reset()
    true = Underpainter()
    before: dict[str, np.ndarray] = {}
    for i, frame in enumerate(clip):
        began = time.perf_counter()
        painting = engine.step(frame.rgb, style)
        figures.step_ms.append((time.perf_counter() - began) * 1e3)
        figures.add_reading(painting.materials, frame.material)
        pictures = {
            "model": underpainting(frame.rgb, painting.maps),
            "underpaint": underpainting(frame.rgb, plain.step(frame.rgb, style).maps),
            "colour_transfer": color_transfer(frame.rgb, style),
            "truth": true_rendering(frame, style, true),
        }
        for way in WAYS:
            figures.psnr[way].append(psnr_db(pictures[way], pictures["truth"]))
            figures.ssim[way].append(ssim(pictures[way], pictures["truth"]))
        if i:
            for way, picture in pictures.items():
                figures.flicker[way].append(warp_error(picture, before[way], frame, clip[i - 1]))
        before = pictures
    seen, truth = (MATERIAL_COLORS[m] / 255 for m in (painting.materials.argmax(axis=2), frame.material))
    return [frame.rgb, seen, truth, pictures["underpaint"], pictures["model"], pictures["truth"]]


def write_sheet(path: Path, rows: list[list[np.ndarray]]) -> None:
    """One row a clip, with the columns' names on top."""
    width = rows[0][0].shape[1]
    header = np.zeros((18, width * len(SHEET_COLUMNS), 3), np.uint8)
    for i, name in enumerate(SHEET_COLUMNS):
        cv2.putText(header, name, (i * width + 4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    pictures = [(np.clip(np.concatenate(row, axis=1), 0, 1) * 255).astype(np.uint8) for row in rows]
    if not cv2.imwrite(str(path), np.concatenate([header, *pictures])[..., ::-1]):
        raise click.ClickException(f"writing {path}: not written. Is its folder there, and does the name end in .png?")


def print_table(console: Console, title: str, summary: dict[str, object]) -> None:
    table = Table(title=title)
    for name in ("figure", "model", "underpainting", "colour transfer"):
        table.add_column(name, justify="left" if name == "figure" else "right")
    table.add_row("PSNR to the true rendering, dB", *(f"{summary[f'psnr_{way}']:.2f}" for way in WAYS))
    table.add_row("SSIM", *(f"{summary[f'ssim_{way}']:.3f}" for way in WAYS))
    flicker = ("flicker_ratio", "flicker_ratio_underpaint", "flicker_ratio_colour_transfer")
    table.add_row("flicker over the true rendering's", *(f"{summary[key]:.2f}" for key in flicker))
    table.add_row("step p50 / p95, ms", f"{summary['step_p50_ms']} / {summary['step_p95_ms']}", "", "")
    table.add_row("pixels read right", f"{summary['reading_worlds']:.1%}", "", "")
    by_material = summary["reading_by_material"]
    assert isinstance(by_material, dict)
    for name, share in by_material.items():
        table.add_row(f"  {name}", "none there" if share is None else f"{share:.1%}", "", "")
    console.print(table)


@click.command(help=__doc__)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="nano", show_default=True)
@click.option("--clips", "count", default=24, show_default=True, type=click.IntRange(min=1))
@click.option("--frames", default=8, show_default=True, type=click.IntRange(min=2), help="Of each clip.")
@click.option("--threads", default=1, show_default=True, help="Of onnxruntime.")
@real_reading.footage_option
@click.option("--sheet", type=click.Path(path_type=Path, dir_okay=False), help="Contact sheet of the first clips, PNG.")
def main(preset: str, count: int, frames: int, threads: int, footage: Path, sheet: Path | None) -> None:
    cv2.setNumThreads(1)
    chosen = PRESETS[preset]
    engine = LiveEngine(chosen, threads=threads)
    plain = LiveEngine(replace(chosen, name="underpainting", painter=False, reader_every=1), threads=threads)
    styles = [load_theme(path).style() for path in shipped_themes().values()]
    figures, rows = Figures(), []
    worlds = islice(clips("test", chosen.size, frames=frames, fresh=1.0), count)
    console = Console()
    for i, clip in enumerate(track(worlds, total=count, description="clips", console=console, transient=True)):
        rows.append(measure_clip(clip, styles[i % len(styles)], engine, plain, figures))
    summary = figures.summary()
    print_table(
        console, f"{preset}: {count} held-out worlds of {frames} frames, {len(styles)} held-out styles", summary
    )
    on_real_games = real_reading.read_real_frames(plain, footage)
    real_reading.print_table(console, on_real_games)
    summary |= on_real_games.summary()
    if sheet is not None:
        write_sheet(sheet, rows[:SHEET_ROWS])
        console.print(f"contact sheet: {sheet}")
    click.echo(json.dumps({"preset": preset, "clips": count, "frames": frames, "threads": threads, **summary}))


if __name__ == "__main__":
    main()
