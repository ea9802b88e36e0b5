"""Painting the frames of several sessions: what the stepper asks for, and the plain way to do it, one after the other.

A session's past (its renderer's history, its fade between themes) lies in a seat of its own, so that one session's
frames never reach another's picture. What goes wrong with one job is that job's error. Knows nothing of threads,
networks or of why a frame is painted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from reskin.engine_process import HISTORY_GAP_NS
from reskin.renderer import Renderer
from reskin.serve.session import Look
from reskin.theme_fade import ThemeFade


@dataclass(frozen=True, slots=True)
class Job:
    """One frame of one session."""

    key: str  # the session's id
    bgra_u8: np.ndarray  # (h, w, 4)
    look: Look
    came_ns: int  # time.monotonic_ns()
    out: np.ndarray | None = None  # where the painting shall lie; None: in memory of its own


@dataclass(frozen=True, slots=True)
class Done:
    bgra_u8: np.ndarray | None  # (h, w, 4), the taker's; None: it could not be painted
    stages_ms: dict[str, float] = field(default_factory=dict)
    error: str = ""


class BatchRenderer(Protocol):
    name: str  # for people: "nano, onnxruntime 1 thread"
    note: str
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


class EachInTurn:
    """A renderer for each session, made when it first comes and used again when that one has gone."""

    note = ""

    def __init__(self, create: Callable[[], Renderer]) -> None:
        self.most = 1  # a frame that waits for another one's painting is overtaken by a newer one: rather that
        self._create = create
        self._seats: dict[str, tuple[Seat, Renderer]] = {}
        self._free = [create()]
        self.name = self._free[0].name

    def render_many(self, jobs: Sequence[Job]) -> list[Done]:
        return [self._render(job) for job in jobs]

    def forget(self, key: str) -> None:
        if (seat := self._seats.pop(key, None)) is not None:
            self._free.append(seat[1])

    def close(self) -> None:
        self._seats.clear()
        self._free.clear()

    def _render(self, job: Job) -> Done:
        started_s = time.perf_counter()
        seat: Seat | None = None
        try:
            seat, renderer = self._seat(job.key)
            if seat.is_new_scene(job):
                renderer.reset()
            seat.fade.turn_to(job.look.theme, job.look.fade_frames)
            out = np.empty_like(job.bgra_u8) if job.out is None else job.out
            stages_ms = dict(renderer.render(job.bgra_u8, seat.fade.next_theme(), job.look.view, job.look.quality, out))
        except Exception as error:  # noqa: BLE001  one frame is lost; neither the session nor the others need be
            if seat is not None:
                seat.forget()
            return Done(None, error=f"{type(error).__name__}: {error}")
        stages_ms["engine"] = (time.perf_counter() - started_s) * 1e3
        return Done(out, stages_ms)

    def _seat(self, key: str) -> tuple[Seat, Renderer]:
        if key not in self._seats:
            self._seats[key] = Seat(), self._free.pop() if self._free else self._create()
        return self._seats[key]
