"""Painting the frames of several sessions: what the stepper asks for, and the plain way to do it, one after the other.

A session's past (its renderer's history, its fade between themes) lies in a seat of its own, so that one session's
frames never reach another's picture. What goes wrong with one job is that job's error. Knows nothing of threads,
networks or of why a frame is painted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np

from reskin.engine_process import HISTORY_GAP_NS
from reskin.renderer import Renderer
from reskin.serve.session import FrameLook
from reskin.theme_fade import ThemeFade
from reskin.theme_model import Theme

One = TypeVar("One", bound=Renderer)


@dataclass(frozen=True, slots=True)
class Job:
    """One frame of one session."""

    key: str  # the session's id
    bgra_u8: np.ndarray  # (h, w, 4)
    look: FrameLook
    came_ns: int  # time.monotonic_ns()
    out: np.ndarray | None = None  # where the painting shall lie; None: in memory of its own


@dataclass(frozen=True, slots=True)
class Done:
    bgra_u8: np.ndarray | None  # (h, w, 4), the taker's; None: it could not be painted
    stages_ms: dict[str, float] = field(default_factory=dict)
    error: str = ""


class BatchRenderer(Protocol):
    name: str  # for people: "nano, onnxruntime 1 thread"
    why: str  # this way of running it, where there was a choice
    most: int  # jobs that are painted as one; what comes while it paints waits for the next

    def render_many(self, jobs: Sequence[Job]) -> list[Done]:
        """One for each job, in their order. Never raises for what is wrong with a job."""
        ...

    def forget(self, key: str) -> None:
        """That session has ended."""
        ...

    def close(self) -> None: ...


class Seat:
    """What is remembered of one session between its frames."""

    def __init__(self) -> None:
        self.fade = ThemeFade()
        self._last: tuple[tuple[int, ...], int, int] | None = None  # shape, scene and time of the frame before

    def is_new_scene(self, job: Job) -> bool:
        """Whether the history shall begin anew with this frame."""
        last, self._last = self._last, (job.bgra_u8.shape, job.look.scene, job.came_ns)
        return last is None or last[:2] != self._last[:2] or job.came_ns - last[2] > HISTORY_GAP_NS

    def forget(self) -> None:
        self._last = None


class Seats(Generic[One]):
    """A renderer for each session: `ready` made at the start, more when they are needed; used again by the next.

    Making one holds up the others' frames, by seconds on a GPU.
    """

    def __init__(self, create: Callable[[], One], ready: int = 1) -> None:
        self._create = create
        self._taken: dict[str, tuple[Seat, One]] = {}
        self.free = [create() for _ in range(max(1, ready))]

    def take(self, job: Job) -> tuple[One, Theme]:
        """The session's own, with its history begun anew where that is due, and the theme of its next frame."""
        if job.key not in self._taken:
            self._taken[job.key] = Seat(), self.free.pop() if self.free else self._create()
        seat, renderer = self._taken[job.key]
        if seat.is_new_scene(job):
            renderer.reset()
        seat.fade.turn_to(job.look.theme, job.look.fade_frames)
        return renderer, seat.fade.next_theme()

    def failed(self, key: str, error: Exception) -> Done:
        """The next frame of that session begins anew."""
        if key in self._taken:
            self._taken[key][0].forget()
        return Done(None, error=f"{type(error).__name__}: {error}")

    def leave(self, key: str) -> None:
        if (found := self._taken.pop(key, None)) is not None:
            self.free.append(found[1])

    def clear(self) -> None:
        self._taken.clear()
        self.free.clear()


class EachInTurn:
    """One after the other, by any kind of renderer."""

    why = ""

    def __init__(self, create: Callable[[], Renderer], ready: int = 1) -> None:
        self.most = 1  # a frame that waits for another one's painting is overtaken by a newer one: rather that
        self._seats = Seats(create, ready)
        self.name = self._seats.free[0].name

    def render_many(self, jobs: Sequence[Job]) -> list[Done]:
        return [self._render(job) for job in jobs]

    def forget(self, key: str) -> None:
        self._seats.leave(key)

    def close(self) -> None:
        self._seats.clear()

    def _render(self, job: Job) -> Done:
        started_s = time.perf_counter()
        try:
            renderer, theme = self._seats.take(job)
            out = np.empty_like(job.bgra_u8) if job.out is None else job.out
            stages_ms = dict(renderer.render(job.bgra_u8, theme, job.look.view, job.look.quality, out))
        except Exception as error:  # noqa: BLE001  one frame is lost; neither the session nor the others need be
            return self._seats.failed(job.key, error)
        stages_ms["engine"] = (time.perf_counter() - started_s) * 1e3
        return Done(out, stages_ms)
