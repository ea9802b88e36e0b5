"""H.264 and VP8 for live pictures: what aiortc encodes and decodes video with, exchanged by `install()` once a process.

- x264 at `ultrafast` and `zerolatency` where aiortc's own leaves the default `medium`; libvpx at its real-time end.
- The bit rate follows the picture's area and what the receiver can take. x264 reckons with a fixed frame rate, so it
  is told more for frames that come slower: a receiver takes what it gets for what the line can carry, and would ask
  for less and less of a slow engine.
- A decoder makes no picture larger than `limits.MOST_PIXELS`: the size is the sender's word.

Pictures cross as BGRA bytes. YUV is BT.601 in the narrow range, and H.264 says so: without it Chromium takes that for
granted, and Safari BT.709. What comes may say otherwise. An encoder and a decoder belong to one peer; each is used by
one thread at a time, never the event loop's. Knows nothing of sessions.
"""

from __future__ import annotations

import fractions
import logging
import time
from collections.abc import Callable
from typing import Any, cast

import av
import cv2
import numpy as np
from aiortc import rtcrtpreceiver, rtcrtpsender
from aiortc.codecs.base import Decoder, Encoder
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import VIDEO_CLOCK_RATE, VIDEO_TIME_BASE, convert_timebase
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange

from reskin.serve.limits import MOST_PIXELS

BITS_AT_720P = 6_000_000  # a second
LEAST_BITS = 300_000
LEAST_SHARE = 0.25  # whatever the receiver says: its estimate grows from what it gets, and stays down with it
MOST_LEAST_BITS = 1_200_000  # of that share: a line of 3 Mbit/s must not be filled by it
FPS = 25  # what the rate control reckons with: the engine's 24, and a little
WHOLE_PICTURE_EVERY = 10 * FPS  # frames: for whoever records; a receiver that needs one asks
FIRST_SHARE = 0.5  # of the bit rate, until the receiver says what it can take
FASTEST_FPS, SLOWEST_FPS = 60, 6  # that are followed
FOLLOW = 0.1  # of a new frame's spacing
DUE_S = 3.0
ASK_EVERY_S = 0.5  # for a whole picture, while none can be decoded
RATE_STEP = 1.25  # an encoder begins anew for another bit rate, with a whole picture: only for so much of a change
BT_601 = {2, 5, 6}  # FFmpeg's numbers for a frame's matrix: unspecified, and 601's of 625 and of 525 lines
log = logging.getLogger(__name__)


class Rates:
    """The most that any stream of this process may take; `reskin serve --mbit` sets it."""

    bits_at_720p = BITS_AT_720P


def install() -> None:
    """Every video sender and receiver made after this uses these. Calling it again changes nothing."""
    if rtcrtpsender.get_encoder is open_encoder:  # type: ignore[attr-defined]
        return  # `receiving` may have put its own around the decoder by now
    rtcrtpsender.get_encoder = open_encoder  # type: ignore[attr-defined]
    rtcrtpreceiver.get_decoder = open_decoder  # type: ignore[attr-defined]


def open_encoder(codec: RTCRtpCodecParameters) -> Encoder:
    return {"video/h264": X264, "video/vp8": Libvpx}[codec.mimeType.lower()]()


def open_decoder(codec: RTCRtpCodecParameters) -> Decoder:
    return BoundedDecoder({"video/h264": "h264", "video/vp8": "vp8"}[codec.mimeType.lower()])


def to_yuv(bgra_u8: np.ndarray) -> av.VideoFrame:
    """(h, w, 4), even sides -> a frame without a time yet."""
    h, w = bgra_u8.shape[:2]
    if h % 2 or w % 2:
        bgra_u8 = np.ascontiguousarray(bgra_u8[: h - h % 2, : w - w % 2])
    yuv: Any = cv2.cvtColor(bgra_u8, cv2.COLOR_BGRA2YUV_I420)
    return av.VideoFrame.from_ndarray(yuv, format="yuv420p")


def to_bgra(frame: av.VideoFrame) -> np.ndarray:
    """(h, w, 4); odd sides lose a row or a column."""
    h, w = frame.height - frame.height % 2, frame.width - frame.width % 2
    is_usual = frame.format.name == "yuv420p" and frame.colorspace in BT_601 and frame.color_range != ColorRange.JPEG
    if not is_usual or (h, w) != (frame.height, frame.width):
        return np.ascontiguousarray(frame.to_ndarray(format="bgra")[:h, :w])
    return cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGRA_I420)


def most_bits(h: int, w: int) -> int:
    """A second, for a picture of this size."""
    return max(LEAST_BITS, int(Rates.bits_at_720p * h * w / (1280 * 720)))


