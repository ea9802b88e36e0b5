"""Measures the stream as its viewers get it: python tools/bench_stream.py chromium|obs|viewers|cost [--seconds 60]

Chromium and OBS are the real ones (tools/stream_clients.py) on a stream of marked pictures at 1280x720; `viewers` is
the live bench with twenty viewers, one of which reads nothing; fewer than all of them through the measured time is an
error. A table beside the goals, then one line of JSON; the exit status is 1 when a goal was missed.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import re
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.errors import ReskinError
from reskin.frame import Frame, Region
from reskin.marker import MARKER_H_PX, MARKER_W_PX, NUMBER_LIMIT, read_marker
from reskin.pace import TICK_HZ, SystemClock, Ticks
from reskin.settings import StreamSettings
from reskin.sinks.web.sink import WebSink
from reskin.web_parts.keys import Keys
from tools.stream_attendance import Attendance, viewers_of
from tools.stream_clients import START_LIMIT_S, Feeder, Obs, chromium, feeder, obs
from tools.stream_crowd import crowd
from tools.stream_feeder import age_ms, scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZE_PX = (1280, 720)
DRAIN_S = 1.0
VIEWERS = 19  # besides the one that reads nothing
LOOK_EVERY_S = 0.25
FIRST_WIDTH_PX = 300  # of a canvas that shows nothing yet
POLL_MS = 50
AWAY_S = 1.0  # our server, between its death and its next start

# Notes each picture drawn: its number, the clock, and the marker as it lies on the page's canvas.
RECORDER = """
([w, h]) => {
  window.drawn = [];
  const pen = document.getElementById("screen").getContext("2d");
  window.addEventListener("reskin-picture", ({ detail }) => {
    const now = Date.now();
    const bytes = pen.getImageData(0, 0, w, h).data;
    window.drawn.push([detail.number, now, btoa(String.fromCharCode(...bytes))]);
  });
}
"""


@dataclass(kw_only=True)
class Drawn:
    """What a page drew."""

    numbers: list[int] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)  # of the wall clock
    ages_ms: list[int] = field(default_factory=list)  # from handed to the sink to drawn
    unread: int = 0
    counted: int = 0  # pictures that the server says it left out for this page

    @property
    def fps(self) -> float:
        elapsed_s = (self.times_ms[-1] - self.times_ms[0]) / 1000 if len(self.times_ms) > 1 else 0
        return (len(self.times_ms) - 1) / elapsed_s if elapsed_s else 0.0

    @property
    def skipped(self) -> int:
        return sum(b - a - 1 for a, b in zip(self.numbers, self.numbers[1:], strict=False))

    def add(self, number: int, now_ms: int, rgba: bytes) -> None:
        self.numbers.append(number)
        self.times_ms.append(now_ms)
        marker = read_marker(np.frombuffer(rgba, np.uint8).reshape(MARKER_H_PX, MARKER_W_PX, 4))
        if marker is None:
            self.unread += 1
        else:
            self.ages_ms.append((now_ms - marker) % NUMBER_LIMIT)


def watch_in_chromium(
    browser: Browser, stream: Feeder, seconds: float, shot: Path | None = None, *, least: int = 0
) -> Drawn:
    """The browser source's page for so long; where it has not drawn `least` pictures by then, until it has."""
    drawn = Drawn()
    page = browser.new_page(viewport={"width": SIZE_PX[0], "height": SIZE_PX[1]})
    page.goto(stream.links.page)
    limit_s = time.monotonic() + START_LIMIT_S
    while page.evaluate("document.getElementById('screen').width") <= FIRST_WIDTH_PX:
        if time.monotonic() > limit_s:
            raise click.ClickException(
                f"watching the stream in Chromium: nothing was drawn within {START_LIMIT_S:.0f} s. Does the link play "
                "in a browser?"
            )
        page.wait_for_timeout(POLL_MS)  # the page's own policy forbids playwright's wait_for_function
    page.evaluate(RECORDER, [MARKER_W_PX, MARKER_H_PX])
    end_s = time.monotonic() + seconds
    limit_s = end_s + START_LIMIT_S
    while (left_s := (end_s if len(drawn.numbers) >= least else limit_s) - time.monotonic()) > 0:
        page.wait_for_timeout(min(DRAIN_S, left_s) * 1000)
        for number, now_ms, rgba in page.evaluate("() => window.drawn.splice(0)"):
            drawn.add(number, now_ms, base64.b64decode(rgba))
    status = page.evaluate("url => fetch(url).then((answer) => answer.json())", stream.links.status)
    drawn.counted = status["drops"]["viewers"]
    if shot is not None:
        page.screenshot(path=shot)
    page.close()
    return drawn


