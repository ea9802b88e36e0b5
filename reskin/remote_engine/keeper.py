"""Keeps a connection to a server up: opens it, tells it the look, sees when it is gone, and opens it again.

A server that was killed is noticed within half a second (nobody listens at its port any more), one that cannot be
reached after SILENT_S without a painting or an answer. It is tried again after 0.1 to 0.6 s for a minute, then every
2 s. For the event loop's thread. Knows nothing of what is in a frame.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator

import av

from reskin.errors import EngineError
from reskin.remote_engine.address import EngineAddress
from reskin.remote_engine.connection import Connection
from reskin.remote_engine.looks import RemoteLook, changes, ping
from reskin.remote_engine.signalling import Conflict, Queued, Refused, Signalling, Unreachable
from reskin.remote_engine.states import LinkChanged, LinkState, ServerFigures, ServerNote, Told
from reskin.serve.messages import MessageError, SayError, SayFigures, SayNote, SayPong, SayState, read_saying

OPEN_LIMIT_S = 4.0  # from the answer to the first message
LOOK_LIMIT_S = 1.0  # until the server says that it has the look; then frames go out all the same
LOOK_PAUSE_S = 0.15  # between two looks: the server takes 20 messages a second
WATCH_S = 0.05
PING_S = 0.25
QUIET_S = 0.3  # without a sign of life: is anybody at its port?
SILENT_S = 1.2  # without one: the connection is given up
UNPAINTED_S = 5.0  # it answers, but paints nothing of what it gets
PAUSED_S = 1.0  # without a frame to send
KNOCK_LIMIT_S = 0.5
PAUSES_S = (0.1, 0.2, 0.4, 0.6)
PATIENT_AFTER_S, PATIENT_PAUSE_S = 60.0, 2.0
REFUSED_PAUSE_S = 15.0
END_LIMIT_S = 0.2  # for what is still being closed
_log = logging.getLogger(__name__)


class Keeper:
    def __init__(
        self, address: EngineAddress, *, on_painting: Callable[[av.VideoFrame], None], tell: Callable[[Told], None]
    ) -> None:
        self._address = address
        self._on_painting = on_painting
        self._tell = tell
        self._look: RemoteLook | None = None
        self._look_changed = asyncio.Event()
        self._look_is_known = asyncio.Event()
        self._stop = asyncio.Event()
        self._taking: Connection | None = None  # one that frames may be sent to
        self._session: str | None = None
        self._sign_s = self._painting_s = self._frame_s = 0.0  # time of the last sign of life, painting, frame sent
        self._unpainted_s: float | None = None  # since when frames went out and no painting came
        self._round_trip_ms = 0.0
        self._closing: set[asyncio.Task[None]] = set()

    def put(self, frame: av.VideoFrame) -> None:
        """Send it, unless a newer one comes before its turn; nothing while there is no connection."""
        if self._taking is not None:
            now_s = time.monotonic()
            if self._unpainted_s is None or now_s - self._frame_s > PAUSED_S:
                self._unpainted_s = now_s
            self._frame_s = now_s
            self._taking.put(frame)

    def wear(self, look: RemoteLook) -> None:
        self._look = look
        self._look_changed.set()

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        """Until `stop`."""
        async with Signalling(self._address) as signalling:
            pauses = _pauses()
            while not self._stop.is_set():
                try:
                    await self._connect(signalling)
                    pauses = _pauses()
                    continue
                except Queued as error:
                    pause_s = self._say(LinkState.QUEUED, error, error.retry_s)
                except Conflict as error:
                    self._session = None
                    pause_s = self._say(LinkState.CONNECTING, error, next(pauses))
                except Refused as error:
                    pause_s = self._say(LinkState.REFUSED, error, REFUSED_PAUSE_S)
                except EngineError as error:
                    pause_s = self._say(LinkState.LOST, error, next(pauses))
                await self._stopped_within(pause_s)
            if self._session is not None:
                await signalling.end(self._session)
            if self._closing:
                await asyncio.wait(self._closing, timeout=END_LIMIT_S)

    def _say(self, state: LinkState, error: EngineError, pause_s: float) -> float:
        _log.info("%s: %s; again in %.1f s", state.value, error, pause_s)
        self._tell(LinkChanged(state, str(error)))
        return pause_s

    async def _connect(self, signalling: Signalling) -> None:
        """One connection's life; Unreachable when it is lost, returns when it is to stop."""
        connection = Connection(signalling, on_painting=self._came, on_message=self._heard)
        talker: asyncio.Task[None] | None = None
        try:
            answer = await connection.open(self._session)
            self._session = answer.session
            if answer.note:
                self._tell(ServerNote(answer.note))
            if not await _within(connection.is_open, OPEN_LIMIT_S):
                raise Unreachable(
                    f"reaching the engine at {self._address.name}: it answers, but no video gets through. Does a "
                    "firewall let UDP pass?"
                )
            self._look_is_known.clear()  # by the connection before
            talker = asyncio.create_task(self._talk(connection))
            await _within(self._look_is_known, LOOK_LIMIT_S)
            self._sign_s = self._painting_s = time.monotonic()
            self._unpainted_s = None
            self._taking = connection
            _log.info("connected to %s", self._address.name)
            self._tell(LinkChanged(LinkState.LIVE))
            await self._watch(connection)
        except (EngineError, asyncio.CancelledError):
            raise
        except Exception as error:
            _log.exception("the connection failed")
            raise Unreachable(
                f"reaching the engine at {self._address.name}: {type(error).__name__}: {error}"
            ) from error
        finally:
            self._taking = None
            if talker is not None:
                talker.cancel()
            task = asyncio.create_task(connection.close())  # up to 3 s, and the next one need not wait
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _watch(self, connection: Connection) -> None:
        name = self._address.name
        knocked_s = 0.0
        while not await self._stopped_within(WATCH_S):
            now_s = time.monotonic()
            silent_s = now_s - max(self._sign_s, self._painting_s)
            if connection.has_ended.is_set():
                raise Unreachable(f"the engine at {name} has ended the connection")
            if silent_s > SILENT_S:
                raise Unreachable(f"the engine at {name} gives no answer")
            if silent_s > QUIET_S and now_s - knocked_s > QUIET_S:
                if not await self._is_anybody_there():
                    raise Unreachable(f"the engine at {name} has ended")
                knocked_s = time.monotonic()
            if self._unpainted_s is not None and self._frame_s - self._unpainted_s > UNPAINTED_S:
                raise Unreachable(f"the engine at {name} answers, but paints nothing")

    async def _is_anybody_there(self) -> bool:
        """False when its machine says that nobody listens; a network that is silent says nothing."""
        try:
            async with asyncio.timeout(KNOCK_LIMIT_S):
                _, writer = await asyncio.open_connection(self._address.host, self._address.port)
            writer.close()
        except ConnectionRefusedError:
            return False
        except (OSError, TimeoutError):
            return True
        return True

    async def _talk(self, connection: Connection) -> None:
        """Looks as they change, and a ping four times a second."""
        known: RemoteLook | None = None
        self._look_changed.set()
        pinged_s = 0.0
        while True:
            if time.monotonic() - pinged_s >= PING_S and connection.say(ping(time.monotonic() * 1e3)):
                pinged_s = time.monotonic()
            if self._look_changed.is_set() and self._look is not None:
                self._look_changed.clear()
                look = self._look
                if all(connection.say(text) for text in changes(known, look)):
                    known = look
                else:
                    self._look_changed.set()
            await asyncio.sleep(LOOK_PAUSE_S)

    def _came(self, painting: av.VideoFrame) -> None:
        self._painting_s, self._unpainted_s = time.monotonic(), None
        self._on_painting(painting)

    def _heard(self, text: str) -> None:
        self._sign_s = time.monotonic()
        try:
            said = read_saying(text)
        except MessageError as error:
            _log.warning("%s", error)
            return
        match said:
            case SayPong():
                self._round_trip_ms = time.monotonic() * 1e3 - said.at
            case SayState():
                if self._look is not None and said.theme == self._look.theme.name:  # and not what it began with
                    self._look_is_known.set()
                if said.note:
                    self._tell(ServerNote(said.note))
            case SayFigures():
                self._tell(
                    ServerFigures(said.fps, said.engine_ms_p50, said.engine_ms_p95, said.queue, self._round_trip_ms)
                )
            case SayNote() | SayError():
                self._tell(ServerNote(said.text))

    async def _stopped_within(self, seconds: float) -> bool:
        return await _within(self._stop, seconds)


def _pauses() -> Iterator[float]:
    began_s = time.monotonic()
    yield from PAUSES_S
    while True:
        yield PATIENT_PAUSE_S if time.monotonic() - began_s > PATIENT_AFTER_S else PAUSES_S[-1]


async def _within(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
