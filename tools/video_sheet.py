"""Real clips in real themes, as one picture: source, what the Reader sees, and every theme, at the window's full size.

python tools/video_sheet.py clip.mp4 --themes elden-dusk,neon-rain --frames 10,60 --out sheet.jpg

The stream runs from the clip's start to each frame asked for, so that what is shown is what a player would see there.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import PRESETS
from reskin.engine_renderer import EngineRenderer, create
from reskin.errors import ReskinError
from reskin.renderer import View
from reskin.themes import Theme, find_theme, load_theme
from reskin.video import VideoReader

WINDOW = (720, 1280)
LEAD_FRAMES = 48  # of the stream before a picture is taken: two seconds settle all that has a memory


@dataclass(frozen=True, kw_only=True)
class Column:
    label: str
    theme: Theme
    view: View


def frames_before(video: Path, last: int) -> list[np.ndarray]:
    """The frames up to and with number `last`, (h, w, 4) at the window's size, as many as the stream is led in by."""
    kept: list[np.ndarray] = []
    with VideoReader(video) as reader:
        for index, frame in enumerate(reader):
            if index > last - LEAD_FRAMES:
                picture = cv2.resize(frame.bgra_u8, WINDOW[::-1], interpolation=cv2.INTER_AREA)
                kept.append(np.ascontiguousarray(picture))
            if index == last:
                return kept
    raise click.ClickException(f"{video}: it has no frame {last}; its last is {index}")


def tile(renderer: EngineRenderer, stream: list[np.ndarray], column: Column) -> np.ndarray:
    """The stream's last frame in a column's theme and view."""
    renderer.reset()
    out = np.empty_like(stream[0])
    for i, bgra_u8 in enumerate(stream):
        last = i == len(stream) - 1
        renderer.render(bgra_u8, column.theme, column.view if last else View.THEME, 0, out)
    return labelled(out, column.label)


def labelled(bgra_u8: np.ndarray, text: str) -> np.ndarray:
    """(h, w, 3) with a name in the lower left, readable on any picture."""
    picture = np.ascontiguousarray(bgra_u8[..., :3])
    at = (16, picture.shape[0] - 18)
    for color, width in (((0, 0, 0), 6), ((255, 255, 255), 2)):
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 1.0, color, width, cv2.LINE_AA)
    return picture


@click.command(help=__doc__)
@click.argument("videos", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--themes", default="elden-dusk,neon-rain,sakura-toon", show_default=True, help="Ids or files, by commas."
)
@click.option("--frames", default="60", show_default=True, help="Numbers of frames of each clip, by commas.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="JPEG or PNG.")
@click.option("--preset", type=click.Choice(list(PRESETS)), default="nano", show_default=True)
@click.option("--width", default=640, show_default=True, help="Pixels of one picture in the sheet; 1280 is full size.")
@click.option("--columns", default=0, help="Pictures a row; 0 puts source, materials and all themes in one.")
def main(videos: tuple[Path, ...], themes: str, frames: str, out: Path, preset: str, width: int, columns: int) -> None:
    try:
        looks = [load_theme(find_theme(name)) for name in themes.split(",")]
        renderer = create(preset)
    except ReskinError as error:
        raise click.ClickException(str(error)) from error
    assert isinstance(renderer, EngineRenderer)
    shown = [Column(label="what the Reader sees", theme=looks[0], view=View.MATERIALS)]
    shown += [Column(label=look.name, theme=look, view=View.THEME) for look in looks]
    tiles: list[np.ndarray] = []
    for video in videos:
        for number in (int(part) for part in frames.split(",")):
            stream = frames_before(video, number)
            tiles.append(labelled(stream[-1], "game"))
            tiles += [tile(renderer, stream, column) for column in shown]
    size_px = (width, width * WINDOW[0] // WINDOW[1])
    tiles = [cv2.resize(picture, size_px, interpolation=cv2.INTER_AREA) for picture in tiles]
    per_row = columns or len(shown) + 1
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % per_row)
    sheet = np.concatenate([np.concatenate(tiles[i : i + per_row], axis=1) for i in range(0, len(tiles), per_row)])
    options = [] if out.suffix == ".png" else [cv2.IMWRITE_JPEG_QUALITY, 88]
    if not cv2.imwrite(str(out), sheet, options):
        raise click.ClickException(f"writing {out}: not written. Is its folder there? Names end in .jpg or .png.")
    click.echo(f"{out}: {len(tiles)} pictures, {sheet.shape[1]}x{sheet.shape[0]}, {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
