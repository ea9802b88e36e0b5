"""Makes the gallery: themes/README.md, and for every theme one strip of the demo and both real games in it.

python tools/theme_gallery.py [--themes elden-dusk,candy] [--out themes]

A strip shows the stream's frame that tools/theme_frames.py names, after a lead-in, as a player would see it. The text
comes from the themes' own names and descriptions. Needs the clips: --footage.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import PRESETS
from reskin.engine_renderer import create
from reskin.themes import Theme, find_theme, load_theme, shipped_themes
from tools.theme_distances import painted
from tools.theme_frames import FOOTAGE, ROOT, games, stream_to

LEAD_FRAMES = 48  # two seconds settle everything that has a memory, as engine.train.stability has found
PICTURE = (456, 256)  # (w, h) of one game in a strip
JPEG_QUALITY = 60
JPEG = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
MOST_BYTES = 1_500_000  # of all strips together: they are part of the repository
FOLDER = "pictures"
HEAD = """# Themes

Written by `python tools/theme_gallery.py` from the themes beside it. Each strip: the bundled demo, Extreme Tux Racer,
SuperTux, live frames as they come from the engine (preset {preset}), nothing touched up. `reskin run GAME --theme ID`
plays in one; `reskin theme from-image shot.png --out my.toml` makes another.

The demo is Reskin's own. The art in the other two is their authors' and under their licences, not under Reskin's:
[Extreme Tux Racer](https://sourceforge.net/projects/extremetuxracer/) (GPL-2) and
[SuperTux](https://www.supertux.org) (GPL-3, CC-BY-SA).

The games as they are:

![The demo, Extreme Tux Racer and SuperTux as they are]({folder}/theme-none.jpg)
"""


def strip_name(theme_id: str) -> str:
    return f"theme-{theme_id}.jpg"


def section(theme_id: str, theme: Theme) -> str:
    title = f"## {theme.name} (`{theme_id}`)\n\n{theme.description}\n\n"
    return title + f"![{theme.name} on the demo, Extreme Tux Racer and SuperTux]({FOLDER}/{strip_name(theme_id)})\n"


def readme(themes: dict[str, Theme], preset: str) -> str:
    return "\n".join([HEAD.format(preset=preset, folder=FOLDER), *(section(*item) for item in themes.items())])


def write_strip(path: Path, pictures: list[np.ndarray]) -> int:
    """Pictures (h, w, 4) BGRA side by side; its bytes."""
    shrunk = [cv2.resize(picture[..., :3], PICTURE, interpolation=cv2.INTER_AREA) for picture in pictures]
    if not cv2.imwrite(str(path), np.concatenate(shrunk, axis=1), JPEG):
        raise click.ClickException(f"writing {path}: not written. Is its folder there?")
    return path.stat().st_size


@click.command(help=__doc__)
@click.option("--themes", default="", help="Ids by commas whose strips are made anew; all when left out.")
@click.option("--preset", type=click.Choice(list(PRESETS)), default="nano", show_default=True)
@click.option("--out", default=ROOT / "themes", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--footage", default=FOOTAGE, show_default=True, type=click.Path(path_type=Path, file_okay=False))
def main(themes: str, preset: str, out: Path, footage: Path) -> None:
    cv2.setNumThreads(1)
    everything = {theme_id: load_theme(path) for theme_id, path in shipped_themes().items()}
    chosen = {find_theme(name).stem for name in themes.split(",")} if themes else set(everything)
    shown = games(footage)
    if len(shown) < 3:
        raise click.ClickException(f"{footage}: a clip is missing. Expected extremetuxracer.mp4 and supertux.mp4 there")
    streams = [stream_to(game, game.shot, LEAD_FRAMES) for game in shown]
    folder = out / FOLDER
    folder.mkdir(exist_ok=True)
    write_strip(folder / strip_name("none"), [stream[-1] for stream in streams])
    renderer = create(preset)
    for theme_id in sorted(chosen):
        pictures = [painted(renderer, stream, everything[theme_id]) for stream in streams]
        click.echo(f"{theme_id}: {write_strip(folder / strip_name(theme_id), pictures) / 1e3:.0f} kB")
    (out / "README.md").write_text(readme(everything, preset), encoding="utf-8")
    total = sum(path.stat().st_size for path in folder.glob(strip_name("*")))
    click.echo(f"{len(everything)} themes, {total / 1e6:.2f} MB of strips")
    if total > MOST_BYTES:
        raise click.ClickException(f"the strips are over {MOST_BYTES / 1e6:.1f} MB together. Lower JPEG_QUALITY.")


if __name__ == "__main__":
    main()
