"""An aiohttp application behind its guard and doorkeeper, with every wait bounded; its end waits for no reader.

For whatever serves: the pages for OBS, and `reskin serve`. Knows nothing of routes and sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from aiohttp import web

from reskin.web_parts.guard import DOORKEEPER, GUARD, MOST_STRANGERS, Doorkeeper, Guard

KEEP_ALIVE_S = 5.0  # also until the first request: a connection that says nothing


@contextlib.asynccontextmanager
async def bounded(
    app: web.Application, guard: Guard, logger: logging.Logger, end_s: float, most_strangers: int = MOST_STRANGERS
) -> AsyncIterator[Doorkeeper]:
    """Gives what servers are made with; they are the caller's to close, within the block. `app` has its routes.

    `end_s` is left at the end for what is being answered.
    """
    app[GUARD] = guard
    app[DOORKEEPER] = doorkeeper = []  # type: ignore[var-annotated]
    logger.addFilter(guard.filter)
    runner = web.AppRunner(
        app, access_log=None, logger=logger, shutdown_timeout=end_s, keepalive_timeout=KEEP_ALIVE_S,
        handler_cancellation=True, lingering_time=0.0, auto_decompress=False,
        max_line_size=4096, max_field_size=4096, max_headers=64,
    )  # fmt: skip
    try:
        await runner.setup()
        assert isinstance(runner.server, web.Server)
        doorkeeper.append(Doorkeeper(runner.server, guard, most_strangers))
        yield doorkeeper[0]
    finally:
        await _turns()  # one that was being accepted has its connection by now
        handlers = runner.server.connections if isinstance(runner.server, web.Server) else []
        transports = [handler.transport for handler in handlers]
        await runner.cleanup()
        for transport in transports:
            if transport is not None:  # closing waits for a reader, who may read nothing
                transport.abort()
        await _turns()
        logger.removeFilter(guard.filter)


async def _turns() -> None:
    """A connection is made, or lost, in three turns of the event loop."""
    for _ in range(10):
        await asyncio.sleep(0)
