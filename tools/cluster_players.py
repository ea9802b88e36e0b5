"""Players for tools/cluster_chaos.py: each sends frames with its own mark, and looks at every mark that comes back.

A player asks the ingress for a session over HTTP and then sends datagrams to the replica that it was given. When
nothing has come back for a while it asks again, with the same session: what a WebRTC client does when its peer is lost.
Knows nothing of Ray; `time.monotonic()` throughout.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import numpy as np

from reskin.serve.cluster import fake
from reskin.serve.cluster.media import KEY_BYTES

STALL_S = 0.5  # without a painting: the replica is taken for lost
ASK_AGAIN_S = 0.2  # after an answer that was no slot
HTTP_TIMEOUT_S = 5.0


@dataclass(kw_only=True)
class Tally:
    """What one player has seen; times in seconds of the monotonic clock."""

    painted_s: list[float] = field(default_factory=list)
    connected_s: list[float] = field(default_factory=list)
    asked_s: list[float] = field(default_factory=list)
    sent: int = 0
    late: int = 0  # paintings from a replica that the player has left
    mixed: list[str] = field(default_factory=list)  # anything of another session, in words
    queued: int = 0  # answers with a place in the queue
    resumed: int = 0  # answers that said that the choices are back


class Player:
    def __init__(self, mark: int, url: str, token: str, fps: float) -> None:
        self.mark, self.tally = mark, Tally()
        self._url, self._token, self._fps = url, token, fps
        self._number = self._newest = 0
        self._session: str | None = None
        self.key = b""
        self._transport: asyncio.DatagramTransport | None = None
        self._heard_s = 0.0
        self._must_move = False
        self._sent_here = 0  # over this connection

    async def play(self, stop: asyncio.Event, http: aiohttp.ClientSession) -> None:
        """Until `stop`; the session is not ended, as when a player's machine is switched off."""
        await self._connect(http, stop)
        due_s = time.monotonic()
        while not stop.is_set():
            if self._must_move or time.monotonic() - self._heard_s > STALL_S:
                await self._connect(http, stop)
                due_s = time.monotonic()
            self.send()
            due_s += 1 / self._fps
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        self.close()

    async def _connect(self, http: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        self.tally.asked_s.append(time.monotonic())
        while not stop.is_set():
            answer = await self._ask(http)
            if answer is not None:
                break
            await asyncio.sleep(ASK_AGAIN_S)
        else:
            return
        await self.connect_to(answer)

    async def connect_to(self, answer: dict[str, Any]) -> None:
        """What the ingress answered."""
        self.close()
        self._session, self.key = answer["session"], bytes.fromhex(answer["key"])
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Ear(self), remote_addr=(answer["host"], answer["port"])
        )
        self._must_move, self._sent_here, self._heard_s = False, 0, time.monotonic()
        self.tally.connected_s.append(self._heard_s)
        self.tally.resumed += bool(answer["resume"])

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def send(self) -> None:
        """One frame."""
        self._number += 1
        self._sent_here += 1
        self.tally.sent += 1
        self.send_bytes(self.key + fake.frame(self.mark, self._number).tobytes())

    def send_bytes(self, body: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(body)

    async def _ask(self, http: aiohttp.ClientSession) -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {self._token}"}
        timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with http.post(f"{self._url}/offer", json=self.offer(), headers=headers, timeout=timeout) as response:
                return self.read(response.status, await response.json())
        return None

    def offer(self) -> dict[str, Any]:
        theme = {"do": "theme_parameters", "theme": {"name": fake.theme_name(self.mark)}}
        return {"session": self._session, "do": [theme]}

    def read(self, status: int, answer: dict[str, Any]) -> dict[str, Any] | None:
        """None for what is no slot."""
        self._session = answer.get("session", self._session)
        self.tally.queued += status == 429
        return answer if status == 200 else None

    def hear(self, data: bytes) -> None:
        """One datagram: a painting, or only the key, which says to play elsewhere."""
        if data[:KEY_BYTES] != self.key:
            self.tally.late += 1
            return
        if len(data) == KEY_BYTES:
            self._must_move = True
            return
        marks = fake.read(np.frombuffer(data, np.uint8, offset=KEY_BYTES).reshape(fake.SIDE, fake.SIDE, 4))
        self.look_at(marks)
        self._heard_s = time.monotonic()
        self.tally.painted_s.append(self._heard_s)

    def look_at(self, marks: fake.Marks) -> None:
        for what in ("sent", "chosen", "first"):
            if getattr(marks, what) != self.mark:
                self.tally.mixed.append(f"player {self.mark}: {what} was {getattr(marks, what)}")
        if not self._newest < marks.number <= self._number:
            self.tally.mixed.append(f"player {self.mark}: frame {marks.number} after {self._newest}")
        self._newest = marks.number
        if marks.age > self._sent_here:
            self.tally.mixed.append(f"player {self.mark}: {marks.age} frames of history after {self._sent_here}")


class _Ear(asyncio.DatagramProtocol):
    """One socket of a player; the next connection has its own."""

    def __init__(self, player: Player) -> None:
        self._player = player

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._player.hear(data)

    def error_received(self, exc: Exception) -> None:
        """The replica's port is closed: the player's stall tells the same."""
