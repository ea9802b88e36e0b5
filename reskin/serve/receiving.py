"""Receiving video promptly: parts of aiortc's receiver and sender, and those of `codecs`: `install()` once a process.

- aiortc gives a frame out when the next one's first packet comes, 41.7 ms late at 24 fps; here its marker is enough.
- Frames that became whole together (a packet came that was lost before) are decoded together and the newest is handed
  on; aiortc gives out one a packet, and stays behind where a frame is one packet.
- A lost packet is asked for again every round trip, and not once; its sender keeps 2048 packets and not 128 (0.2 s).
- A gap that stays for HOPELESS_S is jumped over and a whole picture asked for; aiortc waits for 128 packets.

Knows nothing of sessions or pictures. For the event loop's thread; the decoder is for aiortc's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import av

HISTORY_PACKETS = 2048  # 3.4 s at 6 Mbit/s; a power of 2 that divides 65,536, as aiortc takes numbers modulo it
HOPELESS_S = 0.4
MOST_AHEAD = 2048  # packets: such a jump is another stream
MOST_GAP = 512  # packets: more are not asked for one by one
FIRST_ROUND_TRIP_S = 0.08
SHORTEST_REPEAT_S = 0.025
_NUMBERS = 1 << 16


def install() -> None:
    """Every video receiver and sender made after this is so. Calling it again changes nothing."""
    from aiortc import rtcrtpreceiver, rtcrtpsender
    from aiortc.jitterbuffer import JitterBuffer

    from reskin.serve import codecs

    receiver: Any = rtcrtpreceiver
    sender: Any = rtcrtpsender
    if receiver.NackGenerator is RepeatedNack:
        return
    codecs.install()
    get_decoder = receiver.get_decoder

    def buffer(capacity: int, prefetch: int = 0, is_video: bool = False) -> Any:
        return WholeFrames() if is_video else JitterBuffer(capacity, prefetch, is_video)

    def decoder(codec: Any) -> NewestOfSeveral:
        return NewestOfSeveral(get_decoder(codec))

    receiver.JitterBuffer = buffer
    receiver.NackGenerator = RepeatedNack
    receiver.get_decoder = decoder
    sender.RTP_HISTORY_SIZE = HISTORY_PACKETS


@dataclass(slots=True)
class EncodedFrame:
    """As aiortc's JitterFrame: it sets `timestamp` anew."""

    data: bytes
    timestamp: int
    before: tuple[EncodedFrame, ...] = ()  # older ones that became whole at the same moment


