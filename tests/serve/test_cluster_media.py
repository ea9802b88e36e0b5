"""Datagrams between a player and a replica, and the marks in them: without Ray, on the sessions and the stepper."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reskin.serve import process_renderer
from reskin.serve.cluster import fake
from reskin.serve.cluster.choices import to_choices, to_look
from reskin.serve.cluster.config import ClusterConfig
from reskin.serve.cluster.engines import Engine, slots_said, start_engine
from reskin.serve.cluster.media import Media
from reskin.serve.session import Session
from tools.cluster_players import Player

CONFIG = ClusterConfig(preset="fake", slots=4, fake_step_ms=0.5)


@asynccontextmanager
async def replica() -> AsyncIterator[tuple[Engine, Media]]:
    engine = start_engine(CONFIG)
    media = await engine.open_media(lambda session: None)
    try:
        yield engine, media
    finally:
        await media.stop()
        engine.stepper.close()


def theme(mark: int) -> dict:
    return {"do": "theme_parameters", "theme": {"name": fake.theme_name(mark)}}


async def begin(engine: Engine, media: Media, mark: int, choices: dict | None = None) -> tuple[Session, Player]:
    """A player that has been answered; its socket is open."""
    session = engine.new_session(f"s{mark}", {"do": [theme(mark)]}, to_look(choices or {}))
    engine.stepper.enter(session)
    player = Player(mark, "", "", 8.0)
    await player.connect_to({**await media.open(session, {}), "session": session.id, "resume": choices is not None})
    return session, player


async def exchange(players: list[Player], frames: int) -> None:
    try:
        await _exchange(players, frames)
    finally:
        for player in players:
            player.close()


async def _exchange(players: list[Player], frames: int) -> None:
    for _ in range(frames):
        for player in players:
            count = len(player.tally.painted_s)
            player.send()
            async with asyncio.timeout(10):
                while len(player.tally.painted_s) == count:
                    await asyncio.sleep(0.001)


def test_every_painting_carries_its_own_session_s_marks() -> None:
    async def play() -> list[Player]:
        async with replica() as (engine, media):
            players = [(await begin(engine, media, mark))[1] for mark in (1, 2, 3)]
            await exchange(players, 4)
            return players

    for player in asyncio.run(play()):
        assert (player.tally.mixed, len(player.tally.painted_s)) == ([], 4)


def test_what_was_chosen_goes_to_another_replica_and_the_history_begins_anew() -> None:
    async def play() -> tuple[Player, Player]:
        async with replica() as (engine, media):
            session, player = await begin(engine, media, 7)
            await exchange([player], 3)
            choices = to_choices(session.look)
        async with replica() as (engine, media):
            _, again = await begin(engine, media, 7, choices)
            await exchange([again], 1)
        return player, again

    for player in asyncio.run(play()):
        assert player.tally.mixed == []


def test_a_player_sees_when_a_painting_is_another_s() -> None:
    """The check that the chaos tool rests on can fail."""
    player = Player(1, "", "", 8.0)
    player.send()
    own = fake.Marks(sent=1, number=1, chosen=1, first=1, age=1)
    player.look_at(own)
    assert player.tally.mixed == []
    for wrong in ({"sent": 2}, {"chosen": 2}, {"first": 2}, {"number": 9}, {"age": 3}):
        before = len(player.tally.mixed)
        player.look_at(fake.Marks(**{**vars(own), "number": 2, **wrong}))
        assert len(player.tally.mixed) > before


def test_a_datagram_that_is_none_of_ours_changes_nothing() -> None:
    async def play() -> int:
        async with replica() as (engine, media):
            session, player = await begin(engine, media, 1)
            for body in (b"", b"x" * 8, b"x" * 300, player.key + b"short"):
                player.send_bytes(body)
            await exchange([player], 1)
            return session.frames

    assert asyncio.run(play()) == 1


def test_choices_that_cannot_be_read_begin_a_session_as_a_new_one() -> None:
    for choices in ({}, {"theme": 3}, {"theme": {"name": "a"}, "theme_id": "a", "view": "x-ray", "quality": 0}):
        assert to_look(choices) is None


def test_as_many_seats_are_made_ahead_as_there_will_be_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seat that is made when its player comes holds up the others."""
    table = tmp_path / "steps.json"
    table.write_text(json.dumps({"fake": {"fake": {"8x8": {"batches": {"4": {"p95": 10.0}}}}}}), "utf-8")
    assert slots_said(ClusterConfig(preset="fake", window="8x8", step_table=str(table))) == 12
    assert slots_said(ClusterConfig(preset="fake")) is None

    class Begun(Exception):
        """With the arguments of the engine's factory."""

    def begin(factory: str, arguments: tuple[object, ...]) -> None:
        raise Begun(*arguments)

    monkeypatch.setattr(process_renderer, "ProcessRenderer", begin)
    for said, made in ((3, 3), (None, 1)):
        with pytest.raises(Begun) as begun:
            start_engine(ClusterConfig(preset="nano", slots=said))
        assert begun.value.args == ("nano", 1, made)
