"""One GPU's worth of sessions, as a Ray Serve deployment: opens them, plays them, reports them, lets them go.

The sessions and the stepper are those of `reskin serve` on one machine. What is added: the beat that tells the
directory whom this replica plays and what they have chosen, the numbers that Serve scales by, and draining. When Serve
takes this replica away (an update, fewer players) it waits for `drain`: the clients are told to ask again, get
a slot elsewhere, and the replica ends when the last has gone or `drain_s` is over.

Knows nothing of HTTP, tokens or how a slot was chosen. Everything runs in the replica's event loop but the stepper.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from typing import Any

from reskin.errors import ServeError
from reskin.serve.cluster.choices import to_choices, to_look
from reskin.serve.cluster.config import ClusterConfig
from reskin.serve.cluster.directory import Choices, Heard
from reskin.serve.cluster.engines import Engine, start_engine
from reskin.serve.health import Health
from reskin.serve.session import Session

log = logging.getLogger("reskin.serve.cluster")
DRAIN_POLL_S = 0.1
ANSWER_S = 1.0  # that the directory takes at most
MOVE_AGAIN_S = 1.0  # a client that was told to ask elsewhere, and is still here, is told again


class EngineReplica:
    def __init__(self, config: dict[str, Any], directory: Any, name: str,
                 lost: tuple[type[Exception], ...] = ()) -> None:  # fmt: skip
        """`name` as Serve's router knows this replica; `lost`: what a handle raises when nobody answers."""
        self._config = ClusterConfig.model_validate(config)
        self._directory, self.name = directory, name
        self._lost: tuple[type[Exception], ...] = (*lost, TimeoutError)
        self._engine: Engine = start_engine(self._config)
        self._sessions: dict[str, Session] = {}
        self._owners: dict[str, str] = {}
        self._until_s: dict[str, float] = {}  # time.time() at which the session's token ends
        self._told: dict[str, Any] = {}  # session to the look that the directory knows
        self._waiting = 0
        self._health = Health(clock=time.monotonic, loop_s=self._config.beat_s)
        self._painted = self._dropped = self._frames = 0  # of sessions that have ended
        self._painted_before = self._unpainted_before = 0
        self._media: Any = None
        self._beats: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        log.info("replica started", extra={"replica": self.name, "slots": self._engine.slots, "pid": os.getpid()})

    async def start(self) -> None:
        """Media and beats need the event loop that only a call runs in; Serve's first health check is one."""
        async with self._starting:
            if self._beats is None:
                self._media = await self._engine.open_media(self._end)
                self._watch = asyncio.create_task(self._watch_for_ever())
                self._beats = asyncio.create_task(self._beat_for_ever())

    async def open(self, *, replica: str, session: str, owner: str, until_s: float, choices: Choices,
                   offer: dict[str, Any]) -> dict[str, Any] | None:  # fmt: skip
        """The answer to a client's offer; None when this is not the replica that was meant."""
        if replica != self.name or (self._health.is_draining and session not in self._sessions):
            return None
        await self.start()
        if session in self._sessions:
            choices = to_choices(self._sessions[session].look)  # it is newer than what the directory knows
            await self._media.close(session)
            self._end(session)
        look = to_look(choices)
        made = self._engine.new_session(session, offer, look)
        self._sessions[session], self._owners[session], self._until_s[session] = made, owner, until_s
        self._engine.stepper.enter(made)
        try:
            answer = await self._media.open(made, offer)
        except BaseException:
            if self._sessions.get(session) is made:  # and not that of a later offer, which has ended this one
                self._end(session)
            raise
        log.info("session opened", extra={"session": session, "replica": self.name, "moved": look is not None})
        return {**answer, "session": session, "resume": look is not None}

    async def end(self, *, replica: str, session: str, owner: str) -> bool:
        if replica != self.name or self._owners.get(session) != owner:
            return False
        await self._close(session)
        return True

    async def check_health(self) -> None:
        """Serve's: an exception here, a few times, and the replica is replaced."""
        await self.start()
        for task in (self._beats, self._watch):
            if task is not None and task.done() and not self._health.is_draining:
                error = None if task.cancelled() else task.exception()
                raise ServeError("checking the replica: it does not tell the directory of itself any more") from error
        self._health.error = "" if self._engine.stepper.error is None else type(self._engine.stepper.error).__name__
        if faults := self._health.faults():
            raise ServeError(f"checking the replica: {'; '.join(faults)}")

    def record_autoscaling_stats(self) -> dict[str, float]:
        """Serve's: what `autoscale.by_sessions` reads."""
        return {
            "sessions": float(len(self._sessions)), "slots": float(self._engine.slots), "queue": float(self._waiting)
        }  # fmt: skip

    async def drain(self) -> None:
        """Returns when the last session has gone elsewhere, or `drain_s` is over; the engine has ended then."""
        self._health.is_draining = True
        end_s = time.monotonic() + self._config.drain_s
        log.info("draining", extra={"replica": self.name, "sessions": len(self._sessions)})
        asked_s: dict[str, float] = {}
        while self._beats is not None and self._sessions and time.monotonic() < end_s:
            now_s = time.monotonic()
            free = await self._beat_or_nothing()
            ready = [name for name in self._sessions if now_s - asked_s.get(name, -MOVE_AGAIN_S) >= MOVE_AGAIN_S]
            for session_id in ready[:free]:  # the others play on here until there is room for them
                asked_s[session_id] = now_s
                await self._media.move(session_id)
            await asyncio.sleep(DRAIN_POLL_S)
        if self._beats is not None:
            self._beats.cancel()
            await asyncio.gather(self._beats, return_exceptions=True)
            with contextlib.suppress(*self._lost):
                async with asyncio.timeout(ANSWER_S):
                    await self._directory.gone.remote(self.name)
        if self._media is not None:
            await self._media.stop()
        self._engine.stepper.close()
        log.info("drained", extra={"replica": self.name, "sessions": len(self._sessions)})

    async def _beat_for_ever(self) -> None:
        while True:
            await self._beat_or_nothing()
            self._media.end_the_silent()
            for session in [name for name, until_s in self._until_s.items() if until_s < time.time()]:
                await self._close(session)
            await asyncio.sleep(self._config.beat_s)

    async def _watch_for_ever(self) -> None:
        """Apart from the beats: one that nobody answers is no fault of this replica."""
        while True:
            painted = self._painted + sum(session.painted_frames for session in self._sessions.values())
            stepper, unpainted = self._engine.stepper, self._engine.stepper.failures
            self._health.tick(stepper.waiting > 0, painted > self._painted_before, unpainted > self._unpainted_before)
            self._painted_before, self._unpainted_before = painted, unpainted
            await asyncio.sleep(self._health.loop_s)

    async def _beat_or_nothing(self) -> int:
        """As `_beat`; while the directory is being replaced, no room is known."""
        try:
            return await self._beat()
        except self._lost as error:  # the next one asks for all we know
            log.warning("no directory", extra={"reason": type(error).__name__})
            self._told.clear()
            return 0

    async def _beat(self) -> int:
        """Tells the directory, does what it answers; the free slots elsewhere."""
        looks = {name: session.look for name, session in self._sessions.items()}
        news = {name: look for name, look in looks.items() if self._told.get(name) is not look}
        told = {name: (self._owners[name], to_choices(look)) for name, look in news.items()}
        painted = self._painted + sum(session.painted_frames for session in self._sessions.values())
        async with asyncio.timeout(ANSWER_S):
            heard: Heard = await self._directory.beat.remote(
                self.name, self._engine.slots, list(looks), told=told, draining=self._health.is_draining,
                facts=self._facts(painted),
            )  # fmt: skip
        self._told = {name: look for name, look in looks.items() if name not in heard.unknown}
        self._waiting = heard.waiting
        for session in heard.drop:
            await self._close(session)
        return heard.free

    def _facts(self, painted: int) -> dict[str, Any]:
        sessions = self._sessions.values()
        return {
            "pid": os.getpid(),
            "engine": self._engine.stepper.renderer.name,
            "frames": self._frames + sum(session.frames for session in sessions),
            "dropped": self._dropped + sum(session.dropped for session in sessions),
            "painted": painted,
        }

    async def _close(self, session_id: str) -> None:
        """The session and its media, but not one whose client has come anew meanwhile."""
        session = self._sessions.get(session_id)
        await self._media.close(session_id)
        if self._sessions.get(session_id) is session:
            self._end(session_id)

    def _end(self, session_id: str) -> None:
        """Also what `media` calls when a client has gone."""
        session = self._sessions.pop(session_id, None)
        if session is None:
            return
        self._owners.pop(session_id, None)
        self._until_s.pop(session_id, None)
        self._told.pop(session_id, None)
        self._engine.stepper.leave(session)
        session.close()
        self._frames += session.frames
        self._dropped += session.dropped
        self._painted += session.painted_frames
        log.info("session ended", extra={"session": session_id, "painted": session.painted_frames})
