"""A browser plays on a Ray cluster of real engines, and the replica that plays it is killed again and again.

    python -m tools.cluster_kill [--preset lite] [--kills 3]

Two replicas on this machine, Chromium with a clip as its camera, WebRTC throughout. Must hold: from each kill to the
end of what is watched, never longer than 3 s without a painted picture, and then the page stands on the theme that was
chosen. A line for each, one JSON line last; the exit status is 1 when something did not hold. Needs `reskin[cluster]`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reskin.errors import VideoError
from tools.bench_page import CLIP_S, THEME, play
from tools.cluster_chaos import LIMIT_S, longest_pause
from tools.page_clients import CLIP, Served, camera_options, served, write_camera
from tools.stream_clients import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZE_PX = (640, 360)
BEFORE_MS, AFTER_MS = 5000, 12_000  # of play round a kill: the next victim has to be up by then

# Notes when each painted picture was there.
PROBE = """
() => {
  window.painted = [];
  const video = document.getElementById("skin");
  const look = () => { painted.push(performance.now()); video.requestVideoFrameCallback(look); };
  video.requestVideoFrameCallback(look);
}
"""
# The page's clock now, and what was noted since the last time.
TAKE = "() => [performance.now(), painted.splice(0)]"


def kill_once(page: Page, server: Served) -> dict[str, Any]:
    """What the player saw of it."""
    page.wait_for_timeout(BEFORE_MS)
    victim = next(facts for facts in server.status()["replicas"].values() if facts["sessions"])
    killed_ms, _ = page.evaluate(TAKE)
    os.kill(victim["pid"], signal.SIGKILL)
    page.wait_for_timeout(AFTER_MS)
    ended_ms, painted_ms = page.evaluate(TAKE)
    theme = page.evaluate("document.querySelector('.card[aria-pressed=true]')?.dataset.theme")
    return {"away_s": longest_pause(painted_ms, killed_ms, ended_ms) / 1000, "theme": theme}


@click.command(help=__doc__)
@click.option("--preset", default="lite", show_default=True)
@click.option("--kills", default=3, show_default=True)
def main(preset: str, kills: int) -> None:
    with tempfile.TemporaryDirectory(prefix="reskin-camera-") as folder:
        camera = Path(folder) / "camera.y4m"
        try:
            write_camera(camera, SIZE_PX, CLIP_S)
        except VideoError as error:
            raise click.ClickException(str(error)) from error
        command = ("-m", "tools.local_cluster", "--preset", preset, "--replicas", "2")
        with served(*command) as server, chromium(*camera_options(camera)) as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            play(page, server.links["play"], SIZE_PX)
            page.click(f"[data-theme='{THEME}']")
            page.evaluate(PROBE)
            rows = []
            for number in range(kills):
                rows.append(kill_once(page, server))
                click.echo(
                    f"kill {number + 1}: no painted picture for {rows[-1]['away_s']:.2f} s, then {rows[-1]['theme']}"
                )
    holds = all(row["away_s"] <= LIMIT_S and row["theme"] == THEME for row in rows)
    click.echo("holds" if holds else "does NOT hold")
    click.echo(
        json.dumps(
            {"what": "cluster kill", "preset": preset, "clip": CLIP, "rows": rows, "limit_s": LIMIT_S, "holds": holds}
        )
    )
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
