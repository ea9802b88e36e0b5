"""A stream for clients to be measured on, without a game: python tools/stream_feeder.py --port 0 --size 1280x720

Moving pictures at 24 a second through the app's own sink, each with the wall clock's milliseconds as a marker
(reskin.marker). A process of its own, so that it can be killed and started again. Prints one line of JSON: the links.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.cli_options import SizeType
from reskin.frame import Frame, Region
from reskin.marker import NUMBER_LIMIT, draw_marker
from reskin.pace import SystemClock, Ticks
from reskin.settings import StreamSettings
from reskin.sinks.web.sink import WebSink
from reskin.status import EngineState, Status
from reskin.theme_store import ThemeStore
from reskin.timely_thread import timely_thread
from tools.theme_frames import ROOT

SCENE = ROOT / "themes" / "pictures" / "etr-elden-dusk.jpg"  # a game's picture, as heavy to encode as one
SHIFT_PX = 6


@dataclass(frozen=True)
class Links:
    page: str
    mjpeg: str
    control: str
    status: str


def clock_ms() -> int:
    """What a marker says: the wall clock, which a browser on this machine shares."""
    return time.time_ns() // 1_000_000 % NUMBER_LIMIT


def age_ms(marker: int) -> int:
    return (clock_ms() - marker) % NUMBER_LIMIT


def scene(size_px: tuple[int, int]) -> np.ndarray:
    """(h, w, 4), w x h as given."""
    import cv2

    picture = cv2.imread(str(SCENE))
    assert picture is not None, f"{SCENE} belongs to the repository"
    skin = picture[:, picture.shape[1] // 2 :]  # right of the game as it is
    return cv2.cvtColor(cv2.resize(skin, size_px), cv2.COLOR_BGR2BGRA)


@click.command(help=__doc__)
@click.option("--port", default=0, show_default=True)
@click.option("--size", "size_px", type=SizeType(), default="1280x720", show_default=True)
def main(port: int, size_px: tuple[int, int]) -> None:
    status = Status(engine=EngineState.ACTIVE, theme="Elden Dusk", strength=0.9, view="theme", size=size_px[::-1])
    sink = WebSink(StreamSettings(port=port), status=status, store=ThemeStore.open("elden-dusk"))
    links = Links(
        sink.link(), sink.link("/stream.mjpg"), sink.link("/control", acts=True), sink.link("/status.json")
    )  # fmt: skip
    print(json.dumps(vars(links)), flush=True)
    pixels, clock = scene(size_px), SystemClock()
    ticks = Ticks(clock.now_ns())
    status.begin_measuring(clock.now_ns())
    number = 0
    with timely_thread():
        while True:
            clock.sleep_until(ticks.deadline_ns)
            shown_ns = clock.now_ns()
            moved = np.roll(pixels, number * SHIFT_PX, axis=1)
            draw_marker(moved, clock_ms())
            sink.show(Frame(number, shown_ns, moved), Region(0, 0, *size_px))
            number += 1
            status.latency_ms.add((clock.now_ns() - shown_ns) / 1e6)
            skipped = ticks.advance(clock.now_ns())
            status.ticks += 1 + skipped
            status.missed += skipped
            status.measured_until_ns = clock.now_ns()


if __name__ == "__main__":
    main()
