"""One WebRTC connection to a server, from its offer to its end: frames out, paintings in, messages both ways.

Newest wins at both ends: the encoder takes the newest frame when it is done with the one before, and of several
paintings that came the last one is handed on. Knows nothing of frame numbers, of reconnecting, or of what is said.
For the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from fractions import Fraction

import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from reskin.remote_engine.signalling import Answer, Signalling
from reskin.serve.messages import CHANNEL

CLOCK_HZ = 90_000  # of video in RTP
CLOSE_LIMIT_S = 3.0
MOST_UNSENT_BYTES = 64 * 1024  # of the data channel: what is not read is not added to
FIRST_CODEC = "video/h264"  # x264 takes half of what VP8 does


class NewestTrack(MediaStreamTrack):
    """The outgoing video: whoever encodes gets the newest frame, and waits while there is none."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._newest: av.VideoFrame | None = None
        self._has_one = asyncio.Event()

    def put(self, frame: av.VideoFrame) -> None:
        self._newest = frame
        self._has_one.set()

    async def recv(self) -> av.VideoFrame:
        await self._has_one.wait()
        self._has_one.clear()
        frame, self._newest = self._newest, None
        assert frame is not None
        frame.pts = int(time.monotonic() * CLOCK_HZ)
        frame.time_base = Fraction(1, CLOCK_HZ)
        return frame


class Connection:
    """`open` it once, `close` it once; `has_ended` when it is of no use any more."""

    def __init__(
        self, signalling: Signalling, *, on_painting: Callable[[av.VideoFrame], None],
        on_message: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.is_open = asyncio.Event()  # messages can be sent
        self.has_ended = asyncio.Event()
        self._signalling = signalling
        self._on_painting = on_painting
        self._on_message = on_message
        self._tasks: set[asyncio.Task[None]] = set()
        self._track = NewestTrack()
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))  # left out, Google's server would be asked
        self._channel = self._peer.createDataChannel(CHANNEL, ordered=True)
        self._listen()

    async def open(self, session: str | None) -> Answer:
        """The errors of `Signalling.offer`; `is_open` comes later."""
        transceiver = self._peer.addTransceiver(self._track, direction="sendrecv")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences(sorted(codecs, key=lambda codec: codec.mimeType.lower() != FIRST_CODEC))
        await self._peer.setLocalDescription(await self._peer.createOffer())
        answer = await self._signalling.offer(self._peer.localDescription.sdp, session=session)
        await self._peer.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        return answer

    def put(self, frame: av.VideoFrame) -> None:
        self._track.put(frame)

    def say(self, text: str) -> bool:
        """False when it cannot be sent now."""
        if self._channel.readyState != "open" or self._channel.bufferedAmount > MOST_UNSENT_BYTES:
            return False
        self._channel.send(text)
        return True

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(Exception):  # it is thrown away; a server that is gone cannot be told
            await asyncio.wait_for(self._peer.close(), CLOSE_LIMIT_S)

    def _listen(self) -> None:
        @self._channel.on("open")
        def opened() -> None:
            self.is_open.set()

        @self._channel.on("close")
        def closed() -> None:
            self.has_ended.set()

        @self._channel.on("message")
        def heard(text: str | bytes) -> None:
            if isinstance(text, str):
                self._on_message(text)

        @self._peer.on("connectionstatechange")
        def changed() -> None:
            if self._peer.connectionState in ("failed", "closed"):
                self.has_ended.set()

        @self._peer.on("track")
        def tracked(track: MediaStreamTrack) -> None:
            task = asyncio.create_task(self._drain(track))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drain(self, track: MediaStreamTrack) -> None:
        """aiortc's queue has no end: it is emptied as fast as frames come, and the newest is handed on."""
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, av.VideoFrame):
                    self._on_painting(frame)
        self.has_ended.set()
