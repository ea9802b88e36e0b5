"""One player: how their game shall look, the newest frame that came, and the newest painting of it.

Three threads may meet here: whoever offers frames, the stepper's (`take`, `deliver`, `say`), and the event loop that
awaits `painted`. Every hand-over holds one item and the newest wins. Knows nothing of networks, tokens or engines.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reskin.errors import ServeError
from reskin.prompts.fill import heard_theme
from reskin.renderer import View
from reskin.serve.messages import (
    VIEW_NAMES,
    VIEWS,
    Control,
    DoPing,
    DoPrompt,
    DoQuality,
    DoReset,
    DoStrength,
    DoTheme,
    DoThemeParameters,
    DoView,
    MessageError,
    SayError,
    SayFigures,
    Saying,
    SayNote,
    SayPong,
    SayState,
    read_control,
)
from reskin.slot import Slot
from reskin.themes import Theme

RECENT = 64  # paintings whose times are kept: a second has 35 at most
MOST_NOTES = 8  # that wait to be told


class SessionClosed(ServeError):
    """It has ended; there is nothing more to wait for."""


@dataclass(frozen=True, slots=True)
class FrameLook:
    """How the next frame shall be painted."""

    theme: Theme
    theme_id: str  # the name of a theme that has no file
    view: View = View.THEME
    quality: int = 0
    fade_frames: int = 0
    scene: int = 0  # another number: the past is another scene, and the history begins anew


@dataclass(frozen=True, slots=True)
class Offered:
    """A frame that came."""

    bgra_u8: np.ndarray  # (h, w, 4)
    number: int | None  # the client's own
    came_s: float  # time.monotonic()


@dataclass(frozen=True, slots=True)
class Painting:
    bgra_u8: np.ndarray  # (h, w, 4)
    number: int | None  # of the frame that it was painted from
    stages_ms: dict[str, float]
    serial: int = 0  # 1, 2, 3 ... in this session
    is_painted: bool = True  # False: the frame as it came, for the engine could not paint it
    came_s: float | None = None  # time.monotonic() when that frame came


class Session:
    def __init__(
        self, themes: Mapping[str, Theme], theme_id: str, *, session_id: str | None = None,
        look: FrameLook | None = None, has_strip: bool = False, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """It begins with that theme of `themes`, or with the `look` of a session before."""
        self.id = session_id or secrets.token_urlsafe(12)
        self.has_strip = has_strip
        self.wake: Callable[[], None] = lambda: None  # the stepper's, while it has this session
        self.look = look or FrameLook(theme=themes[theme_id], theme_id=theme_id)
        self.frames = self.painted_frames = self.unpainted_frames = 0
        self._themes = themes
        self._clock = clock
        self._inbox: Slot[Offered] = Slot()
        self._lock = threading.Lock()  # of everything below
        self._newest: Painting | None = None
        self._given = 0  # serial of the last painting that `painted()` gave
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = set()
        self._is_closed = False
        self._notes: deque[str] = deque(maxlen=MOST_NOTES)
        self._engine_ms: deque[tuple[float, float]] = deque(maxlen=RECENT)  # when one was painted, and how long it took

    @property
    def dropped(self) -> int:
        """Frames that a newer one overwrote before they were painted."""
        return self._inbox.dropped

    @property
    def has_frame(self) -> bool:
        """Whether one waits to be painted."""
        return not self._inbox.is_empty

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    # Whoever has the frames

    def offer(self, bgra_u8: np.ndarray, number: int | None = None) -> None:
        """(h, w, 4) uint8, the session's from now on. Never waits; overwrites one that was not taken yet."""
        if self._is_closed:
            return
        self.frames += 1
        self._inbox.put(Offered(bgra_u8, number, self._clock()))
        self.wake()

    async def painted(self, after: int | None = None) -> Painting:
        """The newest painting with a serial above `after`; left out: newer than the last that this gave.

        SessionClosed once it has ended.
        """
        while True:
            loop = asyncio.get_running_loop()
            waiter = (loop, loop.create_future())
            with self._lock:
                if self._is_closed:
                    raise SessionClosed("waiting for a painting: the session has ended")
                newest = self._newest
                if newest is not None and newest.serial > (self._given if after is None else after):
                    if after is None:
                        self._given = newest.serial
                    return newest
                self._waiters.add(waiter)
            try:
                await waiter[1]
            finally:
                with self._lock:
                    self._waiters.discard(waiter)

    def apply(self, message: Control | dict[str, Any] | str | bytes) -> dict[str, Any]:
        """Does what a client asks, and says what came of it. A prompt takes up to 0.3 s: ask for one in a thread."""
        return self.answer(message).model_dump()

    def answer(self, message: Control | dict[str, Any] | str | bytes) -> Saying:
        """Does what a client asks; what came of it, as the `Saying` to send."""
        try:
            asked = message if isinstance(message, Control) else read_control(message)
            return self._do(asked)
        except MessageError as error:
            return SayError(text=str(error))

    def wear(self, theme: Theme, fade_frames: int, note: str = "") -> SayState:
        """A theme that was read elsewhere, such as a prompt's."""
        self._wear(theme, fade_frames)
        return self.state(note)

    def state(self, note: str = "") -> SayState:
        look = self.look
        view = VIEW_NAMES[look.view]
        return SayState(theme=look.theme_id, strength=look.theme.strength, view=view, note=note)

    def figures(self, queue: int = 0) -> SayFigures:
        """Of the last second: in a longer window one slow second would look like many, each of which a client heeds."""
        with self._lock:
            since_s = self._clock() - 1
            engine_ms = [took_ms for at_s, took_ms in self._engine_ms if at_s > since_s]
        p50, p95 = np.percentile(engine_ms or [0.0], [50, 95])
        return SayFigures(
            fps=len(engine_ms), dropped=self.dropped, engine_ms_p50=round(float(p50), 2),
            engine_ms_p95=round(float(p95), 2), queue=queue,
        )  # fmt: skip

    def notes(self) -> list[str]:
        """What the engine had to tell since the last call."""
        with self._lock:
            told, self._notes = list(self._notes), deque(maxlen=MOST_NOTES)
        return told

    def close(self) -> None:
        """Ends every wait. May be called twice, from any thread."""
        with self._lock:
            self._is_closed = True
            self._newest = None
        self._inbox.take()
        self._wake_waiters()

    # The stepper's thread

    def take(self) -> Offered | None:
        """The newest frame, once."""
        return self._inbox.take()

    def deliver(self, painting: Painting) -> None:
        """Gives it a serial, and to all who wait."""
        now_s = self._clock()
        with self._lock:
            if self._is_closed:
                return
            serial = self._newest.serial + 1 if self._newest is not None else 1
            self._newest = replace(painting, serial=serial)
            if painting.is_painted:
                self.painted_frames += 1
                self._engine_ms.append((now_s, painting.stages_ms.get("engine", 0.0)))
            else:
                self.unpainted_frames += 1
        self._wake_waiters()

    def say(self, note: str) -> None:
        """For the player; the same note is not repeated while it waits."""
        with self._lock:
            if note not in self._notes:
                self._notes.append(note)

    # Within

    def _wake_waiters(self) -> None:
        with self._lock:
            waiters, self._waiters = self._waiters, set()
        for loop, waiter in waiters:
            with contextlib.suppress(RuntimeError):  # that loop has ended
                loop.call_soon_threadsafe(_finish, waiter)

    def _do(self, asked: Control) -> Saying:
        look = self.look
        match asked:
            case DoPing():
                return SayPong(at=asked.at)
            case DoTheme():
                theme = self._themes.get(asked.id)
                if theme is None:
                    return SayError(text=f"no theme {asked.id!r} here; GET /themes.json lists them")
                self.look = replace(look, theme=theme, theme_id=asked.id, fade_frames=asked.fade_frames)
            case DoPrompt():
                return self._prompt(asked)
            case DoThemeParameters():
                self._wear(asked.theme, asked.fade_frames)
            case DoStrength():
                theme = look.theme.model_copy(update={"strength": asked.value})
                self.look = replace(look, theme=theme, fade_frames=0)
            case DoView():
                self.look = replace(look, view=VIEWS[asked.value])
            case DoQuality():
                self.look = replace(look, quality=asked.value)
            case DoReset():
                self.look = replace(look, scene=look.scene + 1)
                return SayNote(text="the history begins anew")
        return self.state()

    def _prompt(self, asked: DoPrompt) -> Saying:
        theme, note = heard_theme(asked.text)
        return self.state(note) if theme is None else self.wear(theme, asked.fade_frames, note)

    def _wear(self, theme: Theme, fade_frames: int) -> None:
        theme.style()  # computed here and not at the next frame
        self.look = replace(self.look, theme=theme, theme_id=theme.name, fade_frames=fade_frames)


def _finish(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
