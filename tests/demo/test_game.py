"""The bundled game in a real window on a virtual display, and its level without one."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from engine.config import MATERIALS
from engine.worlds.scene import Camera
from engine.worlds.trace import trace
from reskin.demo.game import TITLE
from reskin.demo.hills import Level, hills
from reskin.demo.painter import FOV, Painter
from reskin.demo.scroller import LENGTH_M, Run, scroller
from reskin.demo.walk import ALONE_S, Walk, Wish
from reskin.marker import read_marker
from reskin.platforms import list_windows, open_window
from reskin.virtual_display import VirtualDisplay
from tests.games import xdotool
from tests.platforms.looking import eventually, screen_pixels

SIZE_PX = (640, 360)
START_LIMIT_S = 90.0  # the first start on a machine compiles
STEP_S = 1 / 30


@pytest.fixture(scope="module")
def level() -> Level:
    return hills()


@pytest.fixture(scope="module")
def painter(level: Level) -> Painter:
    return Painter(level)


@pytest.fixture
def demo(display: str) -> Iterator[subprocess.Popen[str]]:
    """A game of the test's own, to be ended by a signal."""
    with playing() as process:
        yield process


@pytest.fixture(scope="module")
def played_on(virtual_display: VirtualDisplay) -> Iterator[subprocess.Popen[str]]:
    with pytest.MonkeyPatch.context() as here:
        here.setenv("DISPLAY", virtual_display.name)
        with playing() as process:
            yield process


@pytest.fixture
def walking(played_on: subprocess.Popen[str], display: str) -> subprocess.Popen[str]:
    """One for all tests, of which the last one ends it: it takes four seconds to start."""
    return played_on


@contextmanager
def playing() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "reskin.demo.game", "--size", f"{SIZE_PX[0]}x{SIZE_PX[1]}", "--marker"]
    process = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
    try:
        end_s = time.monotonic() + START_LIMIT_S
        while not _window_of(process):
            assert process.poll() is None, "the game ended at once"
            assert time.monotonic() < end_s, "no window"
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.communicate()


def _window_of(process: subprocess.Popen[str]) -> int | None:
    return next((window.id for window in list_windows() if window.pid == process.pid), None)


def _picture(process: subprocess.Popen[str]) -> np.ndarray:
    capture = open_window(str(_window_of(process)))
    try:
        frame = capture.grab()
        assert frame is not None
        return frame.bgra_u8[..., :3].copy()
    finally:
        capture.close()


def _change(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(int) - second).mean())


def test_the_game_has_an_ordinary_titled_window_that_walks_by_itself_and_carries_a_marker(
    walking: subprocess.Popen[str],
) -> None:
    window = next(window for window in list_windows() if window.pid == walking.pid)
    assert window.title == TITLE
    first = _picture(walking)
    until = time.monotonic() + 10
    while first[20:].std() <= 20 and time.monotonic() < until:  # a window is mapped before its first picture is there
        time.sleep(0.1)
        first = _picture(walking)
    assert first.shape == (SIZE_PX[1], SIZE_PX[0], 3)
    assert first[20:].std() > 20, "a picture, not one colour"
    assert read_marker(first) is not None
    time.sleep(1.0)
    assert _change(first, _picture(walking)) > 3, "left alone it walks"


def test_a_key_turns_the_view_and_stops_the_walk(walking: subprocess.Popen[str]) -> None:
    xdotool("windowfocus", "--sync", _window_of(walking))
    xdotool("keydown", "s")  # backwards for a moment: the walk is ours now
    time.sleep(0.3)
    xdotool("keyup", "s")
    time.sleep(0.8)  # the camera settles
    still = _change(_picture(walking)[60:], _picture(walking)[60:])
    before = _picture(walking)
    xdotool("keydown", "e")
    time.sleep(0.4)
    xdotool("keyup", "e")
    turned = _change(before[60:], _picture(walking)[60:])
    assert turned > 5
    assert turned > 3 * still


