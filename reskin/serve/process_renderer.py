"""The engine of all sessions in a process of its own, so that neither its computing nor its crash holds up the media.

`ProcessRenderer` is a `BatchRenderer`: it lays the frames of a batch into shared memory, one segment a session, and
waits for the paintings. A process that dies or hangs is ended and started anew; until it is ready, frames come back
unpainted. The child runs `paint_for_ever` with the `BatchRenderer` of a factory that is named as a string. Knows
nothing of networks.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np

from reskin.child_process import die_with, made_by, spawn
from reskin.engine_process import ERRORS_IN_A_ROW
from reskin.errors import EngineError
from reskin.renderer import View
from reskin.serve.batch import BatchRenderer, Done, Job
from reskin.serve.session import FrameLook
from reskin.shared_frames import Segment, create_segment, receive_segment, send_segment
from reskin.theme_model import Theme

START_S = 180.0  # the first on a fresh machine compiles
HANG_S = 5.0  # for one batch
FIRST_S = 60.0  # for one with a session or a size in it that are new: a GPU captures its graph
END_S = 2.0  # to end by itself, when it is told to
PAUSES_S = (0.0, 1.0, 4.0, 15.0)  # before the first start after a death, the second in a row, ...
GOOD_S = 30.0  # that long without a death, and the count begins anew
LEAST_CAPACITY = 1280 * 736 * 4  # bytes: a segment is made anew for a larger picture
STARTING = "the engine is starting"
log = logging.getLogger("reskin.serve")


@dataclass(slots=True)
class _Room:
    """One session's shared memory, and the look that the process knows of it."""

    segment: Segment
    look: FrameLook | None = None
    index: int = 0
    size: tuple[int, int] = (0, 0)  # (h, w) of the frame before


class ProcessRenderer:
    """For one thread, the stepper's; `wait_ready` may come before it from another."""

    why = ""

    def __init__(self, factory: str, arguments: tuple[object, ...] = ()) -> None:
        """`factory` is "module:function" of what makes the BatchRenderer; its arguments cross a process boundary."""
        self.name = factory
        self.most = 1
        self.deaths = 0
        self._factory, self._arguments = factory, arguments
        self._rooms: dict[str, _Room] = {}
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._is_ready = False
        self._failed = ""  # why the last start failed
        self._deaths_in_a_row = 0
        self._started_s = 0.0
        self._again_s = 0.0
        self._start()

    def wait_ready(self, timeout_s: float = START_S) -> None:
        """EngineError when it cannot be started."""
        end_s = time.monotonic() + timeout_s
        while not self.poll_ready(wait_s=0.1):
            if time.monotonic() > end_s:
                self._kill("it was not ready in time")
                raise EngineError(
                    f"starting the engine: it was not ready within {timeout_s:.0f} s. Start again; `reskin doctor` "
                    "says what is there."
                )

    def poll_ready(self, wait_s: float = 0.0) -> bool:
        """Whether its first start is done; EngineError when it has failed."""
        if not self._is_ready and self._connection is not None and self._connection.poll(wait_s):
            self._hear()
        if self._failed:
            raise EngineError(f"starting the engine: {self._failed}")
        return self._is_ready

    def render_many(self, jobs: Sequence[Job]) -> list[Done]:
        if not self._is_up():
            return [Done(None, error=self._failed or STARTING) for _ in jobs]
        assert self._connection is not None
        try:
            patience_s = max(self._hand_over(job) for job in jobs)
            self._connection.send(("paint", [job.key for job in jobs]))
            if not self._connection.poll(patience_s):
                return self._all(jobs, "it hung")
            told = self._connection.recv()
        except (OSError, EOFError):
            return self._all(jobs, "it died")
        return [self._taken(job, error) for job, error in zip(jobs, told[1], strict=True)]

    def forget(self, key: str) -> None:
        if self._rooms.pop(key, None) is not None:
            self._send(("forget", key))

    def close(self) -> None:
        self._send(("stop",))
        self._end(patience_s=END_S)

    @property
    def pid(self) -> int | None:
        """Of the process, where there is one."""
        return self._process.pid if self._process is not None else None

    def _start(self) -> None:
        self._process, self._connection = spawn(
            "reskin-engine", engine_main, self._factory, self._arguments, os.getpid()
        )  # fmt: skip
        self._is_ready, self._failed = False, ""
        self._started_s = time.monotonic()

    def _is_up(self) -> bool:
        """Whether it takes jobs; starts it anew when it is time, and never waits."""
        now_s = time.monotonic()
        if self._process is None:
            if now_s >= self._again_s:
                self._start()
            return False
        if not self._is_ready:
            assert self._connection is not None
            if self._connection.poll(0):
                self._hear()
            elif now_s - self._started_s > START_S:
                self._kill("it was not ready in time")
        return self._is_ready

    def _hear(self) -> None:
        """What it says of its start."""
        assert self._connection is not None
        try:
            kind, *more = self._connection.recv()
        except (EOFError, OSError):
            return self._kill("it died while it started")
        if kind == "ready":
            self._is_ready = True
            self.name, self.why, self.most = more
            self._rooms.clear()
            return None
        return self._kill(str(more[0]))

    def _hand_over(self, job: Job) -> float:
        """How many seconds it may take: the first of a session, or of a size, takes longer."""
        assert self._connection is not None
        assert self._process is not None
        h, w = job.bgra_u8.shape[:2]
        room = self._rooms.get(job.key)
        if room is None or room.segment.capacity < h * w * 4:
            segment, handle = create_segment(max(LEAST_CAPACITY, h * w * 4))
            look = room.look if room is not None else None
            room = self._rooms[job.key] = _Room(segment, look)
            self._connection.send(("room", job.key))
            assert self._process.pid is not None
            send_segment(self._connection, segment, handle, self._process.pid)
        if room.look != job.look:
            look = room.look = job.look
            theme = look.theme.model_dump_json(exclude_unset=True)
            self._connection.send(
                ("look", job.key, theme, look.theme_id, look.view.value, look.quality, look.fade_frames, look.scene)
            )
        is_new, room.size = room.size != (h, w), (h, w)
        room.index += 1
        room.segment.game.put(job.bgra_u8, index=room.index, captured_ns=job.came_ns, submitted_ns=job.came_ns)
        return FIRST_S if is_new else HANG_S

    def _taken(self, job: Job, error: str) -> Done:
        if error:
            return Done(None, error=error)
        painted = self._rooms[job.key].segment.painted.take()
        assert painted is not None, "it said that it has painted"
        if job.out is None:
            return Done(painted.bgra_u8.copy(), painted.stages_ms)
        np.copyto(job.out, painted.bgra_u8)
        return Done(job.out, painted.stages_ms)

    def _all(self, jobs: Sequence[Job], why: str) -> list[Done]:
        self._kill(why)
        return [Done(None, error=f"the engine is starting anew, for {why}") for _ in jobs]

    def _kill(self, why: str) -> None:
        now_s = time.monotonic()
        self.deaths += 1
        self._deaths_in_a_row = self._deaths_in_a_row + 1 if now_s - self._started_s < GOOD_S else 1
        self._again_s = now_s + PAUSES_S[min(self._deaths_in_a_row, len(PAUSES_S)) - 1]
        self._is_ready, self._failed = False, why
        log.warning("the engine's process is started anew; deaths: %d", self.deaths)
        self._end(patience_s=0)

    def _end(self, patience_s: float) -> None:
        """By force, when it has not ended in that time."""
        process, self._process = self._process, None
        if process is not None:
            process.join(patience_s)
            process.kill()
            process.join()
            process.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._rooms.clear()

    def _send(self, message: tuple[object, ...]) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.send(message)