@dataclass(kw_only=True)
class Looks:
    """What OBS' program showed. A picture's age lies between those when it was asked for and when it was here."""

    asked_ms: list[int] = field(default_factory=list)
    answered_ms: list[int] = field(default_factory=list)
    unread: int = 0
    back_s: float = float("nan")  # after our server was killed and started again

    def growth_ms(self) -> float:
        """Median of the last fifth over that of the first."""
        part = max(1, len(self.answered_ms) // 5)
        return float(np.median(self.answered_ms[-part:]) - np.median(self.answered_ms[:part]))


def look_in_obs(client: Obs, looks: Looks) -> bool:
    """One look; whether it showed a picture of ours."""
    asked_s = time.monotonic()
    marker = client.marker()
    if marker is None:
        looks.unread += 1
        return False
    age = age_ms(marker)
    looks.answered_ms.append(age)
    looks.asked_ms.append(age - round((time.monotonic() - asked_s) * 1000))
    return True


def wait_for_current(client: Obs, limit_s: float, current_ms: int) -> float:
    """Seconds until OBS shows a picture that is no older than that."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < limit_s:
        marker = client.marker()
        if marker is not None and age_ms(marker) <= current_ms:
            return time.monotonic() - began_s
        time.sleep(LOOK_EVERY_S)
    return float("inf")


def print_rows(title: str, rows: list[tuple[str, float, str, bool | None]], **more: object) -> bool:
    """Name, value, goal and whether it was met; then the line for machines. Whether no goal was missed."""
    passes = all(met is not False for _, _, _, met in rows)
    table = Table("", "value", "goal", "", title=title)
    for name, value, goal, met in rows:
        table.add_row(name, f"{value:.2f}", goal, "" if met is None else "met" if met else "MISSED")
    Console().print(table)
    print(json.dumps({**{name: round(value, 3) for name, value, _, _ in rows}, **more, "passes": passes}))
    return passes


def percentile(values: list[int], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else float("nan")


@click.group(help=__doc__)
def bench() -> None:
    pass


seconds_option = click.option("--seconds", default=60.0, show_default=True)
shot_option = click.option("--shot", type=click.Path(path_type=Path), help="Save what it shows at the end, as .png.")


@bench.command("chromium")
@seconds_option
@shot_option
def chromium_command(seconds: float, shot: Path | None) -> None:
    """The browser source's page in headless Chromium."""
    with feeder(SIZE_PX) as stream, chromium() as browser:
        drawn = watch_in_chromium(browser, stream, seconds, shot)
    p50, p95 = percentile(drawn.ages_ms, 50), percentile(drawn.ages_ms, 95)
    rows: list[tuple[str, float, str, bool | None]] = [
        ("pictures drawn a second", drawn.fps, "23.9", drawn.fps >= 23.9),
        ("skipped", drawn.skipped, "those counted", drawn.skipped <= drawn.counted),
        ("counted", drawn.counted, "", None),
        ("added latency p50 ms", p50, "20", p50 <= 20),
        ("added latency p95 ms", p95, "40", p95 <= 40),
        ("markers not read", drawn.unread, "0", drawn.unread == 0),
    ]
    sys.exit(0 if print_rows(f"Chromium, {SIZE_PX[0]}x{SIZE_PX[1]}, {seconds:g} s", rows) else 1)


@bench.command("obs")
@seconds_option
@shot_option
def obs_command(seconds: float, shot: Path | None) -> None:
    """/stream.mjpg as a Media Source of OBS, also after our server was killed and started again."""
    looks = Looks()
    with feeder(SIZE_PX) as stream, obs(stream.links.mjpeg, SIZE_PX) as client:
        wait_for_current(client, 30, 5000)
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            look_in_obs(client, looks)
            time.sleep(LOOK_EVERY_S)
        if shot is not None:
            client.save_screenshot(shot)
        stream.kill()
        time.sleep(AWAY_S)
        stream.start()
        looks.back_s = wait_for_current(client, 60, 1000)
    p50, growth = percentile(looks.answered_ms, 50), looks.growth_ms()
    rows: list[tuple[str, float, str, bool | None]] = [
        ("frame age p50 ms, when asked for", percentile(looks.asked_ms, 50), "", None),
        ("frame age p50 ms, when the answer came", p50, "150", p50 <= 150),
        ("frame age p95 ms, when the answer came", percentile(looks.answered_ms, 95), "", None),
        ("growth ms, last fifth over first", growth, "20", growth <= 20),
        ("looks", len(looks.answered_ms), "", None),
        ("markers not read", looks.unread, "0", looks.unread == 0),
        ("back after our restart, s", looks.back_s, "60", looks.back_s < 60),
    ]
    sys.exit(0 if print_rows(f"OBS, Media Source, {SIZE_PX[0]}x{SIZE_PX[1]}, {seconds:g} s", rows) else 1)


@bench.command()
@seconds_option
@click.option("--preset", default="lite", show_default=True)
def viewers(seconds: float, preset: str) -> None:
    """The live bench while twenty watch, one of whom reads nothing."""
    from reskin.app import RunOptions, run
    from reskin.settings import Settings
    from tools import bench as live

    links: list[str] = []
    people: list[multiprocessing.process.BaseProcess] = []

    def tell(text: str) -> None:
        found = re.search(r"http\S+/\?key=\S+", text)
        assert found, text
        links.append(found[0])

    command = (sys.executable, "-m", "reskin.demo.game", "--size", f"{SIZE_PX[0]}x{SIZE_PX[1]}", "--marker")
    options = RunOptions(
        command=command, headless=not os.environ.get("DISPLAY"),
        headless_size_px=(SIZE_PX[0] + live.FRAME_PX, SIZE_PX[1] + live.FRAME_PX), theme=Settings().theme,
        preset=preset, seconds=seconds, warm_up_s=live.WARM_UP_S, measure=True, obs=True, tell=tell,
        settings=Settings.model_validate({"overlay": {"note_s": 0}, "stream": {"port": 0}}),
    )  # fmt: skip
    attendance = Attendance(VIEWERS + 1, lambda: viewers_of(links[0].replace("/?", "/status.json?")))
    machine = live.Machine(on_begin=attendance.begin)
    context = multiprocessing.get_context("spawn")

    def stop() -> bool:
        """Called at every tick: the crowd comes when there is something to see; without all of it nothing goes on."""
        if links and not people:
            people.append(context.Process(target=crowd, args=(links[0], VIEWERS), daemon=True))
            people[0].start()
        return attendance.is_short

    def end(_: object) -> None:
        machine.end()
        attendance.end()

    try:
        status = run(options, stop=stop, on_warm=machine.begin, on_end=end)
        attendance.check()
    except ReskinError as error:
        raise click.ClickException(str(error)) from error
    finally:
        for process in people:
            process.kill()
            process.join()
    found = live.figures(status, options, SIZE_PX, "demo", machine)
    Console().print(live.table(found, status))
    click.echo(f"watched by {min(attendance.counts)} at the least, in {len(attendance.counts)} looks")
    print(json.dumps({**found, "viewers": attendance.asked, "viewers_fewest": min(attendance.counts)}))


@bench.command()
@click.option("--seconds", default=8.0, show_default=True, help="For each number of viewers.")
def cost(seconds: float) -> None:
    """What the stream costs the app's process: milliseconds of a core for each picture; also on a busy machine."""
    pixels = scene(SIZE_PX)
    rows: list[tuple[str, float, str, bool | None]] = []
    for pages in (0, 1, VIEWERS):
        sink = WebSink(StreamSettings(port=0), keys=Keys())
        people = multiprocessing.get_context("spawn").Process(target=crowd, args=(sink.link(), pages), daemon=True)
        attendance = Attendance(pages + 1 if pages else 0, partial(viewers_of, sink.link("/status.json")))
        try:
            if pages:
                people.start()
            attendance.wait(people.is_alive)
            ticks = Ticks(time.monotonic_ns())
            began_s, shown = time.process_time(), 0
            while shown < seconds * TICK_HZ:
                SystemClock().sleep_until(ticks.deadline_ns)
                sink.show(Frame(shown, time.monotonic_ns(), pixels), Region(0, 0, *SIZE_PX))
                ticks.advance(time.monotonic_ns())
                shown += 1
            spent_ms = (time.process_time() - began_s) * 1000 / shown
            attendance.sample()
            attendance.check()
        except (ReskinError, OSError) as error:
            raise click.ClickException(str(error)) from error
        finally:
            if pages:
                people.kill()
                people.join()
            sink.close()
        rows.append(
            (f"ms a picture, pages: {pages}" + (", and one that reads nothing" if pages else ""), spent_ms, "", None)
        )
    print_rows(f"the app's process, {SIZE_PX[0]}x{SIZE_PX[1]}", rows)


if __name__ == "__main__":
    bench()
