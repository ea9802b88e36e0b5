"""How frames travel between a client and a replica, once the ingress has brought them together: straight, by UDP.

`Media` is what a replica needs of it. `Datagrams` is the small kind, for tests and for `tools/cluster_chaos.py`: one
datagram is one frame of `fake`, so what is measured is the cluster and not a codec. It has no encryption, and therefore
listens on this machine alone. A datagram is a key of 8 bytes that the answer gave, and the frame; back comes the key
and the painting. Knows nothing of Ray.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np

from reskin.serve.cluster.fake import FRAME_BYTES, SIDE
from reskin.serve.session import Session, SessionClosed

KEY_BYTES = 8
HOST = "127.0.0.1"
SILENT_S = 10.0  # without a datagram; then the session ends
Ended = Callable[[str], None]  # with the session's id, in the event loop


class Media(Protocol):
    async def open(self, session: Session, offer: dict[str, Any]) -> dict[str, Any]:
        """Takes the client's offer; the answer. From now on its frames go to `session.offer`."""
        ...

    async def move(self, session_id: str) -> None:
        """Tells the client to ask for another replica."""
        ...

    async def close(self, session_id: str) -> None: ...

    def end_the_silent(self) -> None:
        """To be called now and then."""
        ...

    async def stop(self) -> None: ...


@dataclass(kw_only=True)
class _Line:
    session: Session
    key: bytes
    sender: asyncio.Task[None]
    address: tuple[str, int] | None = None
    heard_s: float


class Datagrams(asyncio.DatagramProtocol):
    """`await Datagrams.listen(ended)`. For one event loop."""

    def __init__(self, ended: Ended) -> None:
        self._ended = ended
        self._lines: dict[bytes, _Line] = {}
        self._keys: dict[str, bytes] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0

    @classmethod
    async def listen(cls, ended: Ended) -> Datagrams:
        loop = asyncio.get_running_loop()
        transport, made = await loop.create_datagram_endpoint(lambda: cls(ended), local_addr=(HOST, 0))
        made.port = transport.get_extra_info("sockname")[1]
        return made

    async def open(self, session: Session, offer: dict[str, Any]) -> dict[str, Any]:
        await self.close(session.id)
        key = secrets.token_bytes(KEY_BYTES)
        sender = asyncio.create_task(self._send(session, key))
        self._lines[key] = _Line(session=session, key=key, sender=sender, heard_s=time.monotonic())
        self._keys[session.id] = key
        return {"type": "answer", "host": HOST, "port": self.port, "key": key.hex()}

    async def move(self, session_id: str) -> None:
        """An empty frame: play elsewhere."""
        line = self._lines.get(self._keys.get(session_id, b""))
        if line is not None and line.address is not None and self._transport is not None:
            self._transport.sendto(line.key, line.address)

    async def close(self, session_id: str) -> None:
        line = self._lines.pop(self._keys.pop(session_id, b""), None)
        if line is not None:
            line.sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await line.sender

    async def stop(self) -> None:
        for session_id in list(self._keys):
            await self.close(session_id)
        if self._transport is not None:
            self._transport.close()

    def end_the_silent(self) -> None:
        """To be called now and then."""
        now_s = time.monotonic()
        for line in list(self._lines.values()):
            if now_s - line.heard_s > SILENT_S:
                self._ended(line.session.id)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        line = self._lines.get(data[:KEY_BYTES])
        if line is None or len(data) != KEY_BYTES + FRAME_BYTES:
            return
        line.address, line.heard_s = addr, time.monotonic()
        line.session.offer(np.frombuffer(data, np.uint8, offset=KEY_BYTES).reshape(SIDE, SIDE, 4))

    def error_received(self, exc: Exception) -> None:
        """A client's port is closed: it has gone, or comes again by itself."""

    async def _send(self, session: Session, key: bytes) -> None:
        with contextlib.suppress(SessionClosed):
            while True:
                painting = await session.painted()
                line = self._lines.get(key)
                if line is not None and line.address is not None and self._transport is not None:
                    self._transport.sendto(key + painting.bgra_u8.tobytes(), line.address)
