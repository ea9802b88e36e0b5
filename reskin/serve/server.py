"""The server: a socket, TLS, an event loop, and an end within a second or two.

`listening` answers requests within its block; `until` waits for the end. Knows nothing of what is served; `routes` and
`host` do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from reskin.errors import ServeError
from reskin.serve.door import Door
from reskin.serve.messages import MOST_OFFER_BYTES
from reskin.serve.routes import Site, add_routes, admitted
from reskin.web_parts.bounded import KEEP_ALIVE_S, bounded
from reskin.web_parts.lone_port import have_alone

MOST_STRANGERS = 256  # connections that have shown no token yet: of all players' pages, not of one machine's
END_S = 0.3  # for what is being answered
BODY_BYTES = MOST_OFFER_BYTES + 8 * 1024  # an SDP as JSON
log = logging.getLogger("reskin.serve")


def open_socket(host: str, port: int) -> socket.socket:
    """Listens on that address; ServeError where it cannot be had. Port 0: any that is free."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ServeError(f"opening {host!r}: {error}. Expected an address of this machine, such as 0.0.0.0") from error
    try:
        have_alone(listening)
        listening.bind(address)
        listening.listen(128)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise ServeError(f"opening port {port} of {host}: {error}. Give another with --port") from error
    return listening


@contextlib.asynccontextmanager
async def listening(sock: socket.socket, context: ssl.SSLContext | None, door: Door, site: Site) -> AsyncIterator[None]:
    """Answers requests within the block; the site's host is the caller's to close."""
    app = web.Application(middlewares=[admitted], client_max_size=BODY_BYTES)
    add_routes(app, site)
    async with bounded(app, door, logging.getLogger("reskin.serve.server"), END_S, MOST_STRANGERS) as doorkeeper:
        server = await asyncio.get_running_loop().create_server(
            doorkeeper, sock=sock, ssl=context, ssl_handshake_timeout=KEEP_ALIVE_S if context is not None else None
        )
        try:
            yield
        finally:
            server.close()


async def until(stopping: asyncio.Event, check: Callable[[], Exception | None], every_s: float = 1.0) -> None:
    """Waits for the event, or raises what `check` finds."""
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(every_s):
                await stopping.wait()
        if (error := check()) is not None:
            raise ServeError(
                f"serving: the engine has ended ({type(error).__name__}: {error}). Start `reskin serve` again, "
                "with --log to see what led to it"
            ) from error