def engine_main(connection: Connection, factory: str, arguments: tuple[object, ...], parent_pid: int) -> None:
    """The process's whole life. Ends at "stop" and at the parent's death."""
    die_with(parent_pid)
    try:
        renderer: BatchRenderer = made_by(factory, arguments)
    except Exception as error:  # noqa: BLE001  whatever it is, the server must hear of it
        connection.send(("failed", f"{type(error).__name__}: {error}"))
        return
    gc.collect()
    gc.freeze()  # looking through all that is loaded takes 20 ms, in the middle of a frame
    connection.send(("ready", renderer.name, renderer.why, renderer.most))
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        paint_for_ever(connection, renderer)


def paint_for_ever(connection: Connection, renderer: BatchRenderer) -> None:
    segments: dict[str, Segment] = {}
    looks: dict[str, FrameLook] = {}
    failures = 0  # frames in a row
    while True:
        match connection.recv():
            case ("room", str(key)):
                _, capacity, name = connection.recv()
                segments[key] = receive_segment(connection, capacity, name)
            case ("look", str(key), str(theme), str(theme_id), str(view), int(quality), int(fade), int(scene)):
                looks[key] = FrameLook(Theme.model_validate_json(theme), theme_id, View(view), quality, fade, scene)
            case ("paint", list(keys)):
                errors = _paint(keys, segments, looks, renderer)
                connection.send(("painted", errors))
                failures = failures + len(errors) if all(errors) else 0
                if failures >= ERRORS_IN_A_ROW:
                    return  # a device that is gone stays gone in this process; a fresh one is the better hope
            case ("forget", str(key)):
                renderer.forget(key)
                segments.pop(key, None)
                looks.pop(key, None)
            case ("stop",):
                return


def _paint(
    keys: list[str], segments: dict[str, Segment], looks: dict[str, FrameLook], renderer: BatchRenderer
) -> list[str]:
    """What went wrong with each, "" for nothing."""
    jobs: list[Job] = []
    slots: list[int] = []
    for key in keys:
        frame = segments[key].game.take()
        assert frame is not None, "a frame is published before it is asked for"
        painted = segments[key].painted
        slots.append(painted.free_slot())
        out = painted.pixels(slots[-1], *frame.bgra_u8.shape[:2])
        jobs.append(Job(key, frame.bgra_u8, looks[key], frame.submitted_ns, out))
    finished = renderer.render_many(jobs)
    errors: list[str] = []
    for job, slot, done in zip(jobs, slots, finished, strict=True):
        errors.append(done.error if done.bgra_u8 is None else "")
        if done.bgra_u8 is not None:
            h, w = job.bgra_u8.shape[:2]
            segments[job.key].painted.publish(
                slot, h, w, index=0, captured_ns=job.came_ns, submitted_ns=job.came_ns,
                finished_ns=time.monotonic_ns(), stages_ms=done.stages_ms,
            )  # fmt: skip
    return errors
