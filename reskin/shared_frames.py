"""Frames between two processes: a ring of slots in shared memory, one writer, one reader, the newest wins.

There is no lock, since a process that is killed while it holds one would hold up the other for ever. Instead:

- Two words order everything, each written by one side only and each one aligned 8-byte store: `published` (the writer:
  the newest finished slot and a sequence number) and `reading` (the reader: the slot that it is using).
- The writer never touches the newest slot, the one before it, or the one being read. With four slots one is always
  free. Sparing the one before the newest is what makes a reader safe that looked at `published` just before it changed.
- A frame may have any size up to the segment's capacity, so a resize within it costs nothing.

The memory has no name on Linux (memfd), so nothing is left behind whatever process dies, and no resource tracker
takes part. It is freed when the last array on it goes. A frame's header carries what its painter says of it: quality,
times and drift, which mean nothing here. Knows nothing of who is at the other end.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np

SLOTS = 4
PAGE = 4096
CONTROL_BYTES = PAGE
HEADER = struct.Struct("<8q")
HEADER_BYTES = 1024  # of one slot: HEADER, then stage times and drift as JSON
_PUBLISHED, _READING, _TAKEN = range(3)  # words at the front of a ring


class Drift(NamedTuple):
    """How far the painted stream has moved from what the theme asks for: `engine.drift` says how it is measured."""

    color: float = 0.0  # the worst channel's slow mean, in [0, 1] units
    sharpness: float = 1.0  # gradient energy over the underpainting's
    anchored: int = 0  # times that the history was started anew because of it


NO_DRIFT = Drift()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFrame:
    """One slot's frame as the reader sees it: a view, valid until the reader's next take."""

    index: int
    captured_ns: int
    submitted_ns: int  # handed to the engine
    finished_ns: int  # painted; 0 for a game frame
    quality: int
    stages_ms: dict[str, float] = field(default_factory=dict)
    drift: Drift = NO_DRIFT
    extra_age_ns: int = 0  # how much older than others it may be shown: it has come a long way
    bgra_u8: np.ndarray


class Segment:
    """A piece of anonymous shared memory: control words, the ring of game frames, the ring of painted frames."""

    def __init__(self, memory: mmap.mmap, capacity: int) -> None:
        self.capacity = capacity
        whole = np.frombuffer(memory, dtype=np.uint8)
        self.control = whole[:CONTROL_BYTES].view(np.int64)
        ring_bytes = _ring_bytes(capacity)
        self.game = Ring(whole[CONTROL_BYTES : CONTROL_BYTES + ring_bytes], capacity)
        self.painted = Ring(whole[CONTROL_BYTES + ring_bytes : CONTROL_BYTES + 2 * ring_bytes], capacity)

    @staticmethod
    def total_bytes(capacity: int) -> int:
        return CONTROL_BYTES + 2 * _ring_bytes(capacity)


class Ring:
    """One direction. The writer calls `free_slot` and `publish`, or `put`, the reader `take`; each from one thread."""

    def __init__(self, memory: np.ndarray, capacity: int) -> None:
        self._words = memory[:PAGE].view(np.int64)
        stride = HEADER_BYTES
        self._headers = [memory[PAGE + i * stride : PAGE + (i + 1) * stride] for i in range(SLOTS)]
        first = PAGE + SLOTS * stride
        step = _paged(capacity)
        self._pixels = [memory[first + i * step : first + i * step + capacity] for i in range(SLOTS)]
        self._sequence = 0
        self._last_two: tuple[int, int] = (-1, -1)

    @property
    def is_waiting(self) -> bool:
        """Whether the newest published frame has not been taken yet."""
        return int(self._words[_PUBLISHED]) // SLOTS > int(self._words[_TAKEN])

    def put(self, bgra_u8: np.ndarray, *, index: int, captured_ns: int, submitted_ns: int | None = None) -> bool:
        """Copies (h, w, 4) and publishes it; True when the reader must be woken (it had taken the one before).

        `submitted_ns` is the moment after the copy when left out.
        """
        h, w = bgra_u8.shape[:2]
        slot = self.free_slot()
        np.copyto(self.pixels(slot, h, w), bgra_u8)
        must_wake = not self.is_waiting
        handed_ns = time.monotonic_ns() if submitted_ns is None else submitted_ns
        self.publish(slot, h, w, index=index, captured_ns=captured_ns, submitted_ns=handed_ns)
        return must_wake

    def free_slot(self) -> int:
        reading = int(self._words[_READING]) - 1
        return next(slot for slot in range(SLOTS) if slot != reading and slot not in self._last_two)

    def pixels(self, slot: int, h: int, w: int) -> np.ndarray:
        return self._pixels[slot][: h * w * 4].reshape(h, w, 4)

    def publish(
        self, slot: int, h: int, w: int, *, index: int, captured_ns: int, submitted_ns: int, finished_ns: int = 0,
        quality: int = 0, stages_ms: dict[str, float] | None = None, drift: Drift = NO_DRIFT,
    ) -> None:  # fmt: skip
        figures = _packed(stages_ms or {}, drift)
        if HEADER.size + len(figures) > HEADER_BYTES:
            figures = _packed({}, drift)  # more stages than anybody reads; the picture matters more
        header = self._headers[slot]
        values = (index, captured_ns, submitted_ns, finished_ns, h, w, quality, len(figures))
        HEADER.pack_into(header.data, 0, *values)
        header[HEADER.size : HEADER.size + len(figures)] = np.frombuffer(figures, np.uint8)
        self._sequence += 1
        self._last_two = (slot, self._last_two[0])
        self._words[_PUBLISHED] = self._sequence * SLOTS + slot

    def take(self) -> SharedFrame | None:
        """The newest frame, or None when there is none since the last take. Frees the one taken before."""
        published = int(self._words[_PUBLISHED])
        if published // SLOTS <= int(self._words[_TAKEN]):
            return None
        while True:
            slot = published % SLOTS
            self._words[_READING] = slot + 1
            again = int(self._words[_PUBLISHED])
            if again == published:
                break
            published = again
        self._words[_TAKEN] = published // SLOTS
        index, captured_ns, submitted_ns, finished_ns, h, w, quality, length = HEADER.unpack_from(
            self._headers[slot].data, 0
        )
        figures = json.loads(self._headers[slot][HEADER.size : HEADER.size + length].tobytes())
        return SharedFrame(
            index=index, captured_ns=captured_ns, submitted_ns=submitted_ns, finished_ns=finished_ns,
            quality=quality, stages_ms=figures["stages_ms"], drift=Drift(*figures["drift"]),
            bgra_u8=self.pixels(slot, h, w),
        )  # fmt: skip


def _packed(stages_ms: dict[str, float], drift: Drift) -> bytes:
    rounded = {name: round(ms, 3) for name, ms in stages_ms.items()}
    return json.dumps({"stages_ms": rounded, "drift": [round(figure, 4) for figure in drift]}).encode()


def create_segment(capacity: int) -> tuple[Segment, int | str]:
    """A new segment for frames of up to `capacity` bytes, and the handle by which `send_segment` passes it on."""
    size = Segment.total_bytes(capacity)
    if sys.platform == "win32":  # not run yet: this project has no Windows machine
        name = f"reskin-{os.getpid()}-{os.urandom(8).hex()}"
        return Segment(mmap.mmap(-1, size, tagname=name), capacity), name
    descriptor = _anonymous_file()
    try:
        os.ftruncate(descriptor, size)
        return Segment(mmap.mmap(descriptor, size), capacity), descriptor
    except BaseException:
        os.close(descriptor)
        raise


def send_segment(connection: Connection, segment: Segment, handle: int | str, pid: int) -> None:
    """Pass a segment on to the process at the other end; the handle is used up."""
    try:
        connection.send(("segment", segment.capacity, handle if isinstance(handle, str) else None))
        if isinstance(handle, int):
            reduction.send_handle(connection, handle, pid)
    finally:
        if isinstance(handle, int):
            os.close(handle)


def receive_segment(connection: Connection, capacity: int, name: str | None) -> Segment:
    """What the other end does with the ("segment", capacity, name) that it has just received."""
    size = Segment.total_bytes(capacity)
    if sys.platform == "win32":
        return Segment(mmap.mmap(-1, size, tagname=name), capacity)
    descriptor = reduction.recv_handle(connection)
    try:
        return Segment(mmap.mmap(descriptor, size), capacity)
    finally:
        os.close(descriptor)


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("reskin-frames", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:  # macOS has no memfd; this file has no name either
        return os.dup(file.fileno())


def _paged(size: int) -> int:
    return -(-size // PAGE) * PAGE


def _ring_bytes(capacity: int) -> int:
    return PAGE + _paged(SLOTS * HEADER_BYTES) + SLOTS * _paged(capacity)
