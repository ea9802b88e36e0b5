"""The engine's own process: takes the newest frame, paints it, gives it back, and beats its heart.

Runs `engine_main` in a spawned process with a `Renderer` made by a factory that is named as a string, so that tests
can put a crashing, hanging or slow one there. Knows nothing of windows, keys, ticks or of why it was started; who looks
after it is `reskin.supervisor`.
"""

from __future__ import annotations

import gc
import logging
import time
from multiprocessing.connection import Connection
from typing import NamedTuple

from reskin.child_process import die_with, made_by
from reskin.log import start_process_log
from reskin.marker import carry_marker
from reskin.remedies import cache_remedy
from reskin.renderer import Renderer, View
from reskin.shared_frames import Segment, SharedFrame, receive_segment
from reskin.theme_fade import ThemeFade
from reskin.themes import Theme

HEARTBEAT = 0  # word of the control page: time.monotonic_ns() of the last sign of life
IDLE_S = 0.05  # between two heartbeats while there is nothing to paint
ERRORS_IN_A_ROW = 24  # one second of nothing but exceptions: a fresh process is the better hope
HISTORY_GAP_NS = 1_000_000_000  # after such a gap between two frames the past is another scene
_log = logging.getLogger(__name__)


class RenderMode(NamedTuple):
    view: View
    quality: int


def engine_main(
    connection: Connection, factory: str, arguments: tuple[object, ...], carries_marker: bool, parent_pid: int
) -> None:
    """The process's whole life. Ends at "stop", at the parent's death, or after too many exceptions in a row."""
    die_with(parent_pid)
    start_process_log("engine")
    _log.info("starting %s%s", factory, arguments)
    try:
        renderer: Renderer = made_by(factory, arguments)
    except Exception as error:  # noqa: BLE001  whatever it is, the app must hear of it
        _log.exception("starting failed")
        connection.send(("failed", f"{type(error).__name__}: {error}{cache_remedy(error)}"))
        return
    gc.collect()
    gc.freeze()  # what is loaded by now stays; looking through all of it again takes 20 ms, in the middle of a frame
    _log.info("ready: %s", renderer.name)
    connection.send(("ready", renderer.name))
    try:
        _paint_for_ever(connection, renderer, carries_marker)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the app is gone


def _paint_for_ever(connection: Connection, renderer: Renderer, carries_marker: bool) -> None:
    segment: Segment | None = None
    mode: RenderMode | None = None
    fade = ThemeFade()
    errors_in_a_row = 0
    last: tuple[tuple[int, ...], int] | None = None  # shape and capture time of the frame before
    while True:
        wait_s = 0.0 if segment is not None and segment.game.is_waiting else IDLE_S
        while connection.poll(wait_s):
            match connection.recv():
                case ("segment", int(capacity), name):
                    segment = receive_segment(connection, capacity, name)
                case ("configure", str(theme_json), str(view), int(quality), int(fade_frames)):
                    fade.turn_to(Theme.model_validate_json(theme_json), fade_frames)
                    mode = RenderMode(View(view), quality)
                case ("stop",):
                    return
            wait_s = 0.0
        if segment is None:
            continue
        segment.control[HEARTBEAT] = time.monotonic_ns()
        frame = segment.game.take() if mode is not None else None
        if frame is None or mode is None:
            continue
        try:
            if last is None or last[0] != frame.bgra_u8.shape or frame.captured_ns - last[1] > HISTORY_GAP_NS:
                renderer.reset()
            last = (frame.bgra_u8.shape, frame.captured_ns)
            _paint(segment, frame, renderer, fade.next_theme(), mode, carries_marker)
            errors_in_a_row = 0
        except Exception as error:  # noqa: BLE001  one frame is lost, the engine need not be
            last = None
            errors_in_a_row += 1
            text = f"{type(error).__name__}: {error}"
            _log.exception("a frame could not be painted")
            connection.send(("error", text))
            if errors_in_a_row >= ERRORS_IN_A_ROW:
                connection.send(("failed", f"{errors_in_a_row} frames in a row could not be painted: {text}"))
                return


def _paint(
    segment: Segment, frame: SharedFrame, renderer: Renderer, theme: Theme, mode: RenderMode, carries_marker: bool
) -> None:
    h, w = frame.bgra_u8.shape[:2]
    slot = segment.painted.free_slot()
    out = segment.painted.pixels(slot, h, w)
    started_ns = time.monotonic_ns()
    stages_ms = dict(renderer.render(frame.bgra_u8, theme, mode.view, mode.quality, out))
    if carries_marker:
        carry_marker(frame.bgra_u8, out)
    finished_ns = time.monotonic_ns()
    stages_ms["handover"] = (started_ns - frame.submitted_ns) / 1e6
    stages_ms["engine"] = (finished_ns - started_ns) / 1e6
    segment.control[HEARTBEAT] = finished_ns
    segment.painted.publish(
        slot, h, w, index=frame.index, captured_ns=frame.captured_ns, submitted_ns=frame.submitted_ns,
        finished_ns=finished_ns, quality=mode.quality, stages_ms=stages_ms, drift=renderer.drift,
    )  # fmt: skip
