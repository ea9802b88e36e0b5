"""Fixtures for the whole of the tests: a desktop of our own, one for the session, and a game window on it.

Tests in ALONE, and all on a desktop, keep time or share a focus: `tools/start.py test` runs them by themselves, and the
others on every core, a file at a time on one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reskin.virtual_display import VirtualDisplay
from tests.games import Game

SCREEN_PX = (1280, 720)
ALONE = {"cli", "demo", "live", "loop", "platforms", "sinks", "test_self_capture.py"}
BY_A_CLOCK_OF_THEIR_OWN = {  # files in those folders that keep no time
    "loop/test_fault_states.py", "loop/test_loop_on_fakes.py", "loop/test_presenter.py", "loop/test_quality.py",
    "cli/test_commands.py", "cli/test_render.py", "cli/test_theme_commands.py",
}  # fmt: skip
LONG = ("kernels", "engine", "reskin", "worlds")  # begin first, so that no core waits for another at the end
TESTS = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folders = {name: rank for rank, name in enumerate(LONG)}
    items.sort(key=lambda item: folders.get(item.path.relative_to(TESTS).parts[0], len(LONG)))
    for item in items:
        path = item.path.relative_to(TESTS)
        keeps_time = path.parts[0] in ALONE and path.as_posix() not in BY_A_CLOCK_OF_THEIR_OWN
        if keeps_time or "virtual_display" in getattr(item, "fixturenames", ()):
            item.add_marker("alone")


@pytest.fixture(scope="session")
def virtual_display() -> Iterator[VirtualDisplay]:
    with VirtualDisplay(SCREEN_PX) as display:
        yield display


@pytest.fixture
def display(virtual_display: VirtualDisplay, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a running X display; $DISPLAY points there for this test and the programs that it starts."""
    monkeypatch.setenv("DISPLAY", virtual_display.name)
    for name in ("WAYLAND_DISPLAY", "XAUTHORITY"):
        monkeypatch.delenv(name, raising=False)
    return virtual_display.name


@pytest.fixture
def game(display: str) -> Iterator[Game]:
    """A game window with the focus, 640x360."""
    with Game("Tux Test") as running:
        yield running
