"""Which H.264 encoder records beside a game: the graphics card's own where one works, else libx264 on one core.

An encoder that is there by name need not work (no driver, no such card, too many recordings at once), so each is tried
as it will be used: opened at the size wanted, and given one frame. Knows nothing of files.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import av.logging
import numpy as np

from reskin.pace import TICK_HZ

PROBE_SIZE_PX = (1280, 720)  # what `reskin doctor` asks with


@dataclass(frozen=True, kw_only=True)
class Encoder:
    name: str  # FFmpeg's
    words: str
    pixel_format: str = "yuv420p"  # the layout that it takes
    options: Mapping[str, str] = field(default_factory=dict)  # low delay, no frames held back, about 20 Mbit/s at most


# Beside a game: on two cores "veryfast" took the engine down to 3 fps. Larger files, one thread, no look-ahead.
SOFTWARE = Encoder(
    name="libx264", words="on one core of the processor",
    options={"crf": "20", "preset": "ultrafast", "tune": "zerolatency", "threads": "1"},
)  # fmt: skip
HARDWARE = (
    Encoder(
        name="h264_nvenc", words="NVIDIA's own",
        options={"preset": "p4", "tune": "ll", "rc": "vbr", "cq": "22", "bf": "0", "delay": "0"},
    ),
    Encoder(
        name="h264_qsv", words="Intel's own", pixel_format="nv12",
        options={"preset": "veryfast", "global_quality": "22", "async_depth": "1", "bf": "0"},
    ),
    Encoder(
        name="h264_amf", words="AMD's own", pixel_format="nv12",
        options={"usage": "lowlatency", "quality": "speed", "rc": "cqp", "qp_i": "20", "qp_p": "22"},
    ),
    Encoder(name="h264_videotoolbox", words="Apple's own", pixel_format="nv12", options={"realtime": "1", "q": "60"}),
    # PyAV's wheels leave it out; a build that has it may still want pictures that lie on the card: then the try says so
    Encoder(name="h264_vaapi", words="Linux's interface to it", pixel_format="nv12"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EncoderChoice:
    encoder: Encoder
    passed_over: tuple[tuple[str, str], ...]  # name and reason


@lru_cache(maxsize=8)
def choose_encoder(size_px: tuple[int, int]) -> EncoderChoice:
    """The first that encodes a frame of (width, height), both even; libx264 when none does. Up to a second."""
    return first_that_works((*HARDWARE, SOFTWARE), size_px)


def first_that_works(
    candidates: Sequence[Encoder], size_px: tuple[int, int], *, explain: bool = False
) -> EncoderChoice:
    """The last candidate is taken untried: it is what there is. `explain` asks FFmpeg why; not while a game is played.

    FFmpeg's log reaches Python under the interpreter's lock, and an encoder that logs from a thread of its own while it
    is being opened would then wait for ever.
    """
    passed_over: list[tuple[str, str]] = []
    for encoder in candidates[:-1]:
        words: list[Any] = []
        with contextlib.ExitStack() as parts:
            if explain:
                words = parts.enter_context(_ffmpegs_words())
            reason = why_not(encoder, size_px)
        if reason is None:
            return EncoderChoice(encoder=encoder, passed_over=tuple(passed_over))
        passed_over.append((encoder.name, f"{reason}: {words[0][2].strip()}" if words else reason))
    return EncoderChoice(encoder=candidates[-1], passed_over=tuple(passed_over))


def why_not(encoder: Encoder, size_px: tuple[int, int]) -> str | None:
    """None when it encodes a frame of this size here, else what stood against it."""
    try:
        context: Any = av.CodecContext.create(encoder.name, "w")
        context.width, context.height = size_px
        context.pix_fmt = encoder.pixel_format
        context.framerate, context.time_base = Fraction(TICK_HZ), Fraction(1, TICK_HZ)
        context.options = dict(encoder.options)
        packets = context.encode(_grey(size_px, encoder.pixel_format)) + context.encode(None)
    except av.codec.codec.UnknownCodecError:
        return "not in this build of FFmpeg"
    except (av.FFmpegError, OSError, ValueError) as error:
        return f"{encoder.words}, but it cannot be opened here ({getattr(error, 'strerror', None) or error})"
    return None if any(packet.size for packet in packets) else f"{encoder.words}, but it gives no picture"


@contextlib.contextmanager
def _ffmpegs_words() -> Iterator[list[Any]]:
    """Collects (level, who, text) of FFmpeg's errors inside."""
    before = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture(local=True) as words:
            yield words
    finally:
        av.logging.set_level(before)


def _grey(size_px: tuple[int, int], pixel_format: str) -> Any:
    w, h = size_px
    picture: Any = av.VideoFrame.from_ndarray(np.full((h * 3 // 2, w), 128, np.uint8), format=pixel_format)
    picture.pts = 0
    return picture
