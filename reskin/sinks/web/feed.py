"""The newest picture as JPEG, for any number of viewers: encoded once, in a thread, and only while somebody watches.

Everything but `show` and `close` belongs to the server's event loop. A message is a header of 16 bytes (the picture's
number and the wall clock in ms, both big-endian, 64 bits: an integer and a float) and the JPEG. OpenCV encodes: its own
libjpeg-turbo 3 took 3.3 ms for 720p at quality 80 where simplejpeg took 3.0 (one busy core), and it is there already;
PyTurboJPEG needs a library that Debian 12 has in no version new enough. Knows nothing of the network.
"""

from __future__ import annotations

import asyncio
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from reskin.sinks.mailbox import Mailbox

AT_FULL_RATE = 4  # OBS, the control page, a phone: who came first gets every picture
CROWD_SPACING_S = 1 / 8
HEADER = struct.Struct(">Qd")


@dataclass(frozen=True, slots=True)
class Picture:
    number: int  # 1, 2, 3 ... as the sink was shown them, watched or not
    message: bytes  # header and JPEG

    @property
    def jpeg(self) -> memoryview:
        return memoryview(self.message)[HEADER.size :]


@dataclass(slots=True, eq=False)
class Viewer:
    """One that watches, and what it got."""

    kind: str  # "page" or "mjpg"
    sent: int = 0
    skipped: int = 0  # pictures between two that were sent: dropped by the encoder, or passed over for a newer one
    number: int = 0  # of the last that was sent
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, picture: Picture) -> None:
        if self.sent:
            self.skipped += picture.number - self.number - 1
        self.sent += 1
        self.number = picture.number
        self.acknowledged.clear()

    def acknowledge(self, text: str) -> bool:
        """False when that picture was not waiting for it: a viewer answers once and for what it got."""
        if self.acknowledged.is_set() or text != str(self.number):
            return False
        self.acknowledged.set()
        return True


class Feed:
    def __init__(self, *, quality: int, on_watched: Callable[[bool], None] = lambda is_watched: None) -> None:
        """`on_watched` is told when the first viewer comes and when the last has gone, in the event loop."""
        self.viewers: list[Viewer] = []  # in the order in which they came
        self.newest: Picture | None = None
        self.shown = 0
        self.lost = [0, 0]  # sent and skipped of viewers that have gone
        self._is_watched = False
        self._on_watched = on_watched
        self._quality = quality
        self._mailbox = Mailbox()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next: asyncio.Future[None] | None = None
        self._thread = threading.Thread(target=self._encode_for_ever, name="reskin-jpeg", daemon=True)

    @property
    def dropped(self) -> int:
        """Pictures that came while the encoder was at another."""
        return self._mailbox.dropped

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._next = loop.create_future()
        self._thread.start()

    def show(self, bgra_u8: np.ndarray, number: int | None = None) -> None:
        """One copy while somebody watches, nothing else; the number is the next when left out. For any one thread."""
        self.shown = self.shown + 1 if number is None else number
        if self._is_watched:
            self._mailbox.put(self.shown, bgra_u8)

    def close(self) -> None:
        """When the event loop has ended."""
        self._mailbox.close()
        if self._thread.is_alive():
            self._thread.join()

    def enter(self, kind: str) -> Viewer:
        viewer = Viewer(kind)
        self.viewers.append(viewer)
        self._watch(True)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        self.viewers.remove(viewer)
        self.lost = [self.lost[0] + viewer.sent, self.lost[1] + viewer.skipped]
        if not self.viewers:
            self._watch(False)
            self.newest = None  # the next viewer shall not begin with a picture of long ago

    def _watch(self, is_watched: bool) -> None:
        if is_watched != self._is_watched:
            self._is_watched = is_watched
            self._on_watched(is_watched)

    def spacing_s(self, viewer: Viewer) -> float:
        """From one picture to the next at least: a crowd gets fewer each, so that it leaves the game its cores."""
        return 0.0 if viewer in self.viewers[:AT_FULL_RATE] else CROWD_SPACING_S

    async def after(self, number: int) -> Picture:
        """The newest picture, as soon as there is one newer than `number`."""
        while self.newest is None or self.newest.number <= number:
            assert self._next is not None, "after() before open()"
            await asyncio.shield(self._next)
        return self.newest

    def _publish(self, picture: Picture) -> None:
        if not self.viewers:
            return
        assert self._next is not None
        assert self._loop is not None
        self.newest = picture
        done, self._next = self._next, self._loop.create_future()
        done.set_result(None)

    def _encode_for_ever(self) -> None:
        assert self._loop is not None
        while (item := self._mailbox.wait()) is not None:
            number, pixels = item
            message = HEADER.pack(number, time.time() * 1000) + encoded(pixels, self._quality)
            self._mailbox.give_back(pixels)
            try:
                self._loop.call_soon_threadsafe(self._publish, Picture(number, message))
            except RuntimeError:  # the event loop has ended
                return


def encoded(bgra_u8: np.ndarray, quality: int) -> bytes:
    """(h, w, 4) as JPEG; the alpha byte is left out."""
    done, jpeg = cv2.imencode(".jpg", bgra_u8, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "OpenCV encodes every picture of 8 bits"
    return jpeg.tobytes()
