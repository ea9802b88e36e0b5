"""Measures `reskin serve` as its page shows it: python tools/bench_page.py --seconds 60 --preset nano

Chromium with a real clip as its fake camera, on loopback. The clip's frames carry their numbers as markers; the page
reads them where it shows the original and where it shows the painting, and what lies between the two is the added
latency. The marker is kept by the theme itself ([keep] regions), so the engine does all of its work. A table beside
the goals, then one line of JSON; and how many frames came by each place on their way, so that one sees where they go.
Rates are over the time between the two counts, which on a busy machine is some seconds longer than --seconds. The exit
status is 1 when a goal was missed.
"""

from __future__ import annotations

import base64
import json
import math
import re
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.cli_options import SizeType
from reskin.errors import VideoError
from reskin.marker import MARKER_H_PX, MARKER_W_PX, read_marker
from reskin.themes import load_theme, shipped_themes
from tools.bench_stream import DRAIN_S, print_rows
from tools.page_clients import CLIP, Served, camera_options, served, write_camera
from tools.stream_clients import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

CLIP_S = 20.0
LOOP_MS = 1000 * CLIP_S / 2  # after so long a number that comes again is the next loop's
LIMIT_MS = 90_000  # until the picture is there, on a busy machine
SWITCHES = 9  # of themes; odd and even ones alike
BETWEEN_MS = 1500
THEME, OTHER = "frozen-north", "ember-wastes"  # as far apart as they come
APART_LEVELS = 20  # of 255, by which the mean colour of their paintings differs at least
GOAL_FPS, GOAL_P50_MS, GOAL_P95_MS, GOAL_THEME_MS = 23, 120, 200, 250

# Notes each picture of both videos: when it was there, and the marker as it lies in the corner.
PROBE = """
([w, h]) => {
  window.shown = { original: [], skin: [] };
  window.stalled = [];
  const watch = (name) => {
    const video = document.getElementById(name);
    const canvas = Object.assign(document.createElement("canvas"), { width: w, height: h });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    let before = null;
    const look = (now, about) => {
      pen.drawImage(video, 0, 0, w, h, 0, 0, w, h);
      const bytes = pen.getImageData(0, 0, w, h).data;
      window.shown[name].push([performance.now(), btoa(String.fromCharCode(...bytes)), about.presentedFrames]);
      if (name === "skin" && before !== null) window.stalled.push(now - before);
      before = now;
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
  };
  watch("original");
  watch("skin");
}
"""

# Frames so far, in the order of their way: what the page's connection has counted.
COUNTS = """
async () => {
  const found = {};
  for (const report of (await link.connection.getStats()).values()) {
    if (report.kind !== "video") continue;
    const { type, frames, framesEncoded, framesSent, framesReceived, framesDecoded, framesDropped } = report;
    if (type === "media-source") found.given = frames;
    if (type === "outbound-rtp") Object.assign(found, { encoded: framesEncoded, sent: framesSent });
    if (type === "inbound-rtp")
      Object.assign(found, { received: framesReceived, decoded: framesDecoded, dropped: framesDropped });
  }
  const quality = document.getElementById("skin").getVideoPlaybackQuality();
  return { ...found, played: quality.totalVideoFrames, unplayed: quality.droppedVideoFrames };
}
"""
UNPAINTED = "engine could not paint"
# Places on the way, in words, with the name of their count in the page's or the server's figures.
PLACES = (
    ("source gives", "page", "given"), ("browser encodes", "page", "encoded"), ("browser sends", "page", "sent"),
    ("server leaves out, a newer one is there", "server", "overtaken"),
    ("server leaves out, size or rate", "server", "refused"), ("session gets", "server", "frames"),
    ("session leaves out, the engine is busy", "server", "dropped"), ("engine paints", "server", "painted"),
    (UNPAINTED, "server", "unpainted"),
    ("paintings left out, the encoder is busy", "server", "replaced"), ("server encodes", "server", "sent"),
    ("browser receives", "page", "received"), ("browser decodes", "page", "decoded"),
    ("browser drops", "page", "dropped"), ("video element gets", "page", "played"),
    ("video element drops", "page", "unplayed"),
)  # fmt: skip

