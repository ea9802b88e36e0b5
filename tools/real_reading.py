"""How much the Reader gets right on real games: `python tools/real_reading.py`, against tests/footage_labels/.

Each labelled frame is read by itself, without the stream around it. The clips are not in the repository; they are taken
from ../shared/footage beside it, or from --footage. A table for people, one JSON line last.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import MATERIALS, PRESETS
from engine.live import WEIGHTS, LiveEngine
from engine.train.labels import COLUMNS, ROWS, Agreement, LabelledFrame, at_middles, parse_labels, wrong_cells
from reskin.prepare import prepare
from reskin.video import VideoReader
from reskin.views import MATERIAL_COLORS

ROOT = Path(__file__).resolve().parent.parent
LABELS = ROOT / "tests" / "footage_labels"
FOOTAGE = ROOT.parent / "shared" / "footage"
CELL_PX = 40  # in an overlay
COLOR_WRONG_BGR = (0, 0, 255)


@dataclass(frozen=True, kw_only=True)
class RealReading:
    """What the Reader made of the labelled frames of all clips; `note` says why there is nothing."""

    clips: dict[str, Agreement]
    note: str | None = None

    @property
    def all(self) -> Agreement:
        return Agreement(sum((clip.counts for clip in self.clips.values()), Agreement().counts))

    def summary(self) -> dict[str, object]:
        """The figures under the keys that the JSON line has; null without footage."""
        if self.note is not None:
            return {"reading_real": None, "reading_real_note": self.note}
        by_material = self.all.share_by_name()
        return {
            "reading_real": round(self.all.share, 3),
            "reading_real_material_mean": round(self.all.material_mean, 3),
            "reading_real_by_clip": {name: round(clip.share, 3) for name, clip in self.clips.items()},
            "reading_real_by_material": {name: round(share, 3) for name, share in by_material.items()},
            "reading_real_confusion": self.all.confusion(),
        }


def label_files() -> list[Path]:
    return sorted(LABELS.glob("*.txt"))


def labelled_pictures(labels: Path, footage: Path) -> Iterator[tuple[LabelledFrame, np.ndarray]]:
    """Every labelled frame of a clip with its picture, (h, w, 4) BGRA."""
    wanted = {frame.index: frame for frame in parse_labels(labels.read_text(encoding="utf-8"))}
    with VideoReader(clip_of(labels, footage)) as reader:
        for picture in reader:
            if picture.index in wanted:
                yield wanted.pop(picture.index), picture.bgra_u8
            if not wanted:
                return
    raise click.ClickException(
        f"{labels} labels frames {sorted(wanted)}, which {clip_of(labels, footage)} lacks. Is it the right clip?"
    )


def clip_of(labels: Path, footage: Path) -> Path:
    return footage / f"{labels.stem}.mp4"


def read_real_frames(engine: LiveEngine, footage: Path, overlays: Path | None = None) -> RealReading:
    """Reads every labelled frame; writes a picture of each to the folder `overlays`."""
    missing = [str(path) for path in (clip_of(labels, footage) for labels in label_files()) if not path.exists()]
    if missing:
        return RealReading(clips={}, note=f"not measured: no {', no '.join(missing)}")
    clips = {labels.stem: Agreement() for labels in label_files()}
    for labels in label_files():
        for frame, bgra_u8 in labelled_pictures(labels, footage):
            materials = engine.read(prepare(bgra_u8, engine.preset.size))
            seen = at_middles(materials)
            clips[labels.stem].add(frame.cells, seen)
            if overlays is not None:
                path = overlays / f"real_reading_{labels.stem}_{frame.index}.png"
                if not cv2.imwrite(str(path), overlay(bgra_u8, materials, frame, seen)):
                    raise click.ClickException(f"writing {path}: not written. Is its folder there?")
    return RealReading(clips=clips)


def overlay(bgra_u8: np.ndarray, materials: np.ndarray, frame: LabelledFrame, seen: np.ndarray) -> np.ndarray:
    """The game's frame beside its material map, BGR; each wrong cell with what is there, left, and what is seen."""
    size_px = (COLUMNS * CELL_PX, ROWS * CELL_PX)
    game = cv2.resize(np.ascontiguousarray(bgra_u8[..., :3]), size_px, interpolation=cv2.INTER_AREA)
    colors = np.ascontiguousarray(MATERIAL_COLORS[:, ::-1][materials.argmax(axis=2)])
    seen_map = cv2.resize(colors, size_px, interpolation=cv2.INTER_NEAREST)
    for row, column in np.argwhere(wrong_cells(frame.cells, seen)):
        at = (int(column) * CELL_PX, int(row) * CELL_PX)
        for picture, text in ((game, frame.cells[row][column]), (seen_map, MATERIALS[seen[row, column]][:6])):
            cv2.rectangle(picture, at, (at[0] + CELL_PX - 1, at[1] + CELL_PX - 1), COLOR_WRONG_BGR, 1)
            cv2.putText(picture, text, (at[0] + 2, at[1] + 24), cv2.FONT_HERSHEY_SIMPLEX, 0.36, COLOR_WRONG_BGR, 1)
    return np.concatenate([game, seen_map], axis=1)


def print_table(console: Console, reading: RealReading) -> None:
    if reading.note is not None:
        console.print(f"cells of real games read right: {reading.note}")
        return
    table = Table(title="real games: the Reader's material at the middle of hand-labelled cells")
    for name, side in (("what is there", "left"), ("cells", "right"), ("right", "right"), ("seen instead", "left")):
        table.add_column(name, justify="right" if side == "right" else "left")
    for name, clip in [*reading.clips.items(), ("all", reading.all)]:
        table.add_row(name, str(clip.counts.sum()), f"{clip.share:.1%}", "")
    shares = reading.all.share_by_name()
    table.add_row("mean over materials", "", f"{reading.all.material_mean:.1%}", "")
    table.add_section()
    for name, seen in reading.all.confusion().items():
        others = ", ".join(f"{other} {count}" for other, count in seen.items() if other not in name.split(" or "))
        table.add_row(name, str(sum(seen.values())), f"{shares[name]:.1%}", others)
    console.print(table)


footage_option = click.option(
    "--footage", default=FOOTAGE, show_default=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the real clips.",
)  # fmt: skip


@click.command(help=__doc__)
@footage_option
@click.option("--weights", default=WEIGHTS, type=click.Path(path_type=Path, exists=True), help="Folder of reader.onnx.")
@click.option("--overlays", type=click.Path(path_type=Path, file_okay=False), help="Folder for a picture a frame.")
def main(footage: Path, weights: Path, overlays: Path | None) -> None:
    cv2.setNumThreads(1)
    reading = read_real_frames(LiveEngine(PRESETS["lite"], weights=weights), footage, overlays)
    print_table(Console(), reading)
    click.echo(json.dumps(reading.summary()))


if __name__ == "__main__":
    main()
