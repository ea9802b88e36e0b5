"""Measure the model on worlds and styles that no training saw: `python tools/evaluate.py --preset nano`.

\b
fidelity   PSNR and SSIM to the true rendering of held-out worlds in the shipped themes, flicker (warp error by exact
           flow) and sharpness over the true rendering's own, reading, and times of steps that each read their frame;
           beside the model: a per-frame colour transfer and the best fixed table of colours (what filters can do),
           the underpainting alone, other step counts, and nets trained without one thing
reading    pixels of single frames read right, with no stream around them, and of those the ones near an edge
still      the output's change from frame to frame where the game stands still
recovery   frames until fidelity is back within 0.5 dB after the history was replaced
stability  fidelity, sharpness and colour at the start and at the end of a long stream with cuts and theme changes
one_theme  the same without theme changes, each of which starts the history anew
real       on the clips of ../shared/footage: hand-labelled cells read right, sharpness, edges and calm

Each part goes into a file of figures as soon as it is measured, beside the parts that are there from other runs, and
says which weights it is of. All that the file has then goes into one table, and into one JSON line last, where what was
not measured is null. A whole measurement of nano as it ships fills engine/weights/figures.json, from which
tools/evaluation_readme.py makes the README's table, and draws its pictures into themes/pictures; any other (--quick,
--split validation, other sizes or weights) stays in --out. Ctrl-C ends with the parts that are measured by then. The
lock on 24 Hz and the latency are measured by tools/bench.py.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import PRESETS, Preset
from engine.live import WEIGHTS, LiveEngine, open_session
from engine.painter_state import PainterState
from engine.style import Style
from engine.train.fidelity import (
    BASELINES,
    TRUTH,
    VARIANT_FILES,
    FidelityFigures,
    Shown,
    Way,
    color_table_way,
    measure_clip,
    painter_ways,
    reading_in_step,
    step_times_ms,
    still_change_255,
    whole_model,
)
from engine.train.recovery import Recovery, measure_recovery
from engine.train.stability import Stability, camera_path, run_long
from engine.worlds.samples import SourceFrame, clips
from reskin.themes import load_theme, shipped_themes
from reskin.views import MATERIAL_COLORS
from tools import real_reading, real_structure
from tools.evaluation_figures import (
    EVALUATED,
    FIGURES,
    VARIANTS,
    Measured,
    add_part,
    all_figures,
    check_setup,
    complaint,
    measured_otherwise,
    networks_of,
    read_figures,
)
from tools.evaluation_plots import PICTURES, plot_fidelity, plot_recovery, plot_stability, write_sheet
from tools.evaluation_table import COMMANDS, REQUIRED, print_table

ROOT = Path(__file__).resolve().parent.parent
SHEET_COLUMNS = ("source", "materials seen", "materials true", "underpainting", "output", "truth")
SHEET_ROWS = 4
MIN_COLUMNS = 124  # that no row of the table is broken
# Each part's worlds begin at seeds of their own, so that none depends on how much another measures.
SEED_FIDELITY, SEED_STILL, SEED_RECOVERY, SEED_STABILITY, SEED_TABLES = 0, 100_000, 200_000, 300_000, 400_000
SEED_READING = 500_000
EDGE_PX = 2  # so far from another material a pixel lies near an edge


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much is measured."""

    clips: int = 24
    frames: int = 8  # of each clip
    reading_worlds: int = 150
    table_worlds: int = 24  # that each theme's colour table is fitted to
    still_clips: int = 6
    recovery_clips: int = 8
    recovery_before: int = 12  # frames before the history is replaced: what a drift meter needs to be in full swing
    recovery_after: int = 24
    long_frames: int = 24_000
    shots: int = 6  # of the long stream's camera path
    shot_frames: int = 40
    real_frames: int = 60  # of each real clip
    real_themes: int = 5


QUICK = Sizes(clips=4, frames=5, reading_worlds=16, table_worlds=6, still_clips=1, recovery_clips=2, recovery_after=14,
              long_frames=480, real_frames=16, real_themes=2)  # fmt: skip