class BoundedDecoder(Decoder):
    """av.FFmpegError for what it cannot decode, at most every ASK_EVERY_S: aiortc then asks for a whole picture."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._codec = cast(VideoCodecContext, av.CodecContext.create(name, "r"))
        self._codec.options = {"max_pixels": str(MOST_PIXELS)}
        self._codec.thread_count = 1
        self._clock = clock
        self._asked_s = float("-inf")
        self.failures = 0

    def decode(self, encoded_frame: JitterFrame) -> list[Any]:
        if not encoded_frame.data:
            return []  # to FFmpeg it would be the end
        packet = av.Packet(encoded_frame.data)
        packet.pts = encoded_frame.timestamp
        packet.time_base = VIDEO_TIME_BASE
        try:
            frames = self._codec.decode(packet)
        except av.FFmpegError:  # a stranger's bytes, or a lost first picture; browsers send a whole one only when asked
            self.failures += 1
            if self._clock() - self._asked_s >= ASK_EVERY_S:
                self._asked_s = self._clock()
                raise
            return []
        except (ValueError, MemoryError):
            self.failures += 1
            return []
        return [frame for frame in frames if frame.width * frame.height <= MOST_PIXELS]


class LiveEncoder(Encoder):
    """What both encoders share: when to begin anew, whole pictures, and times."""

    knows_time = False  # from the frames' own times, and not from how many they are

    def __init__(self) -> None:
        self._codec: VideoCodecContext | None = None
        self._wanted = 0  # bits a second that the receiver can take; 0: it has not said
        self._pts: int | None = None  # of the frame before
        self._spacing = VIDEO_CLOCK_RATE / FPS  # between two frames, slowly following
        self._opened = (0, 0, 0)  # when, for which bits a second, and what the encoder was told

    @property
    def target_bitrate(self) -> int:
        return self._wanted

    @target_bitrate.setter
    def target_bitrate(self, bits: int) -> None:
        """From the receiver's estimate; by the event loop while an encode may run, so it is only noted."""
        self._wanted = bits

    def encode(self, frame: Any, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        assert isinstance(frame, av.VideoFrame)
        assert frame.pts is not None
        self._follow(frame.pts)
        bits = self._bits(frame.height, frame.width)
        told = bits if self.knows_time else int(bits * self._spacing * FPS / VIDEO_CLOCK_RATE)
        codec = self._codec
        if codec is None or (codec.width, codec.height) != (frame.width, frame.height) or self._is_off(bits, told):
            codec = self._codec = self._open(frame.width, frame.height, told)
            self._opened = frame.pts, bits, told
        picture = av.video.frame.PictureType
        frame.pict_type = picture.I if force_keyframe else picture.NONE
        encoded = b"".join(bytes(packet) for packet in codec.encode(frame))
        return self._packets(encoded), convert_timebase(frame.pts, cast(Any, frame.time_base), VIDEO_TIME_BASE)

    def pack(self, packet: Any) -> tuple[list[bytes], int]:
        return self._packets(bytes(packet)), convert_timebase(packet.pts, packet.time_base, VIDEO_TIME_BASE)

    def _bits(self, h: int, w: int) -> int:
        """A second, of a picture of this size."""
        most = most_bits(h, w)
        least = max(LEAST_BITS, min(int(most * LEAST_SHARE), MOST_LEAST_BITS))
        return max(least, min(most, self._wanted or int(most * FIRST_SHARE)))

    def _follow(self, pts: int) -> None:
        if self._pts is not None:
            spacing = min(max(pts - self._pts, VIDEO_CLOCK_RATE // FASTEST_FPS), VIDEO_CLOCK_RATE // SLOWEST_FPS)
            self._spacing += FOLLOW * (spacing - self._spacing)
        self._pts = pts

    def _is_off(self, bits: int, told: int) -> bool:
        """Whether it should begin anew: at once where the line carries less, and for all else when it is due."""
        opened_pts, opened_bits, opened_told = self._opened
        if bits < opened_bits / RATE_STEP:
            return True
        is_due = ((self._pts or 0) - opened_pts) / VIDEO_CLOCK_RATE > DUE_S
        return is_due and not opened_told / RATE_STEP <= told <= opened_told * RATE_STEP

    def _open(self, w: int, h: int, bits: int) -> VideoCodecContext:
        name, options = self._options(bits)
        codec = cast(VideoCodecContext, av.CodecContext.create(name, "w"))
        codec.width, codec.height, codec.pix_fmt = w, h, "yuv420p"
        codec.bit_rate = bits
        codec.framerate = fractions.Fraction(FPS, 1)
        codec.time_base = VIDEO_TIME_BASE
        codec.gop_size = WHOLE_PICTURE_EVERY
        codec.thread_count = 1  # a frame at a time; the other cores have their own peers
        codec.options = options
        return codec

    def _options(self, bits: int) -> tuple[str, dict[str, str]]:
        raise NotImplementedError

    def _packets(self, encoded: bytes) -> list[bytes]:
        raise NotImplementedError


class X264(LiveEncoder):
    def _options(self, bits: int) -> tuple[str, dict[str, str]]:
        return "libx264", {
            "preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "forced-idr": "1",
            "maxrate": str(bits), "bufsize": str(bits // 4),  # a quarter of a second: no picture holds up the next ones
            "x264-params": "colorprim=smpte170m:transfer=smpte170m:colormatrix=smpte170m:range=tv",
        }  # fmt: skip

    def _packets(self, encoded: bytes) -> list[bytes]:
        return H264Encoder._packetize(H264Encoder._split_bitstream(encoded)) if encoded else []


class Libvpx(LiveEncoder):
    knows_time = True

    def __init__(self) -> None:
        super().__init__()
        self._picture_id = 0

    def _options(self, bits: int) -> tuple[str, dict[str, str]]:
        return "libvpx", {
            "deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0", "error-resilient": "1", "qmin": "4",
            "qmax": "56", "maxrate": str(bits), "minrate": str(bits), "bufsize": str(bits // 2),
            "static-thresh": "100", "undershoot-pct": "95",
        }  # fmt: skip

    def _packets(self, encoded: bytes) -> list[bytes]:
        if not encoded:
            return []
        self._picture_id = (self._picture_id + 1) % (1 << 15)
        return Vp8Encoder._packetize(encoded, self._picture_id)
