"""Pictures as they travel: the game's frame with its number under it as YUV, and the painting back in the frame's size.

What the server takes has even sides, at most 1920x1088 lying or standing, at least 176x32: an odd frame gets a row or
column more, a larger or smaller one is scaled. Knows nothing of networks. `FrameBook` is for several threads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import av
import cv2
import numpy as np

from reskin.marker import MARKER_H_PX, MARKER_W_PX, carry_marker
from reskin.serve.codecs import to_bgra, to_yuv
from reskin.serve.limits import MOST_PIXELS_SIDE, SMALLEST_SIDE
from reskin.serve.strip import NARROWEST, NUMBERS, add_strip, read_strip

REMEMBERED = 256  # frames on their way: ten seconds


@dataclass(frozen=True, slots=True)
class Sent:
    """A frame that is on its way."""

    index: int
    captured_ns: int
    submitted_ns: int
    quality: int
    size: tuple[int, int]  # (h, w) of the game's picture
    corner_u8: np.ndarray | None  # its own marker, where latency is measured


class FrameBook:
    """Which frame a number stands for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: OrderedDict[int, Sent] = OrderedDict()
        self._number = 0

    def write(self, sent: Sent) -> int:
        with self._lock:
            self._number = self._number % (NUMBERS - 1) + 1  # never NO_NUMBER
            self._sent[self._number] = sent
            if len(self._sent) > REMEMBERED:
                self._sent.popitem(last=False)
            return self._number

    def take(self, number: int | None) -> Sent | None:
        """Once for each number."""
        with self._lock:
            return self._sent.pop(number, None) if number is not None else None


def corner(bgra_u8: np.ndarray) -> np.ndarray:
    return bgra_u8[:MARKER_H_PX, :MARKER_W_PX].copy()


def carry_corner(corner_u8: np.ndarray | None, painted_u8: np.ndarray) -> None:
    """The codec would blur the marker: it goes round, as it goes round the model in the engine's process."""
    if corner_u8 is not None:
        carry_marker(corner_u8, painted_u8)


def travel_size(h: int, w: int) -> tuple[int, int]:
    """(h, w) of what is sent for a frame of (h, w)."""
    short, long = sorted(MOST_PIXELS_SIDE)
    scale = min(1.0, short / min(h, w), long / max(h, w))
    return max(SMALLEST_SIDE, _even(h * scale)), max(NARROWEST, _even(w * scale))


def packed(bgra_u8: np.ndarray, number: int) -> av.VideoFrame:
    """A copy."""
    h, w = bgra_u8.shape[:2]
    th, tw = travel_size(h, w)
    if 0 <= th - h <= 1 and 0 <= tw - w <= 1:
        if (th, tw) != (h, w):
            bgra_u8 = cv2.copyMakeBorder(bgra_u8, 0, th - h, 0, tw - w, cv2.BORDER_REPLICATE)
    else:
        bgra_u8 = cv2.resize(bgra_u8, (tw, th), interpolation=cv2.INTER_AREA)
    return to_yuv(add_strip(bgra_u8, number))


def unpacked(painting: av.VideoFrame) -> tuple[np.ndarray, int | None]:
    """(th, tw, 4) uint8, and the number under it."""
    return read_strip(to_bgra(painting))


def fits(painting_u8: np.ndarray, size: tuple[int, int]) -> bool:
    return painting_u8.shape[:2] == travel_size(*size)


def write_back(painting_u8: np.ndarray, out: np.ndarray) -> None:
    """Into (h, w, 4), the frame's own size."""
    h, w = out.shape[:2]
    th, tw = painting_u8.shape[:2]
    if 0 <= th - h <= 1 and 0 <= tw - w <= 1:
        np.copyto(out, painting_u8[:h, :w])
    else:
        cv2.resize(painting_u8, (w, h), dst=out, interpolation=cv2.INTER_LINEAR)


def _even(side: float) -> int:
    return 2 * int(np.ceil(side / 2 - 1e-9))
