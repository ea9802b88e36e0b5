"""The sink behind the pages: the loop's pictures go to a process that serves them (`process`). One copy a picture, and
none while nobody watches; what the control page asks for goes to the loop's queue of commands."""

from __future__ import annotations

import time
from pathlib import Path

from reskin.errors import StreamError
from reskin.frame import Frame, Region
from reskin.remote_control import Command, RemoteControl
from reskin.settings import StreamSettings
from reskin.sinks.picture_process import PictureProcess
from reskin.sinks.web.addresses import Addresses
from reskin.sinks.web.figures import app_figures
from reskin.sinks.web.ports import open_sockets
from reskin.sinks.web.process import serve_stream
from reskin.status import Status
from reskin.theme_store import ThemeStore
from reskin.themes import Theme
from reskin.web_parts.gallery import gallery
from reskin.web_parts.keys import Keys, kept_keys

TELL_EVERY_S = 0.5


class WebSink:
    """Serves from soon after it is made until `close`. `listen` and `show` raise what has gone wrong there."""

    name = "stream"

    def __init__(
        self, settings: StreamSettings, *, keys: Keys | None = None, status: Status | None = None,
        store: ThemeStore | None = None, remote: RemoteControl | None = None,
    ) -> None:  # fmt: skip
        """The keys are those of this user when left out; without a store there is no gallery."""
        sockets = open_sockets(settings.port)  # here, so that a port that cannot be had is an error at once
        self.keys = keys or kept_keys()
        self.addresses = Addresses(
            keys=self.keys, port=sockets[0].getsockname()[1], wanted_port=settings.port
        )  # fmt: skip
        self.is_watched = False
        self._status, self._store, self._remote = status or Status(), store, remote or RemoteControl()
        self._shown = 0
        self._may_tell, self._told_s = True, 0.0
        self._themes: list[tuple[Path, Theme]] = []
        try:
            self._process = PictureProcess("reskin-stream", serve_stream, sockets, self.keys, settings.quality)
        finally:
            for listening in sockets:
                listening.close()
        self._tell()

    @property
    def pid(self) -> int | None:
        """Of the process that serves."""
        return self._process.pid

    def show(self, frame: Frame, region: Region) -> None:
        self.listen()
        self._shown += 1
        if self.is_watched:
            self._process.put(self._shown, frame.captured_ns, frame.bgra_u8)

    def listen(self) -> None:
        """What viewers ask for, and how the run goes told to them; at every tick, shown or not."""
        for message in self._process.heard():
            self._hear(message)
        if self._process.exit_code is not None:
            raise StreamError(
                f"serving OBS: its process ended with exit code {self._process.exit_code}. Its log is in the folder "
                "that `reskin paths` names; start Reskin again."
            )
        if self._may_tell and time.monotonic() - self._told_s >= TELL_EVERY_S:
            self._tell()

    def close(self) -> None:
        self._process.close()

    def link(self, path: str = "/", *, acts: bool = False) -> str:
        return self.addresses.link(path, acts=acts)

    def _hear(self, message: object) -> None:
        match message:
            case ("watched", bool(is_watched)):
                self.is_watched = is_watched
            case ("command", command) if isinstance(command, Command):
                self._remote.send(command)
            case ("heard",):
                self._may_tell = True
            case ("error", str(text)):
                raise StreamError(f"serving OBS: {text}")

    def _tell(self) -> None:
        """The themes when others are there than before, else the figures."""
        themes = [] if self._store is None else self._store.with_files()
        if _are_same(themes, self._themes):
            self._process.send(("figures", {**app_figures(self._status), "pictures": self._shown}))
        else:
            self._themes = themes
            self._process.send(("themes", gallery(themes)))
        self._may_tell, self._told_s = False, time.monotonic()


def _are_same(one: list[tuple[Path, Theme]], other: list[tuple[Path, Theme]]) -> bool:
    return len(one) == len(other) and all(a is b for (_, a), (_, b) in zip(one, other, strict=True))
