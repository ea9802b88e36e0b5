"""Paints footage with what prompts give, to judge them by eye: python tools/prompt_sheet.py OUT.png "a prompt" ...

A row is a prompt: its swatches scene, then a frame of each clip in ../shared/footage painted with the lite preset.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin import engine_renderer
from reskin.prompts import prompt_theme
from reskin.renderer import Renderer, View
from reskin.themes import Theme
from tools import theme_swatches
from tools.theme_frames import FOOTAGE

HEIGHT_PX = 216
SECONDS = {"extremetuxracer": 2.0, "supertux": 2.0}
SETTLE = 6  # frames before the one that is shown: the statistics of light are slow


def frames(path: Path, at_s: float) -> list[np.ndarray]:
    """SETTLE frames up to a time, BGRA."""
    clip = cv2.VideoCapture(str(path))
    clip.set(cv2.CAP_PROP_POS_MSEC, 1000 * at_s)
    found = [clip.read()[1] for _ in range(SETTLE)]
    if found[-1] is None:
        raise click.ClickException(f"reading {path}: no frame at {at_s} s")
    return [cv2.cvtColor(frame, cv2.COLOR_BGR2BGRA) for frame in found if frame is not None]


def painted(renderer: Renderer, clip: list[np.ndarray], theme: Theme) -> np.ndarray:
    renderer.reset()
    out = np.empty_like(clip[0])
    for frame in clip:
        renderer.render(frame, theme, View.THEME, 0, out)
    return _sized(out[..., :3])


def _sized(bgr_u8: np.ndarray) -> np.ndarray:
    h, w = bgr_u8.shape[:2]
    return cv2.resize(bgr_u8, (round(w * HEIGHT_PX / h), HEIGHT_PX), interpolation=cv2.INTER_AREA)


def _titled(row: np.ndarray, text: str) -> np.ndarray:
    title = np.full((26, row.shape[1], 3), 24, np.uint8)
    cv2.putText(title, text[:110], (8, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1, cv2.LINE_AA)
    return np.vstack([title, row])


@click.command(help=__doc__)
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("prompts", nargs=-1, required=True)
@click.option("--footage", type=click.Path(path_type=Path, exists=True, file_okay=False), default=FOOTAGE)
@click.option("--lexicon", is_flag=True, help="Without the sentence embedding.")
def main(out: Path, prompts: tuple[str, ...], footage: Path, lexicon: bool) -> None:
    clips = [frames(footage / f"{name}.mp4", at_s) for name, at_s in SECONDS.items()]
    renderer = engine_renderer.create("lite")
    rows = []
    for prompt in prompts:
        parameters = prompt_theme(prompt, embedding=not lexicon).parameters
        theme = Theme.model_validate({"name": "prompted", **parameters})
        swatches = np.ascontiguousarray(theme_swatches.scene(theme)[..., ::-1] * 255).round().astype(np.uint8)
        pictures = [painted(renderer, clip, theme) for clip in clips]
        rows.append(_titled(np.hstack([_sized(swatches), *pictures]), prompt))
    cv2.imwrite(str(out), np.vstack(rows))
    click.echo(f"{out}: {len(rows)} prompts")


if __name__ == "__main__":
    main()
