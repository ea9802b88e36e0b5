"""`Media` over WebRTC: the peers of `reskin serve`, for a replica. Candidates are the replica's own addresses.

A replica must be reachable by UDP from its players: host networking, or a STUN server for replicas behind a router.
Knows nothing of Ray, tokens or slots.
"""

from __future__ import annotations

import asyncio
from typing import Any

from reskin.serve.cluster.media import Ended
from reskin.serve.peer import Peer
from reskin.serve.prompt_reader import PromptReader
from reskin.serve.session import Session
from reskin.serve.stepper import Stepper

MOVED = "play elsewhere"  # why the connection is closed: the client asks again, with its session


class Peers:
    def __init__(self, stepper: Stepper, ended: Ended, ice_servers: tuple[str, ...]) -> None:
        self._stepper, self._ended, self._ice_servers = stepper, ended, ice_servers
        self._peers: dict[str, Peer] = {}
        self._prompts = PromptReader()
        self._closings: set[asyncio.Task[None]] = set()

    async def open(self, session: Session, offer: dict[str, Any]) -> dict[str, Any]:
        peer = Peer(
            session, has_strip=bool(offer.get("strip")), prompts=self._prompts, queue=lambda: self._stepper.waiting,
            on_end=self._on_end, ice_servers=self._ice_servers,
        )  # fmt: skip
        self._peers[session.id] = peer
        try:
            return {"type": "answer", "sdp": await peer.answer(offer["sdp"], offer.get("client", ""))}
        except BaseException:
            if self._peers.get(session.id) is peer:  # and not that of a later offer
                del self._peers[session.id]
            await peer.close()
            raise

    async def move(self, session_id: str) -> None:
        """A closed connection is what a client of this protocol asks again after; the session stays until it has."""
        peer = self._peers.pop(session_id, None)
        if peer is not None:
            await peer.close(MOVED)

    async def close(self, session_id: str) -> None:
        peer = self._peers.pop(session_id, None)
        if peer is not None:
            await peer.close()

    def end_the_silent(self) -> None:
        """Peers look after themselves."""

    async def stop(self) -> None:
        await asyncio.gather(*(self.close(session_id) for session_id in list(self._peers)), return_exceptions=True)
        self._prompts.close()

    def _on_end(self, peer: Peer, why: str) -> None:
        if self._peers.get(peer.session.id) is peer:
            del self._peers[peer.session.id]
            self._ended(peer.session.id)
        closing = asyncio.get_running_loop().create_task(peer.close(why))
        self._closings.add(closing)
        closing.add_done_callback(self._closings.discard)
