"""One connection's life without a network: frames go out when the server of this connection has the look."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from reskin.remote_engine import keeper as keepers
from reskin.remote_engine.address import read_address
from reskin.remote_engine.keeper import Keeper
from reskin.remote_engine.looks import RemoteLook
from reskin.remote_engine.signalling import Answer
from reskin.remote_engine.states import LinkChanged, LinkState
from reskin.renderer import View
from reskin.serve.messages import SayState
from reskin.themes import Theme


class Open:
    """A connection that opens at once and is told everything."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.is_open, self.has_ended = asyncio.Event(), asyncio.Event()
        self.is_open.set()

    async def open(self, session: str | None) -> Answer:
        return Answer(sdp="v=0", session="s1", is_resumed=False)

    def say(self, text: str) -> bool:
        return True

    async def close(self) -> None:
        pass


def test_no_frame_goes_out_before_the_server_of_this_connection_has_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "Connection", Open)
    monkeypatch.setattr(keepers, "WATCH_S", 0.01)
    look = RemoteLook(Theme(name="a garden of glass"), View.THEME, 0, 0)

    async def play() -> None:
        told: list[Any] = []
        keeper = Keeper(read_address("https://127.0.0.1:9/#token=t"), on_painting=told.append, tell=told.append)
        keeper.wear(look)
        keeper._look_is_known.set()  # by the server of the connection before
        life = asyncio.create_task(keeper._connect(None))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        assert keeper._taking is None
        keeper._heard(SayState(theme=look.theme.name, strength=1.0, view="skin").model_dump_json())
        await asyncio.sleep(0.05)
        assert keeper._taking is not None
        assert told == [LinkChanged(LinkState.LIVE)]
        keeper.stop()
        await life

    asyncio.run(play())
