"""The process that serves the stream: it takes the newest picture, and whatever viewers do costs the loop nothing.

It tells the app when somebody watches (else no picture is copied), what the control page asks for, and that it has read
what it was sent: the app has one message of figures or themes under way at a time. `sink` is the other end.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from reskin.child_process import die_with
from reskin.errors import StreamError
from reskin.log import start_process_log
from reskin.shared_frames import Segment, receive_segment
from reskin.web_parts.gallery import Item
from reskin.web_parts.keys import Keys

LOOK_EVERY_S = 0.25  # whether the server still runs, when no picture comes


@dataclass
class _Told:
    """What the app said last."""

    figures: Mapping[str, Any] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)


def serve_stream(
    connection: Connection, parent_pid: int, sockets: list[socket.socket], keys: Keys, quality: int
) -> None:
    """The process's whole life: until ("stop",), the end of the app, or an error, which is sent as ("error", text)."""
    die_with(parent_pid)
    start_process_log("stream")
    try:
        _serve(connection, sockets, keys, quality)
    except (EOFError, ConnectionResetError, BrokenPipeError):
        return  # the app is gone
    except Exception as error:  # noqa: BLE001  whatever it is, the app must hear of it
        with contextlib.suppress(OSError):
            connection.send(("error", str(error) or type(error).__name__))
        sys.exit(1)


def _serve(connection: Connection, sockets: list[socket.socket], keys: Keys, quality: int) -> None:
    from reskin.sinks.web.feed import Feed  # here: the app, which only names this process, needs none of it
    from reskin.sinks.web.routes import Show
    from reskin.sinks.web.server import WebServer

    lock = threading.Lock()  # the server's thread talks too

    def say(*message: object) -> None:
        with lock:
            connection.send(message)

    told = _Told()
    feed = Feed(quality=quality, on_watched=lambda is_watched: say("watched", is_watched))
    show = Show(
        feed=feed, figures=lambda: told.figures, items=lambda: told.items, obey=lambda command: say("command", command)
    )
    server = WebServer(sockets, keys, show)
    segment: Segment | None = None
    try:
        while server.error is None:
            if not connection.poll(LOOK_EVERY_S):
                continue
            match connection.recv():
                case ("segment", int(capacity), name):
                    segment = receive_segment(connection, capacity, name)
                case ("frame",) if segment is not None and (frame := segment.game.take()) is not None:
                    feed.show(frame.bgra_u8, frame.index)
                case ("figures", figures):
                    told.figures = figures
                    say("heard")
                case ("themes", items):
                    told.items = items
                    say("heard")
                case ("stop",):
                    return
    finally:
        server.close()
    raise StreamError(str(server.error)) from server.error
