"""Looks after the engine's process: starts it, notices when it is late, hung or dead, and starts it again.

Everything here is polled from the loop's thread and nothing waits, so whatever the engine does, the overlay keeps its
ticks. The loop shows the untouched game by the age of the newest painting; this file brings the engine back:

    STARTING -ready and first frame-> ACTIVE -250 ms-> LATE -5 s-> HUNG (killed) -> DEAD -> STARTING

Knows nothing of windows or of what the renderer does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from reskin.child_process import spawn
from reskin.engine_link import EngineNews
from reskin.engine_process import HEARTBEAT, engine_main
from reskin.errors import EngineError
from reskin.frame import Frame
from reskin.renderer import View
from reskin.shared_frames import Segment, SharedFrame, create_segment, send_segment
from reskin.status import EngineState
from reskin.themes import Theme

LATE_NS = 250_000_000
HUNG_NS = 5_000_000_000
START_LIMIT_NS = 60_000_000_000  # loading and, once per machine, compiling: 15 s on an idle core, more on a busy one
DEATHS_PER_TIER = 3
DEATH_WINDOW_NS = 600_000_000_000
RESTART_PAUSE_NS = 1_000_000_000  # before the second restart in the window; doubles with each, to at most 30 s
RESTART_PAUSE_LIMIT_NS = 30_000_000_000
FIRST_CAPACITY = 1920 * 1080 * 4  # bytes of a frame; memory that is not written to is not used
# Spinning threads of BLAS or OpenMP would take the game's and the loop's cores while they wait.
QUIET_THREADS = {
    "OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
}  # fmt: skip
_log = logging.getLogger(__name__)


class Supervisor:
    """An `Engine` in a process of its own. `factory` is "module:function"; it is called there with `arguments`."""

    def __init__(
        self, factory: str, arguments: tuple[object, ...] = (), *, carries_marker: bool = False,
        target: Callable[..., None] = engine_main,
    ) -> None:  # fmt: skip
        """`target` is the process's whole life; another one than `engine_main` speaks as it does, and may tell more."""
        self.name = f"{factory}{arguments}"
        self._arguments = (factory, arguments, carries_marker)
        self._target = target
        self._life: _Life | None = None
        self._begin_ns = 0  # when to start the next life
        self._polled_ns = 0
        self._deaths_ns: deque[int] = deque(maxlen=64)
        self._deaths_at_tier = 0
        self._was_active = False
        self._capacity = FIRST_CAPACITY

    @property
    def state(self) -> EngineState:
        return self._life.state if self._life is not None else EngineState.DEAD

    @property
    def is_ready(self) -> bool:
        return self._life is not None and self._life.is_ready

    @property
    def pid(self) -> int | None:
        return self._life.process.pid if self._life is not None else None

    def poll(self, now_ns: int) -> EngineNews:
        """EngineError when it never once came up in three tries: then something is missing, and trying is no help."""
        if self._life is None:
            if now_ns >= self._begin_ns:
                _log.info("engine %s starts", self.name)
                self._polled_ns = now_ns
                try:
                    self._life = _Life(self._target, self._arguments, self._capacity)
                except OSError as error:  # no memory, or no process to be had: perhaps in a while
                    return self._died(f"its process could not be started ({error})", now_ns, 0)
            return EngineNews()
        if now_ns - self._polled_ns > LATE_NS:  # the whole app stood still (stopped, asleep): not the engine's fault
            self._life.forgive(now_ns)
        self._polled_ns = now_ns
        errors = self._life.hear()
        self.name = self._life.name or self.name
        reason = self._life.why_ended(now_ns)
        if reason is None:
            self._was_active |= self._life.state is EngineState.ACTIVE
            notes = [f"Engine error: {errors[-1]}"] if errors else []
            return EngineNews(notes=notes, errors=len(errors))
        self._life.end()
        self._life = None
        return self._died(reason, now_ns, len(errors))

    def told(self) -> list[Any]:
        """What its process said of itself since the last call; an engine that paints here says nothing."""
        if self._life is None:
            return []
        told, self._life.told = self._life.told, []
        return told

    def configure(self, *, theme: Theme, view: View, quality: int, fade_frames: int = 0) -> None:
        if self._life is not None:
            self._life.configure((theme, view, quality), fade_frames)

    def submit(self, frame: Frame) -> None:
        if self._life is None:
            return
        needed = frame.bgra_u8.nbytes  # a quarter more, so that a drag of the window's border is not a segment a tick
        capacity = self._capacity if needed <= self._capacity else needed * 5 // 4
        try:
            self._life.submit(frame, capacity)
        except OSError as error:  # no memory, or too many files open: the game itself shows, the next frame tries again
            _log.warning("no shared memory for frames of %d bytes: %s", needed, error)
        else:
            self._capacity = capacity

    def newest(self) -> SharedFrame | None:
        return self._life.newest() if self._life is not None else None

    def close(self) -> None:
        if self._life is not None:
            self._life.end(politely=True)
            self._life = None

    def _died(self, reason: str, now_ns: int, errors: int) -> EngineNews:
        _log.error("engine died: %s", reason)
        self._deaths_ns.append(now_ns)
        recent = sum(now_ns - death_ns < DEATH_WINDOW_NS for death_ns in self._deaths_ns)
        if recent >= DEATHS_PER_TIER and not self._was_active:
            raise EngineError(
                f"starting the engine {self.name}: it ended {recent} times without painting one frame; the last time: "
                f"{reason}. Run `reskin doctor` to see what is missing."
            )
        pause_ns = min(RESTART_PAUSE_NS << min(recent - 2, 8), RESTART_PAUSE_LIMIT_NS) if recent >= 2 else 0
        self._begin_ns = now_ns + pause_ns
        self._deaths_at_tier = min(self._deaths_at_tier + 1, recent)
        lower_tier = self._deaths_at_tier >= DEATHS_PER_TIER
        if lower_tier:
            self._deaths_at_tier = 0
        note = f"Engine restarting: {reason}"
        return EngineNews(notes=[note], died=True, lower_tier=lower_tier, errors=errors)


