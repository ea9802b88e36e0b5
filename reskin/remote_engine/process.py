"""The process that stands for a server's engine: frames from shared memory to the network, paintings back.

`remote_main` is the whole life of a spawned process, looked after by `reskin.supervisor` as the engine's own is. Three
threads: this one takes frames and beats the heart, the event loop's has the network, and one turns what was decoded
into pictures. Knows nothing of windows, ticks or of what paints meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from multiprocessing.connection import Connection as Pipe

import av

from reskin.child_process import die_with
from reskin.engine_process import HEARTBEAT, IDLE_S
from reskin.log import start_process_log
from reskin.remote_engine.address import EngineAddress
from reskin.remote_engine.keeper import Keeper
from reskin.remote_engine.looks import RemoteLook
from reskin.remote_engine.pictures import FrameBook, Sent, carry_corner, corner, fits, packed, unpacked, write_back
from reskin.remote_engine.states import ServerFigures, Told
from reskin.renderer import View
from reskin.serve.codecs import Rates
from reskin.serve.receiving import install
from reskin.shared_frames import Segment, SharedFrame, receive_segment
from reskin.slot import Slot
from reskin.themes import Theme

END_LIMIT_S = 0.4  # for the server to be told that this session is over
LOUD = ("aiortc", "aioice", "asyncio", "libav")  # they would write on the player's terminal
_log = logging.getLogger(__name__)


def remote_main(pipe: Pipe, address: EngineAddress, carries_marker: bool, parent_pid: int) -> None:
    """Ends at "stop", at the parent's death, or when the network's thread fails."""
    die_with(parent_pid)
    start_process_log("remote")
    for name in LOUD:
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    av.logging.set_level(av.logging.FATAL)  # a packet that was lost is no news
    install()
    Rates.bits_at_720p = int(address.mbit * 1e6)
    gc.collect()
    gc.freeze()
    carrier = Carrier(pipe, address, carries_marker=carries_marker)
    pipe.send(("ready", f"server {address.name}"))
    try:
        carrier.run()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the app is gone
    finally:
        carrier.end()


class Carrier:
    def __init__(self, pipe: Pipe, address: EngineAddress, *, carries_marker: bool) -> None:
        self._pipe = pipe
        self._sending = threading.Lock()  # of the pipe's other direction
        self._carries_marker = carries_marker
        self._segment: Segment | None = None
        self._look: RemoteLook | None = None
        self._book = FrameBook()
        self._server_ms = 0.0
        self._paintings: Slot[av.VideoFrame] = Slot()
        self._loop = asyncio.new_event_loop()
        self._keeper = Keeper(address, on_painting=self._came, tell=self._told)
        self._failure = ""
        self._unpacker = threading.Thread(target=self._unpack, name="paintings", daemon=True)
        self._network = threading.Thread(target=self._keep, name="network", daemon=True)
        self._unpacker.start()
        self._network.start()

    def run(self) -> None:
        while True:
            is_waiting = self._segment is not None and self._segment.game.is_waiting
            wait_s = 0.0 if is_waiting else IDLE_S
            while self._pipe.poll(wait_s):
                match self._pipe.recv():
                    case ("segment", int(capacity), name):
                        self._segment = receive_segment(self._pipe, capacity, name)
                    case ("configure", str(theme_json), str(view), int(quality), int(fade_frames)):
                        self._look = RemoteLook(Theme.model_validate_json(theme_json), View(view), quality, fade_frames)
                        self._loop.call_soon_threadsafe(self._keeper.wear, self._look)
                    case ("stop",):
                        return
                wait_s = 0.0
            if self._failure:
                self._send("failed", self._failure)
                return
            if self._segment is None:
                continue
            self._segment.control[HEARTBEAT] = time.monotonic_ns()
            frame = self._segment.game.take() if self._look is not None else None
            if frame is not None and self._look is not None:
                self._submit(frame, self._look.quality)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._keeper.stop)
        self._network.join(END_LIMIT_S)
        self._paintings.close()

    def _submit(self, frame: SharedFrame, quality: int) -> None:
        sent = Sent(
            index=frame.index, captured_ns=frame.captured_ns, submitted_ns=frame.submitted_ns, quality=quality,
            size=frame.bgra_u8.shape[:2], corner_u8=corner(frame.bgra_u8) if self._carries_marker else None,
        )  # fmt: skip
        self._loop.call_soon_threadsafe(self._keeper.put, packed(frame.bgra_u8, self._book.write(sent)))

    def _keep(self) -> None:
        try:
            self._loop.run_until_complete(self._keeper.run())
        except Exception as error:  # noqa: BLE001  whatever it is, the app must hear of it
            _log.exception("the network's thread failed")
            self._failure = f"{type(error).__name__}: {error}"

    def _came(self, painting: av.VideoFrame) -> None:
        self._paintings.put(painting)

    def _told(self, told: Told) -> None:
        if isinstance(told, ServerFigures):
            self._server_ms = told.engine_ms_p50
        self._send("told", told)

    def _send(self, kind: str, what: object) -> None:
        with self._sending:
            self._pipe.send((kind, what))

    def _unpack(self) -> None:
        while (painting := self._paintings.wait()) is not None:
            try:
                self._deliver(painting)
            except Exception:  # noqa: BLE001  one painting is lost
                _log.exception("a painting could not be used")

    def _deliver(self, painting: av.VideoFrame) -> None:
        painting_u8, number = unpacked(painting)
        sent = self._book.take(number)
        segment = self._segment
        if sent is None or segment is None or not fits(painting_u8, sent.size):
            return
        h, w = sent.size
        slot = segment.painted.free_slot()
        out = segment.painted.pixels(slot, h, w)
        write_back(painting_u8, out)
        carry_corner(sent.corner_u8, out)
        now_ns = time.monotonic_ns()
        segment.painted.publish(
            slot, h, w, index=sent.index, captured_ns=sent.captured_ns, submitted_ns=sent.submitted_ns,
            finished_ns=now_ns, quality=sent.quality,
            stages_ms={"engine": self._server_ms, "round trip": (now_ns - sent.submitted_ns) / 1e6},
        )  # fmt: skip
