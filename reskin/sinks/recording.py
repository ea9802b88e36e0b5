"""A sink that records what is shown: a video of exactly 24 frames a second, encoded in a thread.

A frame of the video belongs to a tick. When the encoder is behind, pictures are dropped and the one before is repeated,
so the video keeps its time; a pause of the game (minimised) is left out. The video has the first picture's size; later
ones are fitted in with bars. With `split`, the game's own picture stands to the left of what is shown. Knows nothing of
codecs: `reskin.video` does.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import cv2
import numpy as np

from reskin.frame import Frame, Region
from reskin.pace import TICK_HZ
from reskin.sinks.mailbox import Mailbox
from reskin.sinks.sink_thread import SinkThread
from reskin.video import VideoWriter, check_target

PAUSE_TICKS = TICK_HZ  # a gap longer than a second is a pause
DIVIDER_PX = 2
DIVIDER_GREY = 235
SPLIT_WIDTH_LIMIT_PX = 3840  # of both together: above 4096 no card's encoder takes it, and few players do
_log = logging.getLogger(__name__)


class RecordingSink:
    """`close` finishes the file. An error of the encoder or the disk is raised at the next `show`, and at `close`."""

    name = "recording"

    def __init__(self, path: Path, *, split: bool = False) -> None:
        check_target(path)  # told before the game, not in its middle
        self.written = 0
        self.repeated = 0
        self._path = path
        self._split = split
        self._game: Frame | None = None  # its pixels are the capture's, and good until the next grab
        self._start_ns: int | None = None
        self._tick = 0  # of the newest picture, in the video's time
        self._thread = SinkThread(self.name, self._encode)

    def grabbed(self, frame: Frame) -> None:
        """The game's own newest picture, for `split`: before each `show`, and valid until after it."""
        self._game = frame

    def show(self, frame: Frame, region: Region) -> None:
        self._thread.check()
        tick = self._tick_at(time.monotonic_ns())
        if self._split:
            put_beside(self._thread.mailbox, tick, (self._game or frame).bgra_u8, frame.bgra_u8)
        else:
            self._thread.mailbox.put(tick, frame.bgra_u8)

    def close(self) -> None:
        try:
            self._thread.close()
        finally:
            _log.info(
                "recorded %d frames, %d of them repeats, %d pictures left out",
                self.written, self.repeated, self._thread.mailbox.dropped,
            )  # fmt: skip

    def _tick_at(self, now_ns: int) -> int:
        if self._start_ns is None:
            self._start_ns = now_ns
        tick = round((now_ns - self._start_ns) * TICK_HZ / 1e9)
        if tick - self._tick > PAUSE_TICKS:
            self._start_ns += (tick - self._tick - 1) * 1_000_000_000 // TICK_HZ
            tick = self._tick + 1
        self._tick = max(self._tick, tick)
        return self._tick

    def _encode(self, mailbox: Mailbox) -> None:
        first = mailbox.wait()
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
                    mailbox.give_back(before)
                before = pixels
                item = mailbox.wait()


def put_beside(mailbox: Mailbox, stamp: int, game: np.ndarray, shown: np.ndarray) -> None:
    """Both pictures, (h, w, 4), side by side with a thin light line between, written straight into the mailbox."""
    h, w = shown.shape[:2]
    scale = min(1.0, (SPLIT_WIDTH_LIMIT_PX - DIVIDER_PX) / (2 * w))
    half_w, half_h = max(1, int(w * scale)), max(1, int(h * scale))

    def fill(buffer: np.ndarray) -> None:
        for picture, left in ((game, 0), (shown, half_w + DIVIDER_PX)):
            half = buffer[:, left : left + half_w]
            if picture.shape == half.shape:
                np.copyto(half, picture)
            else:  # too wide, or the window changed its size between the two
                cv2.resize(picture, (half_w, half_h), dst=half, interpolation=cv2.INTER_AREA)
        buffer[:, half_w : half_w + DIVIDER_PX] = DIVIDER_GREY

    mailbox.put_filled(stamp, (half_h, 2 * half_w + DIVIDER_PX, 4), fill)


def _write(writer: VideoWriter, tick: int, pixels: np.ndarray) -> None:
    writer.write(Frame(index=tick, captured_ns=tick * 1_000_000_000 // TICK_HZ, bgra_u8=pixels))
