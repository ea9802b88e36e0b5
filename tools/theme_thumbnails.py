"""Makes the control page's small pictures of the shipped themes: python tools/theme_thumbnails.py

Each is the demo's part of the theme's strip in themes/pictures (tools/theme_gallery.py), so run that one first.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.themes import shipped_theme_folder, shipped_themes
from reskin.web_parts.gallery import PICTURES
from tools.theme_gallery import FOLDER, PICTURE, strip_name

SIZE_PX = (240, 135)  # (w, h)
JPEG_QUALITY = 72
MOST_BYTES = 10_000  # of one


@click.command(help=__doc__)
def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for theme_id in shipped_themes():
        strip = cv2.imread(str(shipped_theme_folder() / FOLDER / strip_name(theme_id)))
        if strip is None:
            raise click.ClickException(f"{theme_id}: it has no strip. Run `python tools/theme_gallery.py` first.")
        small = cv2.resize(strip[:, : PICTURE[0]], SIZE_PX, interpolation=cv2.INTER_AREA)
        path = PICTURES / f"{theme_id}.jpg"
        cv2.imwrite(str(path), small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if path.stat().st_size > MOST_BYTES:
            raise click.ClickException(f"{path}: {path.stat().st_size} bytes, expected at most {MOST_BYTES}")
    click.echo(
        f"{len(shipped_themes())} pictures, {sum(path.stat().st_size for path in PICTURES.iterdir()) / 1e3:.0f} kB"
    )


if __name__ == "__main__":
    main()
