"""What the pages and streams answer, once `guard` has let the request in. Runs in the server's event loop.

GET changes nothing. Acting is one POST of JSON, `{"action": "strength", "value": 0.5}`, which becomes a command for the
loop. A viewer gets a picture, acknowledges it, and only then gets the newest again, so what is
slow sees fewer pictures and no old ones. Knows nothing of sockets and ports.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web
from pydantic import ValidationError

from reskin.remote_control import Command
from reskin.sinks.web.actions import ACTION, Prompt
from reskin.sinks.web.feed import Feed, Picture, Viewer
from reskin.sinks.web.figures import figures
from reskin.sinks.web.pages import Page, control_page, view_page
from reskin.web_parts.gallery import Item
from reskin.web_parts.guard import GUARD, HEADERS

MOST_VIEWERS = 32
MOST_BODY_BYTES = 64 * 1024
SILENT_S = 10.0  # a viewer that takes nothing for so long is let go; the page comes back by itself
MJPEG_SPACING_S = 0.040  # never more than 25 a second: OBS takes a stream without times for 25 and would lag behind
SOCKET_BYTES = 128 * 1024  # what the system holds for a slow reader; more would be old pictures
BOUNDARY = b"--picture\r\n"


@dataclass(kw_only=True)
class Show:
    """What the routes have of the app; all but the feed may be left out."""

    feed: Feed
    figures: Callable[[], Mapping[str, Any]] = dict  # the loop's part of /status.json
    items: Callable[[], list[Item]] = list  # the gallery
    obey: Callable[[Command], None] = lambda command: None
    pages: dict[str, Page] = field(default_factory=lambda: {"/": view_page(), "/control": control_page()})


SHOW = web.AppKey("show", Show)


def add_routes(app: web.Application, show: Show) -> None:
    app[SHOW] = show
    routes: dict[str, Callable] = {
        **dict.fromkeys(show.pages, page), "/frames": frames, "/stream.mjpg": mjpeg, "/status.json": status,
        "/themes.json": themes, "/picture/{theme_id}": picture,
    }  # fmt: skip
    for path, handler in routes.items():
        app.router.add_get(path, handler, allow_head=False)
    app.router.add_post("/action", act)


async def page(request: web.Request) -> web.Response:
    found = request.app[SHOW].pages[request.path]
    return web.Response(
        text=found.html, content_type="text/html", headers={**HEADERS, "Content-Security-Policy": found.policy}
    )


async def status(request: web.Request) -> web.Response:
    show = request.app[SHOW]
    return _json(figures(show.figures(), show.feed, request.app[GUARD].refused))


async def themes(request: web.Request) -> web.Response:
    return _json([item.json() for item in request.app[SHOW].items()])


async def picture(request: web.Request) -> web.Response:
    wanted = request.match_info["theme_id"]
    file = next((item.picture for item in request.app[SHOW].items() if item.id == wanted), None)
    if file is None:
        raise web.HTTPNotFound
    return web.Response(body=file.read_bytes(), content_type="image/jpeg", headers=HEADERS)


async def act(request: web.Request) -> web.Response:
    show = request.app[SHOW]
    try:
        async with asyncio.timeout(SILENT_S):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    try:
        action = ACTION.validate_json(body)
    except ValidationError as error:
        return _json({"error": f"not understood: {error.errors()[0]['msg']}"}, status=400)
    command: Command | None
    if isinstance(action, Prompt):
        command, note = await asyncio.to_thread(action.read)
    else:
        command, note = action.command(), ""
    if command is not None:
        show.obey(command)
    return _json({"note": note})


async def frames(request: web.Request) -> web.StreamResponse:
    """Binary messages, each answered by the picture's number as text."""
    feed = request.app[SHOW].feed
    web_socket = web.WebSocketResponse(max_msg_size=64, compress=False)
    with _watching(request, "page") as viewer:
        await web_socket.prepare(request)
        sender = asyncio.create_task(_send(request, web_socket, feed, viewer))
        try:
            async for message in web_socket:
                if message.type is not WSMsgType.TEXT or not viewer.acknowledge(message.data):
                    request.app[GUARD].refuse("a message that was not asked for")
                    break
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            _abort(request)  # no farewell: one that is silent would be waited for
    return web_socket


async def _send(request: web.Request, web_socket: web.WebSocketResponse, feed: Feed, viewer: Viewer) -> None:
    clock = asyncio.get_running_loop().time
    with contextlib.suppress(ConnectionError, TimeoutError):
        while True:
            newest = await feed.after(viewer.number)
            viewer.take(newest)
            next_s = clock() + feed.spacing_s(viewer)
            async with asyncio.timeout(SILENT_S):
                await web_socket.send_bytes(newest.message)
                await viewer.acknowledged.wait()
            await asyncio.sleep(next_s - clock())
    _abort(request)


async def mjpeg(request: web.Request) -> web.StreamResponse:
    feed = request.app[SHOW].feed
    clock = asyncio.get_running_loop().time
    headers = {**HEADERS, "Content-Type": "multipart/x-mixed-replace; boundary=picture"}
    response = web.StreamResponse(headers=headers)
    with _watching(request, "mjpg") as viewer, contextlib.suppress(ConnectionError, TimeoutError):
        await response.prepare(request)
        await response.write(BOUNDARY)
        next_s = 0.0
        while True:
            await feed.after(viewer.number)
            await asyncio.sleep(max(0.0, next_s - clock()))
            newest = feed.newest
            assert newest is not None, "it stays while somebody watches"
            next_s = clock() + max(MJPEG_SPACING_S, feed.spacing_s(viewer))
            viewer.take(newest)
            async with asyncio.timeout(SILENT_S):
                await response.write(_part(newest))
    _abort(request)
    return response


def _part(newest: Picture) -> bytes:
    """With the boundary at its end, so that nobody waits for the next picture to know that this one is whole."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(newest.jpeg)}\r\n\r\n".encode()
    return b"".join((head, newest.jpeg, b"\r\n", BOUNDARY))


def _json(value: object, status: int = 200) -> web.Response:
    return web.json_response(value, status=status, headers=HEADERS)


@contextlib.contextmanager
def _watching(request: web.Request, kind: str) -> Iterator[Viewer]:
    feed = request.app[SHOW].feed
    if len(feed.viewers) >= MOST_VIEWERS:
        request.app[GUARD].refuse("a viewer, for there were too many")
        raise web.HTTPServiceUnavailable
    transport = request.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
    viewer = feed.enter(kind)
    try:
        yield viewer
    finally:
        feed.leave(viewer)


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
