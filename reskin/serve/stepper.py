"""The thread that steps all sessions: takes their newest frames, paints them, and gives the paintings back.

Those whose frames are there are painted as one batch, as many as the renderer takes at once; what comes meanwhile is
the next batch, so a busy engine's batches grow by themselves and an idle one's frame waits for nobody. Round robin: who
was painted goes to the end, so none starves another. What cannot be painted goes back as it came, with a note. The
flash limiter comes last, whatever the picture is. Knows nothing of networks.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from reskin.flash_limiter import FlashLimiter
from reskin.flash_safety import FlashProfile
from reskin.serve.batch import BatchRenderer, Done, Job
from reskin.serve.limits import MOST_FRAMES_AT_ONCE, MOST_FRAMES_PER_S
from reskin.serve.session import Offered, Painting, Session

MOST_FPS = MOST_FRAMES_PER_S + MOST_FRAMES_AT_ONCE  # in any second: each frame takes one of the limiter's slots
END_S = 5.0
NOTE_EVERY_S = 5.0  # of what cannot be painted
log = logging.getLogger("reskin.serve")


class Stepper:
    """Runs from when it is made until `close`, which closes the renderer too."""

    def __init__(self, renderer: BatchRenderer, *, flash_limiter: FlashProfile = "broadcast") -> None:
        self.renderer = renderer
        self.batches: Counter[int] = Counter()  # size of a batch to how many there were
        self.failures = 0  # frames that went back as they came
        self.paintings = 0
        self.error: Exception | None = None
        self.on_painted: Callable[[float], object] = lambda engine_ms: None  # of each frame; for the metrics
        self._profile = flash_limiter
        self._lock = threading.Lock()
        self._seats: dict[Session, FlashLimiter | None] = {}  # in the order in which they are served next
        self._gone: list[str] = []
        self._told_s: dict[str, float] = {}
        self._work = threading.Event()
        self._stopping = False
        if flash_limiter != "off":
            FlashLimiter(flash_limiter)  # compiles what the first player would wait for
        self._thread = threading.Thread(target=self._run, name="reskin-stepper", daemon=True)
        self._thread.start()

    @property
    def sessions(self) -> list[Session]:
        with self._lock:
            return list(self._seats)

    @property
    def waiting(self) -> int:
        """Sessions whose frame waits for the engine."""
        return sum(session.has_frame for session in self.sessions)

    def enter(self, session: Session) -> None:
        with self._lock:
            self._seats[session] = None if self._profile == "off" else FlashLimiter(self._profile, fps=MOST_FPS)
        session.wake = self._work.set
        self._work.set()

    def leave(self, session: Session) -> None:
        session.wake = lambda: None
        with self._lock:
            if session not in self._seats:
                return
            del self._seats[session]
            self._gone.append(session.id)
        self._work.set()

    def close(self) -> None:
        """Waits for the frame that is being painted, but not for ever."""
        self._stopping = True
        self._work.set()
        self._thread.join(END_S)
        self.renderer.close()

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._work.wait()
                self._work.clear()
                while not self._stopping and self._step():
                    pass
        except Exception as error:
            log.exception("the stepper has ended")
            self.error = error

    def _step(self) -> bool:
        """One batch; False when no session has a frame."""
        taken = self._take()
        if not taken:
            return False
        started_ns = time.monotonic_ns()
        jobs = [Job(session.id, offered.bgra_u8, session.look, started_ns) for session, offered in taken]
        self.batches[len(jobs)] += 1
        for (session, offered), done in zip(taken, self.renderer.render_many(jobs), strict=True):
            self._give(session, offered, done, started_ns)
        return True

    def _take(self) -> list[tuple[Session, Offered]]:
        with self._lock:
            gone, self._gone = self._gone, []
            order = list(self._seats)
        for key in gone:
            self.renderer.forget(key)
            self._told_s.pop(key, None)
        taken: list[tuple[Session, Offered]] = []
        for session in order:
            if len(taken) >= self.renderer.most:
                break
            if (offered := session.take()) is not None:
                taken.append((session, offered))
        with self._lock:
            for session, _ in taken:
                if session in self._seats:
                    self._seats[session] = self._seats.pop(session)
        return taken

    def _give(self, session: Session, offered: Offered, done: Done, started_ns: int) -> None:
        pixels, stages_ms = done.bgra_u8, done.stages_ms
        if pixels is None:
            pixels = offered.bgra_u8
            self.failures += 1
            self._tell(session, done.error)
        else:
            self.paintings += 1
            self.on_painted(stages_ms.get("engine", 0.0))
        with self._lock:
            limiter = self._seats.get(session)
        if limiter is not None:
            limited = limiter.apply(pixels, time.monotonic_ns())
            pixels = limited.copy() if limited is not pixels else pixels  # its memory is used again
        stages_ms = {**stages_ms, "waited": (started_ns / 1e9 - offered.came_s) * 1e3}
        is_painted = done.bgra_u8 is not None
        session.deliver(Painting(pixels, offered.number, stages_ms, is_painted=is_painted, came_s=offered.came_s))

    def _tell(self, session: Session, error: str) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s.get(session.id, -NOTE_EVERY_S) >= NOTE_EVERY_S:
            self._told_s[session.id] = now_s
            session.say(f"the game as it is, for the engine could not paint it ({error})")
            log.warning("a frame could not be painted", extra={"reason": error.partition(":")[0]})
