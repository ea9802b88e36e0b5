"""A server in the test's own event loop, and players for it that speak WebRTC through aiortc as a stranger would.

The engine is a painter without a network (`Negative`: each frame's picture upside down in light), so that a test knows
what must come back; every frame carries its number in a strip.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import Any

import numpy as np

from reskin.renderer import View
from reskin.serve.batch import BatchRenderer, EachInTurn
from reskin.serve.door import Door
from reskin.serve.front import Front
from reskin.serve.host import Host
from reskin.serve.observing import Observer
from reskin.serve.routes import Site
from reskin.serve.server import listening, open_socket
from reskin.serve.tokens import Tokens
from reskin.shared_frames import NO_DRIFT
from reskin.theme_store import ThemeStore
from reskin.themes import Theme, shipped_themes
from tools.serve_players import Clip, Player, Server

SECRET = "a secret of the tests, long enough for the longest of the hashes, and only theirs"


@cache
def shipped_store() -> ThemeStore:
    """One for all tests, which only look at it: it takes 0.2 s."""
    return ThemeStore(list(shipped_themes().values()))


def shipped() -> dict[str, Theme]:
    return {path.stem: theme for path, theme in shipped_store().with_files()}


class Negative:
    """A renderer that turns light into dark; remembers how it was asked."""

    name, why, drift = "negative", "", NO_DRIFT

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


class World(Server):
    """A running server in this process."""

    def __init__(self, host: Host, door: Door, tokens: Tokens, port: int) -> None:
        self.host, self.door, self.tokens, self.port = host, door, tokens, port
        super().__init__(f"http://127.0.0.1:{port}")
        self.play = tokens.issue("play", 1, sessions=8)
        self.watch = tokens.issue("watch", 1, watches=tokens.read(self.play).sub)
        self.admin = tokens.issue("admin", 1)


@contextlib.asynccontextmanager
async def world(*, slots: int = 4, renderer: BatchRenderer | None = None) -> AsyncIterator[World]:
    host = Host(renderer or EachInTurn(Negative), shipped(), theme="candy", slots=slots, flash_limiter="off")
    tokens = Tokens(SECRET)
    sock = open_socket("127.0.0.1", 0)
    port = sock.getsockname()[1]
    door = Door(tokens, scheme="http", hosts=(f"127.0.0.1:{port}",))
    observer = Observer(host, door.refused)
    site = Site(host=host, observer=observer, front=Front.of(shipped_store()))
    try:
        async with listening(sock, None, door, site):
            yield World(host, door, tokens, port)
    finally:
        await observer.close()
        await host.close()


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
