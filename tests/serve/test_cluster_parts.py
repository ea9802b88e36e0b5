"""The cluster's parts together in one event loop, with handles that are plain calls: everything but Ray itself.

Real sessions, real datagrams, real marks; a replica dies by being taken away. `tools/cluster_chaos.py` does the same on
a Ray cluster with processes that are killed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reskin.serve.cluster.config import ClusterConfig
from reskin.serve.cluster.ingress import Answered, Asked, DirectoryService, Ingress
from reskin.serve.cluster.replica import EngineReplica
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


def test_sessions_of_a_replica_that_dies_play_on_elsewhere_and_none_is_mixed_up() -> None:
    async def play() -> list[Visitor]:
        async with cluster_of(replicas=3, slots=4) as cluster, playing(cluster, range(1, 9)) as players:
            await all_painted_more(players)
            for name in ("r0", "r1"):
                await until(cluster.knows_all_choices)
                await cluster.kill(name)
                cluster.start(f"{name} again")
                await cluster.all_beat()
                await until(lambda name=name: name not in cluster.status()["replicas"])
                await all_painted_more(players)
            assert cluster.status()["sessions"] == 8
        return players

    tallies = [player.tally for player in asyncio.run(play())]
    assert [text for tally in tallies for text in tally.mixed] == []
    moves = [len(tally.connected_s) - 1 for tally in tallies]
    assert sum(moves) >= 4, "two replicas died"
    assert sum(tally.resumed for tally in tallies) == sum(moves), "what they chose came with them"


def test_a_replica_that_drains_sends_its_sessions_away_and_then_ends() -> None:
    async def play() -> list[Visitor]:
        async with cluster_of(replicas=2, slots=4) as cluster, playing(cluster, range(1, 5)) as players:
            await all_painted_more(players)
            leaving = cluster.replicas["r0"]
            assert leaving.record_autoscaling_stats()["sessions"] == 2
            await leaving.drain()
            assert leaving.record_autoscaling_stats()["sessions"] == 0
            await cluster.kill("r0")
            assert set(cluster.status()["replicas"]) == {"r1"}
            await all_painted_more(players)
        return players

    tallies = [player.tally for player in asyncio.run(play())]
    assert [text for tally in tallies for text in tally.mixed] == []
    assert sorted(len(tally.connected_s) for tally in tallies) == [1, 1, 2, 2]


def test_who_has_no_room_elsewhere_plays_on_while_a_replica_drains() -> None:
    async def play() -> list[Visitor]:
        async with cluster_of(replicas=2, slots=2) as cluster, playing(cluster, range(1, 5)) as players:
            await all_painted_more(players)
            draining = asyncio.create_task(cluster.replicas["r0"].drain())
            await until(lambda: cluster.status()["replicas"]["r0"]["draining"])
            await all_painted_more(players, 10)
            assert not draining.done()
            cluster.start("r2")
            await cluster.all_beat()
            await draining
            await all_painted_more(players)
        return players

    tallies = [player.tally for player in asyncio.run(play())]
    assert [text for tally in tallies for text in tally.mixed] == []
    assert sum(tally.queued for tally in tallies) == 0


def test_a_directory_that_is_replaced_learns_everything_again() -> None:
    async def play() -> list[Visitor]:
        async with cluster_of(replicas=2, slots=2) as cluster, playing(cluster, range(1, 5)) as players:
            await all_painted_more(players)
            cluster.directory = DirectoryService()
            await until(lambda: cluster.status()["sessions"] == 4)
            await cluster.kill("r0")
            cluster.start("r2")
            await cluster.all_beat()
            await until(lambda: cluster.status()["replicas"].keys() == {"r1", "r2"})
            await all_painted_more(players)
        return players

    assert [text for player in asyncio.run(play()) for text in player.tally.mixed] == []


def test_who_finds_every_slot_taken_is_told_the_place_and_gets_in_later() -> None:
    async def play() -> None:
        async with cluster_of(replicas=1, slots=1) as cluster:
            first, second = (cluster.tokens.issue("play", 1.0) for _ in range(2))
            opened = json.loads((await cluster.ask("POST", "/offer", first, {})).body)
            waits = await cluster.ask("POST", "/offer", second, {})
            assert (waits.status, json.loads(waits.body)["queue"]) == (429, 1)
            assert (await cluster.ask("GET", "/ready")).status == 503
            stranger = await cluster.ask("DELETE", f"/session/{opened['session']}", second)
            assert stranger.status == 403
            assert (await cluster.ask("DELETE", f"/session/{opened['session']}", first)).status == 200
            ticket = {"session": json.loads(waits.body)["session"]}
            assert (await cluster.ask("POST", "/offer", second, ticket)).status == 200
            assert json.loads((await cluster.ask("GET", "/ready")).body) == {"ready": False}, (
                "a stranger learns no more"
            )
            assert [(await cluster.ask("GET", "/metrics", token)).status for token in ("", first)] == [401, 403]
            page = (await cluster.ask("GET", "/metrics", cluster.tokens.issue("admin", 1.0))).body.decode()
            assert 'reskin_refusals_total{reason="full"} 1.0' in page
            assert "reskin_sessions 1.0" in page

    asyncio.run(play())


@pytest.mark.parametrize(
    ("scope", "headers", "body", "status"),
    [
        ("", {}, {}, 401),
        ("forged", {}, {}, 401),
        ("expired", {}, {}, 401),
        ("watch", {}, {}, 403),
        ("play", {"origin": "https://elsewhere.example", "host": "reskin.example"}, {}, 403),
        ("play", {}, b"{", 400),
        ("play", {}, b"[]", 400),
        ("play", {}, {"session": 3}, 400),
        ("play", {}, b"x" * 100_000, 413),
        ("play", {"origin": "https://reskin.example", "host": "reskin.example"}, {}, 200),
    ],
)
def test_the_door_lets_in_whom_it_should(scope: str, headers: dict, body: object, status: int) -> None:
    async def ask() -> int:
        async with cluster_of(replicas=1, slots=1) as cluster:
            token = {"": "", "forged": Tokens("t" * 40).issue("play", 1.0),
                     "expired": Tokens(SECRET, clock=lambda: 1e9).issue("play", 1.0)}.get(scope)  # fmt: skip
            if token is None:
                token = cluster.tokens.issue(scope, 1.0)
            return (await cluster.ask("POST", "/offer", token, body, **headers)).status

    assert asyncio.run(ask()) == status


def test_only_an_admin_sees_the_status_and_it_names_nobody() -> None:
    async def ask() -> tuple[int, Answered]:
        async with cluster_of(replicas=1, slots=1) as cluster:
            play, admin = (cluster.tokens.issue(scope, 1.0) for scope in ("play", "admin"))
            opened = json.loads((await cluster.ask("POST", "/offer", play, {})).body)
            told = await cluster.ask("GET", "/status.json", admin)
            assert opened["session"].encode() not in told.body
            return (await cluster.ask("GET", "/status.json", play)).status, told

    refused, told = asyncio.run(ask())
    assert refused == 403
    assert json.loads(told.body)["sessions"] == 1


def test_where_no_replica_is_left_the_client_is_told_to_come_again() -> None:
    async def ask() -> Answered:
        async with cluster_of(replicas=1, slots=1) as cluster:
            token = cluster.tokens.issue("play", 1.0)
            await cluster.kill("r0")
            return await cluster.ask("POST", "/offer", token, {})

    answered = asyncio.run(ask())
    assert answered.status in (429, 503)
    assert json.loads(answered.body)["retry_s"] > 0
