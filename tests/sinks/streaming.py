"""The stream's server in this process: a thread feeds it with numbered pictures at 24 a second, and clients for it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from reskin.marker import draw_marker
from reskin.remote_control import RemoteControl
from reskin.settings import StreamSettings
from reskin.sinks.web.feed import Feed
from reskin.sinks.web.figures import app_figures
from reskin.sinks.web.ports import open_sockets
from reskin.sinks.web.routes import Show
from reskin.sinks.web.server import WebServer
from reskin.status import Status
from reskin.theme_store import ThemeStore
from reskin.themes import shipped_themes
from reskin.web_parts.gallery import gallery
from reskin.web_parts.keys import Keys

SIZE_PX = (320, 176)
ANY_PORT = StreamSettings(port=0)


@cache
def shipped_store() -> ThemeStore:
    """One for all tests, which only look at it: it takes 0.2 s."""
    return ThemeStore(list(shipped_themes().values()))


class Stream:
    """A running server; `feed()` makes pictures come, each with its number as a marker."""

    def __init__(self, settings: StreamSettings = ANY_PORT, size_px: tuple[int, int] = SIZE_PX, hz: float = 24) -> None:
        self.keys = Keys()
        self.status = Status(theme="Candy Kingdom", strength=0.9, view="theme")
        self.remote = RemoteControl()
        self.pictures = Feed(quality=settings.quality)
        show = Show(
            feed=self.pictures,
            figures=lambda: app_figures(self.status),
            items=lambda: gallery(shipped_store().with_files()),
            obey=self.remote.send,
        )
        sockets = open_sockets(settings.port)
        self.port: int = sockets[0].getsockname()[1]
        self._server = WebServer(sockets, self.keys, show)
        self.refused = self._server.guard.refused
        self._hz = hz
        self._pixels = np.random.default_rng(3).integers(0, 255, (size_px[1] // 8, size_px[0] // 8, 4), np.uint8)
        self._pixels = self._pixels.repeat(8, axis=0).repeat(8, axis=1)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)

    @contextmanager
    def feed(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            self._thread.join()

    def show(self, number: int) -> None:
        """One picture, at once."""
        draw_marker(self._pixels, number)
        self.pictures.show(self._pixels)

    def close(self) -> None:
        self._server.close()

    def connections(self) -> int:
        """That the server holds now, by the system's own count."""
        return sum(line.split()[3] == "01" and line.split()[1].endswith(f":{self.port:04X}") for line in _tcp_lines())

    def _feed(self) -> None:
        start_s, number = time.monotonic(), 0
        while not self._stopped.wait(max(0.0, start_s + number / self._hz - time.monotonic())):
            self.show(number)
            number += 1

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        return self.ask("GET", path, headers=headers)

    def post(self, body: object, *, token: str | None = None, **headers: str) -> http.client.HTTPResponse:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token or self.keys.act}", **headers}
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", "/action", text, headers)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """The answer with its body read (as `.text`), unless it is a stream."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.putrequest(method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name.replace("_", "-"), value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer: Any = connection.getresponse()
            is_stream = "multipart" in answer.headers.get("Content-Type", "")
            answer.text = "" if is_stream else answer.read().decode("latin1")
            return answer
        finally:
            connection.close()

    def json(self, path: str) -> Any:
        return json.loads(self.get(f"{path}?token={self.keys.act}").text)  # type: ignore[attr-defined]

    def socket(self, path: str | None = None) -> socket.socket:
        """A plain connection; with a path, one that has asked for it with the key and reads nothing yet."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        if path is not None:
            plain.sendall(f"GET {path}?key={self.keys.watch} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
        return plain


def _tcp_lines() -> list[str]:
    return Path("/proc/self/net/tcp").read_text().splitlines()