# Clicks a theme; resolves to the milliseconds until the mean colour has gone a quarter of the way to the other look.
SWITCH = """
([id, far]) => new Promise((resolve) => {
  const video = document.getElementById("skin");
  const pen = Object.assign(document.createElement("canvas"), { width: 16, height: 9 })
    .getContext("2d", { willReadFrequently: true });
  const mean = () => {
    pen.drawImage(video, 0, 0, 16, 9);
    const bytes = pen.getImageData(0, 0, 16, 9).data, sum = [0, 0, 0];
    for (let at = 0; at < bytes.length; at += 4) for (let of = 0; of < 3; of++) sum[of] += bytes[at + of] / 144;
    return sum;
  };
  const before = mean(), began = performance.now();
  const look = () => {
    const now = mean(), apart = Math.hypot(...now.map((value, of) => value - before[of]));
    const passed = performance.now() - began;
    if (passed > 3000 || (far !== null && apart > far / 4)) resolve([passed, apart]);
    else video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  document.querySelector(`[data-theme='${id}']`).click();
})
"""


@dataclass(kw_only=True)
class Seen:
    """What the page showed. Times are milliseconds of the page's clock."""

    sent_ms: dict[int, float] = field(default_factory=dict)  # a frame's number to its original's first time, this loop
    latencies_ms: list[float] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)  # of paintings
    numbers: list[int] = field(default_factory=list)
    gaps_ms: list[float] = field(default_factory=list)
    mbit: list[tuple[float, float]] = field(default_factory=list)  # sent and received, once a second
    own_ms: list[float] = field(default_factory=list)  # what the page itself says of its latency
    unread: int = 0
    presented: list[int] = field(default_factory=list)  # the browser's own count, at each painting that the probe saw
    places: dict[str, int] = field(default_factory=dict)  # frames that came by each of PLACES
    counted_s: float = float("nan")  # between the two counts that `places` is the difference of

    def add(self, shown: dict[str, list[tuple[float, str, int]]]) -> None:
        """Originals first: a painting is never there before its frame.

        A camera shows a picture several times, the first of which counts; the next loop of the clip begins anew.
        """
        for at_ms, corner, _ in shown["original"]:
            number = _number(corner)
            if number is not None and at_ms - self.sent_ms.get(number, -math.inf) > LOOP_MS:
                self.sent_ms[number] = at_ms
        for at_ms, corner, presented in shown["skin"]:
            self.times_ms.append(at_ms)
            self.presented.append(presented)
            number = _number(corner)
            if number is None:
                self.unread += 1
            elif number in self.sent_ms and (not self.numbers or self.numbers[-1] != number):
                self.numbers.append(number)
                self.latencies_ms.append(at_ms - self.sent_ms[number])

    @property
    def presented_fps(self) -> float:
        """By the browser's count: the probe is called when it can be, beside its own reading of pixels."""
        elapsed_s = (self.times_ms[-1] - self.times_ms[0]) / 1000 if len(self.times_ms) > 1 else 0.0
        return (self.presented[-1] - self.presented[0]) / elapsed_s if elapsed_s else 0.0

    def latency_ms(self, percent: float) -> float:
        return float(np.percentile(self.latencies_ms, percent)) if self.latencies_ms else float("nan")


def _number(corner: str) -> int | None:
    pixels = np.frombuffer(base64.b64decode(corner), np.uint8)
    return read_marker(pixels.reshape(MARKER_H_PX, MARKER_W_PX, 4))


def median(values: list[float]) -> float:
    return float(np.median(values)) if values else float("nan")


