"""The protocols that a platform implements, and Sink. The loop knows nothing else of it.

All are called from the loop's thread only, and none may block for longer than one grab or one present.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from reskin.frame import Frame, Region

IDLE_NS = 60_000_000_000  # without a key or a move: a part that was forgotten must not keep either from the game


class CaptureState(Enum):
    ACTIVE = "active"
    PAUSED = "paused"  # minimised, hidden or too small to show; may come back
    SEEKING = "seeking"  # the window is gone, and another of the same game is looked for
    LOST = "lost"  # the window or file is gone for good


class Capture(Protocol):
    """Where frames come from."""

    name: str  # for people: "x11 window 0x1400003 'SuperTux'"
    title: str  # the window's own, by which a profile is chosen; "" where there is none

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

    def rest(self) -> None:
        """Called at every tick at which it is hidden and stays so: for what a window needs all the same."""
        ...


@dataclass(frozen=True, slots=True)
class KeyEvent:
    action: str  # one of reskin.settings.ACTIONS
    pressed: bool  # False: released (only hold actions care)


class Hotkeys(Protocol):
    """Global keys, heard while the game has the focus."""

    name: str
    notes: tuple[str, ...]  # for the player, once: which keys will not be heard

    def poll(self) -> list[KeyEvent]:
        """What happened since the last poll, oldest first. Never blocks."""
        ...

    def close(self) -> None: ...


class InputState(Enum):
    """Of a keyboard or a mouse that Reskin takes from the game for a while."""

    OFF = "off"  # it is the game's
    STARTING = "starting"  # asked for; a keyboard once the hotkey's own keys are up: the game must see them go up
    ACTIVE = "active"  # what is typed or clicked comes to Reskin and not to the game
    REFUSED = "refused"  # another program holds it; `end` makes it OFF


class EditKey(Enum):
    ENTER = "enter"
    ESCAPE = "escape"
    BACKSPACE = "backspace"
    DELETE = "delete"
    LEFT = "left"
    RIGHT = "right"
    HOME = "home"
    END = "end"
    UP = "up"
    DOWN = "down"
    CLEAR = "clear"  # the whole line


@dataclass(frozen=True, slots=True)
class Typed:
    """One piece of text as the keyboard's layout gives it, or one editing key."""

    text: str = ""
    key: EditKey | None = None


class TextInput(Protocol):
    """The keyboard, taken from the game for a while. Ends by itself with the process that holds it."""

    name: str

    @property
    def state(self) -> InputState: ...

    def begin(self) -> None:
        """Take the keyboard; `poll` does it, over some ticks."""
        ...

    def end(self) -> None:
        """Give it back, once the keys that were pressed meanwhile are up, so that none reaches the game."""
        ...

    def poll(self) -> list[Typed]:
        """What was typed since the last poll, oldest first. Called at every tick, never blocks."""
        ...

    def close(self) -> None:
        """Give the keyboard back at once; closing twice is fine."""
        ...


@dataclass(frozen=True, slots=True)
class Pointed:
    """The mouse at a pixel of the screen, and what it did there."""

    x: int
    y: int
    button: int = 0  # 1 left, 3 right; 0: it only moved
    pressed: bool = False  # False: released, or moved


class PointerInput(Protocol):
    """The mouse, taken from the game for a while. Ends by itself with the process that holds it."""

    name: str

    @property
    def state(self) -> InputState: ...

    def begin(self) -> None:
        """Take the mouse; `poll` does it, over some ticks."""
        ...

    def end(self) -> None:
        """Give it back."""
        ...

    def poll(self) -> list[Pointed]:
        """What the mouse did since the last poll, oldest first. Called at every tick, never blocks."""
        ...

    def close(self) -> None:
        """Give the mouse back at once; closing twice is fine."""
        ...
