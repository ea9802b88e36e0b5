"""Makes the README's picture of OBS: python tools/stream_picture.py [--theme frozen-north] [--size 1280x720]

The bundled game, reskinned by a real run with --obs, in the window of a real OBS (Media Source). Waits until the skin
is what OBS shows; on a machine that is too busy for the engine it gives up and writes nothing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import click
import cv2
import mss
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.cli_options import SizeType
from tools.stream_clients import obs
from tools.theme_frames import ROOT

SKIN_LIMIT_S = 90.0
LOOK_S = 1.0
SKIN_PICTURES = 18  # in a second, of 24: it is the skin that is seen
BEHIND_S = 0.3  # from the loop to OBS' window, widely
JPEG_QUALITY = 72
DARK = 8  # of 255: the bare screen round OBS' window


@click.command(help=__doc__)
@click.option("--theme", default="frozen-north", show_default=True)
@click.option("--size", "size_px", type=SizeType(), default="1280x720", show_default=True)
@click.option("--out", default=ROOT / "themes" / "pictures" / "obs.jpg", type=click.Path(path_type=Path))
def main(theme: str, size_px: tuple[int, int], out: Path) -> None:
    size_text = f"{size_px[0]}x{size_px[1]}"
    game = subprocess.Popen(
        [sys.executable, "-m", "reskin", "demo", "--headless", "--obs", "--size", size_text, "--theme", theme],
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        url = link(game)
        with obs(url, size_px, preview=True) as client:
            wait_for_skin(url.replace("/stream.mjpg", "/status.json"))
            picture = cut(screen(client.display))
    finally:
        game.terminate()
        game.wait()
    cv2.imwrite(str(out), picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    click.echo(f"{out}: {picture.shape[1]}x{picture.shape[0]}, {out.stat().st_size / 1e3:.0f} kB")


def link(game: subprocess.Popen[str]) -> str:
    """That of the stream, as the run prints it."""
    assert game.stdout is not None
    for line in game.stdout:
        if found := re.search(r"http\S+/stream\.mjpg\S+", line):
            return found[0]
    raise click.ClickException("the run ended before it printed its links")


def wait_for_skin(status_url: str) -> None:
    """Until the player has had it for a second."""
    end_s = time.monotonic() + SKIN_LIMIT_S
    before = 0
    while time.monotonic() < end_s:
        time.sleep(LOOK_S)
        with urllib.request.urlopen(status_url, timeout=5) as answer:
            status = json.load(answer)
        presented = status["ticks"] - status["missed"]
        if presented - before >= SKIN_PICTURES:
            time.sleep(BEHIND_S)
            return
        before = presented
    raise click.ClickException(f"the engine did not keep up for a second within {SKIN_LIMIT_S:.0f} s; try later")


def screen(display: str) -> np.ndarray:
    with mss.MSS(display=display) as grabber:
        shot = grabber.grab(grabber.monitors[0])
    return np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)[..., :3]


def cut(picture: np.ndarray) -> np.ndarray:
    """Without the bare screen round the window."""
    lit = picture.max(axis=2) > DARK
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


if __name__ == "__main__":
    main()
