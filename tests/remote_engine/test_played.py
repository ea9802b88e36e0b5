"""A game on a real display, played through a server that is killed and comes back, as its player sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reskin.remote_engine.address import Fallback, read_address
from reskin.remote_engine.fallback import Source
from reskin.status import EngineState
from tests.games import Game
from tests.loop.test_on_a_desktop import SLACK_S, Player, play
from tests.platforms.looking import eventually
from tools.remote_server import ServerProcess

FALLBACK_S, BACK_S = 0.5, 3.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("serve")) as process:
        yield process


@pytest.mark.parametrize("fallback", ["local", "game"])
def test_the_player_has_the_game_at_once_when_the_server_dies_and_its_picture_when_it_is_back(
    game: Game, server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fallback: Fallback
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    meanwhile = Source.OWN if fallback == "local" else Source.NOBODY

    def kill(player: Player) -> None:
        eventually(lambda: player.engine)
        engine = player.engine[0]
        eventually(lambda: engine.source is Source.SERVER, limit_s=20)
        eventually(player.sees_skin)
        server.kill()
        killed_s = time.monotonic()
        eventually(lambda: engine.source is meanwhile)
        eventually(player.sees_skin if fallback == "local" else player.sees_game)
        assert time.monotonic() - killed_s < FALLBACK_S + SLACK_S
        server.start()
        up_s = time.monotonic()
        eventually(lambda: engine.name.startswith("server 127.0.0.1:") and player.sees_skin(), limit_s=10)
        assert time.monotonic() - up_s < BACK_S + SLACK_S

    status = play(game, kill, engine_address=read_address(server.link, fallback=fallback))
    assert status.engine is EngineState.REMOTE
    assert (status.engine_deaths, status.engine_errors) == (0, 0)
