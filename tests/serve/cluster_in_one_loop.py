"""A cluster's parts in one event loop, without Ray: what the tests of the parts play on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from reskin.serve.cluster.config import ClusterConfig
from reskin.serve.cluster.ingress import DirectoryService, Ingress
from reskin.serve.cluster.replica import EngineReplica
from reskin.serve.cluster.requests import Answered, Asked
from reskin.serve.tokens import Tokens
from tools.cluster_players import Player

SECRET = "s" * 40
PATIENCE_S = 20.0


class Lost(Exception):
    """As Ray's: whoever should answer is gone."""


class Handle:
    """`handle.method.remote(...)` calls what `find` gives for the arguments."""

    def __init__(self, find: Callable[[dict[str, Any]], Any]) -> None:
        self._find = find

    def __getattr__(self, name: str) -> Any:
        class Method:
            @staticmethod
            def remote(*arguments: Any, **keywords: Any) -> Awaitable[Any]:
                return getattr(self._find(keywords), name)(*arguments, **keywords)

        return Method


class Cluster:
    def __init__(self, replicas: int, slots: int) -> None:
        self.config = ClusterConfig(preset="fake", slots=slots, fake_step_ms=0.2, beat_s=0.02, drain_s=10).model_dump()
        self.replicas: dict[str, EngineReplica] = {}
        self.directory = DirectoryService()
        self._handle = Handle(lambda _: self.directory)
        self.ingress = Ingress(self.config, SECRET, self._handle, Handle(self._find), (Lost,))
        self.tokens = Tokens(SECRET)
        for at in range(replicas):
            self.start(f"r{at}")

    def start(self, name: str) -> None:
        self.replicas[name] = EngineReplica(self.config, self._handle, name, (Lost,))

    async def all_beat(self) -> None:
        for replica in self.replicas.values():
            await replica.check_health()
        await until(lambda: set(self.status()["replicas"]) >= set(self.replicas))

    def status(self) -> dict[str, Any]:
        return self.directory._directory.status(asyncio.get_running_loop().time())

    def knows_all_choices(self) -> bool:
        return all(seat.choices for seat in self.directory._directory._seats.values())

    async def kill(self, name: str) -> None:
        """No word to anybody: its beats, its paintings and its port stop."""
        replica = self.replicas.pop(name)
        replica._beats.cancel()
        replica._watch.cancel()
        await replica._media.stop()
        replica._engine.stepper.close()

    async def stop(self) -> None:
        for name in list(self.replicas):
            await self.kill(name)

    async def ask(self, method: str, path: str, token: str = "", body: object = None, **headers: str) -> Answered:
        if token:
            headers["authorization"] = f"Bearer {token}"
        text = body if isinstance(body, bytes) else json.dumps(body).encode()

        async def chunks() -> AsyncIterator[bytes]:
            for at in range(0, len(text), 50_000):
                yield text[at : at + 50_000]

        return await self.ingress.answer(Asked(method=method, path=path, headers=headers, body=chunks()))

    def _find(self, keywords: dict[str, Any]) -> EngineReplica:
        """As `PinnedRouter`: the one that is named, else any other."""
        if not self.replicas:
            raise Lost
        return self.replicas.get(keywords["replica"]) or next(iter(self.replicas.values()))


class Visitor(Player):
    """Asks the ingress by a call instead of over HTTP."""

    def __init__(self, mark: int, cluster: Cluster) -> None:
        super().__init__(mark, "", cluster.tokens.issue("play", 1.0), fps=100)
        self._cluster = cluster

    async def _ask(self, http: object) -> dict[str, Any] | None:
        answered = await self._cluster.ask("POST", "/offer", self._token, self.offer())
        return self.read(answered.status, json.loads(answered.body))


@asynccontextmanager
async def cluster_of(replicas: int, slots: int) -> AsyncIterator[Cluster]:
    cluster = Cluster(replicas, slots)
    try:
        await cluster.all_beat()
        yield cluster
    finally:
        await cluster.stop()


@asynccontextmanager
async def playing(cluster: Cluster, marks: range) -> AsyncIterator[list[Visitor]]:
    players = [Visitor(mark, cluster) for mark in marks]
    stop = asyncio.Event()
    tasks = [asyncio.create_task(player.play(stop, None)) for player in players]
    try:
        yield players
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def all_painted_more(players: list[Visitor], frames: int = 3) -> None:
    counts = [len(player.tally.painted_s) for player in players]
    await until(lambda: all(len(player.tally.painted_s) >= count + frames
                            for player, count in zip(players, counts, strict=True)))  # fmt: skip
