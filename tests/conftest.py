"""Fixtures for the whole of the tests: a home and a desktop of our own, for the session, and a game window on it.

Tests in ALONE, and all on a desktop, keep time or share a focus: `tools/start.py test` runs them by themselves, and the
others on every core, a file at a time on one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from reskin.virtual_display import VirtualDisplay
from tests.games import Game

SCREEN_PX = (1280, 720)
ALONE = {"cli", "demo", "live", "loop", "platforms", "sinks", "test_self_capture.py"}
BY_A_CLOCK_OF_THEIR_OWN = {  # files in those folders that keep no time
    "loop/test_counting.py", "loop/test_fault_states.py", "loop/test_loop_on_fakes.py", "loop/test_presenter.py",
    "loop/test_quality.py",
    "cli/test_commands.py", "cli/test_render.py", "cli/test_theme_commands.py",
}  # fmt: skip
LONG = ("kernels", "engine", "reskin", "worlds")  # begin first, so that no core waits for another at the end
QUIET = {"engine", "kernels", "prompts", "reskin", "serve", "themes", "worlds"}  # without a test that is alone
TESTS = Path(__file__).resolve().parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The half that runs by itself does not import what it would only leave out: most of the tests, and torch."""
    if config.option.markexpr == "alone" and collection_path.parent == TESTS and collection_path.name in QUIET:
        return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folders = {name: rank for rank, name in enumerate(LONG)}
    items.sort(key=lambda item: folders.get(item.path.relative_to(TESTS).parts[0], len(LONG)))
    for item in items:
        path = item.path.relative_to(TESTS)
        keeps_time = path.parts[0] in ALONE and path.as_posix() not in BY_A_CLOCK_OF_THEIR_OWN
        if keeps_time or "virtual_display" in getattr(item, "fixturenames", ()):
            item.add_marker("alone")
        is_alone = item.get_closest_marker("alone") is not None
        assert not is_alone or path.parts[0] not in QUIET, f"{path} has a test that is alone: its folder is not QUIET"


@pytest.fixture(scope="session", autouse=True)
def _home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Reskin's files are those of the tests, and never the developer's own."""
    with pytest.MonkeyPatch.context() as here:
        here.setenv("RESKIN_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def virtual_display() -> Iterator[VirtualDisplay]:
    with VirtualDisplay(SCREEN_PX) as display:
        yield display


@pytest.fixture
def display(virtual_display: VirtualDisplay, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a running X display; $DISPLAY points there for this test and the programs that it starts."""
    _point_to(virtual_display, monkeypatch)
    return virtual_display.name


def _point_to(screen: VirtualDisplay, here: pytest.MonkeyPatch) -> None:
    here.setenv("DISPLAY", screen.name)
    for name in ("WAYLAND_DISPLAY", "XAUTHORITY"):
        here.delenv(name, raising=False)


@pytest.fixture
def game(display: str) -> Iterator[Game]:
    """A game window with the focus, 640x360."""
    with Game("Tux Test") as running:
        yield running


@pytest.fixture(scope="module")
def _game_of_the_file(virtual_display: VirtualDisplay) -> Iterator[Game]:
    with contextlib.ExitStack() as parts:
        with pytest.MonkeyPatch.context() as here:
            _point_to(virtual_display, here)
            running = parts.enter_context(Game("Tux Test"))
        yield running


@pytest.fixture
def lasting_game(_game_of_the_file: Game, display: str) -> Game:
    """The same, but one for all tests of a file, which leave its window where it is; it has heard nothing yet."""
    _game_of_the_file.events.clear()
    return _game_of_the_file
