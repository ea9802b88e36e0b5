"""WebRTC around one session: the client's video goes in, the painted video comes out, and a data channel beside them.

A player's peer feeds its session; a watcher's only shows one. Everything that a client can make grow is looked at once
a second and bounded: what it sends, what it does not read, how long it is silent. Whoever made the peer hears by
`on_end` that it is over, once. Belongs to the event loop. Knows nothing of tokens, slots or HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

from reskin.errors import ThemeError
from reskin.serve import addresses, receiving, sdp
from reskin.serve.limits import (
    CONNECT_S,
    MOST_BEHIND,
    MOST_BYTES_PER_S,
    MOST_CONTROL_FLOOD,
    MOST_PACKETS_PER_S,
    MOST_UNREAD_BYTES,
    MOST_UNSENT_BYTES,
    SILENT_S,
    Bucket,
)
from reskin.serve.media import Intake, PaintedTrack
from reskin.serve.messages import (
    CHANNEL,
    MOST_CONTROLS_PER_S,
    DoPing,
    DoPrompt,
    DoStrength,
    DoTheme,
    DoThemeParameters,
    MessageError,
    SayError,
    Saying,
    SayNote,
    read_control,
)
from reskin.serve.prompt_reader import PromptReader
from reskin.serve.session import Session

CHECK_S = 1.0
CLOSE_S = 3.0
WINDOW = 1024 * 1024  # bytes that aiortc lets a peer send before it has read them
PROMPT_PAUSE_S = 0.1  # between two prompts of one player, at least
PROMPT_REST = 2.0  # and so many times what the first took: one player's prompts get a third of a core at most
log = logging.getLogger("reskin.serve")


class Peer:
    def __init__(
        self, session: Session, *, has_strip: bool, only_watches: bool = False, prompts: PromptReader,
        queue: Callable[[], int], on_end: Callable[[Peer, str], None], ice_servers: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """`queue` says how many frames wait for the engine."""
        self.session = session
        self.only_watches = only_watches
        self.intake = Intake(session)
        self.ended = ""  # why
        self._prompts = prompts
        self._queue = queue
        self._on_end = on_end
        self._channel: Any = None
        self._rate = Bucket(MOST_CONTROLS_PER_S, 2 * MOST_CONTROLS_PER_S)
        self._flood = Bucket(2 * MOST_CONTROLS_PER_S, MOST_CONTROL_FLOOD)
        self._prompt: DoPrompt | None = None  # the newest that waits, unless a theme was chosen after it
        self._is_reading = False
        self._strength: float | None = None  # that was chosen after it
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen = (0, 0)  # bytes that came, packets either way
        self._last_heard_s = asyncio.get_running_loop().time()
        self._is_connected = False
        servers = [RTCIceServer(urls=url) for url in ice_servers]
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._track = PaintedTrack(session, has_strip=has_strip)

    async def answer(self, offered: str, client: str) -> str:
        """The SDP that answers an offer's; MessageError for one that cannot be used."""
        connection = self._connection
        connection.on("track", self._on_track)
        connection.on("datachannel", self._on_channel)
        connection.on("connectionstatechange", self._on_state)
        text = sdp.checked(offered, client)
        try:
            transceiver = connection.addTransceiver(
                self._track, direction="sendonly" if self.only_watches else "sendrecv"
            )
            transceiver.setCodecPreferences(_preferences())
            await connection.setRemoteDescription(RTCSessionDescription(text, "offer"))
            await connection.setLocalDescription(await connection.createAnswer())
        except Exception as error:  # noqa: BLE001  a stranger's text, taken apart by a library: whatever it stumbles over
            log.info("an offer was refused", extra={"reason": type(error).__name__})
            raise MessageError(f"answering an offer: its SDP cannot be used ({type(error).__name__})") from None
        self._begin(self._look_after())
        return connection.localDescription.sdp

    @property
    def counts(self) -> dict[str, int]:
        """Of frames: those that were left out on the way in, and what became of the paintings on the way out."""
        return {
            "overtaken": self.intake.overtaken, "refused": self.intake.refused, "sent": self._track.sent,
            "replaced": self._track.replaced,
        }  # fmt: skip

    async def close(self, why: str = "closed") -> None:
        """Frees the connection; `on_end` is not called after it."""
        self.ended = self.ended or why
        self._on_end = _nothing
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._connection.close()
        except (TimeoutError, ConnectionError):
            self._abort()
        self._track.stop()

    def _abort(self) -> None:
        """Closes the sockets of a connection that does not end."""
        log.warning("a connection did not end by itself")
        for part in self._parts():
            if part.transport is not None:
                for protocol in part.transport.transport._connection._protocols:
                    protocol.transport.close()

    def tell(self, saying: Saying) -> None:
        """To the client, if it listens and has read what it was told before."""
        channel = self._channel
        if channel is None or channel.readyState != "open" or channel.bufferedAmount > MOST_UNSENT_BYTES:
            return
        with contextlib.suppress(Exception):  # it closed at this moment
            channel.send(saying.model_dump_json())

    def _end(self, why: str) -> None:
        if not self.ended:
            self.ended = why
            self._on_end(self, why)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a peer has ended by an error of ours", extra={"reason": type(error).__name__}, exc_info=error)
            self._end("an error of the server")

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "video" and not self.only_watches:
            self._begin(self.intake.run(track))
        else:
            track.stop()

    def _on_state(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._is_connected = True
        elif state in ("failed", "closed"):
            self._end("the connection is lost")

    def _on_channel(self, channel: Any) -> None:
        if channel.label != CHANNEL or self._channel is not None:
            channel.close()
            return
        self._channel = channel
        channel.on("message", self._on_message)
        self.tell(self.session.state())

    def _on_message(self, text: Any) -> None:
        if not self._flood.take():
            return self._end("too many messages")
        if not self._rate.take():
            return None
        try:
            asked = read_control(text if isinstance(text, str) else "")
        except MessageError as error:
            return self.tell(SayError(text=str(error)))
        if self.only_watches and not isinstance(asked, DoPing):
            return self.tell(SayError(text="this link lets you watch; what is shown is the player's to choose"))
        if isinstance(asked, DoPrompt):
            self._prompt, self._strength = asked, None
            if not self._is_reading:
                self._is_reading = True
                self._begin(self._read_prompts())
            return None
        if isinstance(asked, DoTheme | DoThemeParameters):
            self._prompt = None
        elif isinstance(asked, DoStrength):
            self._strength = asked.value
        return self.tell(self.session.answer(asked))

    async def _read_prompts(self) -> None:
        """One at a time, and of those that came meanwhile the newest. What was chosen after a prompt stays."""
        try:
            while (asked := self._prompt) is not None:
                began_s = asyncio.get_running_loop().time()
                saying = await self._read(asked)
                took_s = asyncio.get_running_loop().time() - began_s
                if self._prompt is asked:
                    self._prompt = None
                    self.tell(saying)
                await asyncio.sleep(max(PROMPT_PAUSE_S, PROMPT_REST * took_s))
        finally:
            self._is_reading = False

    async def _read(self, asked: DoPrompt) -> Saying:
        try:
            theme, note = await self._prompts.read(asked.text)
        except ThemeError as error:
            return SayError(text=str(error))
        if self._prompt is None:
            return self.session.state()
        if theme is None:
            return self.session.state(note)
        if self._strength is not None:
            theme = theme.model_copy(update={"strength": self._strength})
        return self.session.wear(theme, asked.fade_frames, note)

    async def _look_after(self) -> None:
        """Once a second: figures for the client, and whether it still keeps within its bounds."""
        while not self.ended:
            await asyncio.sleep(CHECK_S)
            why = "the session has ended" if self.session.is_closed else self._reason_to_end()
            if why:
                self._end(why)
                break
            self.tell(self.session.figures(self._queue()))
            if not self.only_watches:
                notes = [*self.session.notes(), *([self.intake.note] if self.intake.note else [])]
                self.intake.note = ""
                for note in notes:
                    self.tell(SayNote(text=note))

    def _reason_to_end(self) -> str:
        now_s = asyncio.get_running_loop().time()
        seen = self._traffic()
        (came, packets), self._seen = (seen[0] - self._seen[0], seen[1] - self._seen[1]), seen
        if came:
            self._last_heard_s = now_s
        silent_s = now_s - self._last_heard_s
        if silent_s > (SILENT_S if self._is_connected else CONNECT_S):
            return "silent"
        if came > 2 * MOST_BYTES_PER_S * CHECK_S or packets > 2 * MOST_PACKETS_PER_S * CHECK_S or self._is_unread():
            return "it sends too much"
        if self._behind() > MOST_BEHIND:
            return "it sends faster than can be decoded"
        return ""

    def _traffic(self) -> tuple[int, int]:
        """Bytes that came, and packets either way, so far."""
        transports = {id(part.transport): part.transport for part in self._parts() if part.transport is not None}
        reports = [report for transport in transports.values() for report in transport._get_stats().values()]
        return (
            sum(getattr(report, "bytesReceived", 0) for report in reports),
            sum(getattr(report, name, 0) for report in reports for name in ("packetsReceived", "packetsSent")),
        )

    def _is_unread(self) -> bool:
        """More lies in messages without an end than any of ours has."""
        window = getattr(self._connection.sctp, "_advertised_rwnd", WINDOW) if self._connection.sctp else WINDOW
        return WINDOW - window > MOST_UNREAD_BYTES

    def _parts(self) -> list[Any]:
        connection = self._connection
        parts: list[Any] = [transceiver.receiver for transceiver in connection.getTransceivers()]
        return parts + ([connection.sctp] if connection.sctp is not None else [])

    def _behind(self) -> int:
        """Encoded frames that wait for their decoder."""
        queues = (
            getattr(transceiver.receiver, "_RTCRtpReceiver__decoder_queue", None)
            for transceiver in self._connection.getTransceivers()
        )
        return max((queue.qsize() for queue in queues if queue is not None), default=0)


def _preferences() -> list[Any]:
    """H.264 before VP8: x264 needs a third of libvpx's time. What the client cannot do drops out."""
    capabilities = RTCRtpReceiver.getCapabilities("video")
    assert capabilities is not None
    order = {"video/h264": 0, "video/vp8": 1, "video/rtx": 2}
    return sorted(capabilities.codecs, key=lambda codec: order.get(codec.mimeType.lower(), 3))


def _nothing(peer: Peer, why: str) -> None:
    pass


# aiortc and aioice are patched before the first Peer is made, whoever makes it (run, cluster, tests)
receiving.install()
addresses.install()