def marked_theme(size_px: tuple[int, int]) -> dict[str, Any]:
    """THEME with the marker's corner kept as the game shows it."""
    theme = load_theme(shipped_themes()[THEME]).model_dump(mode="json", exclude_unset=True)
    keep = theme.setdefault("keep", {})
    keep["regions"] = [[0.0, 0.0, (MARKER_W_PX + 4) / size_px[0], (MARKER_H_PX + 4) / size_px[1]]]
    return theme


def play(page: Page, link: str, size_px: tuple[int, int]) -> None:
    """Until the painted picture is there, in full size."""
    page.goto(link)
    page.wait_for_selector(".card")
    page.evaluate("lines => { document.getElementById('lines').value = lines; }", str(min(size_px)))
    page.click("#camera")
    page.wait_for_selector("body[data-state='live']", timeout=LIMIT_MS)
    page.evaluate("theme => link.send({ do: 'theme_parameters', theme })", marked_theme(size_px))
    end_s = time.monotonic() + LIMIT_MS / 1000
    while page.evaluate("document.getElementById('skin').videoWidth") != size_px[0] and time.monotonic() < end_s:
        page.wait_for_timeout(100)


def counts(page: Page, server: Served) -> dict[str, int]:
    """Of PLACES, so far; of one player. A place that nobody counts is left out."""
    sessions = server.status()["sessions"]  # a cluster tells only how many
    found = {"page": page.evaluate(COUNTS), "server": sessions[0] if isinstance(sessions, list) else {}}
    return {name: found[whose][key] for name, whose, key in PLACES if found[whose].get(key) is not None}


def watch(page: Page, server: Served, seconds: float) -> Seen:
    seen = Seen()
    before, began_s = counts(page, server), time.monotonic()
    page.evaluate(PROBE, [MARKER_W_PX, MARKER_H_PX])
    end_s = time.monotonic() + seconds
    while (left_s := end_s - time.monotonic()) > 0:
        page.wait_for_timeout(min(DRAIN_S, left_s) * 1000)
        drained = page.evaluate(
            "() => ({ original: window.shown.original.splice(0), skin: window.shown.skin.splice(0),"
            " gaps: window.stalled.splice(0), own: samples.at(-1)?.line ?? 0,"
            " rate: document.getElementById('rate').textContent })"
        )
        seen.gaps_ms += drained["gaps"]
        if drained["own"]:
            seen.own_ms.append(drained["own"])
        if found := re.match(r"([\d.]+), ([\d.]+)", drained["rate"]):
            seen.mbit.append((float(found[1]), float(found[2])))
        seen.add(drained)
    after, seen.counted_s = counts(page, server), time.monotonic() - began_s
    seen.places = {name: count - before.get(name, 0) for name, count in after.items()}
    if seen.presented:
        seen.places["shown, by the browser's count"] = seen.presented[-1] - seen.presented[0] + 1
    seen.places["shown, as the probe was called"] = len(seen.times_ms)
    return seen


def switch_themes(page: Page, count: int) -> list[float]:
    """Milliseconds from each click to its picture; the first two clicks say how far apart the themes are."""
    far: float | None = None
    took_ms = []
    for number in range(count + 2):
        passed_ms, apart = page.evaluate(SWITCH, [OTHER if number % 2 == 0 else THEME, far])
        if number == 1:
            far = apart
            if apart < APART_LEVELS:
                raise click.ClickException(
                    f"changing the theme from {OTHER} to {THEME}: the picture's mean moved by {apart:.0f} levels, "
                    f"expected {APART_LEVELS} or more, so nothing was measured. Does the engine paint? See the log."
                )
        elif number > 1:
            took_ms.append(passed_ms)
        page.wait_for_timeout(BETWEEN_MS)
    return took_ms