def test_the_game_follows_its_window_to_any_size(walking: subprocess.Popen[str]) -> None:
    for w, h in ((811, 461), (200, 120), (40, 30), (640, 360)):
        xdotool("windowsize", _window_of(walking), w, h)
        time.sleep(0.4)
        assert walking.poll() is None
    assert _picture(walking).std() > 20


def test_sigterm_ends_the_game_and_it_says_how_fast_it_was(demo: subprocess.Popen[str]) -> None:
    demo.send_signal(signal.SIGTERM)
    out, _ = demo.communicate(timeout=10)
    assert demo.returncode == 0
    assert "frames a second" in out


def test_a_wrong_size_is_told_with_what_was_expected() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reskin.demo.game", "--size", "big"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2
    assert "got 'big', expected WIDTHxHEIGHT" in done.stderr


def test_alone_the_hero_walks_all_round_the_lake_with_dry_feet(level: Level) -> None:
    walk = Walk(level)
    angles = []
    for _ in range(int(130 / STEP_S)):
        walk.step(Wish(), STEP_S)
        angles.append(math.atan2(walk.hero.x, walk.hero.z))
        assert walk.hero.y > -0.1
    assert len({round(angle) for angle in angles}) == 7, "was in every direction from the lake"


def test_a_key_is_obeyed_at_once_and_the_walk_begins_again_after_three_seconds(level: Level) -> None:
    walk = Walk(level)
    for _ in range(int(1 / STEP_S)):
        walk.step(Wish(turn=1.0), STEP_S)
    x, z = walk.hero.x, walk.hero.z
    for _ in range(int((ALONE_S - 0.2) / STEP_S)):
        walk.step(Wish(), STEP_S)
    assert (walk.hero.x, walk.hero.z) == (x, z)
    for _ in range(int(1 / STEP_S)):
        walk.step(Wish(), STEP_S)
    assert math.hypot(walk.hero.x - x, walk.hero.z - z) > 1


def test_the_picture_shows_the_scene_that_the_worlds_would_trace(level: Level, painter: Painter) -> None:
    """Sky against land: where the tracer sees sky, the renderer has drawn no depth, and the other way round."""
    walk = Walk(level)
    eye, yaw = walk.camera()
    w, h = 320, 320  # the renderer shifts its horizon, the tracer does not: compare about the horizon's row
    frame = np.zeros((w, h), np.uint32)
    painter.paint(frame, eye, yaw, 0.0, level.stage.actors)
    painted_sky = painter._inverse.T == 0
    camera = Camera(eye=tuple(eye), yaw=yaw, pitch=0.0, fov=FOV)
    traced = trace(level.stage.scene, camera, (h, w))
    shift = round(0.1 * h)
    ours, theirs = painted_sky[: h - shift], (traced.material == MATERIALS.index("sky"))[shift:]
    assert (ours == theirs).mean() > 0.97


def test_alone_the_scroller_s_hero_runs_to_the_end_and_starts_again() -> None:
    run = Run(*scroller())
    places = []
    for _ in range(int(45 / STEP_S)):
        run.step(Wish(), STEP_S)
        places.append(run.hero.x)
    assert max(places) > LENGTH_M - 3
    assert places[-1] < max(places) - 20


def test_every_odd_size_is_painted_whole(level: Level, painter: Painter) -> None:
    walk = Walk(level)
    eye, yaw = walk.camera()
    for size_px in ((1, 1), (2, 1), (61, 37), (333, 101)):
        frame = np.full(size_px, 0xDEADBEEF, np.uint32)
        painter.paint(frame, eye, yaw, 0.0, level.stage.actors)
        assert not (frame == 0xDEADBEEF).any()


def test_the_game_is_seen_by_a_screen_grab_too(walking: subprocess.Popen[str]) -> None:
    window = next(window for window in list_windows() if window.pid == walking.pid)
    eventually(lambda: read_marker(screen_pixels(window.region)) is not None)


def test_closing_the_window_ends_the_game(walking: subprocess.Popen[str]) -> None:
    """Last: it is the game of the tests above."""
    subprocess.run(["wmctrl", "-i", "-c", hex(_window_of(walking) or 0)], check=True, timeout=10)
    walking.communicate(timeout=10)
    assert walking.returncode == 0
