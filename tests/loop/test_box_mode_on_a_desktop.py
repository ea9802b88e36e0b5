"""Boxes dragged on a real desktop: the mouse comes to Reskin and goes back to the game, and a profile is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from reskin.frame import Region
from reskin.panel import MARK_BGR
from reskin.platforms.base import InputState
from reskin.platforms.x11.pointer_input import X11PointerInput
from reskin.profiles import GameProfile
from tests.games import Game, xdotool
from tests.loop.test_on_a_desktop import Player, play
from tests.platforms.looking import eventually, screen_pixels

KEY = "ctrl+alt+k"


def test_a_box_is_dragged_seen_and_kept_and_the_game_hears_nothing_of_it(
    game: Game, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    edge = Region(360, 200, 1, 1)  # of the box that is dragged

    def drag(player: Player) -> None:
        xdotool("key", KEY)
        eventually(was_dragged)
        eventually(lambda: tuple(screen_pixels(edge)[0, 0, :3]) == MARK_BGR)
        heard = len(game.events)
        was_dragged()
        xdotool("key", KEY)
        eventually(lambda: tuple(screen_pixels(edge)[0, 0, :3]) != MARK_BGR)
        assert not any(line.startswith("click") for line in game.events[heard:])
        xdotool("mousemove", "400", "300", "click", "1")
        game.wait_for("click")

    def was_dragged() -> bool:
        """Again until the mode has begun: what is dragged before then is the game's."""
        xdotool("mousemove", "360", "180", "mousedown", "1", "mousemove", "460", "240", "mouseup", "1")
        return GameProfile.of("Tux Test").regions != ()

    play(game, drag)
    x, y, w, h = GameProfile.of("Tux Test").regions[0]
    _, left, top = game.events[-1].split()  # of the click at 400, 300, in the game's own pixels
    assert [w, h] == [round(100 / 640, 4), round(60 / 360, 4)]
    assert (round(x * 640), round(y * 360)) == (int(left) - 40, int(top) - 120)


def test_only_one_can_hold_the_mouse_and_it_comes_free_with_its_holder(display: str) -> None:
    holder, other = X11PointerInput(), X11PointerInput()
    try:
        holder.begin()
        eventually(lambda: [holder.poll(), holder.state is InputState.ACTIVE][1])
        other.begin()
        eventually(lambda: [other.poll(), other.state is InputState.REFUSED][1])
        other.end()
        holder.close()
        other.begin()
        eventually(lambda: [other.poll(), other.state is InputState.ACTIVE][1])
        xdotool("mousemove", "300", "200", "click", "3")
        seen: list[tuple[int, int, int]] = []

        def clicked() -> bool:
            seen.extend((event.x, event.y, event.button) for event in other.poll())
            return (300, 200, 3) in seen

        eventually(clicked)
    finally:
        holder.close()
        other.close()