class WholeFrames:
    """Stands for aiortc's JitterBuffer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._packets: dict[int, Any] = {}
        self._next: int | None = None  # number of the first packet that is not given out yet
        self._newest = 0  # how far ahead of it the last one is
        self._gap_since_s: float | None = None

    def add(self, packet: Any) -> tuple[bool, EncodedFrame | None]:
        """Whether a whole picture should be asked for, and what is complete now."""
        number = packet.sequence_number
        if self._next is None:
            self._next = number
        ahead = (number - self._next) % _NUMBERS
        wants_picture = False
        if ahead > MOST_AHEAD:
            if _NUMBERS - ahead <= MOST_AHEAD:
                return False, None  # it came too late, or twice
            self._packets.clear()
            self._next, ahead, self._newest, self._gap_since_s = number, 0, 0, None
            wants_picture = True
        self._packets[number] = packet
        self._newest = max(self._newest, ahead)
        frames = self._whole()
        if self._is_hopeless(has_moved=bool(frames)):
            self._jump()
            wants_picture = True
            frames = self._whole()
        if not frames:
            return wants_picture, None
        newest = frames[-1]
        newest.before = tuple(frames[:-1])
        return wants_picture, newest

    def _whole(self) -> list[EncodedFrame]:
        """Takes out every frame from the first packet on that is there as a whole."""
        assert self._next is not None
        frames: list[EncodedFrame] = []
        parts: list[Any] = []
        number = self._next
        while (packet := self._packets.get(number)) is not None:
            if parts and packet.timestamp != parts[0].timestamp:  # the one before had no marker
                frames.append(self._take(parts))
                parts = []
            parts.append(packet)
            if packet.marker:
                frames.append(self._take(parts))
                parts = []
            number = (number + 1) % _NUMBERS
        return frames

    def _take(self, parts: list[Any]) -> EncodedFrame:
        assert self._next is not None
        for packet in parts:
            del self._packets[packet.sequence_number]
        self._next = (self._next + len(parts)) % _NUMBERS
        self._newest = max(0, self._newest - len(parts))
        return EncodedFrame(b"".join(packet._data for packet in parts), parts[0].timestamp)

    def _is_hopeless(self, *, has_moved: bool) -> bool:
        has_gap = bool(self._packets) and self._newest + 1 != len(self._packets)
        if not has_gap or has_moved or self._gap_since_s is None:
            self._gap_since_s = self._clock() if has_gap else None
            return False
        return self._clock() - self._gap_since_s > HOPELESS_S

    def _jump(self) -> None:
        """To the first frame after the first gap; what the decoder lacks it makes up until a whole picture comes."""
        assert self._next is not None
        was_there, before = True, None
        for ahead in range(self._newest + 1):
            packet = self._packets.get((self._next + ahead) % _NUMBERS)
            if packet is None:
                was_there = False
            elif not was_there and before is not None and (before.marker or before.timestamp != packet.timestamp):
                break
            before = packet
        else:
            ahead = self._newest + 1
        for passed in range(ahead):
            self._packets.pop((self._next + passed) % _NUMBERS, None)
        self._next = (self._next + ahead) % _NUMBERS
        self._newest = max(0, self._newest - ahead)
        self._gap_since_s = None


@dataclass(slots=True)
class _Gap:
    since_s: float
    asked_s: float = float("-inf")
    times: int = 0


class RepeatedNack:
    """Stands for aiortc's NackGenerator: `missing` is what to ask for now, whenever `add` says so."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.missing: set[int] = set()
        self.round_trip_s = FIRST_ROUND_TRIP_S  # from asking for a packet until it came
        self._clock = clock
        self._newest: int | None = None
        self._gaps: dict[int, _Gap] = {}

    def add(self, packet: Any) -> bool:
        now_s = self._clock()
        number = packet.sequence_number
        if self._newest is None:
            self._newest = number
        ahead = (number - self._newest) % _NUMBERS
        if ahead > _NUMBERS // 2:
            self._filled(self._gaps.pop(number, None), now_s)
        elif ahead > 0:
            if ahead <= MOST_GAP:
                self._gaps |= {(self._newest + step) % _NUMBERS: _Gap(now_s) for step in range(1, ahead)}
            self._newest = number
        if not self._gaps:
            return False
        again_s = max(SHORTEST_REPEAT_S, 1.25 * self.round_trip_s)
        self._gaps = {n: gap for n, gap in self._gaps.items() if now_s - gap.since_s <= HOPELESS_S}
        self.missing = {n for n, gap in self._gaps.items() if now_s - gap.asked_s >= again_s}
        for n in self.missing:
            self._gaps[n].asked_s = now_s
            self._gaps[n].times += 1
        return bool(self.missing)

    def _filled(self, gap: _Gap | None, now_s: float) -> None:
        if gap is not None and gap.times == 1:  # asked twice, it says nothing of how long an answer takes
            self.round_trip_s += 0.2 * (now_s - gap.asked_s - self.round_trip_s)


class NewestOfSeveral:
    """Stands for an aiortc decoder, around one: decodes every frame and hands on the last, or the last failure."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder

    def decode(self, encoded: EncodedFrame) -> list[Any]:
        last: list[Any] = []
        failure: av.FFmpegError | None = None
        for frame in (*encoded.before, encoded):
            try:
                last = self._decoder.decode(frame)[-1:] or last
            except av.FFmpegError as error:  # what follows may be whole
                failure = error
        if failure is not None and not last:
            raise failure
        return last
