"""Fakes of the protocols, shipped: for tests, benchmarks without a desktop, and trying the loop out.

Deterministic: the picture depends on the injected clock alone. Script them by setting their attributes; `failure` is
raised at the next call, as a real part would when the display goes away. Sizes are (width, height), as on screens.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np

from reskin.frame import Frame, Region
from reskin.marker import MARKER_H_PX, MARKER_W_PX, NUMBER_LIMIT, draw_marker
from reskin.platforms.base import CaptureState, EditKey, InputState, KeyEvent, Pointed, Typed

_SHIFT_PX = 4  # how far the picture moves from one frame of the fake game to the next


class FakeCapture:
    """A game whose picture slides by a few pixels a frame and carries its frame number as a marker (reskin.marker)."""

    name = "fake game"
    title = "Fake Game"

    def __init__(
        self,
        size_px: tuple[int, int] = (640, 360),
        *,
        fps: float = 60.0,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        origin: tuple[int, int] = (0, 0),
    ) -> None:
        self.fps = fps  # of the fake game; grabs in between give the same picture again
        self.state = CaptureState.ACTIVE
        self.origin = origin  # where the window lies
        self.failure: Exception | None = None
        self.grabs = 0
        self._clock_ns = clock_ns
        self._start_ns = clock_ns()
        self.resize(size_px)

    def resize(self, size_px: tuple[int, int]) -> None:
        w, h = size_px
        row, column = np.mgrid[0:h, 0:w]
        channels = [
            (column * 255 // max(1, w - 1)),
            (row * 255 // max(1, h - 1)),
            ((row // 16 + column // 16) % 2) * 160,
        ]
        self._scene = np.stack([*channels, np.full((h, w), 255)], axis=-1).astype(np.uint8)
        self._frame_u8 = np.empty_like(self._scene)

    @property
    def game_frame(self) -> int:
        """The number of the picture that the fake game shows now."""
        return int((self._clock_ns() - self._start_ns) * self.fps / 1e9)

    def locate(self) -> Region | None:
        if self.state is not CaptureState.ACTIVE:
            return None
        h, w = self._scene.shape[:2]
        return Region(*self.origin, w, h)

    def grab(self) -> Frame | None:
        if self.failure is not None:
            raise self.failure
        if self.state is not CaptureState.ACTIVE or min(self._scene.shape[:2]) < 2:
            return None
        captured_ns, number = self._clock_ns(), self.game_frame
        h, w = self._scene.shape[:2]
        cut = number * _SHIFT_PX % w
        self._frame_u8[:, : w - cut], self._frame_u8[:, w - cut :] = self._scene[:, cut:], self._scene[:, :cut]
        if w >= MARKER_W_PX and h >= MARKER_H_PX:
            draw_marker(self._frame_u8, number % NUMBER_LIMIT)
        self.grabs += 1
        return Frame(self.grabs - 1, captured_ns, self._frame_u8)

    def close(self) -> None:
        self.state = CaptureState.LOST


class FakeSink:
    """Keeps a copy of the last frame shown and counts them."""

    name = "fake sink"

    def __init__(self) -> None:
        self.shown = 0
        self.last: Frame | None = None  # a copy, as the caller may overwrite what it gave
        self.region: Region | None = None
        self.closed = False
        self.failure: Exception | None = None

    def show(self, frame: Frame, region: Region) -> None:
        if self.failure is not None:
            raise self.failure
        self.shown += 1
        self.last = Frame(frame.index, frame.captured_ns, frame.bgra_u8.copy())
        self.region = region

    def close(self) -> None:
        self.closed = True


class FakeOverlay(FakeSink):
    """A fake sink that can be hidden; `hidden` is true before the first frame too, as no window is up yet."""

    name = "fake overlay"

    def __init__(self) -> None:
        super().__init__()
        self.hidden = True
        self.hides = 0
        self.rests = 0  # ticks

    def show(self, frame: Frame, region: Region) -> None:
        super().show(frame, region)
        self.hidden = False

    def hide(self) -> None:
        self.hidden = True
        self.hides += 1

    def rest(self) -> None:
        self.rests += 1


class FakeHotkeys:
    """Keys pressed by calling `press`, `release` or `tap`."""

    name = "fake hotkeys"
    notes: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._events: deque[KeyEvent] = deque(maxlen=256)
        self.closed = False

    def press(self, action: str) -> None:
        self._events.append(KeyEvent(action, pressed=True))

    def release(self, action: str) -> None:
        self._events.append(KeyEvent(action, pressed=False))

    def tap(self, action: str) -> None:
        self.press(action)
        self.release(action)

    def poll(self) -> list[KeyEvent]:
        events = list(self._events)
        self._events.clear()
        return events

    def close(self) -> None:
        self.closed = True


class FakeTextInput:
    """A keyboard typed on by calling `type`; what is typed while it is the game's lands in `heard_by_game`."""

    name = "fake text input"

    def __init__(self) -> None:
        self.state = InputState.OFF
        self.heard_by_game: list[Typed] = []
        self.refuses = False
        self.closed = False
        self._typed: deque[Typed] = deque(maxlen=1024)

    def type(self, *pieces: str | EditKey) -> None:
        typed = [Typed(key=piece) if isinstance(piece, EditKey) else Typed(text=piece) for piece in pieces]
        (self._typed if self.state is InputState.ACTIVE else self.heard_by_game).extend(typed)

    def begin(self) -> None:
        self.state = InputState.STARTING

    def end(self) -> None:
        self.state = InputState.OFF
        self._typed.clear()

    def poll(self) -> list[Typed]:
        if self.state is InputState.STARTING:
            self.state = InputState.REFUSED if self.refuses else InputState.ACTIVE
        typed = list(self._typed)
        self._typed.clear()
        return typed

    def close(self) -> None:
        self.end()
        self.closed = True


class FakePointerInput:
    """A mouse moved by calling `drag` and `click`; what it does while it is the game's is lost."""

    name = "fake pointer input"

    def __init__(self) -> None:
        self.state = InputState.OFF
        self.refuses = False
        self.closed = False
        self._pointed: deque[Pointed] = deque(maxlen=1024)

    def drag(self, start: tuple[int, int], end: tuple[int, int], *, release: bool = True) -> None:
        self.point(Pointed(*start, 1, True), Pointed(*end))
        if release:
            self.point(Pointed(*end, 1, False))

    def click(self, place: tuple[int, int], button: int) -> None:
        self.point(Pointed(*place, button, True), Pointed(*place, button, False))

    def point(self, *pointed: Pointed) -> None:
        if self.state is InputState.ACTIVE:
            self._pointed.extend(pointed)

    def begin(self) -> None:
        self.state = InputState.STARTING

    def end(self) -> None:
        self.state = InputState.OFF
        self._pointed.clear()

    def poll(self) -> list[Pointed]:
        if self.state is InputState.STARTING:
            self.state = InputState.REFUSED if self.refuses else InputState.ACTIVE
        pointed = list(self._pointed)
        self._pointed.clear()
        return pointed

    def close(self) -> None:
        self.end()
        self.closed = True
