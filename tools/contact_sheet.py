"""One picture of many random training samples: each as the engine gets it, with its true materials below.

python tools/contact_sheet.py worlds OUT.png [--rows 4] [--columns 6] [--split validation]
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import click
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import MATERIAL_COLORS
from engine.worlds.samples import SPLITS, clips

SIZE = (144, 256)
COLORS = np.array(MATERIAL_COLORS, np.uint8)


@click.group(help=__doc__)
def main() -> None:
    pass


@main.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--rows", default=4, show_default=True)
@click.option("--columns", default=6, show_default=True)
@click.option("--split", type=click.Choice(sorted(SPLITS)), default="validation", show_default=True)
def worlds(out: Path, rows: int, columns: int, split: str) -> None:
    """Random worlds in random looks, and what is what in them."""
    tiles = []
    for (frame,) in islice(clips(split, SIZE, fresh=1.0), rows * columns):
        picture = (frame.rgb * 255 + 0.5).astype(np.uint8)
        tiles.append(np.concatenate([picture, COLORS[frame.material]]))
    sheet = np.concatenate([np.concatenate(tiles[i * columns : (i + 1) * columns], axis=1) for i in range(rows)])
    if not cv2.imwrite(str(out), sheet[..., ::-1]):
        raise click.ClickException(f"writing {out}: not written. Is its folder there, and does the name end in .png?")
    click.echo(f"{out}: {rows * columns} samples of {split}, {sheet.shape[1]}x{sheet.shape[0]}")


if __name__ == "__main__":
    main()
