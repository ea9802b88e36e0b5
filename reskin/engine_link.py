"""What the loop knows of the engine: hand over the newest frame, take the newest painting, never wait.

Filled by `reskin.supervisor.Supervisor` (a process of its own) and by `InlineEngine` below (the loop's own thread and
clock: for tests of thousands of frames). Knows nothing of windows, keys or pacing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from reskin.frame import Frame
from reskin.pace import Clock
from reskin.renderer import Renderer, View
from reskin.shared_frames import SharedFrame
from reskin.status import EngineState
from reskin.theme_fade import ThemeFade
from reskin.themes import Theme


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineNews:
    """What happened since the last poll."""

    notes: list[str] = field(default_factory=list)  # for the player
    died: bool = False  # whatever it was painting is lost
    lower_tier: bool = False  # it dies too often at this quality
    errors: int = 0  # exceptions that its renderer raised
    switched: bool = False  # another engine paints from now on: what was measured before says nothing of it
    gone: bool = False  # nobody paints for now, and no engine of this machine is to blame: the game itself
    standing: str = ""  # what is so as long as it is said, such as that a server does not answer


class Engine(Protocol):
    name: str

    @property
    def state(self) -> EngineState: ...

    @property
    def is_ready(self) -> bool:
        """Whether it takes frames; the first one may still be slow."""
        ...

    def poll(self, now_ns: int) -> EngineNews:
        """Look after it: start, restart, kill. Called every tick; costs microseconds unless it has to act."""
        ...

    def configure(self, *, theme: Theme, view: View, quality: int, fade_frames: int = 0) -> None:
        """How to paint every frame that is submitted after this; costs nothing when nothing has changed.

        Another theme than before comes over `fade_frames` painted frames.
        """
        ...

    def submit(self, frame: Frame) -> None:
        """Hand over a frame; its pixels are copied. One that the engine has not begun on yet is overwritten."""
        ...

    def newest(self) -> SharedFrame | None:
        """The newest painting, or None when there is none since the last call; valid until the next one."""
        ...

    def close(self) -> None: ...


class InlineEngine:
    """Paints in the loop's thread, and pretends that it took `cost_ms` by the loop's clock."""

    def __init__(self, renderer: Renderer, clock: Clock, *, cost_ms: float = 0.0) -> None:
        self.name = renderer.name
        self.state = EngineState.ACTIVE
        self.is_ready = True
        self.cost_ms = cost_ms  # of quality 0; each level up halves it
        self._renderer = renderer
        self._clock = clock
        self._look: tuple[Theme, View, int] | None = None
        self._fade = ThemeFade()
        self._busy_until_ns = 0
        self._waiting: Frame | None = None
        self._painting: SharedFrame | None = None

    def poll(self, now_ns: int) -> EngineNews:
        return EngineNews()

    def configure(self, *, theme: Theme, view: View, quality: int, fade_frames: int = 0) -> None:
        self._fade.turn_to(theme, fade_frames)
        self._look = (theme, view, quality)

    def submit(self, frame: Frame) -> None:
        now_ns = self._clock.now_ns()
        if now_ns < self._busy_until_ns:
            self._waiting = Frame(index=frame.index, captured_ns=frame.captured_ns, bgra_u8=frame.bgra_u8.copy())
        else:
            self._paint(frame, now_ns)

    def newest(self) -> SharedFrame | None:
        if self._painting is None or self._clock.now_ns() < self._painting.finished_ns:
            return None
        done, self._painting = self._painting, None
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._paint(waiting, done.finished_ns)
        return done

    def close(self) -> None:
        self.state = EngineState.DEAD

    def _paint(self, frame: Frame, start_ns: int) -> None:
        assert self._look is not None, "submit before configure"
        _, view, quality = self._look
        out = np.empty_like(frame.bgra_u8)
        stages_ms = self._renderer.render(frame.bgra_u8, self._fade.next_theme(), view, quality, out)
        cost_ms = self.cost_ms / 2**quality
        self._busy_until_ns = start_ns + int(cost_ms * 1e6)
        self._painting = SharedFrame(
            index=frame.index, captured_ns=frame.captured_ns, submitted_ns=start_ns, finished_ns=self._busy_until_ns,
            quality=quality, stages_ms={**stages_ms, "engine": cost_ms}, drift=self._renderer.drift, bgra_u8=out,
        )  # fmt: skip
