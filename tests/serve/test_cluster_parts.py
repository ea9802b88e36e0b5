"""The cluster's parts together in one event loop, with handles that are plain calls: everything but Ray itself.

Real sessions, real datagrams, real marks; a replica dies by being taken away. `tools/cluster_chaos.py` does the same on
a Ray cluster with processes that are killed.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from reskin.errors import ServeError
from reskin.serve.cluster import ingress
from reskin.serve.cluster.doors import Refused, visitor
from reskin.serve.cluster.ingress import DirectoryService
from reskin.serve.cluster.requests import Answered, Asked
from reskin.serve.limits import MOST_OFFERS_PER_MIN
from reskin.serve.messages import MessageError
from reskin.serve.tokens import Tokens
from tests.serve.cluster_in_one_loop import SECRET, Visitor, all_painted_more, cluster_of, playing, until


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
            assert leaving._media._transport.is_closing()
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
        ("play", {"sec-fetch-site": "cross-site"}, {}, 403),
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


def test_a_cluster_that_has_names_answers_to_no_other() -> None:
    tokens = Tokens(SECRET)
    headers = {"authorization": f"bearer {tokens.issue('play', 1.0)}", "host": "Play.example:443"}
    assert visitor(headers, tokens, names=("play.example:443",)).quota == 2
    rebound = {**headers, "host": "evil.example"}
    with pytest.raises(Refused) as refused:
        visitor(rebound, tokens, names=("play.example:443",))
    assert refused.value.status == 421
    assert visitor(rebound, tokens).quota == 2, "without names it may be called anything"


def test_offers_are_bounded_in_a_minute_at_once_and_in_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingress, "BODY_S", 0.05)
    monkeypatch.setattr(ingress, "MOST_AT_ONCE", 1)

    async def silence() -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b""

    async def knock() -> None:
        async with cluster_of(replicas=1, slots=1) as cluster:
            one, other = (cluster.tokens.issue("play", 1.0, sessions=1) for _ in range(2))
            slow = Asked(method="POST", path="/offer", headers={"authorization": f"Bearer {one}"}, body=silence())
            slowly = asyncio.create_task(cluster.ingress.answer(slow))
            await asyncio.sleep(0)
            crowded = await cluster.ask("POST", "/offer", other, {})
            assert (crowded.status, json.loads(crowded.body)["retry_s"]) == (429, ingress.BUSY_S)
            assert (await slowly).status == 408
            statuses = [(await cluster.ask("POST", "/offer", one, b"{")).status for _ in range(20)]
            in_a_burst = int(MOST_OFFERS_PER_MIN / 2) - 1  # the slow one was the first
            assert statuses == [400] * in_a_burst + [429] * (20 - in_a_burst)
            assert json.loads((await cluster.ask("POST", "/offer", one, {})).body)["retry_s"] > 0
            assert (await cluster.ask("POST", "/offer", other, {})).status == 200

    asyncio.run(knock())


def test_an_offer_that_cannot_be_used_leaves_its_slot_to_the_next_one_of_the_same_token() -> None:
    async def ask() -> list[int]:
        async with cluster_of(replicas=1, slots=1) as cluster:
            token = cluster.tokens.issue("play", 1.0, sessions=1)
            media = cluster.replicas["r0"]._media
            usable = media.open

            async def refuse(*_: object) -> dict[str, Any]:
                raise MessageError("answering an offer: its SDP cannot be used")

            media.open = refuse
            statuses = [(await cluster.ask("POST", "/offer", token, {})).status]
            media.open = usable
            statuses += [(await cluster.ask("POST", "/offer", token, {})).status for _ in range(2)]
            return statuses

    assert asyncio.run(ask()) == [400, 200, 429]


def test_who_has_a_session_already_may_ask_again() -> None:
    """The page that has it may have been closed without a word."""

    async def ask() -> Answered:
        async with cluster_of(replicas=1, slots=2) as cluster:
            token = cluster.tokens.issue("play", 1.0, sessions=1)
            await cluster.ask("POST", "/offer", token, {})
            return await cluster.ask("POST", "/offer", token, {})

    answered = asyncio.run(ask())
    assert (answered.status, json.loads(answered.body)["retry_s"]) == (429, ingress.QUOTA_S)


def test_the_end_of_a_token_ends_its_session() -> None:
    async def play() -> None:
        async with cluster_of(replicas=1, slots=1) as cluster:
            ended = Tokens(SECRET, clock=lambda: time.time() - 3601).issue("play", 1.0)  # and is taken for 5 s more
            assert (await cluster.ask("POST", "/offer", ended, {})).status == 200
            async with asyncio.timeout(5):  # after 10 it would end for its silence
                await until(lambda: not cluster.replicas["r0"]._sessions)

    asyncio.run(play())


def test_a_replica_whose_beats_have_ended_is_ill_and_can_still_be_drained() -> None:
    async def play() -> None:
        async with cluster_of(replicas=1, slots=1) as cluster:
            replica = cluster.replicas["r0"]
            await replica.check_health()

            def fail() -> None:
                raise RuntimeError("an error of ours")

            replica._media.end_the_silent = fail
            await until(lambda: replica._beats.done())
            with pytest.raises(ServeError, match="any more") as raised:
                await replica.check_health()
            assert isinstance(raised.value.__cause__, RuntimeError)
            await replica.drain()

    asyncio.run(play())


def test_an_offer_that_fails_late_does_not_end_the_session_that_came_after_it() -> None:
    async def play() -> None:
        async with cluster_of(replicas=1, slots=1) as cluster:
            replica = cluster.replicas["r0"]
            usable, is_let = replica._media.open, asyncio.Event()

            async def fail_late(*_: object) -> dict[str, Any]:
                await is_let.wait()
                raise MessageError("answering an offer: its peer was closed")

            asked: dict[str, Any] = {"replica": "r0", "session": "s", "owner": "me", "until_s": math.inf,
                                     "choices": {}, "offer": {}}  # fmt: skip
            replica._media.open = fail_late
            first = asyncio.create_task(replica.open(**asked))
            await until(lambda: "s" in replica._sessions)
            replica._media.open = usable
            await replica.open(**asked)
            is_let.set()
            with pytest.raises(MessageError):
                await first
            assert replica._sessions["s"] in replica._engine.stepper.sessions

    asyncio.run(play())
