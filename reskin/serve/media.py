"""Pictures between WebRTC and a session: the newest decoded frame goes in, the newest painting comes out.

What waits is overtaken: a track's queue is drained before a frame is converted, and a painting is asked for only when
the encoder is free, so neither a slow engine nor a slow client makes anything grow. Conversion runs in threads. Knows
nothing of tokens, offers or data channels.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE, MediaStreamError, MediaStreamTrack

from reskin.serve.codecs import to_bgra, to_yuv
from reskin.serve.limits import MOST_FRAMES_AT_ONCE, MOST_FRAMES_PER_S, MOST_PIXELS_SIDE, SMALLEST_SIDE, Bucket
from reskin.serve.session import Painting, Session, SessionClosed
from reskin.serve.strip import NARROWEST, NO_NUMBER, STRIP_ROWS, add_strip, read_strip


class PaintedTrack(MediaStreamTrack):
    """The session's newest painting whenever the encoder is ready for one. One for each peer."""

    kind = "video"

    def __init__(self, session: Session, *, has_strip: bool) -> None:
        super().__init__()
        self._session = session
        self._has_strip = has_strip
        self._serial = 0
        self._pts = -1
        self.sent = 0
        self.replaced = 0  # paintings that a newer one followed before the encoder was ready

    async def recv(self) -> Any:
        if self.readyState != "live":
            raise MediaStreamError
        try:
            painting = await self._session.painted(after=self._serial)
        except SessionClosed:
            self.stop()
            raise MediaStreamError from None
        self.replaced += painting.serial - self._serial - 1 if self._serial else 0
        self._serial = painting.serial
        frame = await asyncio.get_running_loop().run_in_executor(None, self._frame, painting)
        # When its frame came, not when it is ready: two that are ready together would be shown together, as one
        came_s = time.monotonic() if painting.came_s is None else painting.came_s
        self._pts = max(self._pts + 1, int(came_s * VIDEO_CLOCK_RATE))
        frame.pts, frame.time_base = self._pts, VIDEO_TIME_BASE
        self.sent += 1
        return frame

    def _frame(self, painting: Painting) -> Any:
        pixels = painting.bgra_u8
        if self._has_strip:  # without a number where it was not painted: its client must not take it for a painting
            number = painting.number if painting.is_painted else None
            pixels = add_strip(pixels, NO_NUMBER if number is None else number)
        return to_yuv(pixels)


class Intake:
    """Feeds a session from a client's track until it ends."""

    def __init__(self, session: Session) -> None:
        self.overtaken = 0  # frames that a newer one followed before they were converted
        self.refused = 0  # of a size that is not served, or too many a second
        self.note = ""  # for the player, once
        self._session = session
        self._rate = Bucket(MOST_FRAMES_PER_S, MOST_FRAMES_AT_ONCE)

    async def run(self, track: MediaStreamTrack) -> None:
        loop = asyncio.get_running_loop()
        while not self._session.is_closed:
            try:
                frame = await self._newest(track)
            except MediaStreamError:
                return
            if not self._rate.take() or not self._is_served(frame):
                self.refused += 1
                continue
            pixels, number = await loop.run_in_executor(None, self._converted, frame)
            self._session.offer(pixels, number)

    async def _newest(self, track: MediaStreamTrack) -> Any:
        """The track's last decoded frame; what came before it is left out."""
        frame = await track.recv()
        waiting: asyncio.Queue = track._queue  # type: ignore[attr-defined]
        while not waiting.empty():
            newer = waiting.get_nowait()
            if newer is None:  # the end, which the next `recv` shall see
                waiting.put_nowait(None)
                break
            frame = newer
            self.overtaken += 1
        return frame

    def _is_served(self, frame: Any) -> bool:
        h, w = frame.height, frame.width
        strip = STRIP_ROWS if self._session.has_strip else 0
        narrowest = NARROWEST if strip else SMALLEST_SIDE
        high, wide = sorted(MOST_PIXELS_SIDE)
        long, short = max(h - strip, w), min(h - strip, w)
        if short < SMALLEST_SIDE or w < narrowest or short > high or long > wide:
            self.note = f"pictures of {w}x{h - strip} are not served: at least {narrowest}, at most {wide}x{high}"
            return False
        return True

    def _converted(self, frame: Any) -> tuple[np.ndarray, int | None]:
        pixels = to_bgra(frame)
        if not self._session.has_strip:
            return pixels, None
        picture, number = read_strip(pixels)
        return np.ascontiguousarray(picture), number
