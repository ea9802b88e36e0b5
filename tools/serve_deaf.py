"""A server that refuses everything at once: what an attack costs the machine that it is made on, and nobody else.

    python -m tools.serve_deaf      # prints its port; TCP and UDP have the same

The bench's attackers run on the server's own cores. The same attack on this instead of the server shows their part.
"""

from __future__ import annotations

import asyncio

from aiohttp import web


class Deaf(asyncio.DatagramProtocol):
    """Datagrams come and are dropped."""


async def _refuse(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=400)


async def main() -> None:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _refuse)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = int(runner.addresses[0][1])
    await asyncio.get_running_loop().create_datagram_endpoint(Deaf, local_addr=("127.0.0.1", port))
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