class _Life:
    """One process, from its start to its end."""

    def __init__(
        self, target: Callable[..., None], arguments: tuple[str, tuple[object, ...], bool], capacity: int
    ) -> None:
        self.name = ""
        self.is_ready = False
        self.told: list[Any] = []  # what `target` says besides
        self.state = EngineState.STARTING
        self._failure: str | None = None
        self._sent: tuple[Theme, View, int] | None = None
        with _environment(QUIET_THREADS):
            self.process, self._connection = spawn("reskin-engine", target, *arguments, os.getpid())
        self._segment = self._give_segment(capacity)

    def hear(self) -> list[str]:
        """Messages of the process; returns the texts of exceptions that its renderer raised."""
        errors = []
        with contextlib.suppress(EOFError, OSError):
            while self._connection.poll():
                kind, text = self._connection.recv()
                if kind == "ready":
                    self.name, self.is_ready = text, True
                elif kind == "error":
                    errors.append(text)
                elif kind == "told":
                    self.told.append(text)
                else:
                    self._failure = text
        return errors

    def why_ended(self, now_ns: int) -> str | None:
        """Why this life is over, or None while it is not; also brings `state` up to date."""
        exit_code = self.process.exitcode
        if exit_code is not None:
            return self._failure or _exit_text(exit_code)
        silent_ns = now_ns - int(self._segment.control[HEARTBEAT])
        limit_ns = START_LIMIT_NS if self.state is EngineState.STARTING else HUNG_NS
        if silent_ns > limit_ns:
            self.state = EngineState.HUNG
            return f"no sign of life for {limit_ns // 10**9} s"
        if self.state is not EngineState.STARTING:
            self.state = EngineState.LATE if silent_ns > LATE_NS else EngineState.ACTIVE
        return None

    def forgive(self, now_ns: int) -> None:
        self._segment.control[HEARTBEAT] = now_ns

    def configure(self, wanted: tuple[Theme, View, int], fade_frames: int) -> None:
        # a hung process does not read its pipe, and a full pipe would hold us up: it is told when it is back
        if not self.is_ready or self.state in (EngineState.LATE, EngineState.HUNG):
            return
        theme, view, quality = wanted
        if self._sent is not None and theme is self._sent[0] and wanted[1:] == self._sent[1:]:
            return
        said = theme.model_dump_json(exclude_unset=True)  # with all else, what is derived would count as said
        if self._send(("configure", said, view.value, quality, fade_frames)):
            self._sent = wanted

    def submit(self, frame: Frame, capacity: int) -> None:
        if capacity > self._segment.capacity:
            self._segment = self._give_segment(capacity)
        if self._segment.game.put(frame.bgra_u8, index=frame.index, captured_ns=frame.captured_ns):
            self._send(("frame",))  # at most one of these in the pipe, however long the engine sleeps

    def newest(self) -> SharedFrame | None:
        painting = self._segment.painted.take()
        if painting is not None and self.state is EngineState.STARTING:
            self.state = EngineState.ACTIVE
        return painting

    def end(self, *, politely: bool = False) -> None:
        if politely and self._send(("stop",)):
            self.process.join(0.5)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join(1.0)  # SIGKILL takes about a millisecond
        self._connection.close()
        if self.process.exitcode is not None:
            self.process.close()

    def _give_segment(self, capacity: int) -> Segment:
        segment, handle = create_segment(capacity)
        assert self.process.pid is not None
        with contextlib.suppress(OSError):  # it has ended: the next poll says so
            send_segment(self._connection, segment, handle, self.process.pid)
        segment.control[HEARTBEAT] = time.monotonic_ns()
        return segment

    def _send(self, message: tuple[object, ...]) -> bool:
        try:
            self._connection.send(message)
        except OSError:  # it has ended: the next poll says so
            return False
        return True


def _exit_text(exit_code: int) -> str:
    if exit_code < 0:
        return f"its process was killed by {signal.Signals(-exit_code).name}"
    return f"its process ended with exit code {exit_code}"


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """For a process that is started inside; what the player has set stays."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
