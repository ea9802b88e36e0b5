"""Who gets in by HTTP: the guard of the streamer's pages with other names, and tokens instead of keys.

Host and Origin are held against the names that the operator gave (this machine's own where none were). Pages hold no
secret and are for everybody; whatever acts or tells needs a token in the Authorization header, never in an address, so
that no log holds one. Knows nothing of sessions.
"""

from __future__ import annotations

from aiohttp import hdrs, web

from reskin.serve.front import PICTURE
from reskin.serve.tokens import Claims, ExpiredTokenError, TokenError, Tokens, bearer_of
from reskin.web_parts.guard import Guard, Refusal
from reskin.web_parts.keys import Keys

OPEN = ("/", "/health", "/ready", PICTURE)  # the page and its pictures hold no secret; the probes tell one word
PROBES = ("/health", "/ready", "/metrics")
ONLY_ADMIN = ("/status.json", "/metrics")
CLAIMS = web.RequestKey("claims", Claims)


class Door(Guard):
    def __init__(self, tokens: Tokens, *, scheme: str, hosts: tuple[str, ...], open_metrics: bool = False) -> None:
        """`hosts` are names with ports, "game.example:8443": those of this machine, and what the operator added."""
        super().__init__(0, Keys())
        self._tokens = tokens
        self._hosts = frozenset(host.lower() for host in hosts)
        schemes = {scheme, "https"}  # a proxy in front of plain HTTP has TLS: its page says https
        self._origins = frozenset(f"{each}://{host}" for each in schemes for host in self._hosts)
        self._open = (*OPEN, "/metrics") if open_metrics else OPEN

    def host(self, request: web.Request) -> Refusal | None:
        """Probes come by address, and tell nothing to a page."""
        return None if request.path in PROBES else super().host(request)

    def fetch_site(self, request: web.Request) -> Refusal | None:
        if self._is_open(request):
            return None  # a link from elsewhere may lead here
        return super().fetch_site(request)

    def key(self, request: web.Request) -> Refusal | None:
        if self._is_open(request):
            return None
        try:
            claims = self._tokens.read(bearer_of(request.headers.get(hdrs.AUTHORIZATION, "")))
        except ExpiredTokenError:
            return 401, "an expired token"
        except TokenError:
            return 401, "a wrong token"
        if request.path in ONLY_ADMIN and claims.scope != "admin":
            return 403, "a token of another scope"
        request[CLAIMS] = claims
        return None

    def _is_open(self, request: web.Request) -> bool:
        path = PICTURE if request.path.startswith(PICTURE) else request.path
        return request.method == hdrs.METH_GET and path in self._open

    def rate(self, request: web.Request) -> Refusal | None:
        return None  # by token: `limits.Quotas`