class Evaluation:
    """The parts, each giving its figures under the keys that the JSON line has, and its pictures into `out`."""

    def __init__(self, preset: Preset, sizes: Sizes, styles: list[Style], console: Console, *, weights: Path,
                 variants: Path, footage: Path, pictures: Path, real_sheet: Path | None, threads: int,
                 split: str) -> None:  # fmt: skip
        self.preset, self.sizes, self.styles, self.console, self.threads = preset, sizes, styles, console, threads
        self.weights, self.variants, self.footage = weights, variants, footage
        self.pictures, self.real_sheet, self.split = pictures, real_sheet, split
        self.engine = LiveEngine(preset, weights=weights, threads=threads)
        self.reader = LiveEngine(replace(preset, painter=False), weights=weights, threads=threads)
        still_change_255(self.engine, np.zeros((*preset.size, 3), np.float32), styles[0])  # compiles all, for the times

    def _progress(self, what: str, total: int | None = None) -> Callable[[Iterable[Any]], Iterable[Any]]:
        return partial(track, description=what, total=total, console=self.console, transient=True)

    def _worlds(self, seed: int, count: int, frames: int, split: str = "") -> Iterable[list[SourceFrame]]:
        return islice(clips(split or self.split, self.preset.size, frames=frames, fresh=1.0, worker=seed), count)

    def _painters(self) -> dict[str, Path]:
        """Suffix of the keys to the Painter's file: the shipped one, and the one trained without augmentation."""
        painters = {"": self.weights / "painter.onnx"}
        bare = self.variants / VARIANT_FILES["no_augmentation"]
        return painters | ({"_no_augmentation": bare} if bare.exists() else {})

    def fidelity(self) -> dict[str, object]:
        ways: dict[str, Way | None] = {"model": whole_model(self.engine), **BASELINES}
        others = self._worlds(SEED_TABLES, self.sizes.table_worlds, 1, "train")
        ways["colour_table"] = color_table_way([clip[0] for clip in others])
        if self.preset.painter:
            ways |= painter_ways(self.weights / "painter.onnx", self.variants, self.threads)
        there = {name: way for name, way in ways.items() if way is not None}
        figures, rows, count = FidelityFigures(), [], self.sizes.clips
        timed = LiveEngine(reading_in_step(self.preset), weights=self.weights, threads=self.threads)
        step_ms: list[float] = []
        worlds = self._worlds(SEED_FIDELITY, count, self.sizes.frames)
        for i, clip in enumerate(self._progress("fidelity", count)(worlds)):
            shown, pictures = measure_clip(clip, self.styles[i % len(self.styles)], self.reader, there, figures)
            for engine in (self.engine, self.reader):
                engine.reset()  # waits for its last reading
            step_ms += step_times_ms(timed, clip, shown.style)
            if i < SHEET_ROWS:
                rows.append(sheet_row(shown, pictures))
        write_sheet(self.pictures / "evaluation.jpg", SHEET_COLUMNS, rows)
        plot_fidelity(self.pictures / "evaluation-fidelity.jpg", figures)
        summary = figures.reading()
        for name in ways:
            summary |= figures.summary(name) if name in there else {f"psnr_{name}": None}
        p50, p95 = np.percentile(step_ms, [50, 95])
        return summary | {"step_p50_ms": round(float(p50), 2), "step_p95_ms": round(float(p95), 2)}

    def reading(self) -> dict[str, object]:
        right, count = np.zeros(2), np.zeros(2)  # near an edge or not
        worlds = self._worlds(SEED_READING, self.sizes.reading_worlds, 1)
        for (frame,) in self._progress("reading", self.sizes.reading_worlds)(worlds):
            seen = self.reader.read(frame.rgb).argmax(axis=2)
            near = near_edges(frame.material).ravel()
            count += np.bincount(near, minlength=2)
            right += np.bincount(near, (seen == frame.material).ravel(), minlength=2)
        figures = {
            "reading_frames": right.sum() / count.sum(), "reading_frames_near_edges": right[1] / max(1, count[1]),
            "near_edges_share": count[1] / count.sum(),
        }  # fmt: skip
        return {name: round(float(value), 3) for name, value in figures.items()}

    def still(self) -> dict[str, object]:
        worlds = self._worlds(SEED_STILL, self.sizes.still_clips, 1)
        changes = [still_change_255(self.engine, clip[0].rgb, self.styles[i % len(self.styles)])
                   for i, clip in enumerate(self._progress("still", self.sizes.still_clips)(worlds))]  # fmt: skip
        return {"still_change_255": round(float(np.mean(changes)), 3)}

    def recovery(self) -> dict[str, object]:
        if not self.preset.painter:
            return {}
        sizes, painters = self.sizes, self._painters()
        sessions = {suffix: open_session(path, self.threads) for suffix, path in painters.items()}
        runs = {suffix: Recovery() for suffix in painters}
        worlds = iter(
            self._worlds(SEED_RECOVERY, sizes.recovery_clips + 1, sizes.recovery_before + sizes.recovery_after)
        )
        other_shot = next(worlds)[-1]
        for i, clip in enumerate(self._progress("recovery", sizes.recovery_clips)(worlds)):
            style, other = (self.styles[(i + k) % len(self.styles)] for k in (0, 1))
            for suffix, session in sessions.items():
                measure_recovery(
                    clip, style, at=sizes.recovery_before, other_theme=other, other_shot=other_shot,
                    reader=self.reader, new_painter=partial(PainterState, session, self.preset.steps),
                    found=runs[suffix],
                )  # fmt: skip
            other_shot = clip[-1]
        plot_recovery(self.pictures / "evaluation-recovery.jpg", _labelled(runs))
        return {key: value for suffix, run in runs.items() for key, value in run.summary(suffix).items()}

    def stability(self) -> dict[str, object]:
        found, runs = self._long(self.styles[1:], "")
        plot_stability(self.pictures / "evaluation-stability.jpg", _labelled(runs), themes=len(self.styles))
        return found

    def one_theme(self) -> dict[str, object]:
        return self._long([], "_one_theme")[0]

    def _long(self, themes: list[Style], kind: str) -> tuple[dict[str, object], dict[str, Stability]]:
        """The figures, whose keys end in `kind`, and the runs by suffix of the Painter's."""
        sizes = self.sizes
        shots = self._worlds(SEED_STABILITY, sizes.shots, sizes.shot_frames)
        path = camera_path(self._progress("stability: the camera path", sizes.shots)(shots), self.styles[0])
        turns = sizes.long_frames // len(path.frames_u8)
        runs: dict[str, Stability] = {}
        for suffix, painter in (self._painters() if self.preset.painter else {"": None}).items():
            with tempfile.TemporaryDirectory() as folder:
                engine = self.engine
                if suffix and painter is not None:
                    shutil.copy(self.weights / "reader.onnx", folder)
                    shutil.copy(painter, Path(folder) / "painter.onnx")
                    engine = LiveEngine(self.preset, weights=Path(folder), threads=self.threads)
                progress = self._progress(f"stability{(kind + suffix).replace('_', ' ')}", turns)
                runs[suffix] = run_long(engine, path, themes, turns, progress)
        figures: dict[str, object] = {f"long_frames{kind}": turns * len(path.frames_u8)}
        for suffix, run in runs.items():
            figures |= run.summary(kind + suffix)
        return figures | {f"long_themes{kind}": 1 + len(themes)}, runs

    def real(self) -> dict[str, object]:
        reading = real_reading.read_real_frames(self.reader, self.footage)
        real_reading.print_table(self.console, reading)
        videos = [real_reading.clip_of(labels, self.footage) for labels in real_reading.label_files()]
        if reading.note is not None:
            return {}
        styles = self.styles[:: max(1, len(self.styles) // self.sizes.real_themes)][: self.sizes.real_themes]
        structure, rows = real_structure.measure_all(videos, styles, self.engine, self.reader, self.sizes.real_frames,
                                                     self._progress("real clips"))  # fmt: skip
        if self.real_sheet is not None:
            write_sheet(self.real_sheet, real_structure.SHEET_COLUMNS, rows)
        of = {"real_frames": self.sizes.real_frames, "real_themes": len(styles)}  # of each clip
        return reading.summary() | structure.summary() | of


def _labelled(runs: dict[str, Any]) -> dict[str, Any]:
    """What a plot calls the runs that the keys tell apart by suffix."""
    return {"without history augmentation" if suffix else "our model": run for suffix, run in runs.items()}


def near_edges(material: np.ndarray) -> np.ndarray:
    """(h, w) int: 1 within `EDGE_PX` of another material."""
    square = np.ones((2 * EDGE_PX + 1, 2 * EDGE_PX + 1), np.uint8)
    return (cv2.dilate(material, square) != cv2.erode(material, square)).astype(int)


def sheet_row(shown: Shown, pictures: dict[str, np.ndarray]) -> list[np.ndarray]:
    seen, truth = (MATERIAL_COLORS[m] / 255 for m in (shown.read.materials.argmax(axis=2), shown.frame.material))
    return [shown.frame.rgb, seen, truth, pictures["underpaint"], pictures["model"], pictures[TRUTH]]


@click.command(help=__doc__)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="nano", show_default=True)
@click.option("--quick", is_flag=True, help="A look in a minute or two: few clips, 480 frames of the long stream.")
@click.option("--only", multiple=True, type=click.Choice(list(EVALUATED)), help="One part; may be given several times.")
@click.option("--split", type=click.Choice(["validation", "test"]), default="test", show_default=True,
              help="Of the worlds: test is for the last word, validation for every choice before it.")  # fmt: skip
@click.option("--clips", "count", type=click.IntRange(min=1), help="Of fidelity; 24, or 4 with --quick.")
@click.option("--frames", type=click.IntRange(min=2), help="Of each of these clips; 8, or 5 with --quick.")
@click.option("--long-frames", type=click.IntRange(min=480),
              help="Of stability and one_theme; 24000, or 480 with --quick.")  # fmt: skip
@click.option("--weights", default=WEIGHTS, show_default=True, help="Folder of reader.onnx and painter.onnx.",
              type=click.Path(path_type=Path, exists=True, file_okay=False))  # fmt: skip
@click.option("--variants", default=VARIANTS, show_default=True, help="Folder of nets trained without one thing.",
              type=click.Path(path_type=Path, file_okay=False))  # fmt: skip
@click.option("--threads", default=1, show_default=True, help="Of onnxruntime.")
@real_reading.footage_option
@click.option("--figures", type=click.Path(path_type=Path, dir_okay=False),
              help="JSON file to add the parts to.  [default: engine/weights/figures.json, or in --out]")  # fmt: skip
@click.option("--pictures", type=click.Path(path_type=Path, file_okay=False),
              help="Folder of plots and contact sheet.  [default: themes/pictures, or --out]")  # fmt: skip
@click.option("--out", default=ROOT / "runs" / "evaluation", show_default=True,
              help="Folder of both where less than the whole, or something else than what ships, is measured.",
              type=click.Path(path_type=Path, file_okay=False))  # fmt: skip
@click.option("--real-sheet", type=click.Path(path_type=Path, dir_okay=False),
              help="PNG: 20 frames of real games, the underpainting and the Painter side by side.")  # fmt: skip
def main(preset: str, quick: bool, only: tuple[str, ...], split: str, count: int | None, frames: int | None,
         long_frames: int | None, weights: Path, variants: Path, threads: int, footage: Path, figures: Path | None,
         pictures: Path | None, out: Path, real_sheet: Path | None) -> None:  # fmt: skip
    cv2.setNumThreads(1)
    asked = {"clips": count, "frames": frames, "long_frames": long_frames}
    sizes = replace(QUICK if quick else Sizes(), **{name: value for name, value in asked.items() if value})
    whole = (preset, split, sizes, weights, variants) == ("nano", "test", Sizes(), WEIGHTS, VARIANTS)
    figures, pictures = (
        figures or (FIGURES if whole else out / "figures.json"),
        pictures or (PICTURES if whole else out),
    )
    parts = read_figures(figures)
    check_setup(figures, parts, preset, split)
    styles = [load_theme(path).style() for path in shipped_themes().values()]
    pictures.mkdir(parents=True, exist_ok=True)
    console = Console(width=max(MIN_COLUMNS, Console().width))
    new_evaluation = partial(Evaluation, PRESETS[preset], sizes, styles, console, weights=weights, variants=variants,
                             footage=footage, pictures=pictures, real_sheet=real_sheet, threads=threads,
                             split=split)  # fmt: skip
    interrupted = None
    for part in (name for name in EVALUATED if not only or name in only):
        began, networks = time.monotonic(), networks_of(part, weights, variants)
        try:
            found = getattr(new_evaluation(), part)()  # whose engines have seen nothing of another part
        except KeyboardInterrupt:
            interrupted = part
            break
        if found:  # nothing is, of a part for which something is missing here
            minutes = round((time.monotonic() - began) / 60, 1)
            measured = Measured(preset=preset, split=split, sizes=asdict(sizes) | {"threads": threads},
                                minutes=minutes, networks=networks, figures=found)  # fmt: skip
            parts = add_part(figures, part, measured)
    missing = sorted({name for name in VARIANT_FILES.values() if not (variants / name).exists()})
    otherwise = measured_otherwise(parts, weights, variants)
    of = parts["fidelity"].sizes if "fidelity" in parts else asdict(sizes)
    summary: dict[str, Any] = {
        "preset": preset, "split": split, "clips": of["clips"], "frames": of["frames"], "threads": threads,
        **dict.fromkeys(REQUIRED), **all_figures(parts), "variants_missing": missing, "other_weights": otherwise,
        "interrupted": interrupted,
    }  # fmt: skip
    print_table(console, summary)
    for name in missing:
        way = next(way for way, file in VARIANT_FILES.items() if file == name)
        console.print(f"not measured: {variants / name} is not there. To have it: {COMMANDS[way]}", soft_wrap=True)
    if otherwise:
        console.print(f"[b]{complaint(otherwise)}", soft_wrap=True)
    console.print(f"figures: {figures}; plots and contact sheet: {pictures}", soft_wrap=True)
    click.echo(json.dumps(summary))
    if interrupted:
        sys.exit(130)


if __name__ == "__main__":
    main()
