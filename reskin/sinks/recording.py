"""A sink that records what is shown: a video of exactly 24 frames a second, encoded in a thread.

A frame of the video belongs to a tick. When the encoder is behind, pictures are dropped and the one before is repeated,
so the video keeps its time; a pause of the game (minimised) is left out. Knows nothing of codecs: `reskin.video` does.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np

from reskin.errors import VideoError
from reskin.frame import Frame, Region
from reskin.pace import TICK_HZ
from reskin.sinks.mailbox import Mailbox
from reskin.video import VideoWriter

PAUSE_TICKS = TICK_HZ  # a gap longer than a second is a pause


class RecordingSink:
    """`close` finishes the file. An error of the encoder is raised at the next `show`, and ends the loop."""

    name = "recording"

    def __init__(self, path: Path) -> None:
        self.written = 0
        self.repeated = 0
        self._path = path
        self._start_ns: int | None = None
        self._tick = 0  # of the newest picture, in the video's time
        self._mailbox = Mailbox()
        self._error: VideoError | None = None
        self._thread = threading.Thread(target=self._encode_for_ever, name="reskin-recording", daemon=True)
        self._thread.start()

    def show(self, frame: Frame, region: Region) -> None:
        if self._error is not None:
            raise self._error
        self._mailbox.put(self._tick_at(time.monotonic_ns()), frame.bgra_u8)

    def close(self) -> None:
        self._mailbox.close()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _tick_at(self, now_ns: int) -> int:
        if self._start_ns is None:
            self._start_ns = now_ns
        tick = round((now_ns - self._start_ns) * TICK_HZ / 1e9)
        if tick - self._tick > PAUSE_TICKS:
            self._start_ns += (tick - self._tick - 1) * 1_000_000_000 // TICK_HZ
            tick = self._tick + 1
        self._tick = max(self._tick, tick)
        return self._tick

    def _encode_for_ever(self) -> None:
        try:
            self._encode()
        except VideoError as error:
            self._error = error

    def _encode(self) -> None:
        first = self._mailbox.wait()
        if first is None:
            return
        h, w = first[1].shape[:2]
        with VideoWriter(self._path, (w, h), TICK_HZ, live=True) as writer:
            item: tuple[int, np.ndarray] | None = first
            before: np.ndarray | None = None
            while item is not None:
                tick, pixels = item
                for _ in range(tick - self.written):
                    self.repeated += 1
                    _write(writer, self.written, pixels if before is None else before)
                    self.written += 1
                if tick >= self.written:
                    _write(writer, self.written, pixels)
                    self.written += 1
                if before is not None:
                    self._mailbox.give_back(before)
                before = pixels
                item = self._mailbox.wait()


def _write(writer: VideoWriter, tick: int, pixels: np.ndarray) -> None:
    writer.write(Frame(index=tick, captured_ns=tick * 1_000_000_000 // TICK_HZ, bgra_u8=pixels))