@click.command(help=__doc__)
@click.option("--seconds", default=60.0, show_default=True)
@click.option("--preset", default="nano", show_default=True)
@click.option(
    "--size", "size_px", type=SizeType(), default="640x360", show_default=True, help="Of the camera's picture."
)
@click.option("--clip", default=CLIP, show_default=True, help="One of ../shared/footage.")
@click.option("--warm-up", default=8.0, show_default=True, help="Seconds that are not counted.")
@click.option("--cluster", is_flag=True, help="Of Ray Serve with one replica on this machine; needs reskin[cluster].")
@click.option("--shot", type=click.Path(path_type=Path), help="Save what the page shows at the end, as .png.")
@click.argument("options", nargs=-1)
def main(
    seconds: float, preset: str, size_px: tuple[int, int], clip: str, warm_up: float, cluster: bool,
    shot: Path | None, options: tuple[str, ...],
) -> None:  # fmt: skip
    """OPTIONS, after --, go to `reskin serve`, or to `tools.local_cluster`."""
    with tempfile.TemporaryDirectory(prefix="reskin-camera-") as folder:
        camera = Path(folder) / "camera.y4m"
        try:
            write_camera(camera, size_px, CLIP_S, clip)
        except VideoError as error:
            raise click.ClickException(str(error)) from error
        program = ("tools.local_cluster",) if cluster else ("reskin", "serve")
        command = ("-m", *program, "--preset", preset, *options)
        with served(*command) as server, chromium(*camera_options(camera)) as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            play(page, server.links["play"], size_px)
            page.wait_for_timeout(warm_up * 1000)
            seen = watch(page, server, seconds)
            if shot is not None:
                page.screenshot(path=shot)
            switches_ms = switch_themes(page, SWITCHES)
            page.close()
    p50, p95 = seen.latency_ms(50), seen.latency_ms(95)
    theme_ms = float(np.max(switches_ms))
    received_fps = seen.places["browser receives"] / seen.counted_s
    rows: list[tuple[str, float, str, bool | None]] = [
        ("pictures received a second", received_fps, f"{GOAL_FPS}", received_fps >= GOAL_FPS),
        ("pictures shown a second, by the browser's count", seen.presented_fps, f"{GOAL_FPS}",
         seen.presented_fps >= GOAL_FPS),
        ("added latency p50 ms", p50, f"{GOAL_P50_MS}", p50 <= GOAL_P50_MS),
        ("added latency p95 ms", p95, f"{GOAL_P95_MS}", p95 <= GOAL_P95_MS),
        ("theme change visible, worst, ms", theme_ms, f"{GOAL_THEME_MS}", theme_ms <= GOAL_THEME_MS),
        ("theme change visible, median, ms", median(switches_ms), "", None),
        ("longest time without a picture ms", max(seen.gaps_ms, default=float("nan")), "", None),
        ("what the page says of its latency, median ms", median(seen.own_ms), "", None),
        ("Mbit/s sent, median", median([sent for sent, _ in seen.mbit]), "", None),
        ("Mbit/s received, median", median([received for _, received in seen.mbit]), "", None),
        ("different frames painted a second", len(seen.numbers) / seen.counted_s, "", None),
        ("share of markers not read", seen.unread / max(1, len(seen.times_ms)), "", None),
    ]  # fmt: skip
    if (unpainted := seen.places.get(UNPAINTED)) is not None:  # a cluster does not tell
        rows.append(("frames the engine could not paint", unpainted, "0", unpainted == 0))
    rows += [(f"{name}, frames a second", count / seen.counted_s, "", None) for name, count in seen.places.items()]
    title = f"{' '.join(program)}, {preset}, {size_px[0]}x{size_px[1]}, clip {clip}, Chromium, {seconds:g} s"
    passes = print_rows(title, rows, preset=preset, size=size_px, clip=clip)
    more = {"switches_ms": [round(value) for value in switches_ms], "frames": seen.places}
    print(json.dumps(more), file=sys.stderr)
    sys.exit(0 if passes else 1)


if __name__ == "__main__":
    main()
