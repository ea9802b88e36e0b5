"""Glass to glass: from the moment a game draws a frame to the moment a player sees its painting.

The game draws its own clock as a marker, which the engine's process carries over to the painting (`reskin.marker`). A
`GlassMeter`, a process of its own, reads it back from the screen: the time now minus the time in the marker is the
latency.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from reskin.child_process import die_with, spawn
from reskin.errors import DisplayError
from reskin.frame import Region
from reskin.log import start_process_log
from reskin.marker import MARKER_H_PX, MARKER_W_PX, NUMBER_LIMIT, is_carried, marker_time, read_marker

_POLL_S = 0.002
_REST_S = 0.025  # after a new painting: the next is a tick of 42 ms away, and looking costs the loop that is measured


@dataclass(frozen=True, kw_only=True)
class GlassReport:
    count: int  # paintings that were seen
    p50_ms: float
    p95_ms: float
    p99_ms: float
    unread_share: float  # of looks at the screen in which no carried marker was there

    @staticmethod
    def of(latencies_ms: list[int], looks: int, unread: int) -> GlassReport:
        values: list[float] = [*latencies_ms] or [float("nan")]
        p50, p95, p99 = np.percentile(values, (50, 95, 99), method="higher")
        return GlassReport(
            count=len(latencies_ms), p50_ms=float(p50), p95_ms=float(p95), p99_ms=float(p99),
            unread_share=unread / looks if looks else 1.0,
        )  # fmt: skip


class GlassMeter:
    """Watches the marker at the upper left corner of `region` on the screen, from `begin` to `finish`."""

    def __init__(self, region: Region) -> None:
        self._process, self._connection = spawn("reskin-glass-meter", _watch, os.getpid(), region.x, region.y)

    def begin(self) -> None:
        """Forget what was seen so far (the warm-up). Should the process have ended, `finish` says so."""
        with contextlib.suppress(OSError):
            self._connection.send("begin")

    def finish(self) -> GlassReport:
        try:
            self._connection.send("finish")
            if not self._connection.poll(10):
                raise DisplayError("reading the marker from the screen: no answer in 10 s; is the display still there?")
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise DisplayError(
                "reading the marker from the screen: the process that does it has ended; run it again without other "
                "programs that read the screen"
            ) from error
        finally:
            self.close()
        if isinstance(answer, str):
            raise DisplayError(f"reading the marker from the screen: {answer}")
        return GlassReport.of(*answer)

    def close(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._connection.close()


def _watch(connection: Connection, parent_pid: int, x: int, y: int) -> None:
    """Look every 2 ms while a painting is due; one latency for each, when it is first seen."""
    die_with(parent_pid)
    start_process_log("glass-meter")
    import mss

    latencies_ms: list[int] = []
    looks = unread = 0
    number: int | None = None
    last: int | None = None
    last_pixels = b""
    try:
        with mss.MSS() as screen:
            area = {"left": max(0, x), "top": max(0, y), "width": MARKER_W_PX, "height": MARKER_H_PX}
            while True:
                if connection.poll():
                    if connection.recv() == "finish":
                        break
                    latencies_ms, looks, unread = [], 0, 0
                shot: Any = screen.grab(area)
                now = marker_time(time.monotonic_ns())
                looks += 1
                if shot.raw != last_pixels:
                    last_pixels = bytes(shot.raw)
                    corner = np.frombuffer(last_pixels, np.uint8).reshape(MARKER_H_PX, MARKER_W_PX, 4)
                    number = read_marker(corner) if is_carried(corner) else None
                unread += number is None
                is_new = number is not None and number != last
                if number is not None and is_new:
                    latencies_ms.append((now - number) % NUMBER_LIMIT)
                    last = number
                time.sleep(_REST_S if is_new else _POLL_S)
        connection.send((latencies_ms, looks, unread))
    except EOFError:
        return  # the app is gone
    except Exception as error:  # noqa: BLE001  whatever the screen does, the app is told instead of waiting
        with contextlib.suppress(OSError):
            connection.send(f"{type(error).__name__}: {error}")
