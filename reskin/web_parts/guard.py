"""Who gets in: this machine's own pages and programs that know the key, and nobody else.

Every request passes `Guard.check` before anything is routed, in the order of CHECKS. A page of another site is told
apart by Origin and Sec-Fetch-Site; a name that was rebound to 127.0.0.1 by Host, held against literal names and never
against each other; another user of the machine by the key. What is refused is counted by reason, and each reason is
logged once. `Doorkeeper` bounds the connections before a byte is read. Knows nothing of pictures.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from reskin.web_parts.keys import Keys

log = logging.getLogger("reskin.web")

MOST_STRANGERS = 32  # connections that have not shown a key yet; one more ends the oldest
MOST_KNOWN = 64  # that have
CONNECTING_S = 0.05  # a hundred that come at once have their connections only after the last was accepted
ACTIONS_PER_S, ACTIONS_AT_ONCE = 20.0, 40.0
FETCH_SITES = ("none", "same-origin")  # typed or of our own pages; "same-site" is another port of this machine
NEEDS_TOKEN = ("/control", "/action", "/themes.json", "/picture/")  # the rest can be had with the key as well

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the link holds a secret
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
Refusal = tuple[int, str]  # HTTP status, reason
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    def __init__(self, port: int, keys: Keys) -> None:
        hosts = [f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
        self.refused: Counter[str] = Counter()
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"http://{host}" for host in hosts)
        self._keys = keys
        self._actions = ACTIONS_AT_ONCE
        self._actions_s = 0.0

    def check(self, request: web.Request) -> Refusal | None:
        return next((refusal for name in CHECKS if (refusal := getattr(self, name)(request))), None)

    def host(self, request: web.Request) -> Refusal | None:
        given = request.headers.getall(hdrs.HOST, [])
        return None if len(given) == 1 and given[0].lower() in self._hosts else (421, "a wrong Host")

    def origin(self, request: web.Request) -> Refusal | None:
        given = request.headers.getall(hdrs.ORIGIN, [])
        return None if all(origin in self._origins for origin in given) else (403, "a wrong Origin")

    def fetch_site(self, request: web.Request) -> Refusal | None:
        given = request.headers.getall("Sec-Fetch-Site", [])
        return None if all(site in FETCH_SITES for site in given) else (403, "a page of another site")

    def key(self, request: web.Request) -> Refusal | None:
        acts = request.path.startswith(NEEDS_TOKEN)
        scheme, _, bearer = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        given = bearer if scheme == "Bearer" else "" if request.method == hdrs.METH_POST else _in_link(request)
        return None if (self._keys.let_act if acts else self._keys.let_watch)(given) else (403, "a wrong key")

    def body(self, request: web.Request) -> Refusal | None:
        if request.method == hdrs.METH_POST and request.content_type != "application/json":
            return 415, "a body that is no JSON"
        return None

    def rate(self, request: web.Request) -> Refusal | None:
        if request.method != hdrs.METH_POST:
            return None
        now_s = time.monotonic()
        self._actions = min(ACTIONS_AT_ONCE, self._actions + (now_s - self._actions_s) * ACTIONS_PER_S)
        self._actions_s = now_s
        if self._actions < 1:
            return 429, "too many actions"
        self._actions -= 1
        return None

    def refuse(self, reason: str) -> None:
        self.refused[reason] += 1
        if self.refused[reason] == 1:
            log.warning("reskin: the stream refused %s (said once; status.json counts them)", reason)

    def filter(self, record: logging.LogRecord) -> bool:
        """For the server's own logger: bytes that are no HTTP are a refusal, not a traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            self.refuse("a request that is no HTTP")
            return False
        return True


CHECKS = ("host", "origin", "fetch_site", "key", "body", "rate")  # methods of the guard


def _in_link(request: web.Request) -> str:
    return request.query.get("token") or request.query.get("key") or ""


class Doorkeeper:
    """Makes the protocol of each new connection; a flood of them costs the oldest strangers, not who has a key."""

    def __init__(self, server: web.Server, guard: Guard, most_strangers: int = MOST_STRANGERS) -> None:
        self._server = server
        self._guard = guard
        self._most_strangers = most_strangers
        self._strangers: OrderedDict[web.RequestHandler, None] = OrderedDict()
        self._known: set[web.RequestHandler] = set()

    def __call__(self) -> web.RequestHandler:
        while len(self._strangers) >= self._most_strangers:
            oldest, _ = self._strangers.popitem(last=False)
            asyncio.get_running_loop().call_later(CONNECTING_S, self._end, oldest)
        handler = self._server()
        self._strangers[handler] = None
        return handler

    def _end(self, stranger: web.RequestHandler) -> None:
        if stranger.transport is not None and stranger not in self._known:  # it is still there
            self._guard.refuse("a connection, for there were too many")
            stranger.transport.abort()

    def know(self, request: web.Request) -> Refusal | None:
        """It has shown a key."""
        self._strangers.pop(request.protocol, None)
        if request.protocol not in self._known and len(self._known) >= MOST_KNOWN:
            self._known = {handler for handler in self._known if handler.transport is not None}
            if len(self._known) >= MOST_KNOWN:
                return 503, "a connection, for there were too many"
        self._known.add(request.protocol)
        return None


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What every request passes first; needs GUARD and DOORKEEPER in the application."""
    guard = request.app[GUARD]
    refusal = guard.check(request) or request.app[DOORKEEPER][0].know(request)
    if refusal is None:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            if error.status == 413:
                guard.refuse("a body that is too big")
            response = web.Response(status=error.status, text=error.reason, headers=HEADERS)
            response.force_close()
        return response
    status, reason = refusal
    guard.refuse(reason)
    response = web.Response(status=status, text=f"Refused: {reason}. Use the link that Reskin prints.", headers=HEADERS)
    response.force_close()
    return response


GUARD = web.AppKey("guard", Guard)
DOORKEEPER = web.AppKey("doorkeeper", list[Doorkeeper])  # filled when the server is there
