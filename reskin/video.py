"""Video files in and out (PyAV): frames with their true times, H.264 out, the sound carried over in step.

Times are nanoseconds of the file's own clock. Rotation marks of phones are not applied. A file is written under a
hidden name beside its target and renamed when complete, so that no half video is ever taken for a whole one; a live
one under its own name, in pieces, so that what was recorded stays whatever happens.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from reskin.errors import VideoError
from reskin.frame import Frame
from reskin.letterbox import letterbox
from reskin.video_encoders import Encoder, choose_encoder
from reskin.video_open import KINDS, open_video
from reskin.video_sound import SoundTrack, open_sound

VIDEO_SUFFIXES = (".mp4", ".mkv", ".mov", ".m4v")
_TIME_BASE = Fraction(1, 90_000)  # fine enough for every frame rate in use, and what MPEG itself counts in
_NS = 1_000_000_000
_QUALITY = {"crf": "18", "preset": "veryfast"}  # looks like the source; 720p in about 10 ms a frame on one core
# A live file is written in pieces, each whole in itself and on the disk at once: a kill takes the one begun, no more.
_LIVE_PIECE_MS = 250
_LIVE_KEYFRAME_FRAMES = 48
_LIVE_MP4 = {"movflags": "empty_moov+default_base_moof", "frag_duration": str(_LIVE_PIECE_MS * 1000)}
_LIVE_MKV = {"cluster_time_limit": str(_LIVE_PIECE_MS)}
_MOST_PX = 8192 * 8192  # a header of a few bytes can ask for any memory
# Below, threads gain nothing, or take twice the time of one; and each reads a damaged header anew.
_THREADED_PX, _THREADED_BYTES = 320 * 180, 100_000
_FASTEST_HZ = 240.0  # that any file is taken for: a stray pair of frames may share a millisecond
_FRAME_RATE_LIMIT = 1001  # largest denominator of a frame rate: 24000/1001
# Without these swscale darkens by 2 of 255. And bgr24, not bgra: to bgra, FFmpeg 8.1 garbles the last columns of
# pictures whose width is 1 to 4 more than a multiple of 16.
_EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


class VideoReader:
    """Iterate it for frames in order; each frame's pixels are its own. VideoError for what is no readable video."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            self._container: Any = open_video(self.path)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise VideoError(_unreadable(self.path, error)) from error
        if not self._container.streams.video:
            self._container.close()
            raise VideoError(
                f"opening the video {self.path}: there are no pictures in it, only sound. Expected a video."
            )
        self._stream = self._container.streams.video[0]
        # (width, height); a stream whose codec nobody knows has none
        self.size_px = (int(getattr(self._stream, "width", 0)), int(getattr(self._stream, "height", 0)))
        if self.size_px[0] * self.size_px[1] >= _THREADED_PX and not 0 < self._container.size < _THREADED_BYTES:
            self._stream.thread_type = "AUTO"
        self.fps = float(self._stream.average_rate or self._stream.guessed_rate or 30)
        self.length = self._length()  # frames, None when the file does not say
        if min(self.size_px) < 1:
            self._container.close()
            raise VideoError(f"opening the video {self.path}: its pictures have no size. Is the file complete?")
        if self.size_px[0] * self.size_px[1] > _MOST_PX:
            self._container.close()
            raise VideoError(
                f"opening the video {self.path}: {self.size_px[0]}x{self.size_px[1]}; expected at most 8192x8192"
            )

    def _length(self) -> int | None:
        if self._stream.frames:
            return int(self._stream.frames)
        if self._container.duration:
            return max(1, round(self._container.duration / av.time_base * self.fps))
        return None

    def fastest_hz(self) -> float:
        """How closely frames follow each other, where they do most: up to 240, and never below `fps`, their mean.

        A recording of a screen has few frames while nothing moves, and bursts. What the header says of that is a guess
        from the first frames, so the file is read through once, without decoding it.
        """
        times: set[int] = set()  # in decoding order, which is not theirs
        with contextlib.suppress(av.FFmpegError), open_video(self.path) as container:  # damaged: iterating says so
            for packet in container.demux(video=0):
                time = packet.dts if packet.pts is None else packet.pts
                if time is not None:
                    times.add(time)
        if len(times) < 2 or self._stream.time_base is None:
            return self.fps
        shortest_s = float(int(np.diff(np.array(sorted(times))).min()) * self._stream.time_base)
        return min(_FASTEST_HZ, max(self.fps, 1 / shortest_s))

    def __iter__(self) -> Iterator[Frame]:
        w, h = self.size_px
        index = last_ns = 0
        try:
            for picture in self._container.decode(self._stream):
                time_ns = last_ns + round(_NS / self.fps) if picture.pts is None else _to_ns(picture)
                bgr_u8 = picture.to_ndarray(format="bgr24", width=w, height=h, interpolation=_EXACT)
                yield Frame(index, time_ns, cv2.cvtColor(bgr_u8, cv2.COLOR_BGR2BGRA))
                index, last_ns = index + 1, time_ns
        except (av.FFmpegError, ValueError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or error
            raise VideoError(
                f"reading the video {self.path}: it is damaged after frame {index} ({reason}). "
                "Expected a whole file; copy it again, or repair it with ffmpeg."
            ) from error
        if index == 0:
            raise VideoError(f"reading the video {self.path}: not one picture could be read. Is the file complete?")

    def close(self) -> None:
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class VideoWriter:
    """Write frames in order, then `close`; leaving its `with` by an error or Ctrl-C removes what was written.

    Frame times are kept. They count from the first frame, or, with `audio_from`, are times in that file, so that
    sound stays in step. A frame that is not later than the one before is left out and counted in `left_out`.
    """

    def __init__(
        self, path: Path | str, size_px: tuple[int, int], fps: float, *, audio_from: Path | str | None = None,
        live: bool = False,
    ) -> None:  # fmt: skip
        self.path = Path(path)
        self._live = live  # encode as cheaply as can be: a game runs beside; and keep what there is
        self.size_px = size_px  # (width, height) of the frames; H.264 wants even sides, so an odd one gains a pixel
        self.left_out = 0
        partial = self.path.with_name(f".{self.path.stem}.{os.getpid()}.partial{self.path.suffix}")
        self._file = self.path if live else partial
        self._encoder = choose_encoder(self._even_size_px()).encoder if live else Encoder(name="libx264", words="")
        self._sound: SoundTrack | None = None
        self._start_ns: int | None = None if audio_from is None else 0
        self._last_pts = -1
        self._is_kept = False  # a whole video that could not be given its name
        self._frame_length = round(_TIME_BASE.denominator / fps)  # for the last frame, which no other follows
        check_target(self.path)
        try:
            self._container: Any = av.open(str(self._file), "w", options=self._container_options())
        except (av.FFmpegError, OSError, ValueError) as error:
            raise VideoError(_unwritable(self.path, error)) from error
        try:
            self._stream = self._add_stream(fps)
            if audio_from is not None:
                self._sound = self._open_sound(Path(audio_from))
            self._container.start_encoding()
        except (av.FFmpegError, OSError, ValueError) as error:
            self.abandon()
            raise VideoError(_unwritable(self.path, error)) from error
        except BaseException:
            self.abandon()
            raise

    def _open_sound(self, path: Path) -> SoundTrack | None:
        try:
            return open_sound(path, self._container)
        except (av.FFmpegError, OSError) as error:
            raise VideoError(_unreadable(path, error)) from error

    def _even_size_px(self) -> tuple[int, int]:
        w, h = self.size_px
        return w + w % 2, h + h % 2

    def _container_options(self) -> dict[str, str]:
        if not self._live:
            return {}
        return {"flush_packets": "1", **(_LIVE_MKV if self.path.suffix.lower() == ".mkv" else _LIVE_MP4)}

    def _add_stream(self, fps: float) -> Any:
        rate = Fraction(fps).limit_denominator(_FRAME_RATE_LIMIT)
        stream = self._container.add_stream(self._encoder.name, rate=rate)
        stream.width, stream.height = self._even_size_px()
        stream.pix_fmt = self._encoder.pixel_format
        stream.options = dict(self._encoder.options) if self._live else dict(_QUALITY)
        context = stream.codec_context
        if self._live:
            context.gop_size = _LIVE_KEYFRAME_FRAMES
        stream.time_base = context.time_base = _TIME_BASE
        context.colorspace, context.color_range = Colorspace.ITU601, ColorRange.MPEG  # said, or players guess by size
        return stream

    def write(self, frame: Frame) -> None:
        if self._start_ns is None:
            self._start_ns = frame.captured_ns
        pts = round((frame.captured_ns - self._start_ns) * _TIME_BASE.denominator / _NS)
        if pts <= self._last_pts:
            self.left_out += 1
            return
        i420_u8 = cv2.cvtColor(self._fitted(frame.bgra_u8), cv2.COLOR_BGRA2YUV_I420)  # BT.601; swscale: twice the time
        picture: Any = av.VideoFrame.from_ndarray(i420_u8.astype(np.uint8, copy=False), format="yuv420p")
        if self._encoder.pixel_format != "yuv420p":
            picture = picture.reformat(format=self._encoder.pixel_format)
        picture.pts, picture.time_base, picture.duration = pts, _TIME_BASE, self._frame_length
        self._last_pts = pts
        try:
            if self._sound is not None:
                self._sound.write_until(frame.captured_ns)
            self._container.mux(self._stream.encode(picture))
        except (av.FFmpegError, OSError) as error:
            raise VideoError(_unwritable(self.path, error)) from error

    def _fitted(self, bgra_u8: np.ndarray) -> np.ndarray:
        """The frame at the video's size: with bars if the window changed, its last row or column doubled if odd."""
        w, h = self.size_px
        if bgra_u8.shape[:2] != (h, w):
            fitted = np.empty((h, w, 4), np.uint8)
            letterbox(bgra_u8, fitted)
            bgra_u8 = fitted
        if w % 2 or h % 2:
            bgra_u8 = cv2.copyMakeBorder(bgra_u8, 0, h % 2, 0, w % 2, cv2.BORDER_REPLICATE)
        return bgra_u8

    def close(self) -> None:
        """Finish the file and give it its name. VideoError when nothing was written or the disk is full."""
        try:
            if self._last_pts < 0:
                raise VideoError(
                    f"writing the video {self.path}: there was not one frame to write. Was the input empty?"
                )
            self._container.mux(self._stream.encode(None))
            if self._sound is not None:
                self._sound.write_rest()
            self._container.close()
            if not self._live:
                self._give_name()
        except (av.FFmpegError, OSError) as error:
            raise VideoError(_unwritable(self.path, error)) from error
        finally:
            self.abandon()  # nothing is left to remove when all went well

    def _give_name(self) -> None:
        """VideoError where the name is taken: on Windows a file that a player has open. The video itself is kept."""
        try:
            self._file.replace(self.path)
        except OSError as error:
            self._is_kept = True
            raise VideoError(
                f"writing the video {self.path}: {error.strerror}. Is it open in a player? Close that; what was "
                f"rendered is {self._file}: rename it"
            ) from error

    def abandon(self) -> None:
        """Leave no trace of a video that will not be finished, a live one but as it is. Does nothing after `close`."""
        if self._sound is not None:
            self._sound.close()
        with contextlib.suppress(av.FFmpegError, OSError):  # it could not be finished, which is why it goes
            self._container.close()
        if not self._is_kept and (not self._live or self._last_pts < 0):
            self._file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()


def check_target(path: Path) -> None:
    """VideoError when no video can have this name."""
    if path.is_dir():
        raise VideoError(f"writing the video {path}: that is a folder. Expected a file name such as out.mp4.")
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        raise VideoError(
            f'writing the video {path}: got the ending "{path.suffix}", expected a name ending in '
            f"{', '.join(VIDEO_SUFFIXES)}. Others cannot hold H.264 with every frame's own time."
        )
    if not path.absolute().parent.is_dir():
        raise VideoError(f"writing the video {path}: the folder {path.parent} does not exist. Make it first.")


def _to_ns(picture: Any) -> int:
    return round(picture.pts * picture.time_base * _NS)


def _unreadable(path: Path, error: Exception) -> str:
    if not path.exists():
        return f"opening the video {path}: there is no such file. Check the path."
    if path.is_dir():
        return f"opening the video {path}: that is a folder. Expected a video file."
    if isinstance(error, av.ArgumentError):  # what FFmpeg says of a reader that `open_video` leaves out
        return (
            f"opening the video {path}: its content is of no kind that is read here, whatever its name says; lists of "
            f"other files are not followed. Expected {KINDS}."
        )
    return (
        f"opening the video {path}: it is not a video that can be read ({getattr(error, 'strerror', None) or error}). "
        f"Expected {KINDS}."
    )


def _unwritable(path: Path, error: Exception) -> str:
    return (
        f"writing the video {path}: {getattr(error, 'strerror', None) or error}. "
        "Expected a folder that can be written and has space."
    )
