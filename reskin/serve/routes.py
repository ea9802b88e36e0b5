"""What the server answers, once the door has let a request in. Runs in the event loop.

    GET /  the page          POST /offer  a session, or watching one      DELETE /session/{id}
    GET /themes.json, /picture/{id}        GET /health, /ready             GET /status.json, /metrics

A refusal is JSON, {"error": ...}: 401 no token or an expired one, 403 its scope, 404 no such session, 409 not now, 429
too many, with the place in the queue. Knows nothing of sockets and ports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from reskin.errors import ServeError
from reskin.serve.admission import AdmissionRefused
from reskin.serve.door import CLAIMS
from reskin.serve.front import PICTURE, PICTURE_HEADERS, Front
from reskin.serve.host import Conflict, Host, NoSuchSession, NotAllowed
from reskin.serve.limits import QuotaExceeded
from reskin.serve.messages import MessageError, read_offer
from reskin.serve.observing import Observer
from reskin.web_parts.guard import DOORKEEPER, GUARD, HEADERS, Handler

SILENT_S = 10.0  # for a body
STATUSES: dict[type[ServeError], int] = {
    MessageError: 400, NotAllowed: 403, NoSuchSession: 404, Conflict: 409, AdmissionRefused: 429, QuotaExceeded: 429,
}  # fmt: skip
REASONS = {
    MessageError: "a malformed message", NotAllowed: "a token of another scope", NoSuchSession: "no such session",
    Conflict: "not now", AdmissionRefused: "every slot is taken", QuotaExceeded: "a token's quota",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the routes have of the server."""

    host: Host
    front: Front
    observer: Observer


SITE = web.AppKey("site", Site)


def add_routes(app: web.Application, site: Site) -> None:
    app[SITE] = site
    routes: dict[str, Callable] = {
        "/": page, "/health": health, "/ready": ready, "/status.json": status, "/metrics": metrics,
        "/themes.json": themes, PICTURE + "{theme_id}": picture,
    }  # fmt: skip
    for path, handler in routes.items():
        app.router.add_get(path, handler, allow_head=False)
    app.router.add_post("/offer", offer)
    app.router.add_delete("/session/{session_id}", end)


@web.middleware
async def admitted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What every request passes first; needs GUARD and DOORKEEPER in the application."""
    guard = request.app[GUARD]
    refusal = guard.check(request)
    if refusal is None and CLAIMS in request:
        refusal = request.app[DOORKEEPER][0].know(request)
    if refusal is not None:
        status, reason = refusal
        guard.refuse(reason)
        return _refused(status, f"refused: {reason}; use the link that `reskin serve` printed")
    try:
        return await handler(request)
    except ServeError as error:
        guard.refuse(REASONS.get(type(error), "another error"))
        return _refused(STATUSES.get(type(error), 400), str(error), **_when(error))
    except web.HTTPException as error:
        guard.refuse("a body that is too big" if error.status == 413 else "an address that is not there")
        return _refused(error.status, error.reason)


def _when(error: ServeError) -> dict[str, Any]:
    if isinstance(error, AdmissionRefused):
        return {"queue": error.position, "retry_s": error.retry_s}
    if isinstance(error, QuotaExceeded):
        return {"queue": 0, "retry_s": error.retry_s}
    return {}


def _refused(status: int, text: str, **more: Any) -> web.Response:
    response = _json({"error": text, **more}, status)
    response.force_close()
    return response


async def offer(request: web.Request) -> web.Response:
    try:
        async with asyncio.timeout(SILENT_S):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    answer = await request.app[SITE].host.answer(read_offer(body), request[CLAIMS], request.remote or "")
    return _json(answer.model_dump())


async def end(request: web.Request) -> web.Response:
    await request.app[SITE].host.end(request.match_info["session_id"], request[CLAIMS])
    return _json({})


async def page(request: web.Request) -> web.Response:
    front = request.app[SITE].front
    return web.Response(text=front.page.html, content_type="text/html", headers=front.page_headers)


async def health(request: web.Request) -> web.Response:
    """Whether a new start would help."""
    faults = request.app[SITE].observer.faults()
    return _json({"healthy": not faults, "why": faults}, 503 if faults else 200)


async def ready(request: web.Request) -> web.Response:
    """Whether another player may be sent here."""
    why_not = request.app[SITE].observer.not_ready()
    return _json({"ready": not why_not, "why": why_not}, 503 if why_not else 200)


async def status(request: web.Request) -> web.Response:
    host = request.app[SITE].host
    sessions = [
        {
            "id": seated.session.id, "watchers": len(seated.watchers), "frames": seated.session.frames,
            "painted": seated.session.painted_frames, "unpainted": seated.session.unpainted_frames,
            **(seated.peer.counts if seated.peer is not None else {}),
            **seated.session.figures(host.stepper.waiting).model_dump(exclude={"say"}),
        }
        for seated in host.seated.values()
    ]  # fmt: skip
    return _json({
        "engine": {"name": host.stepper.renderer.name, "failures": host.stepper.failures,
                   "batches": {str(size): count for size, count in sorted(host.stepper.batches.items())}},
        "slots": host.admission.slots, "free": host.free_slots, "queue": host.admission.waiting,
        "draining": host.is_draining, "sessions": sessions, "ended": dict(host.ended),
        "refused": dict(request.app[GUARD].refused),
    })  # fmt: skip


async def metrics(request: web.Request) -> web.Response:
    text, content_type = request.app[SITE].observer.metrics()
    return web.Response(body=text, headers={**HEADERS, "Content-Type": content_type})


async def themes(request: web.Request) -> web.Response:
    return _json(request.app[SITE].front.themes())


async def picture(request: web.Request) -> web.Response:
    file = request.app[SITE].front.picture(request.match_info["theme_id"])
    if file is None:
        raise web.HTTPNotFound
    body = await asyncio.to_thread(file.read_bytes)
    return web.Response(body=body, content_type="image/jpeg", headers=PICTURE_HEADERS)


def _json(value: object, status: int = 200) -> web.Response:
    return web.json_response(value, status=status, headers=HEADERS)
