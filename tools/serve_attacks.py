"""Hostile clients of `reskin serve`, each a paced flood: python -m tools.serve_attacks NAME URL MEDIA SECONDS HOME

MEDIA is the address of an honest player's session, HOME the server's RESKIN_HOME: an attacker may hold a link that lets
in. Says "begun", and at its end what it did and what it was answered. They are paced, since a bench measures what they
cost the server, not what they cost the machine that they run on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import numpy as np

from reskin.serve.tokens import Tokens, kept_tokens
from tools.serve_players import Clip, Player, Server

NOISE = np.random.default_rng(1).bytes(1400)
FIRST_BYTES = (b"", b"\x00\x01", b"\x16\xfe\xfd", b"\x80\x60", b"\x80\xc8", b"\xff")


class Attack:
    def __init__(self, url: str, media: str, seconds: float, tokens: Tokens) -> None:
        self.server = Server(url)
        self.media = media
        self.end_s = time.monotonic() + seconds
        self.tokens = tokens
        self.answers: Counter[str] = Counter()

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.end_s

    async def each(self, hz: float, work: Callable[[], Awaitable[None]]) -> None:
        """By absolute deadlines, until the end."""
        start_s, count = time.monotonic(), 0
        while not self.is_over:
            await asyncio.sleep(max(0.0, start_s + count / hz - time.monotonic()))
            await work()
            count += 1

    async def offers(self, token: str, hz: float, sdp: str) -> None:
        body = json.dumps({"version": 1, "type": "offer", "sdp": sdp}).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        async with aiohttp.ClientSession() as http:

            async def one() -> None:
                try:
                    async with http.post(self.server.url + "/offer", data=body, headers=headers) as response:
                        self.answers[str(response.status)] += 1
                except aiohttp.ClientError as error:
                    self.answers[type(error).__name__] += 1

            await self.each(hz, one)


async def forged(attack: Attack) -> None:
    """Tokens that are none, 50 a second."""
    await attack.offers(Tokens("x" * 40).issue("admin", 1), 50, "v=0")


async def expired(attack: Attack) -> None:
    token = Tokens(attack.tokens._secret, clock=lambda: time.time() - 7200).issue("play", 1)
    await attack.offers(token, 50, "v=0")


async def malformed(attack: Attack) -> None:
    """Nonsense with good tokens, another one each time, so that no quota stands before it."""
    deep = "v=0\r\n" + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * 500

    async def one() -> None:
        status, _ = await attack.server.post({"version": 1, "type": "offer", "sdp": deep},
                                             attack.tokens.issue("play", 1))  # fmt: skip
        attack.answers[str(status)] += 1

    await attack.each(20, one)


async def sessions(attack: Attack) -> None:
    """Sessions that are opened with a good token and never connected."""
    model = Player(attack.server, "", clip=Clip())
    await model.connection.setLocalDescription(await model.connection.createOffer())
    sdp = model.connection.localDescription.sdp
    await model.leave()
    await attack.offers(attack.tokens.issue("play", 1, sessions=100), 20, sdp)


async def garbage(attack: Attack) -> None:
    """Datagrams of a stranger to an honest player's port, 2,000 a second."""
    host, _, port = attack.media.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.connect((host, int(port)))

        async def twenty() -> None:
            for number in range(20):
                with contextlib.suppress(OSError):
                    stranger.send((FIRST_BYTES[number % len(FIRST_BYTES)] + NOISE)[: 60 * number])
                    attack.answers["sent"] += 1

        await attack.each(100, twenty)


async def messages(attack: Attack) -> None:
    """A player that asks 36 times a second: just below what ends its session, far above what is answered."""
    player = Player(attack.server, attack.tokens.issue("play", 1), clip=Clip(fps=5))
    status, _ = await player.enter()
    attack.answers[str(status)] += 1

    async def three() -> None:
        for _ in range(3):
            if player.channel.readyState == "open":
                player.ask(do="prompt", text="a stormy night over a neon harbour " * 7)
                attack.answers["sent"] += 1

    await attack.each(12, three)
    await player.leave()


async def never_reads(attack: Attack) -> None:
    """A player that connects, and then is stopped as a process is."""
    player = Player(attack.server, attack.tokens.issue("play", 1), clip=Clip((640, 368)))
    status, _ = await player.enter()
    attack.answers[str(status)] += 1
    await asyncio.sleep(1.0)
    waker = os.fork()
    if waker == 0:  # nothing but this: wakes its parent when it is over
        time.sleep(max(0.0, attack.end_s - time.monotonic()))
        os.kill(os.getppid(), signal.SIGCONT)
        os._exit(0)
    os.kill(os.getpid(), signal.SIGSTOP)
    os.waitpid(waker, 0)
    await player.leave()


async def slow_http(attack: Attack) -> None:
    """Connections that begin a request and never end it, 20 a second."""
    writers: list[asyncio.StreamWriter] = []
    port = int(attack.server.url.rpartition(":")[2])

    async def one() -> None:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /offer HTTP/1.1\r\nHost: 127.0.0.1")
            writers.append(writer)
            attack.answers["opened"] += 1

    await attack.each(20, one)
    for writer in writers:
        writer.transport.abort()


ATTACKS: dict[str, Callable[[Attack], Awaitable[None]]] = {
    "forged": forged, "expired": expired, "malformed": malformed, "sessions": sessions, "garbage": garbage,
    "messages": messages, "never-reads": never_reads, "slow-http": slow_http,
}  # fmt: skip


def main(name: str, url: str, media: str, seconds: str, home: str) -> None:
    attack = Attack(url, media, float(seconds), kept_tokens(Path(home) / "serve-secret"))
    print("begun", flush=True)
    asyncio.run(ATTACKS[name](attack))  # type: ignore[arg-type]
    print(", ".join(f"{answer}: {count}" for answer, count in sorted(attack.answers.items())))


if __name__ == "__main__":
    main(*sys.argv[1:])
