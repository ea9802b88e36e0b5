"""A client that goes, or comes anew, while its offer is still being answered: only what that offer had ends."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from reskin.serve import host as host_module
from reskin.serve.batch import EachInTurn
from reskin.serve.cluster import webrtc
from reskin.serve.host import Conflict, Host
from reskin.serve.messages import Offer
from reskin.serve.tokens import Claims
from tests.serve.playing import Negative, run, shipped, soon


class SlowPeer:
    """Answers when it is let."""

    def __init__(self, session: Any, **_: object) -> None:
        self.session = session
        self.is_let = asyncio.Event()
        self.is_closed = False

    async def answer(self, sdp: str, client: str) -> str:
        await self.is_let.wait()
        return "v=0"

    async def close(self, why: str = "closed") -> None:
        self.is_closed = True


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> list[SlowPeer]:
    """All that are made, in their order."""
    made: list[SlowPeer] = []

    def make(session: Any, **options: object) -> SlowPeer:
        made.append(SlowPeer(session, **options))
        return made[-1]

    monkeypatch.setattr(host_module, "Peer", make)
    monkeypatch.setattr(webrtc, "Peer", make)
    return made


def test_a_session_that_was_ended_before_its_answer_is_not_stepped(peers: list[SlowPeer]) -> None:
    async def play() -> None:
        host = Host(EachInTurn(Negative), shipped(), theme="candy", slots=2, flash_limiter="off")
        claims = Claims(sub="me", scope="play", iat=0, exp=1 << 40)
        try:
            answering = asyncio.create_task(host.answer(Offer(version=1, sdp="v=0", type="offer"), claims, ""))
            await soon(lambda: peers)
            await host.end(peers[0].session.id, claims)
            peers[0].is_let.set()
            with pytest.raises(Conflict):
                await answering
            assert host.stepper.sessions == []
            assert peers[0].is_closed
        finally:
            await host.close()

    run(play())


def test_an_offer_that_is_given_up_ends_its_own_peer_and_not_the_next_one_of_the_session(peers: list[SlowPeer]) -> None:
    async def play() -> None:
        media = webrtc.Peers(SimpleNamespace(waiting=0), lambda session: None, ())  # type: ignore[arg-type]
        session: Any = SimpleNamespace(id="s")
        first, second = (asyncio.create_task(media.open(session, {"sdp": ""})) for _ in range(2))
        await soon(lambda: len(peers) == 2)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert [peer.is_closed for peer in peers] == [True, False]
        peers[1].is_let.set()
        assert (await second)["sdp"] == "v=0"
        await media.stop()
        assert peers[1].is_closed

    run(play())
