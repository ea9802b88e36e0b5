"""The server's thread: two sockets of this machine alone, an event loop, and an end within a second.

The sockets are opened by whoever makes the server, so a port that cannot be had is an error there. Knows nothing of
pictures; `routes` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import sys
import threading

from aiohttp import web

from reskin.errors import StreamError
from reskin.sinks.web.guard import DOORKEEPER, GUARD, Doorkeeper, Guard, guarded
from reskin.sinks.web.keys import Keys
from reskin.sinks.web.routes import MOST_BODY_BYTES, Show, add_routes

MOST_PORTS = 10  # that are tried, one after the other
KEEP_ALIVE_S = 5.0  # also until the first request: a connection that says nothing
END_S = 0.2  # for what is being answered
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def open_sockets(port: int) -> list[socket.socket]:
    """127.0.0.1 and, where there is one, ::1, on that port or the next that is free on both; 0: any that is free."""
    tried = range(port, min(port + MOST_PORTS, 65536)) if port else [0] * MOST_PORTS
    error: OSError | None = None
    for number in tried:
        try:
            return _both(number)
        except OSError as taken:
            error = taken
    raise StreamError(
        f"opening a port for OBS: none from {tried[0]} to {tried[-1]} can be had ({error}). "
        "Give another in the settings: [stream] port."
    ) from error


def _both(port: int) -> list[socket.socket]:
    four = _listen(socket.AF_INET, "127.0.0.1", port)
    try:
        return [four, _listen(socket.AF_INET6, "::1", four.getsockname()[1])]
    except OSError as error:
        if error.errno in _NO_SUCH_ADDRESS or not socket.has_ipv6:
            return [four]
        four.close()  # ::1 is another's: "localhost" in a browser would be theirs
        raise


def _listen(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((host, port))
        listening.listen(128)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


class WebServer:
    """Serves from when it is made until `close`."""

    def __init__(self, port: int, keys: Keys, show: Show) -> None:
        self._sockets = open_sockets(port)
        self.port: int = self._sockets[0].getsockname()[1]
        self.guard = Guard(self.port, keys)
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
        app[GUARD] = self.guard
        app[DOORKEEPER] = doorkeeper = []  # type: ignore[var-annotated]
        add_routes(app, self._show)
        logger = logging.getLogger("reskin.web.server")
        logger.addFilter(self.guard.filter)
        runner = web.AppRunner(
            app, access_log=None, logger=logger, shutdown_timeout=END_S, keepalive_timeout=KEEP_ALIVE_S,
            handler_cancellation=True, lingering_time=0.0, auto_decompress=False,
            max_line_size=4096, max_field_size=4096, max_headers=64,
        )  # fmt: skip
        servers: list[asyncio.Server] = []
        try:
            await runner.setup()
            assert isinstance(runner.server, web.Server)
            doorkeeper.append(Doorkeeper(runner.server, self.guard))
            self._show.feed.open(self._loop)
            servers = [await self._loop.create_server(doorkeeper[0], sock=sock) for sock in self._sockets]
            self._started.set()
            await self._stopping.wait()
        finally:
            for server in servers:
                server.close()
            await _turns()  # one that was being accepted has its connection by now
            handlers = runner.server.connections if isinstance(runner.server, web.Server) else []
            transports = [handler.transport for handler in handlers]
            await runner.cleanup()
            for transport in transports:
                if transport is not None:  # closing waits for a reader, who may read nothing
                    transport.abort()
            await _turns()
            logger.removeFilter(self.guard.filter)


async def _turns() -> None:
    """A connection is made, or lost, in three turns of the event loop."""
    for _ in range(10):
        await asyncio.sleep(0)
