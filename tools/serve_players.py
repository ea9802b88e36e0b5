"""Players of `reskin serve` that speak WebRTC through aiortc, as a stranger would: for tests and tools/bench_serve.py.

A clip is numbered pictures; what comes back is counted, and timed by its number. Belongs to an event loop. Knows
nothing of how the server was started.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

import aiohttp
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import VIDEO_TIME_BASE, MediaStreamError, MediaStreamTrack

from reskin.serve import receiving
from reskin.serve.codecs import to_bgra, to_yuv
from reskin.serve.messages import CHANNEL
from reskin.serve.strip import NO_NUMBER, NUMBERS, add_strip, read_strip

SIZE_PX = (320, 176)


class Server:
    """One that runs somewhere: "http://127.0.0.1:8443"."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def post(self, offer: Any, token: str | None = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """Status and body; `offer` is JSON, or bytes as they are."""
        return await self.ask("POST", "/offer", token, offer, **headers)

    async def ask(self, method: str, path: str, token: str | None = None, body: Any = None,
                  **headers: str) -> tuple[int, dict[str, Any]]:  # fmt: skip
        if body is not None:
            headers = {"Content-Type": "application/json", **headers}
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with (
            aiohttp.ClientSession() as http,
            http.request(method, self.url + path, data=body, headers=headers) as response,
        ):
            text = await response.text()
            return response.status, json.loads(text) if text.startswith(("{", "[")) else {"text": text}


class Clip(MediaStreamTrack):
    """Numbered pictures; `fps` a second, by the clock."""

    kind = "video"

    def __init__(self, size_px: tuple[int, int] = SIZE_PX, fps: float = 24, *, has_strip: bool = True) -> None:
        super().__init__()
        w, h = size_px
        self.picture = np.random.default_rng(5).integers(40, 90, (h // 16, w // 16, 4), np.uint8)
        self.picture = self.picture.repeat(16, axis=0).repeat(16, axis=1)
        self.number = 0
        self.drawn_s: dict[int, float] = {}  # by number
        self.has_strip = has_strip
        self._fps = fps
        self._start_s = time.monotonic()

    async def recv(self) -> Any:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(max(0.0, self._start_s + self.number / self._fps - time.monotonic()))
        self.number += 1
        self.drawn_s[self.number % NUMBERS] = time.monotonic()
        frame = to_yuv(add_strip(self.picture, self.number) if self.has_strip else self.picture)
        frame.pts, frame.time_base = int((time.monotonic() - self._start_s) * 90_000), VIDEO_TIME_BASE
        return frame


class Player:
    """One that plays (with a clip), or watches (with `watch`)."""

    def __init__(self, server: Server, token: str, *, clip: Clip | None = None, codec: str = "video/H264",
                 **offer: Any) -> None:  # fmt: skip
        receiving.install()
        self.server, self.token, self.clip = server, token, clip
        self.offer = {"version": 1, "type": "offer", "strip": clip is None or clip.has_strip, **offer}
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.numbers: list[int] = []  # read back, in the order in which they came
        self.ages_ms: list[float] = []  # of the same: from drawn to decoded here
        self.picture: np.ndarray | None = None  # the newest, (h, w, 4)
        self.said: list[dict[str, Any]] = []
        self.session = ""
        self.resumed = False
        self.channel = self.connection.createDataChannel(CHANNEL)
        self.channel.on("message", lambda text: self.said.append(json.loads(text)))
        self._tasks: list[asyncio.Task[None]] = []
        self.connection.on("track", lambda track: self._tasks.append(asyncio.create_task(self._watch(track))))
        transceiver = (
            self.connection.addTransceiver(clip, "sendrecv") if clip
            else self.connection.addTransceiver("video", "recvonly")
        )  # fmt: skip
        known = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([one for one in known if one.mimeType in (codec, "video/rtx")])

    async def enter(self) -> tuple[int, dict[str, Any]]:
        """The server's answer; with 200 the connection is being made."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        self.offer["sdp"] = self.connection.localDescription.sdp
        status, answer = await self.server.post(self.offer, self.token)
        if status == 200:
            self.session, self.resumed = answer["session"], answer["resume"]
            await self.connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        return status, answer

    def ask(self, **message: Any) -> None:
        self.channel.send(json.dumps(message))

    def heard(self, say: str) -> list[dict[str, Any]]:
        return [message for message in self.said if message["say"] == say]

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.clip is not None:
            self.clip.stop()
        await self.connection.close()

    async def _watch(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                received: Any = await track.recv()
                frame = to_bgra(received)
                self.picture = frame
                if self.offer["strip"]:
                    self.picture, number = read_strip(frame)
                    if number is not None and number != NO_NUMBER:
                        self.numbers.append(number)
                        drawn_s = self.clip.drawn_s.get(number) if self.clip is not None else None
                        if drawn_s is not None:
                            self.ages_ms.append((time.monotonic() - drawn_s) * 1e3)
