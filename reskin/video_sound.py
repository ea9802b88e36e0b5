"""The sound of one file carried into another: copied packet by packet, or made AAC where the new file cannot hold it.

Only the first sound track. Packets are fed as the pictures advance, so that the file is well interleaved and players
need no long buffers. Times are those of the source file, as the pictures' are: that is what keeps them in step.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reskin.video_open import open_video

_AHEAD_NS = 500_000_000  # sound may be this much ahead of the pictures
_NS = 1_000_000_000


class SoundTrack:
    """Made by `open_sound`; `write_until` the pictures' time again and again, then `write_rest`."""

    def __init__(self, source: Any, stream: Any, target: Any, target_stream: Any, *, copy: bool) -> None:
        self._source, self._stream = source, stream
        self._target, self._target_stream = target, target_stream
        self._packets = self._copied() if copy else self._encoded()
        self._waiting: Any = None  # a packet that lies further ahead

    def write_until(self, time_ns: int) -> None:
        while (packet := self._waiting or next(self._packets, None)) is not None:
            self._waiting = packet
            start = packet.pts if packet.pts is not None else packet.dts
            if start is not None and start * packet.time_base * _NS > time_ns + _AHEAD_NS:
                return
            self._target.mux(packet)
            self._waiting = None

    def write_rest(self) -> None:
        if self._waiting is not None:
            self._target.mux(self._waiting)
            self._waiting = None
        for packet in self._packets:
            self._target.mux(packet)

    def close(self) -> None:
        self._source.close()

    def _copied(self) -> Iterator[Any]:
        for packet in self._source.demux(self._stream):
            if packet.dts is not None:  # the empty packet that ends a stream has none
                packet.stream = self._target_stream
                yield packet

    def _encoded(self) -> Iterator[Any]:
        for sound in self._source.decode(self._stream):
            yield from self._target_stream.encode(sound)
        yield from self._target_stream.encode(None)


def open_sound(path: Path, target: Any) -> SoundTrack | None:
    """A track of `target` for the sound in `path`; None when there is no sound. av.FFmpegError when unreadable."""
    source = open_video(path)
    if not source.streams.audio:
        source.close()
        return None
    stream = source.streams.audio[0]
    try:
        return SoundTrack(source, stream, target, target.add_stream_from_template(stream), copy=True)
    except ValueError:  # the new format cannot hold it, as mp4 cannot hold plain PCM
        encoded = target.add_stream("aac", rate=stream.codec_context.sample_rate, layout=stream.codec_context.layout)
        return SoundTrack(source, stream, target, encoded, copy=False)
