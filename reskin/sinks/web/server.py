"""The server's thread: two sockets of this machine alone, an event loop, and an end within a second.

`ports` opens the sockets, in the process that can tell the player when there are none. Knows nothing of pictures;
`routes` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading

from aiohttp import web

from reskin.errors import StreamError
from reskin.sinks.web.routes import MOST_BODY_BYTES, Show, add_routes
from reskin.web_parts.bounded import bounded
from reskin.web_parts.guard import Guard, guarded
from reskin.web_parts.keys import Keys

END_S = 0.2  # for what is being answered


class WebServer:
    """Serves from when it is made until `close`."""

    def __init__(self, sockets: list[socket.socket], keys: Keys, show: Show) -> None:
        """The sockets are those of `ports.open_sockets`; they are closed with it."""
        self._sockets = sockets
        self.guard = Guard(sockets[0].getsockname()[1], keys)
        self.error: Exception | None = None
        self._show = show
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reskin-web", daemon=True)
        self._thread.start()
        self._started.wait()
        if self.error is not None:
            raise StreamError(f"starting the server for OBS: {self.error}") from self.error

    def close(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._show.feed.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001  told at the next picture
            self.error = error
        finally:
            for listening in self._sockets:
                listening.close()
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        app = web.Application(middlewares=[guarded], client_max_size=MOST_BODY_BYTES)
        add_routes(app, self._show)
        async with bounded(app, self.guard, logging.getLogger("reskin.web.server"), END_S) as doorkeeper:
            self._show.feed.open(self._loop)
            servers: list[asyncio.Server] = []
            try:
                servers += [await self._loop.create_server(doorkeeper, sock=sock) for sock in self._sockets]
                self._started.set()
                await self._stopping.wait()
            finally:
                for server in servers:
                    server.close()
