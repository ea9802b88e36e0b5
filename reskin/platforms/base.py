"""The four protocols that a platform fills: Capture, Overlay, Hotkeys, Sink. The loop knows nothing else of it.

All are called from the loop's thread only, and none may block for longer than one grab or one present.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from reskin.frame import Frame, Region


class CaptureState(Enum):
    ACTIVE = "active"
    PAUSED = "paused"  # minimised, hidden or too small to show; may come back
    SEEKING = "seeking"  # the window is gone, and another of the same game is looked for
    LOST = "lost"  # the window or file is gone for good


class Capture(Protocol):
    """Where frames come from."""

    name: str  # for people: "x11 window 0x1400003 'SuperTux'"

    @property
    def state(self) -> CaptureState: ...

    def locate(self) -> Region | None:
        """Where the grabbed pixels lie on the screen now; None when not ACTIVE."""
        ...

    def grab(self) -> Frame | None:
        """The newest picture; its pixels stay valid until the next grab. None when not ACTIVE."""
        ...

    def close(self) -> None: ...


class Sink(Protocol):
    """Where finished frames go."""

    name: str

    def show(self, frame: Frame, region: Region) -> None:
        """Show the frame; the caller may overwrite its pixels as soon as this returns."""
        ...

    def close(self) -> None: ...


class Overlay(Sink, Protocol):
    """A sink over the game: borderless, on top, click-through, never focused."""

    def hide(self) -> None:
        """Give the player the untouched game."""
        ...


@dataclass(frozen=True, slots=True)
class KeyEvent:
    action: str  # one of reskin.settings.ACTIONS
    pressed: bool  # False: released (only hold actions care)


class Hotkeys(Protocol):
    """Global keys, heard while the game has the focus."""

    name: str

    def poll(self) -> list[KeyEvent]:
        """What happened since the last poll, oldest first. Never blocks."""
        ...

    def close(self) -> None: ...
