"""A server in the test's own event loop, and players for it that speak WebRTC through aiortc as a stranger would.

The engine is a painter without a network (`Negative`: each frame's picture upside down in light), so that a test knows
what must come back; every frame carries its number in a strip.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import Any

import aiohttp
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import VIDEO_TIME_BASE, MediaStreamError, MediaStreamTrack

from reskin.renderer import View
from reskin.serve.batch import BatchRenderer, EachInTurn
from reskin.serve.codecs import to_bgra, to_yuv
from reskin.serve.door import Door
from reskin.serve.host import Host
from reskin.serve.messages import CHANNEL
from reskin.serve.observing import Observer
from reskin.serve.page import play_page
from reskin.serve.routes import Site
from reskin.serve.server import listening, open_socket
from reskin.serve.strip import add_strip, read_strip
from reskin.serve.tokens import Tokens
from reskin.shared_frames import NO_DRIFT
from reskin.sinks.web.gallery import gallery
from reskin.theme_store import ThemeStore
from reskin.themes import Theme, shipped_themes

SIZE = (320, 176)
SECRET = "a secret of the tests, long enough for the longest of the hashes, and only theirs"


@cache
def shipped_store() -> ThemeStore:
    """One for all tests, which only look at it: it takes 0.2 s."""
    return ThemeStore(list(shipped_themes().values()))


def shipped() -> dict[str, Theme]:
    return {path.stem: theme for path, theme in shipped_store().with_files()}


class Negative:
    """A renderer that turns light into dark; remembers how it was asked."""

    name, note, drift = "negative", "", NO_DRIFT

    def __init__(self, takes_s: float = 0.0) -> None:
        self.takes_s = takes_s
        self.asked: list[tuple[str, View, int]] = []
        self.resets = 0

    def render(self, bgra_u8: np.ndarray, theme: Theme, view: View, quality: int, out: np.ndarray) -> dict[str, float]:
        self.asked.append((theme.name, view, quality))
        time.sleep(self.takes_s)
        np.subtract(255, bgra_u8, out=out)
        return {"step": self.takes_s * 1e3}

    def reset(self) -> None:
        self.resets += 1


class World:
    """A running server."""

    def __init__(self, host: Host, door: Door, tokens: Tokens, port: int) -> None:
        self.host, self.door, self.tokens, self.port = host, door, tokens, port
        self.url = f"http://127.0.0.1:{port}"
        self.play = tokens.issue("play", 1, sessions=8)
        self.watch = tokens.issue("watch", 1, watches=tokens.read(self.play).sub)
        self.admin = tokens.issue("admin", 1)

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


@contextlib.asynccontextmanager
async def world(*, slots: int = 4, renderer: BatchRenderer | None = None) -> AsyncIterator[World]:
    host = Host(renderer or EachInTurn(Negative), shipped(), theme="candy", slots=slots, flash_limiter="off")
    tokens = Tokens(SECRET)
    sock = open_socket("127.0.0.1", 0)
    port = sock.getsockname()[1]
    door = Door(tokens, scheme="http", hosts=(f"127.0.0.1:{port}",))
    observer = Observer(host, door.refused)
    site = Site(host=host, observer=observer, gallery=gallery(shipped_store()), page=play_page())
    try:
        async with listening(sock, None, door, site):
            yield World(host, door, tokens, port)
    finally:
        await observer.close()
        await host.close()


class Clip(MediaStreamTrack):
    """Numbered pictures; `fps` a second, by the clock."""

    kind = "video"

    def __init__(self, size: tuple[int, int] = SIZE, fps: float = 24, *, has_strip: bool = True) -> None:
        super().__init__()
        w, h = size
        self.picture = np.random.default_rng(5).integers(40, 90, (h // 16, w // 16, 4), np.uint8)
        self.picture = self.picture.repeat(16, axis=0).repeat(16, axis=1)
        self.number = 0
        self.has_strip = has_strip
        self._fps = fps
        self._start_s = time.monotonic()

    async def recv(self) -> Any:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(max(0.0, self._start_s + self.number / self._fps - time.monotonic()))
        self.number += 1
        frame = to_yuv(add_strip(self.picture, self.number) if self.has_strip else self.picture)
        frame.pts, frame.time_base = int((time.monotonic() - self._start_s) * 90_000), VIDEO_TIME_BASE
        return frame


class Player:
    """One that plays (with a clip), or watches (with `watch`)."""

    def __init__(self, world: World, token: str, *, clip: Clip | None = None, codec: str = "video/H264",
                 **offer: Any) -> None:  # fmt: skip
        self.world, self.token, self.clip = world, token, clip
        self.offer = {"version": 1, "type": "offer", "strip": clip is None or clip.has_strip, **offer}
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.numbers: list[int] = []  # read back, in the order in which they came
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
        status, answer = await self.world.post(self.offer, self.token)
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
                frame = to_bgra(await track.recv())
                self.picture = frame
                if self.offer["strip"]:
                    self.picture, number = read_strip(frame)
                    if number is not None:
                        self.numbers.append(number)


@contextlib.asynccontextmanager
async def playing(world: World, *, token: str | None = None, clip: Clip | None = None,
                  **options: Any) -> AsyncIterator[Player]:  # fmt: skip
    """A player of whom at least two painted frames have come back."""
    player = Player(world, token or world.play, clip=clip or Clip(), **options)
    try:
        status, answer = await player.enter()
        assert status == 200, answer
        await soon(lambda: len(player.numbers) >= 2)
        yield player
    finally:
        await player.leave()


async def soon(is_so: Callable[[], Any], seconds: float = 20.0) -> None:
    """Waits until it is so; an AssertionError after `seconds`."""
    end_s = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end_s, "it never came"
        await asyncio.sleep(0.02)


def run(work: Any, seconds: float = 60.0) -> None:
    """A coroutine as a test."""

    async def bounded() -> None:
        async with asyncio.timeout(seconds):
            await work

    asyncio.run(bounded())
