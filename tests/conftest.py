"""Fixtures for the whole of the tests: a desktop of our own, one for the session, and a game window on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reskin.virtual_display import VirtualDisplay
from tests.games import Game

SCREEN_PX = (1280, 720)


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
