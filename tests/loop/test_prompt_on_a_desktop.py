"""A prompt typed by hand over a real game window: the look changes, and the game hears none of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reskin.line_editor import History
from reskin.prompt_panel import CARET_BGR
from reskin.settings import Settings
from tests.games import Game, xdotool
from tests.loop.test_on_a_desktop import Player, play
from tests.platforms.looking import eventually, quadrants, settled_quadrants


def is_open(player: Player) -> bool:
    """The line under the bar has its colour, from left to right: what is typed goes there."""
    rows = player.screen[:, 200:440].astype(int)  # the window's frame is above, so no row is known beforehand
    amber = rows[..., 2] - rows[..., 0] > (CARET_BGR[2] - CARET_BGR[0]) // 2
    return bool((amber.all(axis=1) & (rows.std(axis=1).max(axis=1) < 12)).any())


def is_closed(player: Player) -> bool:
    """For a while: one look may fall between two drawings of the bar."""
    for _ in range(4):
        if is_open(player):
            return False
        time.sleep(0.1)
    return True


def test_a_prompt_typed_over_the_game_changes_the_look_and_the_game_hears_none_of_it(
    game: Game, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))

    def type_prompts(player: Player) -> None:
        colours = settled_quadrants(lambda: player.screen)  # it has faded in
        xdotool("key", "ctrl+alt+i")
        eventually(lambda: is_open(player))
        game.wait_for("key i")
        heard = list(game.events)
        xdotool("type", "--delay", "5", "a red desert at noon")
        xdotool("key", "Escape")
        eventually(lambda: is_closed(player))
        assert quadrants(player.screen) == colours
        xdotool("key", "ctrl+alt+i")
        eventually(lambda: is_open(player))
        again = list(game.events[len(heard) :])
        xdotool("type", "--delay", "5", "a green forest")
        xdotool("key", "Return")
        eventually(lambda: is_closed(player))
        eventually(lambda: quadrants(player.screen) != colours)
        xdotool("key", "k")
        game.wait_for("key k")
        assert game.events[len(heard) :] == [*again, "key k"]
        assert not {"key a", "key r", "key space", "key return", "key escape"} & set(game.events)
        assert not any(event.startswith("focus") for event in game.events[len(heard) :])

    settings = Settings.model_validate({"overlay": {"note_s": 0}})
    play(game, type_prompts, settings=settings)
    assert History(tmp_path / "prompts.txt").lines == ("a green forest",)
