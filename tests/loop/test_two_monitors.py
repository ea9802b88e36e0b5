"""A desktop of two monitors: the skin goes with the game's window from one to the other."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest

from reskin.frame import Region
from tests.games import QUADRANTS_BGR, Game, xdotool
from tests.loop.test_on_a_desktop import SLACK_S, Player, play
from tests.platforms.looking import eventually, quadrants, screen_pixels

FOLLOW_S = 0.25
MONITORS = {"left": "640/160x720/190+0+0", "right": "640/160x720/190+640+0"}


@pytest.fixture
def two_monitors(display: str) -> Iterator[None]:
    for name, geometry in MONITORS.items():
        subprocess.run(["xrandr", "--setmonitor", name, geometry, "screen" if name == "left" else "none"], check=True)
    listed = subprocess.run(["xrandr", "--listmonitors"], capture_output=True, text=True, check=True).stdout
    assert listed.startswith("Monitors: 2")
    yield
    for name in MONITORS:
        subprocess.run(["xrandr", "--delmonitor", name], check=True)


def test_the_skin_follows_the_window_to_the_other_monitor_and_over_the_border(game: Game, two_monitors: None) -> None:
    def move(player: Player) -> None:
        for x in (640, 320, 0):
            xdotool("windowmove", "--sync", game.window.id, x, 120)
            began_s = time.monotonic()
            place = Region(x, 120, 640, 360)
            eventually(lambda place=place: is_skinned(place))
            assert time.monotonic() - began_s < FOLLOW_S + SLACK_S

    play(game, move)


def is_skinned(place: Region) -> bool:
    shown = quadrants(screen_pixels(place))
    return all(color != own and any(color) for color, own in zip(shown, QUADRANTS_BGR, strict=True))
