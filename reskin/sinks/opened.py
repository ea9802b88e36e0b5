"""The sinks of one run. Each method opens one, behind the shield, and closes it with the run.

A sink's libraries are imported when it is asked for. Knows nothing of the command line or of settings' files.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from reskin.frame import Frame, Region
from reskin.platforms.base import Sink
from reskin.remote_control import RemoteControl
from reskin.settings import StreamSettings
from reskin.sinks.shield import Shield, ShieldedSink
from reskin.status import Status
from reskin.theme_store import ThemeStore


class OpenedSinks:
    def __init__(self, shield: Shield, parts: contextlib.ExitStack) -> None:
        self.sinks: list[Sink] = []
        self.onlookers: list[Callable[[Frame], None]] = []  # want to see the game's own pictures
        self._listeners: list[Callable[[], None]] = []
        self._shield = shield
        self._parts = parts

    def recording(self, path: Path, *, split: bool) -> None:
        from reskin.sinks.recording import RecordingSink

        sink = RecordingSink(path, split=split)
        self._add(sink)
        if split:
            self.onlookers.append(sink.grabbed)

    def window(self) -> None:
        from reskin.sinks.output_window import OutputWindow

        self._add(OutputWindow())

    def camera(self) -> None:
        from reskin.sinks.virtual_camera import VirtualCamera

        self._add(VirtualCamera())

    def stream(self, settings: StreamSettings, region: Region | None, *, status: Status, store: ThemeStore,
               remote: RemoteControl) -> str:  # fmt: skip
        """Returns what the player should read: the links, and what to do with them."""
        from reskin.sinks.web.sink import WebSink

        sink = WebSink(settings, status=status, store=store, remote=remote)
        shielded = self._add(sink)
        self._listeners.append(lambda: shielded.attempt(sink.listen))
        return sink.addresses.told(None if region is None else (region.w, region.h))

    def listen(self) -> None:
        """What their viewers ask for is heard, also while nothing is shown: a paused game's control page still acts."""
        for listen in self._listeners:
            listen()

    def _add(self, sink: Sink) -> ShieldedSink:
        shielded = self._shield.over(sink)
        self.sinks.append(shielded)
        self._parts.callback(shielded.close)
        return shielded
