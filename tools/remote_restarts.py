"""The demo played through a server that is killed and started again, as it is seen on the screen.

The demo draws the time into its corner; a process beside reads it from the screen every 4 ms. So what is measured is
when the picture moves on after a kill, whoever painted it, and for how long it stood still. For tools/bench_remote.py.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from reskin.app import RunOptions, run
from reskin.marker import MARKER_H_PX, MARKER_W_PX, NUMBER_LIMIT, is_carried, marker_time, read_marker
from reskin.platforms.x11.windows import list_windows
from reskin.remote_engine.address import Fallback, read_address
from reskin.remote_engine.fallback import FallbackEngine, Source
from reskin.status import Status
from reskin.virtual_display import VirtualDisplay
from tools.remote_server import ServerProcess

SAMPLE_EVERY_S = 0.004
PLAY_S, AWAY_S = 5.0, 2.0  # between two kills, of which so long without a server
SETTLE_S = 8.0  # from the first painting to the first kill
WAIT_LIMIT_S = 60.0


@dataclass(kw_only=True)
class Restart:
    moves_on_ms: float  # from the kill to a picture on the screen that the game drew after it
    by: str  # who painted that one
    start_ms: float  # how long the server took to take players again
    back_ms: float  # from then until its picture is shown
    still_ms: float  # the longest that the screen stood still, from the kill to its picture
    is_back: bool

    def json(self) -> dict[str, object]:
        return {key: round(value, 1) if isinstance(value, float) else value for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Seen:
    """The screen from a moment on: which picture of the game it shows, and whether it is painted."""

    at_ns: int
    drawn_ms: int  # modulo NUMBER_LIMIT
    is_painted: bool


def play_restarts(
    size_px: tuple[int, int], *, times: int, preset: str, own: str, fallback: Fallback, home: Path
) -> tuple[list[Restart], Status, int]:
    """What each was like, the run's status, and the ticks that the loop was late for from the first kill on."""
    import os

    w, h = size_px
    with VirtualDisplay((w + 64, h + 64)) as display, ServerProcess(home, preset=preset) as server:
        os.environ["DISPLAY"] = display.name
        game = (sys.executable, "-m", "reskin.demo.game", "--size", f"{w}x{h}", "--marker")
        status = Status()
        killer = Killer(server, times, status)
        options = RunOptions(
            command=game, preset=own, theme="elden-dusk", engine_address=read_address(server.link, fallback=fallback),
            measure=True,
        )  # fmt: skip
        run(options, status=status, stop=killer.is_done.is_set, on_warm=killer.begin)
        killer.join()
    return killer.restarts(), status, status.skipped - killer.skipped_before


class Killer(threading.Thread):
    """Kills and starts the server by a plan, and looks at the screen meanwhile; `begin` is the app's `on_warm`."""

    def __init__(self, server: ServerProcess, times: int, status: Status) -> None:
        super().__init__(daemon=True)
        self.is_done = threading.Event()
        self._server = server
        self._times = times
        self._status = status
        self.skipped_before = 0  # while everything was still starting
        self._engine: FallbackEngine | None = None
        self._kills: list[tuple[int, int, int]] = []  # killed, takes players again, its picture is chosen again
        self._eye = Eye()
        self._seen: list[Seen] = []

    def begin(self, engine: Any) -> None:
        self._engine = engine
        self._eye.begin()
        self.start()

    def run(self) -> None:
        try:
            time.sleep(SETTLE_S)
            self.skipped_before = self._status.skipped
            for _ in range(self._times):
                self._await(Source.SERVER)
                time.sleep(PLAY_S - AWAY_S)
                killed_ns = time.monotonic_ns()
                self._server.kill()
                time.sleep(AWAY_S)
                self._server.start()
                up_ns = time.monotonic_ns()
                self._kills.append((killed_ns, up_ns, self._await(Source.SERVER)))
            time.sleep(1.0)
        finally:
            self._seen = self._eye.finish()  # while the display is there
            self.is_done.set()

    def restarts(self) -> list[Restart]:
        return [_restart(self._seen, *kill) for kill in self._kills]

    def _await(self, source: Source) -> int:
        end_s = time.monotonic() + WAIT_LIMIT_S
        while time.monotonic() < end_s:
            if self._engine is not None and self._engine.source is source:
                return time.monotonic_ns()
            time.sleep(SAMPLE_EVERY_S)
        return 0


class Eye:
    """Reads the marker at the upper left corner of the first window, in a process of its own."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._connection, self._theirs = self._context.Pipe(duplex=True)
        self._process: Any = None

    def begin(self) -> None:
        window = list_windows()[0]
        place = (window.region.x, window.region.y)
        self._process = self._context.Process(target=_watch, args=(self._theirs, place), daemon=True)
        self._process.start()

    def finish(self) -> list[Seen]:
        if self._process is None:
            return []
        self._connection.send("finish")
        rows: list[tuple[int, int, bool]] = self._connection.recv()
        self._process.join()
        return [Seen(*row) for row in rows]


def _watch(connection: Connection, place: tuple[int, int]) -> None:
    import mss

    rows: list[tuple[int, int, bool]] = []
    last = b""
    with mss.MSS() as screen:
        area = {"left": place[0], "top": place[1], "width": MARKER_W_PX, "height": MARKER_H_PX}
        while not connection.poll(SAMPLE_EVERY_S):
            shot: Any = screen.grab(area)
            now_ns = time.monotonic_ns()
            if shot.raw == last:
                continue
            last = bytes(shot.raw)
            corner = np.frombuffer(last, np.uint8).reshape(MARKER_H_PX, MARKER_W_PX, 4)
            number = read_marker(corner)
            if number is not None:
                rows.append((now_ns, number, is_carried(corner)))
    connection.send(rows)


def _restart(seen: list[Seen], killed_ns: int, up_ns: int, back_ns: int) -> Restart:
    def is_newer(one: Seen, than_ns: int) -> bool:
        return (one.drawn_ms - marker_time(than_ns)) % NUMBER_LIMIT < NUMBER_LIMIT // 2

    moved_on = _first(seen, lambda one: one.at_ns > killed_ns and is_newer(one, killed_ns))
    back = _first(seen, lambda one: back_ns > 0 and one.at_ns > back_ns and one.is_painted)
    end_ns = back.at_ns if back is not None else up_ns
    moves_ns = [killed_ns, *(one.at_ns for one in seen if killed_ns < one.at_ns < end_ns), end_ns]
    nan = float("nan")
    return Restart(
        moves_on_ms=(moved_on.at_ns - killed_ns) / 1e6 if moved_on else nan,
        by="" if moved_on is None else "this machine" if moved_on.is_painted else "nobody: the game itself",
        start_ms=(up_ns - killed_ns) / 1e6, back_ms=(back.at_ns - up_ns) / 1e6 if back else nan,
        still_ms=float(np.diff(moves_ns).max()) / 1e6, is_back=back is not None,
    )  # fmt: skip


def _first(seen: list[Seen], holds: Callable[[Seen], bool]) -> Seen | None:
    return next((one for one in seen if holds(one)), None)
